// What Swift cannot import from the C library and the kernel's headers: macros that are not plain
// numbers, variadic calls, and calls hidden behind _GNU_SOURCE. What decides anything is Swift.
#ifndef CSHIM_H
#define CSHIM_H

#include <ifaddrs.h>
#include <linux/errqueue.h>
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/genetlink.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <linux/netlink.h>
#include <linux/ptp_clock.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

// Constants newer than the oldest headers the package is built with; values from the kernel's uapi.

// linux/if_packet.h, 4.20.
static const int cshim_PACKET_IGNORE_OUTGOING = 23;
// asm-generic/socket.h, 5.1: the time stamps of the _NEW kind have 64-bit seconds everywhere.
static const int cshim_SO_TIMESTAMPING_OLD = 37;
static const int cshim_SO_TIMESTAMPING_NEW = 65;
// asm-generic/socket.h, 6.13.
static const int cshim_SCM_TS_OPT_ID = 81;
// asm-generic/socket.h, 4.13 and 5.14.
static const int cshim_SO_PEERGROUPS = 59;
static const int cshim_SO_NETNS_COOKIE = 71;
// linux/if_packet.h, 4.12.
static const uint32_t cshim_PACKET_FANOUT_FLAG_UNIQUEID = 0x2000;

// An enumerator of a type that getrlimit does not take in Swift.
static const int cshim_RLIMIT_RTPRIO = RLIMIT_RTPRIO;

// Requests whose numbers are made by macros.
static const unsigned long cshim_PTP_SYS_OFFSET = PTP_SYS_OFFSET;
static const unsigned long cshim_PTP_SYS_OFFSET_EXTENDED = PTP_SYS_OFFSET_EXTENDED;
static const unsigned long cshim_PTP_SYS_OFFSET_PRECISE = PTP_SYS_OFFSET_PRECISE;

// struct mmsghdr is hidden behind _GNU_SOURCE, which a public header must not define; shim.c asserts
// that this is the same.
struct cshim_mmsghdr {
    struct msghdr msg_hdr;
    unsigned int msg_len;
};

// The calls that every frame takes. The C library's functions for them are points where a thread can be cancelled, which
// nobody does here, and for which a process with several threads pays two locked instructions a call. No send waits for
// room in the socket.
static inline ssize_t cshim_send(int fd, const void *frame, size_t length) {
    return syscall(SYS_sendto, fd, frame, length, MSG_DONTWAIT, NULL, 0);
}
// Returns how many frames were taken, or -1 and errno where the first was not.
static inline int cshim_sendmmsg(int fd, struct cshim_mmsghdr *messages, unsigned int count) {
    return (int)syscall(SYS_sendmmsg, fd, messages, count, MSG_DONTWAIT);
}
static inline ssize_t cshim_recvmsg(int fd, struct msghdr *message, int flags) {
    return syscall(SYS_recvmsg, fd, message, flags);
}
static inline int cshim_recvmmsg(int fd, struct cshim_mmsghdr *messages, unsigned int count, int flags) {
    return (int)syscall(SYS_recvmmsg, fd, messages, count, flags, NULL);
}
// Waits for at most so many nanoseconds; without end where they are negative.
static inline int cshim_ppoll(struct pollfd *fds, unsigned int count, int64_t timeout) {
    // Seconds and nanoseconds as the kernel takes them, which writes there what is left.
    long pair[2] = {0, (long)timeout};
    if (timeout >= 1000000000) {
        pair[0] = (long)(timeout / 1000000000);
        pair[1] = (long)(timeout % 1000000000);
    }
    return (int)syscall(SYS_ppoll, fds, count, timeout < 0 ? NULL : pair, NULL, 0);
}

// Nanoseconds since the clock's epoch. From Swift the pair would be cleared before. It fails only for a clock that does not
// exist.
static inline int64_t cshim_clock(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

// Has memory that will be read soon brought into the caches.
static inline void cshim_prefetch(const void *address) { __builtin_prefetch(address); }

// When a frame is to leave, as a control message (SCM_TXTIME) of its own, of this size; CMSG_ are macros.
enum { CSHIM_LAUNCH_CONTROL_SIZE = 24 };
void cshim_write_launch_time(void *control, uint64_t nanoseconds);
// struct tpacket_block_desc holds a union, which Swift takes for more than its bytes; shim.c asserts that this is the same.
struct cshim_block_header {
    uint32_t version, private_offset, status, frame_count, first_frame_offset, length;
    uint64_t sequence_number;
    uint32_t first_seconds, first_nanoseconds, last_seconds, last_nanoseconds;
};

// A send whose frame is recorded as `flags` (SOF_TIMESTAMPING_TX_) say, whatever the socket's own, and whose completions
// have the key at `key`; NULL leaves it to the kernel. CMSG_ are macros.
ssize_t cshim_send_recording(int fd, const void *frame, size_t length, uint32_t flags, const uint32_t *key);

// ioctl is variadic.
int cshim_ioctl(int fd, unsigned long request, void *argument);

// fcntl is variadic. Whether a descriptor is open.
bool cshim_is_open(int fd);

// struct siginfo is a union behind macros.
int cshim_child_status(const siginfo_t *information);

// fcntl is variadic. Has reads and writes of a descriptor fail with EAGAIN where they would wait. Returns 0, or -1 and errno.
int cshim_set_nonblocking(int fd);

// fcntl is variadic. Another descriptor, closed on exec, of what `fd` is one of.
int cshim_duplicate(int fd);

// Words shared with the kernel: what it wrote before such a word is read after it, what was read before is not written
// until it. Swift's atomics own their memory.
uint32_t cshim_load_acquire(const uint32_t *word);
void cshim_store_release(uint32_t *word, uint32_t value);

// prctl is variadic. Timer slack: how late, in nanoseconds, the kernel may end a sleep to save power.
int cshim_set_timer_slack(unsigned long nanoseconds);

// As many CPUs as the kernel can be built for. NR_CPUS
enum { CSHIM_CPU_COUNT = 8192 };
// The calls about CPUs are hidden behind _GNU_SOURCE, and CPU_ are macros. The calling thread runs on that CPU alone from
// now on. Returns 0, or -1 and errno.
int cshim_run_on_cpu(unsigned int cpu);
// Whether the calling thread may run on a CPU, into `allowed` for the first `count` CPUs. Returns 0, or -1 and errno.
int cshim_allowed_cpus(bool *allowed, unsigned int count);

// unshare is hidden behind _GNU_SOURCE. Gives the thread a table of descriptors of its own.
int cshim_unshare_descriptors(void);
// Moves the process into a network namespace of its own and, if asked, into a user
// namespace that it is root in. Returns 0, or -1 and errno.
int cshim_unshare_network(bool with_user_namespace);

// capset(2) has no wrapper. Leaves the thread those of its capabilities that are in the set, whose bits are the numbers in
// linux/capability.h, for good, and none of them in force. Returns 0, or -1 and errno.
int cshim_keep_capabilities(uint64_t set);
// Puts those of the thread's permitted capabilities in force that are in such a set, and no others.
int cshim_set_effective_capabilities(uint64_t set);
// prctl is variadic. No program that the thread executes gets more privileges, by file capabilities for instance.
int cshim_forbid_new_privileges(void);
// capget(2) has no wrapper. The effective and the permitted capabilities of the thread, as such a set; none if they cannot
// be read.
uint64_t cshim_effective_capabilities(void);
uint64_t cshim_permitted_capabilities(void);
// The arguments of the program, its name first, ended by NULL; they need no /proc.
char **cshim_arguments(void);
// The path that execve(2) was called with, which needs no /proc; NULL if the kernel does not tell. getauxval(3)
const char *cshim_executed_path(void);

// struct ifreq is a union behind macros. `name` holds IFNAMSIZ bytes, ended by a NUL.
int cshim_interface_request(int fd, unsigned long request, const char *name, struct ifreq *out);
int cshim_ifreq_index(const struct ifreq *r);
int cshim_ifreq_mtu(const struct ifreq *r);
unsigned int cshim_ifreq_flags(const struct ifreq *r);
const struct sockaddr *cshim_ifreq_address(const struct ifreq *r);

// SIOCETHTOOL, SIOCGHWTSTAMP and SIOCSHWTSTAMP take a pointer in the ifreq.
int cshim_interface_data_request(int fd, unsigned long request, const char *name, void *data);

// Filters the system calls of the process from now on, except with sanitizers and with AFPROBE_NO_SYSTEM_CALL_FILTER: what
// a run has no use for is counted and fails with EPERM; what only an intruder uses kills the process. `child` is the only
// other process that it may signal; 0 if there is none. Call it before any thread is started, without threads that block
// SIGSYS. Returns 0, or -1 and errno. seccomp(2)
int cshim_filter_system_calls(pid_t child);
// How many calls were denied, and the number of the latest.
uint32_t cshim_denied_calls(int *latest);

// libpcap, loaded when it is first asked for, because linking it costs every start more than a
// millisecond. Compiles `expression` for Ethernet frames of up to `snapshot_length` bytes.
// Returns the number of instructions, at most `capacity`, or a CSHIM_PCAP_ code; `error` then holds
// the reason in the words of libpcap or of the dynamic loader.
enum { CSHIM_PCAP_MISSING = -1, CSHIM_PCAP_REJECTED = -2, CSHIM_PCAP_TOO_LONG = -3 };
int cshim_pcap_compile(const char *expression, int snapshot_length, struct sock_filter *instructions,
                       int capacity, char *error, int error_capacity);

// libpcap's files of frames. To open one returns 0 or a CSHIM_PCAP_ code and sets `error`.
struct cshim_capture_input;
// Reads the descriptor, and closes it in any case.
int cshim_capture_open(int descriptor, struct cshim_capture_input **out, char *error, int error_capacity);
// Returns 1 with a frame, good until the next call; 0 at the end; -1 with `error` where the file is damaged.
int cshim_capture_next(struct cshim_capture_input *input, int64_t *nanoseconds, uint32_t *length,
                       uint32_t *captured, const uint8_t **bytes, const char **error);
void cshim_capture_close(struct cshim_capture_input *input);

#endif
