#define _GNU_SOURCE
#include "probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// The two ends of a ping that do what afprobe's do: `afprobe ping` and this responder understand each other.

// MARK: The responder

enum { SESSIONS = 64, LIMIT = 1000000 };

// What is known of a requester: how many requests came, and which of the 64 up to the highest.
struct session {
    uint64_t identifier, highest, seen, last_used;
    uint8_t peer[ETH_ALEN];
    uint32_t requests, duplicates, replies;
};

struct responder {
    int receiver, transmitter;
    int unstamped; // for follow-ups, of which nobody wants stamps
    uint64_t identifier, clock, answered, followed_up;
    int64_t due; // of the limit on replies
    uint8_t address[ETH_ALEN];
    struct session sessions[SESSIONS];
    struct batch request, report;
    uint32_t key; // of the next reply
    size_t expected;
};

static struct session *session_of(struct responder *self, const uint8_t *peer, uint64_t identifier) {
    struct session *oldest = self->sessions;
    self->clock++;
    for (struct session *one = self->sessions; one < self->sessions + SESSIONS; one++) {
        if (one->identifier == identifier && memcmp(one->peer, peer, ETH_ALEN) == 0 && one->last_used != 0) {
            one->last_used = self->clock;
            return one;
        }
        if (one->last_used < oldest->last_used) oldest = one;
    }
    *oldest = (struct session){.identifier = identifier, .last_used = self->clock};
    memcpy(oldest->peer, peer, ETH_ALEN);
    return oldest;
}

static void count_request(struct session *session, uint64_t number) {
    if (number > session->highest) {
        uint64_t distance = number - session->highest;
        session->seen = distance < 64 ? session->seen << distance | 1 : 1;
        session->highest = number;
        session->requests++;
        return;
    }
    uint64_t behind = session->highest - number, bit = behind < 64 ? 1ull << behind : 0;
    if (bit == 0 || session->seen & bit) session->duplicates++;
    else session->seen |= bit, session->requests++;
}

// Two frames for each request, the follow-up being one.
static bool is_allowed(struct responder *self) {
    int64_t at = now(CLOCK_MONOTONIC_COARSE);
    if (at > self->due) self->due = at;
    if (self->due - at > 100000000) return false;
    self->due += 2 * (1000000000 / LIMIT);
    return true;
}

static void hand_over(int fd, const uint8_t *frame, size_t length) {
    if (send(fd, frame, length, 0) < 0 && errno != ENOBUFS) fail("send");
}

// Makes the reply of a request in its place, and sends it.
static void answer(struct responder *self, uint8_t *frame, size_t length, const struct told *told, int64_t userspace) {
    struct message *message = message_in(frame);
    static const uint8_t none[ETH_ALEN];
    const uint8_t *peer = frame + ETH_ALEN;
    if (memcmp(frame, self->address, ETH_ALEN) != 0 || peer[0] & 1 || memcmp(peer, none, ETH_ALEN) == 0) return;
    struct session *session = session_of(self, peer, message->session);
    count_request(session, message->number);
    if (!is_allowed(self)) return;
    session->replies++;
    memcpy(frame, peer, ETH_ALEN);
    memcpy(frame + ETH_ALEN, self->address, ETH_ALEN);
    message->kind = REPLY;
    message->report = (struct report){
        .responder = self->identifier,
        .requests = session->requests,
        .duplicates = session->duplicates,
        .replies = session->replies,
        .received_software = told->software,
        .received_userspace = userspace,
        .sent_userspace = now(CLOCK_REALTIME),
        .present = HAS_RECEIVED_USERSPACE | HAS_SENT_USERSPACE | (told->software != 0 ? HAS_RECEIVED_SOFTWARE : 0),
    };
    seal(message);
    hand_over(self->transmitter, frame, length);
    self->expected++;
    self->answered++;
}

// Sends the follow-up of the reply that was sent last, once its stamp has come.
static void follow_up(struct responder *self, uint8_t *frame, size_t length) {
    struct msghdr *header = &self->report.headers[0].msg_hdr;
    batch_arm(&self->report, 1);
    ssize_t returned = recvmsg(self->transmitter, header, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (returned < (ssize_t)length) return;
    struct told told = read_control(header);
    struct message *message = message_in(frame), *copy = message_in(self->report.frames[0] + returned - length);
    if (told.key != self->key || copy->number != message->number || copy->session != message->session) return;
    self->key++;
    self->expected--;
    message->kind = FOLLOW_UP;
    message->report.sent_software = told.software;
    message->report.present |= told.software != 0 ? HAS_SENT_SOFTWARE : 0;
    seal(message);
    hand_over(self->unstamped, frame, length);
    self->followed_up++;
}

int run_responder(const struct options *options) {
    struct responder *self = calloc(1, sizeof *self);
    if (self == NULL) fail("calloc");
    uint8_t frame[LARGEST];
    make_probe(options, frame);
    memcpy(self->address, frame + ETH_ALEN, ETH_ALEN);
    self->identifier = (uint64_t)getpid() << 32 | 1;
    self->receiver = open_receiver(options, true);
    self->transmitter = open_transmitter(options, true);
    self->unstamped = open_transmitter(options, false);
    self->request = batch_make(LARGEST);
    self->report = batch_make(LARGEST);
    while (!stopped) {
        struct msghdr *header = &self->request.headers[0].msg_hdr;
        batch_arm(&self->request, 1);
        ssize_t length = recvmsg(self->receiver, header, options->spins ? MSG_DONTWAIT : 0);
        if (length < 0) continue;
        int64_t userspace = now(CLOCK_REALTIME);
        if (check_frame(self->request.frames[0], (size_t)length) != REQUEST) continue;
        struct told told = read_control(header);
        answer(self, self->request.frames[0], (size_t)length, &told, userspace);
        if (self->expected > 0) follow_up(self, self->request.frames[0], (size_t)length);
    }
    printf("frames=%llu follow_ups=%llu\n", (unsigned long long)self->answered, (unsigned long long)self->followed_up);
    return 0;
}

// MARK: The requester

// Sums of the round trips of about one length, and of their parts: what the slowest lose their time in.
enum { TAIL_STEPS = 16, TAIL_BUCKETS = TAIL_STEPS * 39 };
struct tail {
    uint64_t count;
    double rtt, turnaround, network;
};

struct requester {
    int receiver, transmitter;
    uint64_t session, received, complete, foreign;
    struct window window;
    struct batch reply, report;
    struct report first; // what the reply to the request at hand said
    int64_t reply_software, reply_userspace;
    bool has_reply, has_follow_up;
    struct figures rtt, turnaround, network;
    struct tail tails[TAIL_BUCKETS];
    uint64_t missing_hardware, missing_software, responder, restarts;
    int64_t offset_least, offset_most;
};

static void collect_reports(struct requester *self, size_t size) {
    struct msghdr *header = &self->report.headers[0].msg_hdr;
    batch_arm(&self->report, 1);
    ssize_t length = recvmsg(self->transmitter, header, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (length < 0) return;
    struct told told = read_control(header);
    take_report(&self->window, self->report.frames[0], (size_t)length, size, &told);
}

// Takes what came: a reply or a follow-up to the request at hand.
static void take(struct requester *self, const struct options *options, ssize_t length, uint64_t number) {
    uint8_t *frame = self->reply.frames[0];
    enum kind kind = check_frame(frame, (size_t)length);
    struct message *message = message_in(frame);
    if ((kind != REPLY && kind != FOLLOW_UP) || message->session != self->session || message->number != number ||
        memcmp(frame + ETH_ALEN, options->destination, ETH_ALEN) != 0) {
        self->foreign++;
        return;
    }
    self->first = message->report;
    if (kind == FOLLOW_UP) {
        self->has_follow_up = true;
        return;
    }
    struct told told = read_control(&self->reply.headers[0].msg_hdr);
    self->reply_software = told.software;
    self->has_reply = true;
    self->received++;
}

static void attribute(struct requester *self, int64_t rtt, int64_t turnaround) {
    uint64_t value = rtt < 0 ? 0 : (uint64_t)rtt;
    unsigned octave = 59 - (unsigned)__builtin_clzll(value | TAIL_STEPS);
    size_t index = octave * TAIL_STEPS + (value >> octave);
    struct tail *tail = &self->tails[index < TAIL_BUCKETS ? index : TAIL_BUCKETS - 1];
    tail->count++;
    tail->rtt += (double)rtt;
    tail->turnaround += (double)turnaround;
    tail->network += (double)(rtt - turnaround);
}

// Keeps the figures of the exchange that is complete.
static void settle(struct requester *self, const struct sent *sent) {
    const struct report *report = &self->first;
    self->missing_hardware += sent->hardware == 0;
    self->missing_software += sent->software == 0 || self->reply_software == 0;
    if (report->responder != self->responder) self->restarts += self->responder != 0;
    self->responder = report->responder;
    const uint16_t both = HAS_RECEIVED_SOFTWARE | HAS_SENT_SOFTWARE;
    if (sent->software == 0 || self->reply_software == 0 || (report->present & both) != both) return;
    int64_t rtt = self->reply_software - sent->software;
    int64_t turnaround = report->sent_software - report->received_software;
    figures_add(&self->rtt, rtt);
    figures_add(&self->turnaround, turnaround);
    figures_add(&self->network, rtt - turnaround);
    attribute(self, rtt, turnaround);
    // The responder's clock is ahead of this one by at least and by at most so much.
    int64_t least = report->sent_software - self->reply_software, most = report->received_software - sent->software;
    if (least > self->offset_least) self->offset_least = least;
    if (most < self->offset_most) self->offset_most = most;
    self->complete++;
}

// Waits for the reply with that number, and for its follow-up, which comes right after it.
static bool await(struct requester *self, const struct options *options, uint64_t number, struct sent *sent) {
    int64_t deadline = now(CLOCK_MONOTONIC) + PATIENCE * 1000000000LL;
    self->has_reply = self->has_follow_up = false;
    while (!stopped) {
        if (sent->software == 0) collect_reports(self, options->size);
        batch_arm(&self->reply, 1);
        ssize_t length = recvmsg(self->receiver, &self->reply.headers[0].msg_hdr, options->spins ? MSG_DONTWAIT : 0);
        if (length >= 0) {
            self->reply_userspace = now(CLOCK_REALTIME);
            take(self, options, length, number);
            if (self->has_reply && self->has_follow_up && sent->software != 0) return true;
        } else if (errno != EAGAIN && errno != EINTR) {
            fail("recvmsg");
        } else if (now(CLOCK_MONOTONIC) > deadline) {
            return false;
        }
    }
    return false;
}

int run_requester(const struct options *options) {
    struct requester *self = calloc(1, sizeof *self);
    if (self == NULL) fail("calloc");
    self->session = (uint64_t)getpid() << 32 | 1;
    self->receiver = open_receiver(options, false);
    self->transmitter = open_transmitter(options, true);
    self->reply = batch_make(LARGEST);
    self->report = batch_make(LARGEST);
    self->window.oldest = self->window.next = 1;
    self->offset_least = INT64_MIN, self->offset_most = INT64_MAX;
    struct timeval patience = {.tv_sec = PATIENCE};
    setsockopt(self->receiver, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    uint8_t frame[LARGEST];
    make_probe(options, frame);
    make_message(frame, REQUEST, self->session);
    int64_t start = now(CLOCK_MONOTONIC), due = start;
    for (uint64_t number = 1; number <= options->count && !stopped; number++) {
        if (options->interval > 0) wait_until(CLOCK_MONOTONIC, due += options->interval, options->margin);
        number_message(frame, number);
        int64_t at = now(CLOCK_MONOTONIC), userspace = now(CLOCK_REALTIME);
        hand_over(self->transmitter, frame, options->size);
        window_open(&self->window, number, at, userspace);
        struct sent *sent = window_find(&self->window, number);
        if (!await(self, options, number, sent)) continue;
        settle(self, sent);
    }
    printf("received=%llu unstamped=%llu foreign=%llu elapsed=%lld", (unsigned long long)self->received,
           (unsigned long long)(self->received - self->complete), (unsigned long long)self->foreign,
           (long long)(now(CLOCK_MONOTONIC) - start));
    figures_print(&self->rtt, "rtt");
    figures_print(&self->turnaround, "turnaround");
    figures_print(&self->network, "network");
    printf("\n");
    return 0;
}
