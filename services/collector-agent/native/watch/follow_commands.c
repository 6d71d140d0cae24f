/* SPDX-License-Identifier: Apache-2.0 */
/* What is followed: ends of flows, each with a bit per follow that wants it. The probe itself is switched with `on follow`, `off follow`. */
#include "follow_commands.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

#define SLOTS 32
/* Sightings that may leave between two ends told: a busy server's connections are seen too, and a flood must cost no more than this. */
#define ALLOWANCE 20000

static int map_named(const char *name)
{
    const struct nv_probe *probe = probe_named("follow");
    return probe ? probe_map(probe, name) : -1;
}

/* @returns -1: none */
static long number(const char *text, long most)
{
    char *end;
    if (!text || !isdigit((unsigned char)*text))
        return -1;
    long n = strtol(text, &end, 10);
    return *end || n > most ? -1 : n;
}

const char *follow_end(char *words)
{
    char *rest;
    const char *slot_text = strtok_r(words, " ", &rest), *protocol = strtok_r(NULL, " ", &rest), *address = strtok_r(NULL, " ", &rest);
    long slot = number(slot_text, SLOTS - 1), port = number(strtok_r(NULL, " ", &rest), 65535);
    struct nv_end end = {.port = (__u16)port, .address = {[10] = 0xff, [11] = 0xff}};
    if (slot < 0 || port < 0 || !address)
        return "follow takes a slot below 32, a protocol, an address and a port";
    if (strcmp(protocol, "tcp") == 0)
        end.protocol = IPPROTO_TCP;
    else if (strcmp(protocol, "udp") == 0)
        end.protocol = IPPROTO_UDP;
    else if (strcmp(protocol, "icmp") == 0)
        end.protocol = IPPROTO_ICMP;
    else
        return "a protocol is tcp, udp or icmp";
    if (inet_pton(AF_INET, address, end.address + 12) != 1) {
        memset(end.address, 0, sizeof end.address);
        if (inet_pton(AF_INET6, address, end.address) != 1)
            return "not an address";
    }
    int followed = map_named("followed"), allowance = map_named("allowance");
    if (followed < 0 || allowance < 0)
        return "this kernel cannot run the probe";
    __u32 slots = 0, first = 0;
    bpf_map_lookup_elem(followed, &end, &slots);
    slots |= 1u << slot;
    __s64 allowed = ALLOWANCE;
    if (bpf_map_update_elem(followed, &end, &slots, BPF_ANY) || bpf_map_update_elem(allowance, &first, &allowed, BPF_ANY))
        return strerror(errno);
    return NULL;
}

const char *unfollow(const char *text)
{
    long slot = number(text, SLOTS - 1);
    int followed = map_named("followed");
    if (slot < 0 || followed < 0)
        return "unfollow takes a slot below 32";
    static struct nv_end ends[4096];
    int n = 0;
    for (struct nv_end *before = NULL; n < 4096 && bpf_map_get_next_key(followed, before, &ends[n]) == 0; n++)
        before = &ends[n];
    for (int i = 0; i < n; i++) {
        __u32 slots = 0;
        if (bpf_map_lookup_elem(followed, &ends[i], &slots) || !(slots & 1u << slot))
            continue;
        slots &= ~(1u << slot);
        if (slots)
            bpf_map_update_elem(followed, &ends[i], &slots, BPF_EXIST);
        else
            bpf_map_delete_elem(followed, &ends[i]);
    }
    return NULL;
}
