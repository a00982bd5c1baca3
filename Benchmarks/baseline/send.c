#define _GNU_SOURCE
#include "probe.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

// What has been sent, and what is known of it.
struct progress {
    uint64_t sent, stamped, mismatched;
    struct window *window; // NULL where only stamps are counted, which come in the order of the frames
    int64_t at;            // when the clock was looked at last
};

// Reads up to `most` of the stamps that wait; each comes with the frame that it is about. Returns how many these were.
static unsigned collect(int fd, struct batch *reports, unsigned most, size_t size, struct progress *progress) {
    int count;
    if (most == 1) {
        reports->headers[0].msg_hdr.msg_controllen = CONTROL;
        ssize_t length = recvmsg(fd, &reports->headers[0].msg_hdr, MSG_ERRQUEUE | MSG_DONTWAIT);
        reports->headers[0].msg_len = (unsigned)length;
        count = length < 0 ? -1 : 1;
    } else {
        batch_arm(reports, most);
        count = recvmmsg(fd, reports->headers, most, MSG_ERRQUEUE | MSG_DONTWAIT, NULL);
    }
    if (count < 0) {
        if (errno != EAGAIN && errno != EINTR) fail("recvmsg");
        return 0;
    }
    for (int index = 0; index < count; index++) {
        if (progress->window != NULL) {
            struct told told = read_control(&reports->headers[index].msg_hdr);
            size_t length = reports->headers[index].msg_len;
            if (take_report(progress->window, reports->frames[index], length, size, &told)) progress->stamped++;
            else progress->mismatched++;
            continue;
        }
        uint64_t number = get_number(reports->frames[index]);
        if (number != progress->stamped + 1) progress->mismatched++;
        if (software_stamp(&reports->headers[index].msg_hdr) != 0) progress->stamped++;
    }
    return (unsigned)count;
}

static unsigned send_batch(int fd, struct batch *frames, unsigned count, struct progress *progress) {
    uint64_t first = progress->sent + 1;
    for (unsigned index = 0; index < count; index++) {
        if (progress->window != NULL) number_message(frames->frames[index], first + index);
        else set_number(frames->frames[index], first + index);
    }
    int64_t userspace = progress->window != NULL ? now(CLOCK_REALTIME) : 0;
    int sent = count == 1 ? (send(fd, frames->frames[0], frames->headers[0].msg_hdr.msg_iov->iov_len, 0) < 0 ? -1 : 1)
                          : sendmmsg(fd, frames->headers, count, 0);
    if (sent < 0 && errno != EINTR && errno != ENOBUFS) fail("send");
    for (int index = 0; progress->window != NULL && index < sent; index++)
        window_open(progress->window, first + (unsigned)index, progress->at, userspace);
    return sent < 0 ? 0 : (unsigned)sent;
}

// Now and then: gives up those whose stamps should have come long ago.
static void expire(struct progress *progress) {
    progress->at = now(CLOCK_MONOTONIC);
    struct sent *oldest;
    while (progress->window->open > 0 && (oldest = window_find(progress->window, progress->window->oldest)) != NULL &&
           oldest->at + 1000000000 < progress->at)
        window_close(progress->window, oldest);
}

int run_send(const struct options *options) {
    int fd = open_transmitter(options, options->stamps);
    struct batch frames = batch_make(options->size), reports = batch_make(LARGEST);
    for (unsigned index = 0; index < options->batch; index++) {
        make_probe(options, frames.frames[index]);
        if (options->checks) make_message(frames.frames[index], PROBE, (uint64_t)getpid() << 32 | 1);
        frames.headers[index].msg_hdr.msg_control = NULL;
    }
    struct progress progress = {.window = options->checks && options->stamps ? calloc(1, sizeof(struct window)) : NULL};
    if (progress.window != NULL) progress.window->oldest = progress.window->next = 1;
    uint64_t count = options->count > 0 ? options->count : UINT64_MAX;
    int64_t start = now(CLOCK_MONOTONIC), due = start;
    while (progress.sent < count && !stopped) {
        if (options->interval > 0) {
            wait_until(CLOCK_MONOTONIC, due, options->margin);
            due += options->interval * options->batch;
        }
        uint64_t left = count - progress.sent;
        unsigned wanted = left < options->batch ? (unsigned)left : options->batch;
        if (progress.window != NULL && progress.sent % 256 < options->batch) expire(&progress);
        progress.sent += send_batch(fd, &frames, wanted, &progress);
        if (!options->stamps) continue;
        // On a veth they are there when the send call returns; what is not comes with the next, or at the end.
        while (progress.stamped < progress.sent && collect(fd, &reports, options->batch, options->size, &progress) > 0) {}
    }
    struct pollfd ready = {.fd = fd};
    while (options->stamps && progress.stamped < progress.sent && poll(&ready, 1, 1000) > 0)
        collect(fd, &reports, options->batch, options->size, &progress);
    printf("sent=%llu stamped=%llu mismatched=%llu elapsed=%lld\n", (unsigned long long)progress.sent,
           (unsigned long long)progress.stamped, (unsigned long long)progress.mismatched,
           (long long)(now(CLOCK_MONOTONIC) - start));
    return 0;
}
