#define _GNU_SOURCE
#include "baseline.h"

#include <stdio.h>
#include <time.h>

// Sends on an absolute schedule and shows how much later than planned the driver had each frame. The plan is on the
// clock of the stamps, so that nothing is converted.
int run_schedule(const struct options *options) {
    int fd = open_transmitter(options, true);
    struct batch report = batch_make(LARGEST);
    uint8_t frame[LARGEST];
    make_probe(options, frame);
    struct samples errors = samples_make(options->count);
    if (options->priority > 0) become_real_time(options->priority);
    int64_t due = now(CLOCK_REALTIME);
    for (uint64_t number = 1; number <= options->count && !stopped; number++) {
        due += options->interval;
        set_number(frame, number);
        wait_until(CLOCK_REALTIME, due, options->margin);
        if (send(fd, frame, options->size, 0) < 0) fail("send");
        batch_arm(&report, 1);
        if (recvmsg(fd, &report.headers[0].msg_hdr, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) continue;
        int64_t stamp = software_stamp(&report.headers[0].msg_hdr);
        if (stamp != 0 && get_number(report.frames[0]) == number) samples_add(&errors, stamp - due);
    }
    printf("sent=%llu stamped=%zu", (unsigned long long)options->count, errors.count);
    samples_print(&errors, "error");
    printf("\n");
    return 0;
}
