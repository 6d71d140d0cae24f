/* SPDX-License-Identifier: Apache-2.0 */
/* Frames on standard output. Records of one type gather in one frame until it is full or another type begins. */
#ifndef NV_FRAMES_H
#define NV_FRAMES_H

#include <linux/types.h>
#include <stdarg.h>
#include <stddef.h>

#include "protocol.h"

/* Appends one record to the frame of its type. */
void frame_record(enum nv_frame_type type, const void *record, size_t bytes);
/* One whole frame. */
void frame_put(enum nv_frame_type type, const void *payload, size_t bytes);
/* Writes all that waits; blocks while the reader is slow (the ring then fills, and the kernel counts what it has no room for). */
void frame_flush(void);

/* A growing text, for the JSON of the rare frames. */
struct text {
    char *at;
    size_t length, room;
};
void text_add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A JSON string with its quotes. */
void text_quoted(struct text *t, const char *value);
void text_frame(struct text *t, enum nv_frame_type type);

#endif
