#define _GNU_SOURCE
#include "CShim.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <linux/audit.h>
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/net_tstamp.h>
#include <linux/netlink.h>
#include <linux/ptp_clock.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

// C and not Swift: which calls there are differs between machines, and a signal handler may not allocate.

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#define RESULT_OF(context) (context)->uc_mcontext.gregs[REG_RAX]
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#define RESULT_OF(context) (context)->uc_mcontext.regs[0]
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER
#endif
#endif

static atomic_uint denied_calls;
static atomic_int latest_call;

uint32_t cshim_denied_calls(int *latest) {
    *latest = atomic_load(&latest_call);
    return atomic_load(&denied_calls);
}

#if defined(MACHINE) && !defined(HAS_SANITIZER) && !defined(AFPROBE_NO_SYSTEM_CALL_FILTER)

// Calls with any arguments. The ones that not every machine has are in conditions.
static const int allowed[] = {
    // files and descriptors
    SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_openat, SYS_close, SYS_fstat, SYS_newfstatat,
    SYS_statx, SYS_lseek, SYS_fcntl, SYS_dup, SYS_dup3, SYS_pipe2, SYS_eventfd2, SYS_signalfd4, SYS_ppoll, SYS_pselect6,
    SYS_ftruncate, SYS_fsync, SYS_unlinkat, SYS_renameat, SYS_renameat2, SYS_faccessat, SYS_readlinkat, SYS_getcwd, SYS_getdents64,
    SYS_flock,
#ifdef SYS_faccessat2
    SYS_faccessat2,
#endif
#ifdef SYS_open
    SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_unlink, SYS_rename, SYS_poll, SYS_select, SYS_dup2, SYS_pipe,
#endif
    // memory
    SYS_mmap, SYS_munmap, SYS_mprotect, SYS_mremap, SYS_madvise, SYS_brk, SYS_mlock, SYS_mlockall, SYS_munlock, SYS_munlockall,
    // threads; clone is below
    SYS_futex, SYS_set_robust_list, SYS_gettid, SYS_tgkill, SYS_exit, SYS_exit_group, SYS_set_tid_address, SYS_restart_syscall,
    SYS_sched_yield, SYS_sched_setaffinity, SYS_sched_getaffinity, SYS_sched_setscheduler, SYS_sched_getscheduler,
    SYS_sched_setparam, SYS_sched_getparam, SYS_sched_get_priority_max, SYS_sched_get_priority_min, SYS_membarrier,
#ifdef SYS_rseq
    SYS_rseq,
#endif
#ifdef SYS_arch_prctl
    SYS_arch_prctl,
#endif
    // signals and the child process
    SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_rt_sigtimedwait, SYS_sigaltstack, SYS_wait4, SYS_waitid,
    // clocks
    SYS_clock_gettime, SYS_clock_getres, SYS_clock_nanosleep, SYS_nanosleep, SYS_gettimeofday,
    SYS_clock_adjtime, SYS_adjtimex,
#ifdef SYS_time
    SYS_time,
#endif
    // sockets; socket is below
    SYS_bind, SYS_listen, SYS_accept4, SYS_connect, SYS_getsockname, SYS_getpeername, SYS_getsockopt, SYS_setsockopt, SYS_sendto, SYS_sendmsg,
    SYS_sendmmsg, SYS_recvfrom, SYS_recvmsg, SYS_recvmmsg, SYS_shutdown,
    // the process itself
    SYS_getpid, SYS_getppid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_getgroups, SYS_capget, SYS_capset,
    SYS_getrandom, SYS_uname, SYS_sysinfo, SYS_prlimit64, SYS_getrlimit, SYS_getrusage, SYS_getcpu,
};

// Nothing in the program comes near these.
static const int fatal[] = {
    SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_init_module, SYS_finit_module,
    SYS_delete_module, SYS_kexec_load, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_mount, SYS_umount2, SYS_pivot_root,
    SYS_chroot, SYS_setns, SYS_setuid, SYS_setgid, SYS_setresuid, SYS_setresgid, SYS_setgroups, SYS_keyctl, SYS_add_key,
    SYS_request_key, SYS_reboot, SYS_swapon, SYS_swapoff, SYS_acct, SYS_open_by_handle_at,
};

// Calls that are allowed if an argument has one of these values.
static const unsigned int families[] = {AF_PACKET, AF_NETLINK, AF_INET, AF_INET6, AF_UNIX};
static const unsigned int requests[] = {
    SIOCGIFINDEX, SIOCGIFFLAGS, SIOCGIFMTU, SIOCGIFHWADDR, SIOCGIFNAME, SIOCGIFCONF, SIOCGIFADDR, SIOCETHTOOL, SIOCGHWTSTAMP,
    SIOCSHWTSTAMP, PTP_CLOCK_GETCAPS, PTP_SYS_OFFSET, PTP_SYS_OFFSET_EXTENDED, PTP_SYS_OFFSET_PRECISE, FIONREAD, SIOCOUTQ,
    TCGETS, TIOCGWINSZ,
    0x802c542a,  // TCGETS2, by which newer C libraries look for a terminal
};
static const unsigned int controls[] = {PR_SET_TIMERSLACK, PR_SET_NAME, PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS,
                                        PR_CAPBSET_READ};  // libcap, which libpcap loads

static const unsigned int namespaces[] = {CLONE_FILES};

struct condition {
    int call;
    unsigned int argument;
    const unsigned int *values;
    unsigned int count;
};

static const struct condition conditions[] = {
#define VALUES(list) list, sizeof list / sizeof *list
    {SYS_socket, 0, VALUES(families)},
    {SYS_ioctl, 1, VALUES(requests)},
    {SYS_prctl, 0, VALUES(controls)},
    {SYS_unshare, 0, VALUES(namespaces)},
#undef VALUES
};

enum { CAPACITY = 512 };

struct program {
    struct sock_filter instructions[CAPACITY];
    unsigned short length;
};

static void add(struct program *program, unsigned short code, unsigned int value, unsigned char if_true, unsigned char if_false) {
    if (program->length < CAPACITY)
        program->instructions[program->length] = (struct sock_filter){code, if_true, if_false, value};
    program->length++;
}

static void load(struct program *program, size_t offset) {
    add(program, BPF_LD | BPF_W | BPF_ABS, (unsigned int)offset, 0, 0);
}

static void answer(struct program *program, unsigned int action) { add(program, BPF_RET | BPF_K, action, 0, 0); }

// The action if the loaded word has a value.
static void answer_if(struct program *program, unsigned int value, unsigned int action) {
    add(program, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    answer(program, action);
}

static size_t low_word(unsigned int argument) {
    // Both machines have the low word first.
    return offsetof(struct seccomp_data, args) + argument * sizeof(__u64);
}

// The calls of a condition are allowed if their argument has one of its values.
static void allow_if(struct program *program, const struct condition *condition) {
    unsigned int count = condition->count;
    add(program, BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)condition->call, 0, (unsigned char)(2 * count + 2));
    load(program, low_word(condition->argument));
    for (unsigned int index = 0; index < count; index++) answer_if(program, condition->values[index], SECCOMP_RET_ALLOW);
    answer(program, SECCOMP_RET_TRAP);
}

static void write_filter(struct program *program, pid_t child) {
    load(program, offsetof(struct seccomp_data, arch));
    add(program, BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0);
    answer(program, SECCOMP_RET_KILL_PROCESS);
    load(program, offsetof(struct seccomp_data, nr));
    for (size_t index = 0; index < sizeof allowed / sizeof *allowed; index++)
        answer_if(program, (unsigned int)allowed[index], SECCOMP_RET_ALLOW);
    for (size_t index = 0; index < sizeof fatal / sizeof *fatal; index++)
        answer_if(program, (unsigned int)fatal[index], SECCOMP_RET_KILL_PROCESS);
    // The C library then tries clone, whose flags can be seen: threads, and no processes.
#ifdef SYS_clone3
    answer_if(program, SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);
#endif
    add(program, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4);
    load(program, low_word(0));
    add(program, BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1);
    answer(program, SECCOMP_RET_ALLOW);
    answer(program, SECCOMP_RET_TRAP);
    for (size_t index = 0; index < sizeof conditions / sizeof *conditions; index++) allow_if(program, &conditions[index]);
    const unsigned int children[] = {(unsigned int)child};
    const struct condition to_child = {SYS_kill, 0, children, 1};
    if (child > 0) allow_if(program, &to_child);
    answer(program, SECCOMP_RET_TRAP);
}

// The call fails with EPERM instead.
static void deny(int signal, siginfo_t *information, void *context) {
    (void)signal;
    enum { OF_FILTER = 1 };  // SYS_SECCOMP, which the C library does not have; else it was sent by kill(2)
    if (information->si_code != OF_FILTER) return;
    RESULT_OF((ucontext_t *)context) = -EPERM;
    atomic_store(&latest_call, information->si_syscall);
    atomic_fetch_add(&denied_calls, 1);
}

int cshim_filter_system_calls(pid_t child) {
    static struct program program;
    program.length = 0;
    write_filter(&program, child);
    if (program.length > CAPACITY) {
        errno = E2BIG;
        return -1;
    }
    // A crash must end the program by its own signal: Swift's backtracer would be killed for its execve.
    const int crashes[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGFPE};
    for (size_t index = 0; index < sizeof crashes / sizeof *crashes; index++) signal(crashes[index], SIG_DFL);
    struct sigaction action = {.sa_sigaction = deny, .sa_flags = SA_SIGINFO | SA_RESTART};
    if (sigaction(SIGSYS, &action, NULL) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
    struct sock_fprog filter = {program.length, program.instructions};
    // Without this flag, kernels before 5.16 slow the process down by a mitigation that is for sandboxed scripts.
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &filter);
}

#else

int cshim_filter_system_calls(pid_t child) {
    (void)child;
    errno = ENOSYS;
    return -1;
}

#endif
