/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel finds a set by walking over a list of the table's sets: to ask for each of 10,000 anonymous ones takes it seconds.
 * An anonymous set that is constant stays as it is until its rule is gone (nf_tables_newsetelem refuses to add to it), and
 * handles are not given again: what was read once under one is still true.
 */
#include "nft_sets.h"

#include <stdlib.h>
#include <string.h>

#include "../buffer.h"

#define NAMESPACES 8
#define MAX_BYTES (96ul * 1024 * 1024)

struct place {
    struct nft_set_id id; /* set 0: free */
    size_t at, len;
};
struct store {
    uint64_t cookie, used;
    struct buf text;
    struct place *places; /* open addressing; `size` a power of two */
    size_t size, n;
};
static struct store stores[NAMESPACES], reading;
static uint64_t readings;

static void drop(struct store *s)
{
    buf_free(&s->text);
    free(s->places);
    *s = (struct store){0};
}

static struct place *place_of(const struct store *s, struct nft_set_id id)
{
    size_t at = (size_t)((id.set * 0x9e3779b97f4a7c15ull ^ id.table * 0xc2b2ae3d27d4eb4full) >> 20);
    for (;; at++) {
        struct place *p = &s->places[at & (s->size - 1)];
        if (p->id.set == 0 || (p->id.set == id.set && p->id.table == id.table))
            return p;
    }
}

static void grow(struct store *s)
{
    struct store bigger = {.size = s->size ? s->size * 2 : 256};
    bigger.places = calloc(bigger.size, sizeof *bigger.places);
    if (!bigger.places)
        _Exit(70);
    for (size_t i = 0; i < s->size; i++)
        if (s->places[i].id.set)
            *place_of(&bigger, s->places[i].id) = s->places[i];
    free(s->places);
    s->places = bigger.places;
    s->size = bigger.size;
}

static struct store *store_of(uint64_t cookie)
{
    for (int i = 0; i < NAMESPACES; i++)
        if (cookie && stores[i].cookie == cookie)
            return &stores[i];
    return NULL;
}

void nft_sets_begin(uint64_t cookie)
{
    drop(&reading);
    reading.cookie = cookie;
}

const char *nft_sets_kept(struct nft_set_id id, size_t *len)
{
    const struct store *s = store_of(reading.cookie);
    if (!s || !s->size || !id.set)
        return NULL;
    const struct place *p = place_of(s, id);
    *len = p->len;
    return p->id.set ? s->text.p + p->at : NULL;
}

void nft_sets_keep(struct nft_set_id id, const char *text, size_t len)
{
    if (!reading.cookie || !id.set || reading.text.len + len > MAX_BYTES / 2)
        return;
    if (reading.n * 2 >= reading.size)
        grow(&reading);
    struct place *p = place_of(&reading, id);
    if (p->id.set)
        return;
    *p = (struct place){.id = id, .at = reading.text.len, .len = len};
    reading.n++;
    buf_need(&reading.text, 1);
    buf_add(&reading.text, text, len);
}

void nft_sets_end(bool whole)
{
    if (!whole || !reading.cookie || !reading.n) {
        drop(&reading);
        return;
    }
    struct store *at = store_of(reading.cookie);
    if (at)
        drop(at);
    for (;;) {
        struct store *oldest = NULL;
        size_t bytes = reading.text.len;
        at = NULL;
        for (int i = 0; i < NAMESPACES; i++) {
            bytes += stores[i].text.len;
            if (!stores[i].cookie)
                at = &stores[i];
            else if (!oldest || stores[i].used < oldest->used)
                oldest = &stores[i];
        }
        if (!oldest || (at && bytes <= MAX_BYTES))
            break;
        drop(oldest);
    }
    reading.used = ++readings;
    *at = reading;
    reading = (struct store){0};
}
