/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that grow, and frames on stdout: u32 length (of type and payload, little endian), u8 type, payload. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct bytes {
    char *p;
    size_t len, room;
};

void bytes_add(struct bytes *b, const void *data, size_t n);
void bytes_u16(struct bytes *b, uint16_t v);
void bytes_u32(struct bytes *b, uint32_t v);
/* Text as a JSON string, with its quotes. */
void bytes_json(struct bytes *b, const char *text);
void bytes_fmt(struct bytes *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void frame(char type, const void *payload, size_t n);
void frame_bytes(char type, struct bytes *b); /* and empties it */
/* X: the reason, and the end. */
_Noreturn void fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
