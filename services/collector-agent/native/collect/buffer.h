/* SPDX-License-Identifier: Apache-2.0 */
/* A growing text buffer and the few JSON forms that the sections need. Out of memory ends the process: the agent
 * starts it anew and reports the sections as missing. */
#ifndef NV_BUFFER_H
#define NV_BUFFER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    char *p;
    size_t len, cap;
};

void buf_need(struct buf *b, size_t more);
void buf_add(struct buf *b, const void *data, size_t n);
void buf_str(struct buf *b, const char *s);
void buf_ch(struct buf *b, char c);
void buf_fmt(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_clear(struct buf *b);
void buf_free(struct buf *b);
/* Reads a whole file; -1 and errno when it cannot. */
int buf_file(struct buf *b, const char *path);

/* JSON: jsep puts a comma unless the last character opens an object or array. */
void jsep(struct buf *b);
void jstr(struct buf *b, const char *s);
void jkey(struct buf *b, const char *key);
void jkv_str(struct buf *b, const char *key, const char *value);
void jkv_num(struct buf *b, const char *key, long long value);
void jkv_bool(struct buf *b, const char *key, bool value);
void jkv_null(struct buf *b, const char *key);
#endif
