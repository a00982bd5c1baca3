#define _GNU_SOURCE
#include "baseline.h"

#include <arpa/inet.h>
#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

static const uint8_t magic[8] = {0x93, 0x72, 0xe7, 0x59, 0xc7, 0xb5, 0xaa, 0x73};

static void set(int fd, int level, int name, const void *value, socklen_t size, const char *what) {
    if (setsockopt(fd, level, name, value, size) != 0) fail(what);
}

static void bind_to(int fd, const struct options *options, int protocol) {
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(protocol),
        .sll_ifindex = (int)if_nametoindex(options->interface),
    };
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) fail("bind");
}

static int open_silent(int stamps) {
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("socket");
    set(fd, SOL_SOCKET, SO_RCVBUFFORCE, &(int){QUEUE}, sizeof(int), "SO_RCVBUFFORCE");
    if (stamps != 0) set(fd, SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof stamps, "SO_TIMESTAMPING");
    return fd;
}

static void own_address(const struct options *options, uint8_t *address) {
    struct ifreq request = {0};
    strncpy(request.ifr_name, options->interface, IFNAMSIZ - 1);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (ioctl(fd, SIOCGIFHWADDR, &request) != 0) fail("SIOCGIFHWADDR");
    close(fd);
    memcpy(address, request.ifr_hwaddr.sa_data, ETH_ALEN);
}

static void attach(int fd, struct sock_filter *instructions, size_t count) {
    struct sock_fprog filter = {count, instructions};
    set(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter, "SO_ATTACH_FILTER");
}

// Takes frames of our type alone.
static void filter_type(int fd) {
    struct sock_filter instructions[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, ETH_ALEN * 2),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_PROBE, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    attach(fd, instructions, sizeof instructions / sizeof *instructions);
}

// The same, of those to this host or to all.
static void filter_type_and_address(int fd, const struct options *options) {
    uint8_t own[ETH_ALEN];
    own_address(options, own);
    uint32_t high = (uint32_t)own[0] << 24 | own[1] << 16 | own[2] << 8 | own[3], low = own[4] << 8 | own[5];
    struct sock_filter instructions[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, ETH_ALEN * 2),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_PROBE, 0, 8),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, high, 0, 2),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 4),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, low, 3, 4),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, UINT32_MAX, 0, 3),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 4),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, UINT16_MAX, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    attach(fd, instructions, sizeof instructions / sizeof *instructions);
}

int open_receiver(const struct options *options, bool wants_status) {
    int flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
    // What is counted has to be asked for: the NIC's stamps, too.
    if (options->checks) flags |= SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_RAW_HARDWARE;
    int fd = open_silent(flags);
    if (options->checks)
        filter_type_and_address(fd, options);
    else
        filter_type(fd);
    if (options->checks && wants_status)
        set(fd, SOL_PACKET, PACKET_AUXDATA, &(int){1}, sizeof(int), "PACKET_AUXDATA");
    set(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &(int){1}, sizeof(int), "PACKET_IGNORE_OUTGOING");
    bind_to(fd, options, ETH_P_ALL);
    return fd;
}

int open_transmitter(const struct options *options, bool stamps) {
    int flags = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID;
    if (options->checks)
        flags |= SOF_TIMESTAMPING_TX_HARDWARE | SOF_TIMESTAMPING_RAW_HARDWARE | SOF_TIMESTAMPING_OPT_TX_SWHW;
    int fd = open_silent(stamps ? flags : 0);
    bind_to(fd, options, 0);
    return fd;
}

void make_probe(const struct options *options, uint8_t *frame) {
    memset(frame, 0, options->size);
    memcpy(frame, options->destination, ETH_ALEN);
    own_address(options, frame + ETH_ALEN);
    frame[12] = ETHERTYPE_PROBE >> 8;
    frame[13] = ETHERTYPE_PROBE & 0xff;
    memcpy(frame + ETH_HLEN, magic, sizeof magic);
}

// The number is little-endian, as this program takes its machine to be.
void set_number(uint8_t *frame, uint64_t number) { memcpy(frame + NUMBER_OFFSET, &number, sizeof number); }

bool is_probe(const uint8_t *frame, size_t length) {
    return length >= NUMBER_OFFSET + sizeof(uint64_t) && memcmp(frame + ETH_HLEN, magic, sizeof magic) == 0;
}

uint64_t get_number(const uint8_t *frame) {
    uint64_t number;
    memcpy(&number, frame + NUMBER_OFFSET, sizeof number);
    return number;
}

int64_t software_stamp(struct msghdr *message) {
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL; part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPING) continue;
        struct scm_timestamping stamps;
        memcpy(&stamps, CMSG_DATA(part), sizeof stamps);
        return stamps.ts[0].tv_sec * 1000000000LL + stamps.ts[0].tv_nsec;
    }
    return 0;
}

unsigned drops(int fd) {
    struct tpacket_stats_v3 counts = {0}; // begins with the counts of the older versions
    socklen_t size = sizeof counts;
    if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &counts, &size) != 0) fail("PACKET_STATISTICS");
    return counts.tp_drops;
}

struct batch batch_make(size_t length) {
    struct batch batch = {calloc(BATCH, sizeof *batch.headers), calloc(BATCH, sizeof *batch.frames)};
    struct iovec *vectors = calloc(BATCH, sizeof *vectors);
    uint8_t *controls = calloc(BATCH, CONTROL);
    if (!batch.headers || !batch.frames || !vectors || !controls) fail("calloc");
    for (unsigned index = 0; index < BATCH; index++) {
        vectors[index] = (struct iovec){batch.frames[index], length};
        struct msghdr *header = &batch.headers[index].msg_hdr;
        *header = (struct msghdr){
            .msg_iov = &vectors[index], .msg_iovlen = 1, .msg_control = controls + index * CONTROL};
    }
    return batch;
}

void batch_arm(struct batch *batch, unsigned count) {
    for (unsigned index = 0; index < count; index++) batch->headers[index].msg_hdr.msg_controllen = CONTROL;
}
