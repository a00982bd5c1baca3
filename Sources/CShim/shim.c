#define _GNU_SOURCE
#include "CShim.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/inet_diag.h>
#include <linux/packet_diag.h>
#include <linux/unix_diag.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(sizeof(struct cshim_mmsghdr) == sizeof(struct mmsghdr), "mmsghdr");
_Static_assert(offsetof(struct cshim_mmsghdr, msg_len) == offsetof(struct mmsghdr, msg_len), "mmsghdr");

#define ASSERT_SAME(ours, field, theirs, original) \
    _Static_assert(offsetof(struct ours, field) == offsetof(struct theirs, original), #original)
_Static_assert(sizeof(struct cshim_block_header) == sizeof(struct tpacket_block_desc), "tpacket_block_desc");
ASSERT_SAME(cshim_block_header, status, tpacket_block_desc, hdr.bh1.block_status);
ASSERT_SAME(cshim_block_header, frame_count, tpacket_block_desc, hdr.bh1.num_pkts);
ASSERT_SAME(cshim_block_header, first_frame_offset, tpacket_block_desc, hdr.bh1.offset_to_first_pkt);
ASSERT_SAME(cshim_block_header, length, tpacket_block_desc, hdr.bh1.blk_len);

// Laid out by hand in Swift: FrameHeaders of a ring, and requests and answers of netlink.
_Static_assert(sizeof(struct tpacket3_hdr) == 48 && offsetof(struct tpacket3_hdr, tp_mac) == 24, "tpacket3_hdr");
_Static_assert(offsetof(struct tpacket3_hdr, tp_sec) == 4 && offsetof(struct tpacket3_hdr, tp_status) == 20, "tpacket3_hdr");
_Static_assert(offsetof(struct tpacket3_hdr, hv1.tp_vlan_tci) == 32, "tpacket3_hdr");
_Static_assert(offsetof(struct tpacket3_hdr, hv1.tp_vlan_tpid) == 36, "tpacket3_hdr");
_Static_assert(sizeof(struct sockaddr_ll) == 20 && offsetof(struct sockaddr_ll, sll_pkttype) == 10, "sockaddr_ll");
_Static_assert(sizeof(struct nlmsghdr) == 16 && sizeof(struct genlmsghdr) == 4, "nlmsghdr");
_Static_assert(sizeof(struct ifinfomsg) == 16 && offsetof(struct ifinfomsg, ifi_index) == 4, "ifinfomsg");
_Static_assert(sizeof(struct tcmsg) == 20 && offsetof(struct tcmsg, tcm_ifindex) == 4, "tcmsg");
_Static_assert(sizeof(struct unix_diag_req) == 24 && offsetof(struct unix_diag_req, udiag_show) == 12, "unix_diag_req");
_Static_assert(sizeof(struct unix_diag_msg) == 16 && UNIX_DIAG_NAME == 0, "unix_diag_msg");
_Static_assert(sizeof(struct packet_diag_req) == 20 && offsetof(struct packet_diag_req, pdiag_show) == 8, "packet_diag_req");
_Static_assert(sizeof(struct packet_diag_msg) == 16 && PACKET_DIAG_MCLIST == 1, "packet_diag_msg");
_Static_assert(sizeof(struct packet_diag_mclist) == 44, "packet_diag_mclist");
_Static_assert(sizeof(struct inet_diag_req_v2) == 56 && offsetof(struct inet_diag_req_v2, idiag_states) == 4, "inet_diag_req_v2");
_Static_assert(offsetof(struct inet_diag_msg, id) == 4, "inet_diag_msg");

_Static_assert(CMSG_SPACE(sizeof(uint64_t)) == CSHIM_LAUNCH_CONTROL_SIZE, "SCM_TXTIME");

void cshim_write_launch_time(void *control, uint64_t nanoseconds) {
    struct cmsghdr header = {CMSG_LEN(sizeof nanoseconds), SOL_SOCKET, SCM_TXTIME};
    memcpy(control, &header, sizeof header);
    memcpy(CMSG_DATA((struct cmsghdr *)control), &nanoseconds, sizeof nanoseconds);
}

static void write_word(void *control, int type, uint32_t word) {
    struct cmsghdr header = {CMSG_LEN(sizeof word), SOL_SOCKET, type};
    memcpy(control, &header, sizeof header);
    memcpy(CMSG_DATA((struct cmsghdr *)control), &word, sizeof word);
}

ssize_t cshim_send_recording(int fd, const void *frame, size_t length, uint32_t flags, const uint32_t *key) {
    enum { SIZE = CMSG_SPACE(sizeof flags) };
    union {
        struct cmsghdr alignment;
        char bytes[2 * SIZE];
    } control;
    memset(&control, 0, sizeof control);
    write_word(control.bytes, cshim_SO_TIMESTAMPING_OLD, flags);
    if (key) write_word(control.bytes + SIZE, cshim_SCM_TS_OPT_ID, *key);
    struct iovec content = {(void *)frame, length};
    struct msghdr message = {
        .msg_iov = &content, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = key ? 2 * SIZE : SIZE};
    return sendmsg(fd, &message, MSG_DONTWAIT);
}

int cshim_ioctl(int fd, unsigned long request, void *argument) {
    return ioctl(fd, request, argument);
}

bool cshim_is_open(int fd) {
    return fcntl(fd, F_GETFD) != -1;
}

int cshim_duplicate(int fd) {
    return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

uint32_t cshim_load_acquire(const uint32_t *word) {
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

void cshim_store_release(uint32_t *word, uint32_t value) {
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

int cshim_child_status(const siginfo_t *information) { return information->si_status; }

int cshim_set_nonblocking(int fd) {
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

int cshim_set_timer_slack(unsigned long nanoseconds) {
    return prctl(PR_SET_TIMERSLACK, nanoseconds, 0, 0, 0);
}

int cshim_run_on_cpu(unsigned int cpu) {
    cpu_set_t sets[CSHIM_CPU_COUNT / CPU_SETSIZE];
    CPU_ZERO_S(sizeof sets, sets);
    CPU_SET_S(cpu, sizeof sets, sets);
    return sched_setaffinity(0, sizeof sets, sets);
}

int cshim_allowed_cpus(bool *allowed, unsigned int count) {
    cpu_set_t sets[CSHIM_CPU_COUNT / CPU_SETSIZE];
    if (sched_getaffinity(0, sizeof sets, sets) != 0) return -1;
    for (unsigned int cpu = 0; cpu < count; cpu++) allowed[cpu] = CPU_ISSET_S(cpu, sizeof sets, sets);
    return 0;
}

int cshim_unshare_descriptors(void) {
    return unshare(CLONE_FILES);
}

int cshim_unshare_network(bool with_user_namespace) {
    return unshare(CLONE_NEWNET | (with_user_namespace ? CLONE_NEWUSER : 0));
}

static int change_capabilities(uint64_t permitted, uint64_t effective, bool inherits) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    if (syscall(SYS_capget, &header, data) != 0) return -1;
    for (int word = 0; word < _LINUX_CAPABILITY_U32S_3; word++) {
        data[word].permitted &= (uint32_t)(permitted >> 32 * word);
        data[word].effective = data[word].permitted & (uint32_t)(effective >> 32 * word);
        if (!inherits) data[word].inheritable = 0;
    }
    return (int)syscall(SYS_capset, &header, data);
}

int cshim_keep_capabilities(uint64_t set) { return change_capabilities(set, 0, false); }

int cshim_set_effective_capabilities(uint64_t set) { return change_capabilities(UINT64_MAX, set, true); }

int cshim_forbid_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }

static bool read_capabilities(struct __user_cap_data_struct *data) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    return syscall(SYS_capget, &header, data) == 0;
}

uint64_t cshim_effective_capabilities(void) {
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    return read_capabilities(data) ? data[0].effective | (uint64_t)data[1].effective << 32 : 0;
}

uint64_t cshim_permitted_capabilities(void) {
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    return read_capabilities(data) ? data[0].permitted | (uint64_t)data[1].permitted << 32 : 0;
}

static char **arguments;

// The C library passes them to constructors; Swift's runtime reads them from /proc, which may not be there.
__attribute__((constructor)) static void keep_arguments(int count, char **values) {
    (void)count;
    arguments = values;
}

char **cshim_arguments(void) { return arguments; }

const char *cshim_executed_path(void) { return (const char *)getauxval(AT_EXECFN); }

static void set_name(struct ifreq *r, const char *name) {
    memset(r, 0, sizeof *r);
    strncpy(r->ifr_name, name, IFNAMSIZ - 1);
}

int cshim_interface_request(int fd, unsigned long request, const char *name, struct ifreq *out) {
    set_name(out, name);
    return ioctl(fd, request, out);
}

int cshim_ifreq_index(const struct ifreq *r) { return r->ifr_ifindex; }
int cshim_ifreq_mtu(const struct ifreq *r) { return r->ifr_mtu; }
unsigned int cshim_ifreq_flags(const struct ifreq *r) { return (unsigned short)r->ifr_flags; }
const struct sockaddr *cshim_ifreq_address(const struct ifreq *r) { return &r->ifr_hwaddr; }

int cshim_interface_data_request(int fd, unsigned long request, const char *name, void *data) {
    struct ifreq r;
    set_name(&r, name);
    r.ifr_data = data;
    return ioctl(fd, request, &r);
}
