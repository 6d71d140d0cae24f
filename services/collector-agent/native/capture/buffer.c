/* SPDX-License-Identifier: Apache-2.0 */
#include "buffer.h"

#include <endian.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void bytes_add(struct bytes *b, const void *data, size_t n)
{
    if (b->len + n > b->room) {
        b->room = (b->len + n) * 2;
        b->p = realloc(b->p, b->room);
        if (!b->p)
            _exit(70);
    }
    memcpy(b->p + b->len, data, n);
    b->len += n;
}

void bytes_u16(struct bytes *b, uint16_t v)
{
    v = htole16(v);
    bytes_add(b, &v, sizeof v);
}

void bytes_u32(struct bytes *b, uint32_t v)
{
    v = htole32(v);
    bytes_add(b, &v, sizeof v);
}

void bytes_fmt(struct bytes *b, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    bytes_add(b, text, n < (int)sizeof text ? (size_t)n : sizeof text - 1);
}

void bytes_json(struct bytes *b, const char *text)
{
    bytes_add(b, "\"", 1);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\')
            bytes_fmt(b, "\\%c", *p);
        else if (*p < 0x20 || *p > 0x7e)
            bytes_fmt(b, "\\u%04x", *p);
        else
            bytes_add(b, p, 1);
    }
    bytes_add(b, "\"", 1);
}

static void write_all(const void *data, size_t n)
{
    const char *p = data;
    while (n) {
        ssize_t w = write(1, p, n);
        if (w < 0) {
            if (errno == EINTR)
                continue;
            _exit(0); /* the agent is gone */
        }
        p += w;
        n -= (size_t)w;
    }
}

void frame(char type, const void *payload, size_t n)
{
    char head[5];
    uint32_t length = htole32((uint32_t)n + 1);
    memcpy(head, &length, 4);
    head[4] = type;
    write_all(head, sizeof head);
    if (n)
        write_all(payload, n);
}

void frame_bytes(char type, struct bytes *b)
{
    frame(type, b->p, b->len);
    b->len = 0;
}

void fail(const char *fmt, ...)
{
    char text[600];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    frame('X', text, strlen(text));
    exit(1);
}
