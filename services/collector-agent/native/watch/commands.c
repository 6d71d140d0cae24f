/* SPDX-License-Identifier: Apache-2.0 */
#include "commands.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drain.h"
#include "follow_commands.h"
#include "frames.h"
#include "load.h"
#include "names.h"

static struct nv_settings settings[NV_PROBES], defaults[NV_PROBES];

/* @returns null, or why not */
static const char *number(const char *text, __u64 most, __u64 *into)
{
    char *end;
    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    if (!isdigit((unsigned char)*text) || *end || errno || n > most)
        return "not a number that fits";
    *into = n;
    return NULL;
}

/* `10.0.0.0/8`, `fd00::1`, or `any`. */
static const char *address(struct nv_settings *s, char *text)
{
    if (strcmp(text, "any") == 0) {
        s->filter_address = 0;
        return NULL;
    }
    char *slash = strchr(text, '/');
    if (slash)
        *slash++ = 0;
    unsigned char bytes[16] = {[10] = 0xff, [11] = 0xff};
    __u64 shift = 0, bits = 128;
    if (inet_pton(AF_INET, text, bytes + 12) == 1)
        shift = 96;
    else if (inet_pton(AF_INET6, text, bytes) != 1)
        return "not an address";
    if (slash) {
        if (number(slash, 128 - shift, &bits))
            return "not a prefix length";
        bits += shift;
    }
    unsigned char mask[16];
    for (__u64 i = 0; i < 16; i++) {
        __u64 left = bits > i * 8 ? bits - i * 8 : 0;
        mask[i] = left >= 8 ? 0xff : (unsigned char)(0xff00 >> left);
        bytes[i] &= mask[i];
    }
    memcpy(s->address, bytes, 16);
    memcpy(s->mask, mask, 16);
    s->filter_address = 1;
    return NULL;
}

static const char *exclude_one(const struct nv_probe *probe, struct nv_settings *s, const char *name)
{
    int reason = names_reason(probe->reasons, name);
    if (reason < 0 || reason >= 64 * NV_REASON_WORDS)
        return "this kernel has no such reason";
    s->excluded[reason / 64] |= 1ull << (reason % 64);
    return NULL;
}

/* `NAME,NAME` or `none`: in place of what was excluded before. */
static const char *exclude(const struct nv_probe *probe, struct nv_settings *s, char *names)
{
    memset(s->excluded, 0, sizeof s->excluded);
    if (strcmp(names, "none") == 0)
        return NULL;
    for (char *rest, *name = strtok_r(names, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
        const char *problem = exclude_one(probe, s, name);
        if (problem)
            return problem;
    }
    return NULL;
}

static const char *put(const struct nv_probe *probe, const struct nv_settings *s)
{
    __u32 id = probe->id;
    if (bpf_map_update_elem(shared.settings, &id, s, BPF_ANY))
        return strerror(errno);
    settings[id] = *s;
    return NULL;
}

static const char *set(const struct nv_probe *probe, const char *what, char *value)
{
    struct nv_settings s = settings[probe->id];
    const char *problem = NULL;
    __u64 n = 0;
    if (strcmp(what, "samples") == 0) {
        problem = number(value, 1000, &n);
        s.samples = (__u32)n;
    } else if (strcmp(what, "one-in") == 0) {
        problem = number(value, 1000000, &n);
        s.one_in = (__u32)n;
    } else if (strcmp(what, "threshold") == 0) {
        problem = probe->threshold ? number(value, ~0ull, &n) : "this probe has no threshold";
        s.threshold = n;
    } else if (strcmp(what, "netns") == 0) {
        problem = number(value, ~0u, &n);
        s.netns = (__u32)n;
    } else if (strcmp(what, "port") == 0) {
        problem = number(value, 65535, &n);
        s.port = (__u16)n;
    } else if (strcmp(what, "protocol") == 0) {
        problem = number(value, 255, &n);
        s.protocol = (__u8)n;
    } else if (strcmp(what, "address") == 0) {
        problem = address(&s, value);
    } else if (strcmp(what, "exclude") == 0) {
        problem = exclude(probe, &s, value);
    } else {
        problem = "unknown setting";
    }
    if (problem)
        return problem;
    return put(probe, &s);
}

void commands_defaults(bool on)
{
    for (const struct nv_probe *const *p = nv_probes; *p; p++) {
        const struct nv_probe *probe = *p;
        struct nv_settings *s = &settings[probe->id];
        s->samples = probe->samples;
        s->threshold = probe->threshold_default;
        for (const char *const *name = probe->excluded; name && *name; name++)
            exclude_one(probe, s, *name); /* an older kernel may not have it: then there is nothing to leave out */
        __u32 id = probe->id;
        bpf_map_update_elem(shared.settings, &id, s, BPF_ANY);
        defaults[id] = *s;
        if (on && probe->on)
            probe_switch(probe, true);
    }
}

static void reply(const char *id, const char *problem)
{
    struct text t = {0};
    text_add(&t, "{\"id\":");
    text_quoted(&t, id);
    if (problem) {
        text_add(&t, ",\"problem\":");
        text_quoted(&t, problem);
    }
    text_add(&t, "}");
    text_frame(&t, NV_REPLY);
}

static const char *switch_probe(const char *name, bool on)
{
    const struct nv_probe *probe = name ? probe_named(name) : NULL;
    if (!probe)
        return "unknown probe";
    const char *problem = probe_switch(probe, on);
    if (!problem)
        probes_send_status();
    return problem;
}

bool command_run(char *line)
{
    char *rest;
    const char *id = strtok_r(line, " ", &rest), *verb = strtok_r(NULL, " ", &rest);
    if (!id)
        return true;
    const char *problem = NULL;
    if (!verb) {
        problem = "no command";
    } else if (strcmp(verb, "on") == 0 || strcmp(verb, "off") == 0) {
        problem = switch_probe(strtok_r(NULL, " ", &rest), verb[1] == 'n');
    } else if (strcmp(verb, "reset") == 0) {
        const char *name = strtok_r(NULL, " ", &rest);
        const struct nv_probe *probe = name ? probe_named(name) : NULL;
        problem = probe ? put(probe, &defaults[probe->id]) : "unknown probe";
    } else if (strcmp(verb, "set") == 0) {
        const char *name = strtok_r(NULL, " ", &rest), *what = strtok_r(NULL, " ", &rest);
        char *value = strtok_r(NULL, " ", &rest);
        const struct nv_probe *probe = name ? probe_named(name) : NULL;
        problem = !probe ? "unknown probe" : !value ? "set takes a probe, a setting and a value" : set(probe, what, value);
    } else if (strcmp(verb, "follow") == 0) {
        problem = follow_end(rest);
    } else if (strcmp(verb, "unfollow") == 0) {
        problem = unfollow(rest);
    } else if (strcmp(verb, "look") == 0) {
        probes_look(true);
    } else if (strcmp(verb, "flush") == 0) {
        drain_window();
    } else if (strcmp(verb, "quit") == 0) {
        drain_window();
        reply(id, NULL);
        return false;
    } else {
        problem = "unknown command";
    }
    reply(id, problem);
    return true;
}
