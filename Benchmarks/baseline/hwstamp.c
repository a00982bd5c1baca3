// What afprobe hwstamp asks about an interface, each question once, and the answers as numbers.
#define _GNU_SOURCE
#include "baseline.h"

#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <linux/net_tstamp.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/timex.h>
#include <unistd.h>

enum { TSCONFIG_GET = 46 }; // Linux 6.14

struct request {
    struct nlmsghdr message;
    struct genlmsghdr generic;
    uint8_t attributes[64];
};

static void add(struct request *request, int type, const void *value, size_t size) {
    struct nlattr *attribute = (void *)((uint8_t *)request + request->message.nlmsg_len);
    *attribute = (struct nlattr){.nla_len = (uint16_t)(NLA_HDRLEN + size), .nla_type = (uint16_t)type};
    memcpy(attribute + 1, value, size);
    request->message.nlmsg_len += (uint32_t)NLA_ALIGN(NLA_HDRLEN + size);
}

static struct request make(int family, int command, int flags, int version) {
    return (struct request){
        .message = {NLMSG_LENGTH(GENL_HDRLEN), (uint16_t)family, (uint16_t)(NLM_F_REQUEST | flags), 1, 0},
        .generic = {.cmd = (uint8_t)command, .version = (uint8_t)version},
    };
}

static const struct nlattr *find(const void *begin, const void *end, int type) {
    const uint8_t *at = begin;
    while (at + NLA_HDRLEN <= (const uint8_t *)end) {
        const struct nlattr *attribute = (const void *)at;
        if (attribute->nla_len < NLA_HDRLEN || at + attribute->nla_len > (const uint8_t *)end) break;
        if ((attribute->nla_type & NLA_TYPE_MASK) == type) return attribute;
        at += NLA_ALIGN(attribute->nla_len);
    }
    return NULL;
}

static const void *end_of(const struct nlattr *attribute) { return (const uint8_t *)attribute + attribute->nla_len; }

// The first bits of a set, or the number; 0 where there is none.
static uint32_t number(const struct nlattr *attribute, bool is_set) {
    if (attribute != NULL && is_set) attribute = find(attribute + 1, end_of(attribute), ETHTOOL_A_BITSET_VALUE);
    uint32_t value = 0;
    if (attribute != NULL && attribute->nla_len >= NLA_HDRLEN + sizeof value) memcpy(&value, attribute + 1, sizeof value);
    return value;
}

// Sends a request, and calls `read` with the attributes of each message of the answer. Returns the kernel's error.
static int ask(int fd, const struct request *request, void (*read)(const void *begin, const void *end)) {
    static _Alignas(NLMSG_ALIGNTO) uint8_t answer[32768];
    if (send(fd, request, request->message.nlmsg_len, 0) < 0) fail("send");
    for (bool is_dump = request->message.nlmsg_flags & NLM_F_DUMP, goes_on = true; goes_on; goes_on = is_dump) {
        ssize_t size = recv(fd, answer, sizeof answer, 0);
        if (size < 0) fail("recv");
        for (struct nlmsghdr *at = (void *)answer; NLMSG_OK(at, size); at = NLMSG_NEXT(at, size)) {
            if (at->nlmsg_type == NLMSG_ERROR) return -((struct nlmsgerr *)NLMSG_DATA(at))->error;
            if (at->nlmsg_type == NLMSG_DONE) return 0;
            read((uint8_t *)NLMSG_DATA(at) + GENL_HDRLEN, (uint8_t *)at + at->nlmsg_len);
        }
    }
    return 0;
}

static int family;

static void read_family(const void *begin, const void *end) {
    const struct nlattr *attribute = find(begin, end, CTRL_ATTR_FAMILY_ID);
    if (attribute != NULL) family = *(const uint16_t *)(attribute + 1);
}

static void read_information(const void *begin, const void *end) {
    const struct nlattr *clock = find(begin, end, ETHTOOL_A_TSINFO_PHC_INDEX);
    printf(" capabilities=%u tx_types=%u rx_filters=%u phc=%d",
           number(find(begin, end, ETHTOOL_A_TSINFO_TIMESTAMPING), true),
           number(find(begin, end, ETHTOOL_A_TSINFO_TX_TYPES), true),
           number(find(begin, end, ETHTOOL_A_TSINFO_RX_FILTERS), true), clock ? (int)number(clock, false) : -1);
}

static void read_setting(const void *begin, const void *end) {
    printf(" tx_type=%u rx_filter=%u", number(find(begin, end, 3), true), number(find(begin, end, 4), true));
}

static void read_virtual_clocks(const void *begin, const void *end) {
    printf(" vclocks=%u", number(find(begin, end, ETHTOOL_A_PHC_VCLOCKS_NUM), false));
}

static unsigned providers;

static void read_provider(const void *begin, const void *end) { providers += find(begin, end, 7) != NULL; }

// What an ioctl says: whether it is Ethernet, its driver and, where netlink does not tell, its setting.
static void ask_by_ioctl(const char *name, bool needs_setting) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("socket");
    struct ifreq request = {0};
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    if (ioctl(fd, SIOCGIFHWADDR, &request) != 0) fail("SIOCGIFHWADDR");
    printf(" ethernet=%d", request.ifr_hwaddr.sa_family == ARPHRD_ETHER);
    struct ethtool_drvinfo driver = {.cmd = ETHTOOL_GDRVINFO};
    request.ifr_data = (void *)&driver;
    if (ioctl(fd, SIOCETHTOOL, &request) == 0) printf(" driver=%s bus=%s", driver.driver, driver.bus_info);
    struct hwtstamp_config setting = {0};
    request.ifr_data = (void *)&setting;
    if (needs_setting && ioctl(fd, SIOCGHWTSTAMP, &request) == 0)
        printf(" tx_type=%d rx_filter=%d", setting.tx_type, setting.rx_filter);
    close(fd);
}

int run_hwstamp(const struct options *options) {
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
    if (fd < 0) fail("socket");
    struct request request = make(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0, 1);
    add(&request, CTRL_ATTR_FAMILY_NAME, "ethtool", sizeof "ethtool");
    ask(fd, &request, read_family);
    const struct { int command, flags; uint32_t ethtool_flags; void (*read)(const void *, const void *); } questions[] = {
        {ETHTOOL_MSG_TSINFO_GET, 0, ETHTOOL_FLAG_COMPACT_BITSETS | ETHTOOL_FLAG_STATS, read_information},
        {ETHTOOL_MSG_PHC_VCLOCKS_GET, 0, ETHTOOL_FLAG_COMPACT_BITSETS, read_virtual_clocks},
        {ETHTOOL_MSG_TSINFO_GET, NLM_F_DUMP, ETHTOOL_FLAG_COMPACT_BITSETS, read_provider},
        {TSCONFIG_GET, 0, ETHTOOL_FLAG_COMPACT_BITSETS, read_setting},
    };
    uint32_t index = if_nametoindex(options->interface);
    int error = 0;
    printf("interface=%s", options->interface);
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        // A header: the interface, and what of it.
        struct request inner = make(0, 0, 0, 0);
        add(&inner, ETHTOOL_A_HEADER_DEV_INDEX, &index, sizeof index);
        add(&inner, ETHTOOL_A_HEADER_FLAGS, &questions[i].ethtool_flags, sizeof questions[i].ethtool_flags);
        request = make(family, questions[i].command, questions[i].flags, 1);
        add(&request, NLA_F_NESTED | 1, inner.attributes, inner.message.nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN));
        error = ask(fd, &request, questions[i].read);
    }
    close(fd);
    ask_by_ioctl(options->interface, error != 0);
    struct timex time = {0};
    printf(" providers=%u tai_offset=%d\n", providers, adjtimex(&time) < 0 ? 0 : time.tai);
    return 0;
}
