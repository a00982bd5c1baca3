#include "CShim.h"

#include <dlfcn.h>
#include <pcap/pcap.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

_Static_assert(sizeof(struct bpf_insn) == sizeof(struct sock_filter), "bpf_insn");
_Static_assert(offsetof(struct bpf_insn, k) == offsetof(struct sock_filter, k), "bpf_insn");

// Looks a function of libpcap up under its own type.
#define LOAD(library, name) __typeof__(&name) name##_ = (__typeof__(&name))dlsym(library, #name)

int cshim_pcap_compile(const char *expression, int snapshot_length, struct sock_filter *instructions,
                       int capacity, char *error, int error_capacity) {
    void *library = dlopen("libpcap.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)  // Debian's name for the same library
        library = dlopen("libpcap.so.0.8", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        snprintf(error, (size_t)error_capacity, "%s", dlerror());
        return CSHIM_PCAP_MISSING;
    }
    LOAD(library, pcap_open_dead);
    LOAD(library, pcap_compile);
    LOAD(library, pcap_geterr);
    LOAD(library, pcap_freecode);
    LOAD(library, pcap_close);
    if (!pcap_open_dead_ || !pcap_compile_ || !pcap_geterr_ || !pcap_freecode_ || !pcap_close_) {
        snprintf(error, (size_t)error_capacity, "libpcap lacks a function: %s", dlerror());
        return CSHIM_PCAP_MISSING;
    }
    pcap_t *dead = pcap_open_dead_(DLT_EN10MB, snapshot_length);
    if (dead == NULL) {
        snprintf(error, (size_t)error_capacity, "pcap_open_dead: out of memory");
        return CSHIM_PCAP_REJECTED;
    }
    struct bpf_program program;
    int result;
    if (pcap_compile_(dead, &program, expression, 1, PCAP_NETMASK_UNKNOWN) != 0) {
        snprintf(error, (size_t)error_capacity, "%s", pcap_geterr_(dead));
        result = CSHIM_PCAP_REJECTED;
    } else {
        if (program.bf_len > (unsigned int)capacity) {
            snprintf(error, (size_t)error_capacity, "%u instructions, at most %d fit", program.bf_len, capacity);
            result = CSHIM_PCAP_TOO_LONG;
        } else {
            memcpy(instructions, program.bf_insns, program.bf_len * sizeof *instructions);
            result = (int)program.bf_len;
        }
        pcap_freecode_(&program);
    }
    pcap_close_(dead);
    return result;
}
