// baseline JOB -i INTERFACE [OPTION]...
//
//   send      -d MAC [-c COUNT] [-b BATCH] [-n] [-I NS [-m NS]]    probes, and (unless -n) the stamp of each
//   schedule  -d MAC -c COUNT -I NS [-r PRIORITY] [-m NS]          how late they leave
//   receive   [-c COUNT] [-b BATCH] [-S] [-q]                      frames with their stamps; one by one also the delay
//   ring      [-c COUNT]                                           the same by TPACKET_V3
//   echo      [-S] [-f]                                            every probe back to its sender
//   ping      -d MAC -c COUNT [-I NS] [-S] [-q]                    round trips
//   hwstamp                                                        what the interface can stamp, and its setting
//   version                                                        nothing
//
// -s BYTES: the frames' size; -S: spin and never sleep; -f: with stamps and a follow-up, as afprobe's responder;
// -q: count, and keep no distribution; -r: under SCHED_FIFO; -m: spin before a time for so long; -k: send messages as
// afprobe's, check what comes, and keep what afprobe keeps of it.
#define _GNU_SOURCE
#include "baseline.h"

#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

volatile bool stopped = false;

static void stop(int signal) {
    (void)signal;
    stopped = true;
}

static const struct job {
    const char *name;
    int (*run)(const struct options *);
    bool needs_destination, needs_count;
} jobs[] = {
    {"send", run_send, true, false},     {"schedule", run_schedule, true, true},
    {"receive", run_receive, false, false}, {"ring", run_ring, false, false},
    {"echo", run_echo, false, false},    {"ping", run_ping, true, true},
    {"hwstamp", run_hwstamp, false, false},
};

static int usage(const char *why) {
    fprintf(stderr, "baseline: %s; main.c tells how to use it\n", why);
    return 2;
}

static bool parse_address(const char *text, uint8_t *address) {
    int length = 0;
    return sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &address[0], &address[1], &address[2], &address[3],
                  &address[4], &address[5], &length) == 6 && text[length] == '\0';
}

int main(int count, char **words) {
    if (count > 1 && strcmp(words[1], "version") == 0) return puts("baseline 1") == EOF;
    struct options options = {.batch = 1, .size = SMALLEST, .stamps = true};
    bool has_destination = false;
    optind = 2;
    for (int option; count > 2 && (option = getopt(count, words, "i:d:c:I:b:s:r:m:Snfqk")) != -1;) switch (option) {
        case 'i': options.interface = optarg; break;
        case 'd': has_destination = parse_address(optarg, options.destination); break;
        case 'c': options.count = strtoull(optarg, NULL, 10); break;
        case 'I': options.interval = strtoll(optarg, NULL, 10); break;
        case 'b': options.batch = (unsigned)strtoul(optarg, NULL, 10); break;
        case 's': options.size = (unsigned)strtoul(optarg, NULL, 10); break;
        case 'r': options.priority = atoi(optarg); break;
        case 'm': options.margin = strtoll(optarg, NULL, 10); break;
        case 'S': options.spins = true; break;
        case 'f': options.follows_up = true; break;
        case 'q': options.counts_only = true; break;
        case 'n': options.stamps = false; break;
        case 'k': options.checks = true; break;
        default: return usage("unknown option");
        }
    if (options.interface == NULL || if_nametoindex(options.interface) == 0) return usage("no such interface");
    if (options.batch < 1 || options.batch > BATCH) return usage("a batch is 1 to 64 frames");
    if (options.size < SMALLEST || options.size > LARGEST) return usage("a frame is 60 to 1514 bytes");
    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0); // as afprobe does
    for (size_t index = 0; index < sizeof jobs / sizeof *jobs; index++) {
        if (strcmp(words[1], jobs[index].name) != 0) continue;
        if (jobs[index].needs_destination && !has_destination) return usage("-d is missing");
        if (jobs[index].needs_count && options.count == 0) return usage("-c is missing");
        return jobs[index].run(&options);
    }
    return usage("no such job");
}
