// pcapcount FILE
//
// Counts the messages of ping's exchanges in a capture, as an independent witness: of each kind the numbers that occur,
// how often any occurs again, and how many first replies come after one with a higher number (RFC 4737, section 3).
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ETHERNET = 14, NUMBER = ETHERNET + 8, KIND = ETHERNET + 21, REQUEST = 2, REPLY = 3, FOLLOW_UP = 4 };

static uint8_t *seen[5];
static uint64_t distinct[5], repeated[5], reordered, highest;

static void count(uint8_t kind, uint64_t number) {
    uint8_t *byte = &seen[kind][number / 8], bit = (uint8_t)(1 << number % 8);
    if (*byte & bit) {
        repeated[kind]++;
        return;
    }
    *byte |= bit;
    distinct[kind]++;
    if (kind != REPLY) return;
    if (number < highest) reordered++;
    else highest = number;
}

int main(int words, char **word) {
    FILE *file = words > 1 ? fopen(word[1], "rb") : NULL;
    uint8_t header[24], frame[65536];
    if (!file || fread(header, sizeof header, 1, file) != 1) {
        perror("pcapcount");
        return 1;
    }
    for (int kind = REQUEST; kind <= FOLLOW_UP; kind++) seen[kind] = calloc(1 << 24, 1);
    uint32_t record[4];
    while (fread(record, sizeof record, 1, file) == 1 && record[2] <= sizeof frame) {
        if (fread(frame, record[2], 1, file) != 1) break;
        if (record[2] <= KIND || memcmp(frame + ETHERNET, "\x93\x72\xe7\x59\xc7\xb5\xaa\x73", 8) != 0) continue;
        uint64_t number;
        memcpy(&number, frame + NUMBER, sizeof number);
        uint8_t kind = frame[KIND];
        if (kind >= REQUEST && kind <= FOLLOW_UP && number < 1 << 27) count(kind, number);
    }
    printf(" requests=%llu request_repeats=%llu replies=%llu reply_repeats=%llu reordered=%llu follow_ups=%llu"
           " follow_up_repeats=%llu\n",
           (unsigned long long)distinct[REQUEST], (unsigned long long)repeated[REQUEST],
           (unsigned long long)distinct[REPLY], (unsigned long long)repeated[REPLY], (unsigned long long)reordered,
           (unsigned long long)distinct[FOLLOW_UP], (unsigned long long)repeated[FOLLOW_UP]);
    return 0;
}
