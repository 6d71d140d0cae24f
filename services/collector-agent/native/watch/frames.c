/* SPDX-License-Identifier: Apache-2.0 */
#include "frames.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_BYTES (256 * 1024)
#define FULL_BYTES (64 * 1024)

static unsigned char buffer[BUFFER_BYTES];
static size_t used;
/* Where the open frame's header is; its length grows. */
static struct nv_frame *open_frame;
static __u32 serial;

static __u64 nanoseconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (__u64)t.tv_sec * 1000000000ull + (__u64)t.tv_nsec;
}

static void write_all(const void *data, size_t bytes)
{
    const char *at = data;
    while (bytes) {
        ssize_t n = write(STDOUT_FILENO, at, bytes);
        if (n < 0) {
            if (errno == EINTR)
                continue;
            _exit(0); /* the agent is gone */
        }
        at += n;
        bytes -= (size_t)n;
    }
}

void frame_flush(void)
{
    open_frame = NULL;
    write_all(buffer, used);
    used = 0;
}

static struct nv_frame header(enum nv_frame_type type)
{
    __u64 monotonic = nanoseconds(CLOCK_MONOTONIC);
    return (struct nv_frame){
        .magic = NV_MAGIC,
        .version = NV_VERSION,
        .type = (__u8)type,
        .serial = ++serial,
        .monotonic_ns = monotonic,
        .boot_offset_ns = (__s64)(nanoseconds(CLOCK_REALTIME) - monotonic),
    };
}

void frame_record(enum nv_frame_type type, const void *record, size_t bytes)
{
    if (used + sizeof(struct nv_frame) + bytes > BUFFER_BYTES || (open_frame && open_frame->length >= FULL_BYTES))
        frame_flush();
    if (!open_frame || open_frame->type != type) {
        open_frame = (struct nv_frame *)(buffer + used);
        *open_frame = header(type);
        used += sizeof *open_frame;
    }
    memcpy(buffer + used, record, bytes);
    used += bytes;
    open_frame->length += (__u32)bytes;
}

void frame_put(enum nv_frame_type type, const void *payload, size_t bytes)
{
    frame_flush();
    struct nv_frame head = header(type);
    head.length = (__u32)bytes;
    write_all(&head, sizeof head);
    write_all(payload, bytes);
}

void text_add(struct text *t, const char *format, ...)
{
    for (;;) {
        va_list arguments;
        va_start(arguments, format);
        int n = vsnprintf(t->at ? t->at + t->length : NULL, t->room - t->length, format, arguments);
        va_end(arguments);
        if (n < 0)
            abort();
        if (t->at && (size_t)n < t->room - t->length) {
            t->length += (size_t)n;
            return;
        }
        t->room = (t->room + (size_t)n + 64) * 2;
        t->at = realloc(t->at, t->room);
        if (!t->at)
            abort();
    }
}

void text_quoted(struct text *t, const char *value)
{
    text_add(t, "\"");
    for (const unsigned char *c = (const unsigned char *)value; *c; c++) {
        if (*c == '"' || *c == '\\')
            text_add(t, "\\%c", *c);
        else if (*c < 0x20 || *c >= 0x7f)
            text_add(t, "\\u%04x", *c);
        else
            text_add(t, "%c", *c);
    }
    text_add(t, "\"");
}

void text_frame(struct text *t, enum nv_frame_type type)
{
    frame_put(type, t->at, t->length);
    free(t->at);
    *t = (struct text){0};
}
