#define _GNU_SOURCE
#include "probe.h"

#include <linux/errqueue.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <stdio.h>
#include <string.h>

#define MAGIC 0x73aab5c759e77293ull
#define FIELDS_MAGIC 0x5e0bf7a1u
enum { SO_TIMESTAMPING_64 = 65, TS_PACKET = 16, MESSAGE = ETH_HLEN };

_Static_assert(sizeof(struct report) == EXCHANGE_LENGTH - MESSAGE_LENGTH, "report");
_Static_assert(sizeof(struct message) == EXCHANGE_LENGTH, "message");

// MARK: Messages

// The ones' complement sum of whole 64-bit words, folded. RFC 1071
static uint64_t sum(const uint8_t *bytes, size_t length) {
    uint64_t total = 0;
    for (size_t offset = 0; offset + 8 <= length; offset += 8) {
        uint64_t word;
        memcpy(&word, bytes + offset, sizeof word);
        total += (word & 0xffffffff) + (word >> 32);
    }
    return total;
}

static uint16_t fold(uint64_t total) {
    total = (total & 0xffffffff) + (total >> 32);
    total = (total & 0xffff) + (total >> 16);
    total = (total & 0xffff) + (total >> 16);
    return (uint16_t)((total & 0xffff) + (total >> 16));
}

void seal(struct message *message) {
    message->check = 0;
    message->check = (uint16_t)~fold(sum((const uint8_t *)message, message->length));
}

void make_message(uint8_t *frame, enum kind kind, uint64_t session) {
    struct message *message = message_in(frame);
    message->fields_magic = FIELDS_MAGIC;
    message->version = 1;
    message->kind = (uint8_t)kind;
    message->length = kind == PROBE ? MESSAGE_LENGTH : EXCHANGE_LENGTH;
    message->flags = kind == REQUEST ? FLAG_FOLLOW_UP : 0;
    message->session = session;
    message->number = 0;
    seal(message);
}

// RFC 1624: the old number goes out of the sum, the new one comes in.
void number_message(uint8_t *frame, uint64_t number) {
    struct message *message = message_in(frame);
    uint64_t old = ~message->number;
    uint64_t total = (uint16_t)~message->check + (old & 0xffffffff) + (old >> 32) + (number & 0xffffffff) + (number >> 32);
    message->number = number;
    message->check = (uint16_t)~fold(total);
}

enum kind check_frame(const uint8_t *frame, size_t length) {
    if (length < MESSAGE + 16) return NO_PROBE;
    // A tag, or a datagram, is taken apart by afprobe; these jobs send none.
    uint16_t type = (uint16_t)(frame[12] << 8 | frame[13]);
    if (type == 0x8100 || type == 0x88a8 || type == 0x0800 || type == 0x86dd) return NO_PROBE;
    const struct message *message = (const struct message *)(frame + MESSAGE);
    if (message->magic != MAGIC) return NO_PROBE;
    if (length < MESSAGE + 24 || message->fields_magic != FIELDS_MAGIC) return PROBE;
    if (message->version != 1 || message->kind < PROBE || message->kind > FOLLOW_UP) return NO_PROBE;
    if (message->length != (message->kind == PROBE ? MESSAGE_LENGTH : EXCHANGE_LENGTH)) return NO_PROBE;
    if (length < MESSAGE + (size_t)message->length) return NO_PROBE;
    if (fold(sum(frame + MESSAGE, message->length)) != 0xffff) return NO_PROBE;
    return message->kind;
}

// MARK: What the kernel tells

static int64_t stamp(const struct timespec *time) {
    if (time->tv_nsec < 0 || time->tv_nsec >= 1000000000) return 0;
    int64_t nanoseconds;
    if (__builtin_mul_overflow(time->tv_sec, 1000000000LL, &nanoseconds)) return 0;
    return __builtin_add_overflow(nanoseconds, time->tv_nsec, &nanoseconds) ? 0 : nanoseconds;
}

struct told read_control(struct msghdr *message) {
    struct told told = {0};
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL; part = CMSG_NXTHDR(message, part)) {
        size_t length = part->cmsg_len - CMSG_LEN(0);
        if (part->cmsg_level == SOL_SOCKET &&
            (part->cmsg_type == SCM_TIMESTAMPING || part->cmsg_type == SO_TIMESTAMPING_64)) {
            struct scm_timestamping stamps;
            if (length < sizeof stamps) continue;
            memcpy(&stamps, CMSG_DATA(part), sizeof stamps);
            told.software = stamp(&stamps.ts[0]);
            told.hardware = stamp(&stamps.ts[2]);
        } else if (part->cmsg_level == SOL_PACKET && part->cmsg_type == PACKET_AUXDATA) {
            struct tpacket_auxdata data;
            if (length < sizeof data) continue;
            memcpy(&data, CMSG_DATA(part), sizeof data);
            told.status = data.tp_status;
            told.tag = data.tp_vlan_tci;
            told.tag_type = data.tp_vlan_tpid;
        } else if (part->cmsg_level == SOL_PACKET && part->cmsg_type == TS_PACKET) {
            struct sock_extended_err error;
            if (length < sizeof error) continue;
            memcpy(&error, CMSG_DATA(part), sizeof error);
            told.origin = error.ee_origin;
            told.event = error.ee_info;
            told.key = error.ee_data;
        }
    }
    return told;
}

// MARK: What has been sent

void window_open(struct window *window, uint64_t number, int64_t at, int64_t userspace) {
    window->slots[number % WINDOW] = (struct sent){.number = number, .at = at, .userspace = userspace, .is_open = true};
    window->next = number + 1;
    window->open++;
}

struct sent *window_find(struct window *window, uint64_t number) {
    struct sent *sent = &window->slots[number % WINDOW];
    return sent->number == number && number != 0 ? sent : NULL;
}

void window_close(struct window *window, struct sent *sent) {
    sent->is_open = false;
    window->open--;
    while (window->oldest < window->next && !window->slots[window->oldest % WINDOW].is_open) window->oldest++;
}

bool window_is_full(struct window *window) { return window->next - window->oldest >= WINDOW; }

bool take_report(struct window *window, const uint8_t *frame, size_t length, size_t size, const struct told *told) {
    if (told->origin != SO_EE_ORIGIN_TIMESTAMPING || told->event != SCM_TSTAMP_SND || length < size) return false;
    // A tunnel's headers come back in front.
    const struct message *message = (const struct message *)(frame + length - size + MESSAGE);
    if (message->magic != MAGIC) return false;
    struct sent *sent = window_find(window, message->number);
    if (sent == NULL || (uint32_t)(message->number - 1) != told->key) return false;
    if (sent->software == 0) sent->software = told->software;
    if (sent->hardware == 0) sent->hardware = told->hardware;
    if (!sent->is_open || sent->software == 0) return false;
    window_close(window, sent);
    return true;
}

// MARK: Figures

// Three significant digits: 1024 buckets of one nanosecond, then half as many for each power of two.
static size_t bucket(uint64_t value) {
    if (value < 1024) return value;
    unsigned shift = 54 - (unsigned)__builtin_clzll(value);
    size_t index = shift * 512 + (value >> shift);
    return index < BUCKETS ? index : BUCKETS - 1;
}

void figures_add(struct figures *figures, int64_t value) {
    if (figures->count == 0) {
        figures->origin = figures->least = figures->greatest = value;
    } else {
        int64_t change = value - figures->last;
        figures->jitter += ((double)(change < 0 ? -change : change) - figures->jitter) / 16;
    }
    figures->last = value;
    figures->count++;
    if (value < figures->least) figures->least = value;
    if (value > figures->greatest) figures->greatest = value;
    double relative = (double)(value - figures->origin), deviation = relative - figures->mean;
    figures->mean += deviation / (double)figures->count;
    figures->deviations += deviation * (relative - figures->mean);
    if (value < 0) figures->negatives++;
    else figures->histogram[bucket((uint64_t)value)]++;
}

// The greatest value of a bucket.
static uint64_t value_of(size_t index) {
    if (index < 1024) return index;
    unsigned shift = (unsigned)(index / 512) - 1;
    return ((uint64_t)(index - shift * 512 + 1) << shift) - 1;
}

void figures_print(const struct figures *figures, const char *name) {
    uint64_t reached = figures->negatives, half = (figures->count + 1) / 2;
    size_t index = 0;
    while (index < BUCKETS && reached < half) reached += figures->histogram[index++];
    if (figures->count > 0)
        printf(" %s_p50=%llu %s_max=%lld", name, (unsigned long long)value_of(index - 1), name,
               (long long)figures->greatest);
}
