/* SPDX-License-Identifier: Apache-2.0 */
#include "pcapng.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

enum { SECTION = 0x0A0D0D0A, INTERFACE = 1, STATISTICS = 5, PACKET = 6 };
enum { END_OF_OPTIONS = 0, COMMENT = 1, SECTION_OS = 3, SECTION_PROGRAM = 4 };
enum { NAME = 2, DESCRIPTION = 3, RESOLUTION = 9, FILTER = 11, RECEIVED = 4, DROPPED = 5 };
static const char NANOSECONDS = 9;

static void pad(struct bytes *b)
{
    while (b->len % 4)
        bytes_add(b, "", 1);
}

static void option(struct bytes *b, uint16_t code, const void *value, size_t n)
{
    bytes_u16(b, code);
    bytes_u16(b, (uint16_t)n);
    bytes_add(b, value, n);
    pad(b);
}

static void text_option(struct bytes *b, uint16_t code, const char *text)
{
    size_t n = strlen(text);
    if (n)
        option(b, code, text, n > 60000 ? 60000 : n);
}

static void block(struct bytes *out, uint32_t type, struct bytes *body)
{
    pad(body);
    uint32_t length = (uint32_t)body->len + 12;
    bytes_u32(out, type);
    bytes_u32(out, length);
    bytes_add(out, body->p, body->len);
    bytes_u32(out, length);
    body->len = 0;
}

static void time_words(struct bytes *b, const struct timespec *at)
{
    uint64_t ns = (uint64_t)at->tv_sec * 1000000000u + (uint64_t)at->tv_nsec;
    bytes_u32(b, (uint32_t)(ns >> 32));
    bytes_u32(b, (uint32_t)ns);
}

static struct bytes body; /* one block at a time */

void pcapng_section(struct bytes *out, const char *comment)
{
    struct utsname u;
    bytes_u32(&body, 0x1A2B3C4D);
    bytes_u16(&body, 1);
    bytes_u16(&body, 0);
    bytes_u32(&body, 0xffffffff); /* length of the section: not known */
    bytes_u32(&body, 0xffffffff);
    text_option(&body, COMMENT, comment);
    if (uname(&u) == 0) {
        char os[sizeof u.sysname + sizeof u.release + 2];
        size_t n = strlen(u.sysname), m = strlen(u.release);
        memcpy(os, u.sysname, n);
        os[n] = ' ';
        memcpy(os + n + 1, u.release, m + 1);
        text_option(&body, SECTION_OS, os);
    }
    text_option(&body, SECTION_PROGRAM, "netverdict-capture");
    option(&body, END_OF_OPTIONS, NULL, 0);
    block(out, SECTION, &body);
}

void pcapng_interface(struct bytes *out, const struct interface_block *of)
{
    bytes_u16(&body, (uint16_t)of->link_type);
    bytes_u16(&body, 0);
    bytes_u32(&body, (uint32_t)of->snaplen);
    text_option(&body, NAME, of->name);
    text_option(&body, DESCRIPTION, of->description);
    option(&body, RESOLUTION, &NANOSECONDS, 1);
    if (*of->filter) {
        struct bytes f = {0};
        bytes_add(&f, "", 1); /* 0: as libpcap's text */
        bytes_add(&f, of->filter, strlen(of->filter));
        option(&body, FILTER, f.p, f.len);
        free(f.p);
    }
    option(&body, END_OF_OPTIONS, NULL, 0);
    block(out, INTERFACE, &body);
}

void pcapng_packet(struct bytes *out, uint32_t interface, const struct timespec *at, uint32_t captured, uint32_t length,
                   const void *data)
{
    bytes_u32(&body, interface);
    time_words(&body, at);
    bytes_u32(&body, captured);
    bytes_u32(&body, length);
    bytes_add(&body, data, captured);
    block(out, PACKET, &body);
}

void pcapng_statistics(struct bytes *out, uint32_t interface, const struct timespec *at, uint64_t received, uint64_t dropped)
{
    bytes_u32(&body, interface);
    time_words(&body, at);
    uint64_t value = htole64(received);
    option(&body, RECEIVED, &value, sizeof value);
    value = htole64(dropped);
    option(&body, DROPPED, &value, sizeof value);
    option(&body, END_OF_OPTIONS, NULL, 0);
    block(out, STATISTICS, &body);
}
