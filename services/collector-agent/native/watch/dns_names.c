/* SPDX-License-Identifier: Apache-2.0 */
#include "dns_names.h"

#include <bpf/bpf.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "frames.h"
#include "load.h"
#include "names.h"

/* A name that nobody has asked for since makes room. */
#define KEPT_NS (600ull * 1000000000ull)
#define SWEEP_EVERY 60 /* windows */
/* All that are in use are told again so often: the reader need not keep those that are not. */
#define AGAIN_EVERY 600

extern const struct nv_probe nv_dns;

/* Open hash table; twice as large as what is noted between two clearings may be. */
#define SLOTS 8192
static struct {
    __u64 number;
    bool told;
} noted[SLOTS];
static unsigned noted_count;
static bool any_new;

void dns_names_note(__u64 number)
{
    if (!number || noted_count >= SLOTS / 2)
        return;
    size_t slot = (size_t)((number * 0x9e3779b97f4a7c15ull) >> 51) % SLOTS;
    while (noted[slot].number && noted[slot].number != number)
        slot = (slot + 1) % SLOTS;
    if (noted[slot].number)
        return;
    noted[slot].number = number;
    noted_count++;
    any_new = true;
}

/* `\003www\004shop` as `www.shop`; what is no letter, digit or sign that names have is written as `\ddd` (RFC 1035, 5.1). */
static void as_text(const __u8 *wire, char *into, size_t room)
{
    size_t used = 0, at = 0;
    while (at < NV_DNS_NAME && wire[at] && used + 8 < room) {
        size_t end = at + 1 + wire[at];
        for (at++; at < end && at < NV_DNS_NAME && wire[at] && used + 8 < room; at++) {
            __u8 c = wire[at];
            bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '*';
            used += (size_t)snprintf(into + used, room - used, plain ? "%c" : "\\%03u", c);
        }
        if (at < NV_DNS_NAME && wire[at])
            into[used++] = '.';
    }
    if (wire[NV_DNS_NAME - 1] && used + 4 < room) { /* cut off */
        memcpy(into + used, "...", 3);
        used += 3;
    }
    into[used] = 0;
    if (used == 0)
        strcpy(into, "."); /* the root */
}

static void sweep(int names)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    __u64 now = (__u64)t.tv_sec * 1000000000ull + (__u64)t.tv_nsec, old[NV_DNS_NAMES_MAX], key, next;
    int count = 0;
    struct nv_dns_name name;
    for (void *at = NULL; count < NV_DNS_NAMES_MAX && bpf_map_get_next_key(names, at, &next) == 0; at = &key) {
        key = next;
        if (bpf_map_lookup_elem(names, &key, &name) == 0 && now > name.last_ns + KEPT_NS)
            old[count++] = key;
    }
    while (count-- > 0)
        bpf_map_delete_elem(names, &old[count]);
}

void dns_names_send(void)
{
    static unsigned windows;
    windows++;
    if (noted_count == 0 && !probe_is_on(&nv_dns))
        return;
    int names = probe_map(&nv_dns, "names");
    if (names < 0)
        return;
    if (any_new) {
        struct text t = {0};
        __u32 count = 0;
        char text[4 * NV_DNS_NAME + 16];
        struct nv_dns_name name;
        for (int pass = 0; pass < 2; pass++) {
            if (pass == 1)
                names_begin(&t, NV_DNS_NAMES, count);
            for (size_t i = 0; i < SLOTS; i++) {
                if (!noted[i].number || noted[i].told)
                    continue;
                if (pass == 0) {
                    count++;
                    continue;
                }
                noted[i].told = true;
                bool there = bpf_map_lookup_elem(names, &noted[i].number, &name) == 0;
                if (there)
                    as_text(name.wire, text, sizeof text);
                names_entry(&t, noted[i].number, there ? text : "");
            }
        }
        text_frame(&t, NV_DICTIONARY);
        any_new = false;
    }
    if (windows % AGAIN_EVERY == 0 || noted_count >= SLOTS / 2) {
        memset(noted, 0, sizeof noted);
        noted_count = 0;
    }
    if (windows % SWEEP_EVERY == 0)
        sweep(names);
}
