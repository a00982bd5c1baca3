// rxlatch RESOURCE0 [ETHERTYPE FIRST_BYTE]
//
// Lends the emulated igb a hand, until it is ended. QEMU's card frees its one latch for receive stamps only when the
// high half of the source address register is read, which Linux's driver never does: it is read here whenever a stamp
// has waited long enough for the driver to have taken it. With an EtherType and the first byte of the payload the
// filter for stamps is set to these frames, whose second byte must be a PTP version 2 (low half byte 2).
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { // offsets of the registers, Intel 82576 datasheet
    TSYNCRXCTL = 0xB620,
    RXSTMPL = 0xB624,
    RXSATRH = 0xB630,
    TSYNCRXCFG = 0x5F50,
    ETQF3 = 0x5CB0 + 3 * 4,
};

int main(int count, char **words) {
    int file = count > 1 ? open(words[1], O_RDWR) : -1;
    volatile uint8_t *card = mmap(NULL, 0x20000, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (file < 0 || card == MAP_FAILED) {
        perror("rxlatch");
        return 1;
    }
#define REGISTER(offset) (*(volatile uint32_t *)(card + (offset)))
    if (count > 3) {
        REGISTER(ETQF3) = (REGISTER(ETQF3) & ~0xffffu) | (uint32_t)strtoul(words[2], NULL, 0);
        REGISTER(TSYNCRXCFG) = (uint32_t)strtoul(words[3], NULL, 0) << 8;
    }
    uint32_t last = 0;
    for (int isSecondLook = 0;; usleep(200)) {
        if (!(REGISTER(TSYNCRXCTL) & 1)) { // no stamp waits
            isSecondLook = 0;
            continue;
        }
        uint32_t stamp = REGISTER(RXSTMPL);
        if (isSecondLook && stamp == last) (void)REGISTER(RXSATRH);
        isSecondLook = !(isSecondLook && stamp == last);
        last = stamp;
    }
}
