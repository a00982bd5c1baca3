#define _GNU_SOURCE
#include "probe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// What a full exchange adds to the probe: the responder's stamps of the request and, in the follow-up, of the reply.
enum { RECEIVED_OFFSET = NUMBER_OFFSET + 8, SENT_OFFSET = RECEIVED_OFFSET + 8 };

static void turn_around(uint8_t *frame) {
    uint8_t address[ETH_ALEN];
    memcpy(address, frame, ETH_ALEN);
    memcpy(frame, frame + ETH_ALEN, ETH_ALEN);
    memcpy(frame + ETH_ALEN, address, ETH_ALEN);
}

// Sends a follow-up with the stamp of the reply that was sent last.
static void follow_up(int fd, int transmitter, struct batch *report, uint8_t *frame, size_t length) {
    batch_arm(report, 1);
    if (recvmsg(transmitter, &report->headers[0].msg_hdr, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return;
    int64_t sent = software_stamp(&report->headers[0].msg_hdr);
    if (get_number(report->frames[0]) != get_number(frame)) return;
    memcpy(frame + SENT_OFFSET, &sent, sizeof sent);
    if (send(fd, frame, length, 0) < 0 && errno != ENOBUFS) fail("send");
}

// Sends every probe back to where it came from.
int run_echo(const struct options *options) {
    if (options->checks) return run_responder(options);
    int fd = open_receiver(options, false), transmitter = open_transmitter(options, options->follows_up);
    struct batch request = batch_make(LARGEST), report = batch_make(LARGEST);
    uint8_t *frame = request.frames[0];
    uint64_t count = 0;
    while (!stopped) {
        batch_arm(&request, 1);
        ssize_t length = recvmsg(fd, &request.headers[0].msg_hdr, options->spins ? MSG_DONTWAIT : 0);
        if (length < SMALLEST || !is_probe(frame, (size_t)length)) continue;
        turn_around(frame);
        if (options->follows_up) {
            int64_t stamps[2] = {software_stamp(&request.headers[0].msg_hdr), 0};
            memcpy(frame + RECEIVED_OFFSET, stamps, sizeof stamps);
        }
        if (send(transmitter, frame, (size_t)length, 0) < 0 && errno != ENOBUFS) fail("send");
        if (options->follows_up) follow_up(fd, transmitter, &report, frame, (size_t)length);
        count++;
    }
    printf("frames=%llu\n", (unsigned long long)count);
    return 0;
}

// Waits for the reply with that number; false where none came in time. The follow-up of the last reply, which comes
// before it, is passed by.
static bool await(int fd, struct batch *batch, uint64_t number, bool spins) {
    int64_t deadline = now(CLOCK_MONOTONIC) + PATIENCE * 1000000000LL;
    while (!stopped) {
        batch_arm(batch, 1);
        ssize_t length = recvmsg(fd, &batch->headers[0].msg_hdr, spins ? MSG_DONTWAIT : 0);
        if (length >= SMALLEST && get_number(batch->frames[0]) == number) return true;
        if (length < 0 && errno != EAGAIN && errno != EINTR) fail("recvmsg");
        if (length < 0 && now(CLOCK_MONOTONIC) > deadline) return false;
    }
    return false;
}

// When the request with that number left the driver; 0 where that is not known. Passes by what is left of requests that
// had no reply.
static int64_t departed(int fd, struct batch *report, uint64_t number) {
    while (true) {
        batch_arm(report, 1);
        if (recvmsg(fd, &report->headers[0].msg_hdr, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return 0;
        if (get_number(report->frames[0]) == number) return software_stamp(&report->headers[0].msg_hdr);
    }
}

// Measures round trips, from one software stamp to the other and as the application sees them.
int run_ping(const struct options *options) {
    if (options->checks) return run_requester(options);
    int receiver = open_receiver(options, false), transmitter = open_transmitter(options, true);
    struct timeval patience = {.tv_sec = PATIENCE};
    setsockopt(receiver, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    struct batch reply = batch_make(LARGEST), report = batch_make(LARGEST);
    size_t kept = options->counts_only ? 0 : options->count;
    struct samples stamped = samples_make(kept), total = samples_make(kept);
    uint64_t received = 0, unstamped = 0;
    uint8_t frame[LARGEST];
    make_probe(options, frame);
    int64_t start = now(CLOCK_MONOTONIC), due = start;
    // Numbers of its own, for there may be others beside it.
    uint64_t first = (uint64_t)getpid() << 32;
    for (uint64_t number = first; number < first + options->count && !stopped; number++) {
        if (options->interval > 0) wait_until(CLOCK_MONOTONIC, due += options->interval, options->margin);
        set_number(frame, number);
        int64_t sent = now(CLOCK_REALTIME);
        if (send(transmitter, frame, options->size, 0) < 0) fail("send");
        if (!await(receiver, &reply, number, options->spins)) continue;
        samples_add(&total, now(CLOCK_REALTIME) - sent);
        received++;
        int64_t departure = departed(transmitter, &report, number);
        if (departure == 0) unstamped++;
        else samples_add(&stamped, software_stamp(&reply.headers[0].msg_hdr) - departure);
    }
    printf("received=%llu unstamped=%llu elapsed=%lld", (unsigned long long)received, (unsigned long long)unstamped,
           (long long)(now(CLOCK_MONOTONIC) - start));
    samples_print(&stamped, "rtt");
    samples_print(&total, "total");
    printf("\n");
    return 0;
}
