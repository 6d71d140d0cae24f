/* SPDX-License-Identifier: Apache-2.0 */
#include "buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void buf_need(struct buf *b, size_t more)
{
    if (b->len + more + 1 <= b->cap)
        return;
    size_t cap = b->cap ? b->cap : 4096;
    while (cap < b->len + more + 1)
        cap *= 2;
    b->p = realloc(b->p, cap);
    if (!b->p)
        _exit(70);
    b->cap = cap;
}

void buf_add(struct buf *b, const void *data, size_t n)
{
    buf_need(b, n);
    memcpy(b->p + b->len, data, n);
    b->len += n;
    b->p[b->len] = 0;
}

void buf_str(struct buf *b, const char *s) { buf_add(b, s, strlen(s)); }
void buf_ch(struct buf *b, char c) { buf_add(b, &c, 1); }

void buf_fmt(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    buf_need(b, 128);
    va_start(ap, fmt);
    int n = vsnprintf(b->p + b->len, b->cap - b->len, fmt, ap);
    va_end(ap);
    if (n < 0)
        return;
    if ((size_t)n >= b->cap - b->len) {
        buf_need(b, (size_t)n);
        va_start(ap, fmt);
        vsnprintf(b->p + b->len, b->cap - b->len, fmt, ap);
        va_end(ap);
    }
    b->len += (size_t)n;
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    if (b->p)
        b->p[0] = 0;
}

void buf_free(struct buf *b)
{
    free(b->p);
    *b = (struct buf){0};
}

int buf_file(struct buf *b, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    for (;;) {
        buf_need(b, 16384);
        ssize_t n = read(fd, b->p + b->len, b->cap - b->len - 1);
        if (n < 0) {
            int e = errno;
            close(fd);
            errno = e;
            return -1;
        }
        if (n == 0)
            break;
        b->len += (size_t)n;
        b->p[b->len] = 0;
    }
    buf_need(b, 1);
    b->p[b->len] = 0;
    close(fd);
    return 0;
}

void jsep(struct buf *b)
{
    char last = b->len ? b->p[b->len - 1] : '[';
    if (last != '{' && last != '[' && last != ':')
        buf_ch(b, ',');
}

void jstr(struct buf *b, const char *s)
{
    buf_ch(b, '"');
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            buf_fmt(b, "\\%c", c);
        else if (c < 0x20)
            buf_fmt(b, "\\u%04x", c);
        else
            buf_ch(b, (char)c);
    }
    buf_ch(b, '"');
}

void jkey(struct buf *b, const char *key)
{
    jsep(b);
    jstr(b, key);
    buf_ch(b, ':');
}

void jkv_str(struct buf *b, const char *key, const char *value)
{
    jkey(b, key);
    jstr(b, value);
}

void jkv_num(struct buf *b, const char *key, long long value)
{
    jkey(b, key);
    buf_fmt(b, "%lld", value);
}

void jkv_bool(struct buf *b, const char *key, bool value)
{
    jkey(b, key);
    buf_str(b, value ? "true" : "false");
}

void jkv_null(struct buf *b, const char *key)
{
    jkey(b, key);
    buf_str(b, "null");
}
