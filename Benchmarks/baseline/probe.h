// What a program has to do with each frame to say of it what afprobe says: read all that the kernel tells of it, check
// what somebody else sent, find what a report is about, and keep figures instead of values. With -k the jobs do this.
#ifndef PROBE_H
#define PROBE_H

#include "baseline.h"

// A message stands behind the header of Ethernet; numbers are little-endian. afprobe-probe(5)
enum {
    MESSAGE_LENGTH = 40,
    EXCHANGE_LENGTH = 136,
    FLAG_FOLLOW_UP = 1,
};
enum kind { NO_PROBE, PROBE, REQUEST, REPLY, FOLLOW_UP };

struct report {
    uint64_t responder;
    uint32_t requests, duplicates, replies, suppressed;
    int64_t received_hardware, received_software, received_userspace;
    int64_t sent_userspace, sent_scheduled, sent_software, sent_hardware, clock_offset;
    uint32_t clock_offset_error;
    uint16_t present, zero;
};
// The bits of `present`.
enum {
    HAS_RECEIVED_SOFTWARE = 1 << 1,
    HAS_RECEIVED_USERSPACE = 1 << 2,
    HAS_SENT_USERSPACE = 1 << 3,
    HAS_SENT_SOFTWARE = 1 << 5,
};

struct message {
    uint64_t magic, number;
    uint32_t fields_magic;
    uint8_t version, kind;
    uint16_t length, check, flags;
    uint32_t zero;
    uint64_t session;
    struct report report; // where the length is that of an exchange
} __attribute__((packed, aligned(2)));

static inline struct message *message_in(uint8_t *frame) { return (struct message *)(frame + ETH_HLEN); }

// Makes the frame of `make_probe` a message of that kind, whose number is still to be set.
void make_message(uint8_t *frame, enum kind kind, uint64_t session);
// Sets the number, and the check value that it changes.
void number_message(uint8_t *frame, uint64_t number);
// Writes the check value of a message that was changed.
void seal(struct message *message);
// What a frame from the network is; nothing in it is believed before.
enum kind check_frame(const uint8_t *frame, size_t length);

// What the kernel says beside a frame.
struct told {
    int64_t software, hardware;
    uint32_t origin, event, key; // of a report
    uint32_t status;             // PACKET_AUXDATA
    uint16_t tag, tag_type;
};
struct told read_control(struct msghdr *message);

// What has been sent and is not settled, by numbers that follow each other.
enum { WINDOW = 4096 };
struct sent {
    uint64_t number;
    int64_t at, userspace, software, hardware;
    bool is_open;
};
struct window {
    struct sent slots[WINDOW];
    uint64_t oldest, next, open;
};
void window_open(struct window *window, uint64_t number, int64_t at, int64_t userspace);
// What is known of a probe that was sent not too long ago; NULL of any other.
struct sent *window_find(struct window *window, uint64_t number);
void window_close(struct window *window, struct sent *sent);
bool window_is_full(struct window *window);
// Takes a report: whether it completes a probe of the window.
bool take_report(struct window *window, const uint8_t *frame, size_t length, size_t size, const struct told *told);

// Figures of values that are not kept: as exact as afprobe's.
enum { BUCKETS = 24 * 1024 };
struct figures {
    uint64_t count, negatives;
    int64_t origin, least, greatest, last;
    double mean, deviations, jitter;
    uint32_t histogram[BUCKETS];
};
void figures_add(struct figures *figures, int64_t value);
void figures_print(const struct figures *figures, const char *name);

// exchange.c
int run_responder(const struct options *options);
int run_requester(const struct options *options);

#endif
