/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netverdict-capture: packets of one network namespace as pcapng on stdout, in frames (README.md). One process a capture.
 *
 *   check FILTER SNAPLEN                                does the filter compile? Touches no interface.
 *   run   NETNS INTERFACE FILTER SNAPLEN DURATION_MS MOST_BYTES FILE_BYTES PLACE COMMENT
 *
 * It ends when the time is over, the size is reached, stdin is closed (the agent's word, and its death), or all interfaces are gone.
 */
#include "buffer.h"
#include "filter.h"
#include "pcapng.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#define MOST_INTERFACES 64
#define BUFFERS_BYTES (32 * 1024 * 1024) /* of all interfaces together */
#define LEAST_BUFFER_BYTES (512 * 1024)
#define FLUSH_BYTES (64 * 1024)
#define FLUSH_MS 200
#define TELL_MS 1000
#define LINKTYPE_RAW 101

struct source {
    char name[IF_NAMESIZE];
    pcap_t *pcap; /* NULL: the interface is gone */
    int link_type;
    uint64_t received, dropped;
};

static struct source sources[MOST_INTERFACES];
static size_t n_sources, n_open;
static struct bytes out;
static uint64_t packets, total_bytes, file_bytes, in_file; /* in_file: packets of this file */
static unsigned files = 1;
static uint64_t most_bytes, most_file_bytes;
static const char *ended;
static const char *place, *comment, *filter_text;
static int snaplen;

static long long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

static void flush(void)
{
    if (out.len)
        frame_bytes('D', &out);
}

/* What a file begins with. Each can be read alone, and one after the other. */
static void begin_file(void)
{
    size_t before = out.len;
    pcapng_section(&out, comment);
    for (size_t i = 0; i < n_sources; i++)
        pcapng_interface(&out, &(struct interface_block){sources[i].name, place, filter_text, sources[i].link_type, snaplen});
    file_bytes = out.len - before;
    in_file = 0;
}

static void take(u_char *of, const struct pcap_pkthdr *header, const u_char *data)
{
    struct source *source = (struct source *)of;
    if (ended)
        return;
    uint64_t block = 32 + ((header->caplen + 3) & ~3u);
    if (total_bytes + block > most_bytes) {
        ended = "size";
        return;
    }
    if (most_file_bytes && in_file && file_bytes + block > most_file_bytes) {
        flush();
        frame('F', NULL, 0);
        files++;
        begin_file();
    }
    /* The precision asked for makes tv_usec hold nanoseconds. */
    struct timespec at = {header->ts.tv_sec, header->ts.tv_usec};
    pcapng_packet(&out, (uint32_t)(source - sources), &at, header->caplen, header->len, data);
    packets++;
    in_file++;
    total_bytes += block;
    file_bytes += block;
    if (out.len >= FLUSH_BYTES)
        flush();
}

static void count_drops(struct source *source)
{
    struct pcap_stat stat;
    if (source->pcap && pcap_stats(source->pcap, &stat) == 0) {
        source->received = stat.ps_recv;
        source->dropped = stat.ps_drop;
    }
}

static uint64_t all_dropped(void)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n_sources; i++) {
        count_drops(&sources[i]);
        sum += sources[i].dropped;
    }
    return sum;
}

static void tell(char type)
{
    struct bytes text = {0};
    bytes_fmt(&text, "{\"packets\":%llu,\"bytes\":%llu,\"dropped\":%llu,\"files\":%u", (unsigned long long)packets,
              (unsigned long long)total_bytes, (unsigned long long)all_dropped(), files);
    if (type == 'E') {
        bytes_fmt(&text, ",\"reason\":");
        bytes_json(&text, ended);
    }
    bytes_fmt(&text, "}");
    frame_bytes(type, &text);
    free(text.p);
}

static int flags_of(const char *name)
{
    struct ifreq request = {0};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    int e = ioctl(fd, SIOCGIFFLAGS, &request);
    close(fd);
    return e ? 0 : request.ifr_flags;
}

/* Opens an interface with the filter in force; its message says why not. */
static bool open_source(const char *name, int buffer, char *message, size_t room)
{
    char error[PCAP_ERRBUF_SIZE] = "";
    struct source *source = &sources[n_sources];
    pcap_t *pcap = pcap_create(name, error);
    struct bpf_program program = {0};
    if (!pcap) {
        snprintf(message, room, "%s", error);
        return false;
    }
    pcap_set_snaplen(pcap, snaplen);
    pcap_set_promisc(pcap, 0);
    pcap_set_buffer_size(pcap, buffer);
    pcap_set_immediate_mode(pcap, 1);
    pcap_set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO);
    int e = pcap_activate(pcap);
    if (e < 0) {
        snprintf(message, room, "%s", *pcap_geterr(pcap) ? pcap_geterr(pcap) : pcap_statustostr(e));
        pcap_close(pcap);
        return false;
    }
    /* The handle's own compiler knows where the kernel keeps VLAN tags. */
    if (pcap_compile(pcap, &program, filter_text, 1, PCAP_NETMASK_UNKNOWN) || pcap_setfilter(pcap, &program) ||
        pcap_setnonblock(pcap, 1, error)) {
        snprintf(message, room, "%s", *error ? error : pcap_geterr(pcap));
        pcap_freecode(&program);
        pcap_close(pcap);
        return false;
    }
    pcap_freecode(&program);
    /* Loopback shows each packet twice. libpcap passes over the first, but the kernel would count it when there is no room. */
    int on = 1;
    if (flags_of(name) & IFF_LOOPBACK)
        setsockopt(pcap_fileno(pcap), SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on);
    snprintf(source->name, sizeof source->name, "%s", name);
    source->pcap = pcap;
    /* Files have a number of their own for packets without a link header. */
    source->link_type = pcap_datalink(pcap) == DLT_RAW ? LINKTYPE_RAW : pcap_datalink(pcap);
    n_sources++;
    n_open++;
    return true;
}


/* All interfaces that are up, or the one that was named; O tells which, and which not and why. */
static void open_all(const char *wanted)
{
    char message[PCAP_ERRBUF_SIZE];
    struct bytes left_out = {0}, told = {0};
    if (*wanted) {
        if (!if_nametoindex(wanted))
            fail("there is no interface %s here", wanted);
        if (!open_source(wanted, BUFFERS_BYTES / 2, message, sizeof message))
            fail("%s: %s", wanted, message);
    } else {
        struct if_nameindex *list = if_nameindex();
        size_t up = 0;
        for (size_t i = 0; list && list[i].if_index; i++)
            up += (flags_of(list[i].if_name) & IFF_UP) != 0;
        if (up > MOST_INTERFACES)
            fail("%zu interfaces are up here, more than the %d that are captured together: name one", up, MOST_INTERFACES);
        int buffer = up ? BUFFERS_BYTES / (int)up : BUFFERS_BYTES;
        if (buffer > BUFFERS_BYTES / 2)
            buffer = BUFFERS_BYTES / 2;
        for (size_t i = 0; list && list[i].if_index; i++) {
            if (!(flags_of(list[i].if_name) & IFF_UP) ||
                open_source(list[i].if_name, buffer < LEAST_BUFFER_BYTES ? LEAST_BUFFER_BYTES : buffer, message, sizeof message))
                continue;
            bytes_fmt(&left_out, "%s{\"name\":", left_out.len ? "," : "");
            bytes_json(&left_out, list[i].if_name);
            bytes_fmt(&left_out, ",\"reason\":");
            bytes_json(&left_out, message);
            bytes_fmt(&left_out, "}");
        }
        if (list)
            if_freenameindex(list);
        if (!n_sources)
            fail("%s", left_out.len ? message : "no interface is up here");
    }
    bytes_fmt(&told, "{\"interfaces\":[");
    for (size_t i = 0; i < n_sources; i++) {
        bytes_fmt(&told, i ? "," : "");
        bytes_json(&told, sources[i].name);
    }
    bytes_fmt(&told, "],\"leftOut\":[");
    if (left_out.len)
        bytes_add(&told, left_out.p, left_out.len);
    bytes_fmt(&told, "]}");
    frame_bytes('O', &told);
    free(told.p);
    free(left_out.p);
}

static void enter(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        fail("%s: %s", path, strerror(errno));
    if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET)
        fail("%s is no network namespace", path);
    if (setns(fd, CLONE_NEWNET))
        fail("%s cannot be entered: %s", path, strerror(errno));
    close(fd);
}

static void capture(long long duration_ms)
{
    long long end = now_ms() + duration_ms, flushed = now_ms(), told = now_ms();
    struct pollfd poll_for[MOST_INTERFACES + 1];
    begin_file();
    flush();
    while (!ended) {
        poll_for[0] = (struct pollfd){.fd = 0, .events = POLLIN};
        for (size_t i = 0; i < n_sources; i++)
            poll_for[i + 1] = (struct pollfd){.fd = sources[i].pcap ? pcap_get_selectable_fd(sources[i].pcap) : -1, .events = POLLIN};
        long long left = end - now_ms();
        int wait = left < FLUSH_MS ? (int)(left > 0 ? left : 0) : FLUSH_MS;
        if (poll(poll_for, n_sources + 1, wait) < 0 && errno != EINTR)
            fail("poll: %s", strerror(errno));
        for (size_t i = 0; i < n_sources && !ended; i++) {
            if (!sources[i].pcap || !poll_for[i + 1].revents)
                continue;
            /* A flood on one interface must not starve the others, nor the clock. */
            if (pcap_dispatch(sources[i].pcap, 1024, take, (u_char *)&sources[i]) >= 0)
                continue;
            count_drops(&sources[i]);
            pcap_close(sources[i].pcap);
            sources[i].pcap = NULL;
            if (--n_open == 0)
                ended = "interfaces-gone";
        }
        if (!ended && poll_for[0].revents) {
            char ignored[64];
            if (read(0, ignored, sizeof ignored) <= 0)
                ended = "stopped";
        }
        long long now = now_ms();
        if (!ended && now >= end)
            ended = "duration";
        if (now - flushed >= FLUSH_MS) {
            flush();
            flushed = now;
        }
        if (now - told >= TELL_MS) {
            tell('S');
            told = now;
        }
    }
    all_dropped();
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    for (size_t i = 0; i < n_sources; i++)
        pcapng_statistics(&out, (uint32_t)i, &at, sources[i].received, sources[i].dropped);
    flush();
    tell('E');
}

static uint64_t number(const char *text, const char *what, uint64_t least, uint64_t most)
{
    char *end;
    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (errno || *end || end == text || value < least || value > most)
        fail("%s must be a number from %llu to %llu", what, (unsigned long long)least, (unsigned long long)most);
    return value;
}

int main(int argc, char **argv)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    clearenv();
    if (argc == 4 && strcmp(argv[1], "check") == 0) {
        char message[PCAP_ERRBUF_SIZE];
        struct bpf_program program = {0};
        if (compile_filter(argv[2], DLT_EN10MB, (int)number(argv[3], "the snap length", 64, 262144), &program, message, sizeof message))
            fail("%s", message);
        pcap_freecode(&program);
        frame('K', NULL, 0);
        return 0;
    }
    if (argc != 11 || strcmp(argv[1], "run"))
        fail("usage: check FILTER SNAPLEN | run NETNS INTERFACE FILTER SNAPLEN DURATION_MS MOST_BYTES FILE_BYTES PLACE COMMENT");
    filter_text = argv[4];
    snaplen = (int)number(argv[5], "the snap length", 64, 262144);
    long long duration = (long long)number(argv[6], "the duration", 1, 86400000);
    most_bytes = number(argv[7], "the size", 1024, 1ull << 40);
    most_file_bytes = number(argv[8], "the size of a file", 0, 1ull << 40);
    place = argv[9];
    comment = argv[10];
    char message[PCAP_ERRBUF_SIZE];
    struct bpf_program program = {0};
    /* Before anything is opened or entered. */
    if (compile_filter(filter_text, DLT_EN10MB, snaplen, &program, message, sizeof message))
        fail("%s", message);
    pcap_freecode(&program);
    enter(argv[2]);
    open_all(argv[3]);
    capture(duration);
    return 0;
}
