// The jobs that afprobe does, in as little C as they take: what the kernel charges for them, and what afprobe is
// measured against. One call does one job and prints one line of `key=value`, times in nanoseconds.
#ifndef BASELINE_H
#define BASELINE_H

#include <net/ethernet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
    ETHERTYPE_PROBE = 0x88b5,
    NUMBER_OFFSET = ETH_HLEN + 8, // after the magic of a probe
    SMALLEST = ETH_ZLEN,
    LARGEST = ETH_FRAME_LEN,
    BATCH = 64,
    QUEUE = 8 << 20, // SO_RCVBUFFORCE, as afprobe's
    CONTROL = 256,
    PATIENCE = 10, // seconds that a reply may take; a busy machine was seen to stand still for two
};

struct options {
    const char *interface;
    uint8_t destination[ETH_ALEN];
    uint64_t count;   // 0: until a signal
    int64_t interval; // 0: as fast as it goes
    unsigned batch;
    unsigned size;
    int priority;   // of SCHED_FIFO; 0: not asked for
    int64_t margin; // how long before a time to stop sleeping and look at the clock
    bool spins;
    bool follows_up; // a reply carries a stamp, and a frame after it carries the reply's
    bool stamps;
    bool counts_only; // no distribution, whose sorting would be a part of the cost
    bool checks;      // what afprobe has to do with each frame to say of it what it says: probe.h
};

// SIGINT and SIGTERM end a job and not its line.
extern volatile bool stopped;

// support.c
_Noreturn void fail(const char *what);
int64_t now(int clock);
// Until a time on a clock: asleep, but for the last `margin`.
void wait_until(int clock, int64_t time, int64_t margin);
// Takes the rights and the memory that a schedule wants.
void become_real_time(int priority);

struct samples {
    int64_t *values;
    size_t count, capacity;
};
struct samples samples_make(size_t capacity);
void samples_add(struct samples *samples, int64_t value);
// Prints ` NAME_p50=… NAME_p90=… NAME_p99=… NAME_max=…`; nothing where there are none.
void samples_print(const struct samples *samples, const char *name);

// packet.c
// `wants_status`: whether, with -k, the kernel is to tell of tags and checksums as well.
int open_receiver(const struct options *options, bool wants_status);
int open_transmitter(const struct options *options, bool stamps);
// A probe to the destination; its number is still to be set.
void make_probe(const struct options *options, uint8_t *frame);
void set_number(uint8_t *frame, uint64_t number);
uint64_t get_number(const uint8_t *frame);
bool is_probe(const uint8_t *frame, size_t length);
// The kernel's stamp of a message, 0 where it has none.
int64_t software_stamp(struct msghdr *message);
unsigned drops(int fd);

// Room for what one call of sendmmsg or recvmmsg moves.
struct batch {
    struct mmsghdr *headers;
    uint8_t (*frames)[LARGEST];
};
struct batch batch_make(size_t length);
// Says how much the kernel may write, which it has overwritten with how much it wrote.
void batch_arm(struct batch *batch, unsigned count);

// send.c, schedule.c, receive.c, ring.c, ping.c, hwstamp.c
int run_send(const struct options *options);
int run_schedule(const struct options *options);
int run_receive(const struct options *options);
int run_ring(const struct options *options);
int run_echo(const struct options *options);
int run_ping(const struct options *options);
int run_hwstamp(const struct options *options);

#endif
