#define _GNU_SOURCE
#include "baseline.h"

#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>

enum { BLOCK = 1 << 18, BLOCKS = QUEUE / BLOCK, RETIRE_MS = 10 };

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
    uint8_t *ring = mmap(NULL, (size_t)BLOCK * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (ring == MAP_FAILED) fail("mmap");
    return ring;
}

// Takes probes with their stamps by TPACKET_V3, a block at a time.
int run_ring(const struct options *options) {
    int fd = open_receiver(options);
    uint8_t *ring = map_ring(fd);
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    uint64_t count = options->count > 0 ? options->count : UINT64_MAX, probes = 0, stamped = 0;
    for (unsigned index = 0; probes < count && !stopped; index = (index + 1) % BLOCKS) {
        struct tpacket_block_desc *block = (struct tpacket_block_desc *)(ring + (size_t)BLOCK * index);
        _Atomic uint32_t *status = (_Atomic uint32_t *)&block->hdr.bh1.block_status;
        while (!(atomic_load_explicit(status, memory_order_acquire) & TP_STATUS_USER) && !stopped) poll(&ready, 1, -1);
        if (stopped) break;
        struct tpacket3_hdr *frame = (struct tpacket3_hdr *)((uint8_t *)block + block->hdr.bh1.offset_to_first_pkt);
        for (uint32_t left = block->hdr.bh1.num_pkts; left > 0; left--) {
            if (is_probe((uint8_t *)frame + frame->tp_mac, frame->tp_snaplen)) {
                if (frame->tp_status & TP_STATUS_TS_SOFTWARE && frame->tp_sec > 0) stamped++;
                probes++;
            }
            frame = (struct tpacket3_hdr *)((uint8_t *)frame + frame->tp_next_offset);
        }
        atomic_store_explicit(status, TP_STATUS_KERNEL, memory_order_release);
    }
    printf("probes=%llu stamped=%llu drops=%u\n", (unsigned long long)probes, (unsigned long long)stamped, drops(fd));
    return 0;
}
