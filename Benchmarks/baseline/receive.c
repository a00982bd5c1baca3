#define _GNU_SOURCE
#include "probe.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

// How many frames were waited for and taken; 0 when nothing was there to a program that spins, or at a signal.
static unsigned take(int fd, struct batch *batch, const struct options *options) {
    batch_arm(batch, options->batch);
    int wait = options->spins ? MSG_DONTWAIT : 0, count;
    if (options->batch == 1) {
        ssize_t length = recvmsg(fd, &batch->headers[0].msg_hdr, wait);
        batch->headers[0].msg_len = (unsigned)length;
        count = length < 0 ? -1 : 1;
    } else {
        count = recvmmsg(fd, batch->headers, options->batch, wait | MSG_WAITFORONE, NULL);
    }
    if (count < 0 && errno != EAGAIN && errno != EINTR) fail("recvmsg");
    return count < 0 ? 0 : (unsigned)count;
}

// Takes probes with the kernel's stamp of each, and shows how long after it they were here.
int run_receive(const struct options *options) {
    int fd = open_receiver(options, true);
    struct batch batch = batch_make(LARGEST);
    bool has_delays = options->batch == 1 && !options->counts_only;
    struct samples delays = samples_make(has_delays ? options->count : 0);
    uint64_t count = options->count > 0 ? options->count : UINT64_MAX, probes = 0, stamped = 0, hardware = 0;
    while (probes < count && !stopped) {
        unsigned taken = take(fd, &batch, options);
        if (taken == 0) continue;
        int64_t here = now(CLOCK_REALTIME);
        for (unsigned index = 0; index < taken; index++) {
            size_t length = batch.headers[index].msg_len;
            int64_t stamp;
            if (options->checks) {
                if (check_frame(batch.frames[index], length) == NO_PROBE) continue;
                struct told told = read_control(&batch.headers[index].msg_hdr);
                hardware += told.hardware != 0;
                stamp = told.software;
            } else {
                if (!is_probe(batch.frames[index], length)) continue;
                stamp = software_stamp(&batch.headers[index].msg_hdr);
            }
            probes++;
            if (stamp == 0) continue;
            stamped++;
            samples_add(&delays, here - stamp);
        }
    }
    printf("probes=%llu stamped=%llu hardware=%llu drops=%u", (unsigned long long)probes, (unsigned long long)stamped,
           (unsigned long long)hardware, drops(fd));
    samples_print(&delays, "delay");
    printf("\n");
    return 0;
}
