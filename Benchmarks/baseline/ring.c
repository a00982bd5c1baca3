#define _GNU_SOURCE
#include "probe.h"

#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>

// As large a ring as afprobe's, and as patient.
enum { BLOCK = 1 << 17, BLOCKS = (64 << 20) / BLOCK, RETIRE_MS = 4 };

static uint8_t *map_ring(int fd) {
    struct tpacket_req3 request = {
        .tp_block_size = BLOCK,
        .tp_block_nr = BLOCKS,
        .tp_frame_size = 2048,
        .tp_frame_nr = BLOCK / 2048 * BLOCKS,
        .tp_retire_blk_tov = RETIRE_MS,
    };
    int version = TPACKET_V3, stamps = SOF_TIMESTAMPING_SOFTWARE;
    if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) != 0) fail("PACKET_VERSION");
    if (setsockopt(fd, SOL_PACKET, PACKET_TIMESTAMP, &stamps, sizeof stamps) != 0) fail("PACKET_TIMESTAMP");
    if (setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof request) != 0) fail("PACKET_RX_RING");
    uint8_t *ring = mmap(NULL, (size_t)BLOCK * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
    if (ring == MAP_FAILED) fail("mmap");
    return ring;
}

static bool is_stamped(const struct tpacket3_hdr *frame) {
    return frame->tp_status & TP_STATUS_TS_SOFTWARE && frame->tp_sec > 0;
}

// The frame at `start`, if it is all within the block; NULL where it is not what it should be.
static const struct tpacket3_hdr *frame_at(const uint8_t *block, size_t start, size_t end) {
    const struct tpacket3_hdr *frame = (const struct tpacket3_hdr *)(block + start);
    const size_t headers = sizeof *frame + sizeof(struct sockaddr_ll);
    if (start + headers > end || frame->tp_mac < headers || frame->tp_len < frame->tp_snaplen) return NULL;
    return start + frame->tp_mac + frame->tp_snaplen <= end ? frame : NULL;
}

// Counts the probes in a block that is not believed to be what it should be.
static void check_block(const struct tpacket_block_desc *block, uint64_t *probes, uint64_t *stamped) {
    size_t start = block->hdr.bh1.offset_to_first_pkt, end = block->hdr.bh1.blk_len;
    if (start < sizeof *block || end > BLOCK) return;
    for (uint32_t left = block->hdr.bh1.num_pkts; left > 0; left--) {
        const struct tpacket3_hdr *frame = frame_at((const uint8_t *)block, start, end);
        if (frame == NULL) return;
        const struct sockaddr_ll *sender = (const struct sockaddr_ll *)(frame + 1);
        if (sender->sll_pkttype != PACKET_OUTGOING &&
            check_frame((const uint8_t *)frame + frame->tp_mac, frame->tp_snaplen) != NO_PROBE) {
            *stamped += is_stamped(frame) && frame->tp_nsec < 1000000000;
            ++*probes;
        }
        // The next one is behind this one.
        if (frame->tp_next_offset < frame->tp_mac + frame->tp_snaplen) return;
        start += frame->tp_next_offset;
    }
}

// Takes probes with their stamps by TPACKET_V3, a block at a time.
int run_ring(const struct options *options) {
    int fd = open_receiver(options, false);
    uint8_t *ring = map_ring(fd);
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    uint64_t count = options->count > 0 ? options->count : UINT64_MAX, probes = 0, stamped = 0;
    for (unsigned index = 0; probes < count && !stopped; index = (index + 1) % BLOCKS) {
        struct tpacket_block_desc *block = (struct tpacket_block_desc *)(ring + (size_t)BLOCK * index);
        _Atomic uint32_t *status = (_Atomic uint32_t *)&block->hdr.bh1.block_status;
        while (!(atomic_load_explicit(status, memory_order_acquire) & TP_STATUS_USER) && !stopped) poll(&ready, 1, -1);
        if (stopped) break;
        if (options->checks) check_block(block, &probes, &stamped);
        struct tpacket3_hdr *frame = (struct tpacket3_hdr *)((uint8_t *)block + block->hdr.bh1.offset_to_first_pkt);
        for (uint32_t left = options->checks ? 0 : block->hdr.bh1.num_pkts; left > 0; left--) {
            if (is_probe((uint8_t *)frame + frame->tp_mac, frame->tp_snaplen)) {
                stamped += is_stamped(frame);
                probes++;
            }
            frame = (struct tpacket3_hdr *)((uint8_t *)frame + frame->tp_next_offset);
        }
        atomic_store_explicit(status, TP_STATUS_KERNEL, memory_order_release);
    }
    printf("probes=%llu stamped=%llu drops=%u\n", (unsigned long long)probes, (unsigned long long)stamped, drops(fd));
    return 0;
}
