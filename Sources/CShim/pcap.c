#include "CShim.h"

#include <dlfcn.h>
#include <errno.h>
#include <pcap/pcap.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert(sizeof(struct bpf_insn) == sizeof(struct sock_filter), "bpf_insn");
_Static_assert(offsetof(struct bpf_insn, k) == offsetof(struct sock_filter, k), "bpf_insn");

// Looks a function of libpcap up under its own type.
#define LOAD(library, name) __typeof__(&name) name##_ = (__typeof__(&name))dlsym(library, #name)

static void *load(char *error, int error_capacity) {
    void *library = dlopen("libpcap.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)  // Debian's name for the same library
        library = dlopen("libpcap.so.0.8", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) snprintf(error, (size_t)error_capacity, "%s", dlerror());
    return library;
}

static void tell_of_lack(char *error, int error_capacity) {
    snprintf(error, (size_t)error_capacity, "libpcap lacks a function");
}

int cshim_pcap_compile(const char *expression, int snapshot_length, struct sock_filter *instructions,
                       int capacity, char *error, int error_capacity) {
    void *library = load(error, error_capacity);
    if (library == NULL) return CSHIM_PCAP_MISSING;
    LOAD(library, pcap_open_dead);
    LOAD(library, pcap_compile);
    LOAD(library, pcap_geterr);
    LOAD(library, pcap_freecode);
    LOAD(library, pcap_close);
    if (!pcap_open_dead_ || !pcap_compile_ || !pcap_geterr_ || !pcap_freecode_ || !pcap_close_) {
        tell_of_lack(error, error_capacity);
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

struct cshim_capture_input {
    pcap_t *file;
    __typeof__(&pcap_next_ex) next;
    __typeof__(&pcap_geterr) error;
    __typeof__(&pcap_close) close;
};

// Sets `is_taken` once libpcap will close the stream.
static int open_stream(FILE *stream, bool *is_taken, struct cshim_capture_input **out, char *error, int error_capacity) {
    void *library = load(error, error_capacity);
    if (library == NULL) return CSHIM_PCAP_MISSING;
    LOAD(library, pcap_fopen_offline_with_tstamp_precision);
    LOAD(library, pcap_datalink);
    LOAD(library, pcap_datalink_val_to_name);
    struct cshim_capture_input input = {
        .next = (__typeof__(&pcap_next_ex))dlsym(library, "pcap_next_ex"),
        .error = (__typeof__(&pcap_geterr))dlsym(library, "pcap_geterr"),
        .close = (__typeof__(&pcap_close))dlsym(library, "pcap_close"),
    };
    if (!pcap_fopen_offline_with_tstamp_precision_ || !pcap_datalink_ || !pcap_datalink_val_to_name_ ||
        !input.next || !input.error || !input.close) {
        tell_of_lack(error, error_capacity);
        return CSHIM_PCAP_MISSING;
    }
    char reason[PCAP_ERRBUF_SIZE] = "";
    input.file = pcap_fopen_offline_with_tstamp_precision_(stream, PCAP_TSTAMP_PRECISION_NANO, reason);
    if (input.file == NULL) {
        snprintf(error, (size_t)error_capacity, "%s", reason);
        return CSHIM_PCAP_REJECTED;
    }
    *is_taken = true;
    int type = pcap_datalink_(input.file);
    struct cshim_capture_input *opened = type == DLT_EN10MB ? malloc(sizeof input) : NULL;
    if (opened != NULL) {
        *opened = input;
        *out = opened;
        return 0;
    }
    if (type == DLT_EN10MB) {
        snprintf(error, (size_t)error_capacity, "%s", strerror(ENOMEM));
    } else {
        const char *name = pcap_datalink_val_to_name_(type);
        snprintf(error, (size_t)error_capacity, "its link type is %s (%d) and not EN10MB, Ethernet",
                 name != NULL ? name : "unknown", type);
    }
    input.close(input.file);
    return CSHIM_PCAP_REJECTED;
}

int cshim_capture_open(int descriptor, struct cshim_capture_input **out, char *error, int error_capacity) {
    FILE *stream = fdopen(descriptor, "r");
    if (stream == NULL) {
        snprintf(error, (size_t)error_capacity, "%s", strerror(errno));
        close(descriptor);
        return CSHIM_PCAP_REJECTED;
    }
    bool is_taken = false;
    int result = open_stream(stream, &is_taken, out, error, error_capacity);
    if (!is_taken) fclose(stream);
    return result;
}

int cshim_capture_next(struct cshim_capture_input *input, int64_t *nanoseconds, uint32_t *length,
                       uint32_t *captured, const uint8_t **bytes, const char **error) {
    struct pcap_pkthdr *header;
    int result = input->next(input->file, &header, bytes);
    if (result == 1) {
        *nanoseconds = (int64_t)header->ts.tv_sec * 1000000000 + header->ts.tv_usec;
        *length = header->len;
        *captured = header->caplen;
        return 1;
    }
    if (result == PCAP_ERROR_BREAK) return 0;
    *error = input->error(input->file);
    return -1;
}

void cshim_capture_close(struct cshim_capture_input *input) {
    input->close(input->file);
    free(input);
}
