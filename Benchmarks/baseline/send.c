#define _GNU_SOURCE
#include "baseline.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>

// What has been sent, and what is known of it.
struct progress {
    uint64_t sent, stamped, mismatched;
};

// Reads up to `most` of the stamps that wait; each comes with the frame that it is about. Returns how many these were.
static unsigned collect(int fd, struct batch *reports, unsigned most, struct progress *progress) {
    int count;
    if (most == 1) {
        reports->headers[0].msg_hdr.msg_controllen = CONTROL;
        count = recvmsg(fd, &reports->headers[0].msg_hdr, MSG_ERRQUEUE | MSG_DONTWAIT) < 0 ? -1 : 1;
    } else {
        batch_arm(reports, most);
        count = recvmmsg(fd, reports->headers, most, MSG_ERRQUEUE | MSG_DONTWAIT, NULL);
    }
    if (count < 0) {
        if (errno != EAGAIN && errno != EINTR) fail("recvmsg");
        return 0;
    }
    for (int index = 0; index < count; index++) {
        uint64_t number = get_number(reports->frames[index]);
        if (number != progress->stamped + 1) progress->mismatched++;
        if (software_stamp(&reports->headers[index].msg_hdr) != 0) progress->stamped++;
    }
    return (unsigned)count;
}

static unsigned send_batch(int fd, struct batch *frames, unsigned count, uint64_t first) {
    for (unsigned index = 0; index < count; index++) set_number(frames->frames[index], first + index);
    int sent = count == 1 ? (send(fd, frames->frames[0], frames->headers[0].msg_hdr.msg_iov->iov_len, 0) < 0 ? -1 : 1)
                          : sendmmsg(fd, frames->headers, count, 0);
    if (sent < 0 && errno != EINTR && errno != ENOBUFS) fail("send");
    return sent < 0 ? 0 : (unsigned)sent;
}

int run_send(const struct options *options) {
    int fd = open_transmitter(options, options->stamps);
    struct batch frames = batch_make(options->size), reports = batch_make(LARGEST);
    for (unsigned index = 0; index < options->batch; index++) {
        make_probe(options, frames.frames[index]);
        frames.headers[index].msg_hdr.msg_control = NULL;
    }
    struct progress progress = {0};
    uint64_t count = options->count > 0 ? options->count : UINT64_MAX;
    int64_t start = now(CLOCK_MONOTONIC), due = start;
    while (progress.sent < count && !stopped) {
        if (options->interval > 0) {
            wait_until(CLOCK_MONOTONIC, due, options->margin);
            due += options->interval * options->batch;
        }
        uint64_t left = count - progress.sent;
        unsigned wanted = left < options->batch ? (unsigned)left : options->batch;
        progress.sent += send_batch(fd, &frames, wanted, progress.sent + 1);
        if (!options->stamps) continue;
        // On a veth they are there when the send call returns; what is not comes with the next, or at the end.
        while (progress.stamped < progress.sent && collect(fd, &reports, options->batch, &progress) > 0) {}
    }
    struct pollfd ready = {.fd = fd};
    while (options->stamps && progress.stamped < progress.sent && poll(&ready, 1, 1000) > 0)
        collect(fd, &reports, options->batch, &progress);
    printf("sent=%llu stamped=%llu mismatched=%llu elapsed=%lld\n", (unsigned long long)progress.sent,
           (unsigned long long)progress.stamped, (unsigned long long)progress.mismatched,
           (long long)(now(CLOCK_MONOTONIC) - start));
    return 0;
}
