#define _GNU_SOURCE
#include "baseline.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

void fail(const char *what) {
    perror(what);
    exit(3);
}

int64_t now(int clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

void wait_until(int clock, int64_t time, int64_t margin) {
    int64_t wake = time - margin;
    if (margin == 0 || now(clock) < wake) {
        struct timespec until = {wake / 1000000000, wake % 1000000000};
        clock_nanosleep(clock, TIMER_ABSTIME, &until, NULL);
    }
    while (margin > 0 && !stopped && now(clock) < time) {}
}

void become_real_time(int priority) {
    struct sched_param parameters = {.sched_priority = priority};
    if (sched_setscheduler(0, SCHED_FIFO, &parameters) != 0) fail("sched_setscheduler");
    if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0) fail("mlockall");
}

struct samples samples_make(size_t capacity) {
    struct samples samples = {.values = calloc(capacity, sizeof(int64_t)), .capacity = capacity};
    if (samples.values == NULL) fail("calloc");
    return samples;
}

void samples_add(struct samples *samples, int64_t value) {
    if (samples->count < samples->capacity) samples->values[samples->count++] = value;
}

static int ascending(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

void samples_print(const struct samples *samples, const char *name) {
    if (samples->count == 0) return;
    qsort(samples->values, samples->count, sizeof *samples->values, ascending);
    size_t last = samples->count - 1;
    printf(" %s_p50=%lld %s_p90=%lld %s_p99=%lld %s_max=%lld", name, (long long)samples->values[last / 2], name,
           (long long)samples->values[last * 9 / 10], name, (long long)samples->values[last * 99 / 100], name,
           (long long)samples->values[last]);
}
