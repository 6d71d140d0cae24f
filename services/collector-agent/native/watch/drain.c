/* SPDX-License-Identifier: Apache-2.0 */
#include "drain.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns_names.h"
#include "frames.h"
#include "load.h"
#include "names.h"
#include "watch.h"

#define BATCH 1024

/* A slot of a map of maps: the table that the programs fill, and the empty one that comes next. */
struct slot {
    const char *name;
    __u32 index, key_bytes, value_bytes, entries;
    int outer, tables[2], current;
};
enum { FULL, COARSE, HISTOGRAMS, FLOWS, SLOTS };

/* Connections that last are looked at so often; what ended since is told at once. */
#define LOOK_EVERY 10
static struct slot slots[SLOTS];
static __u64 drained[NV_PROBES];
static __u64 counted_before;

bool drain_begin(void)
{
    const __u32 key = sizeof(struct nv_key), sums = sizeof(struct nv_sums);
    slots[FULL] = (struct slot){"full", 0, key, sums, NV_AGGREGATES_MAX, shared.aggregates, {-1, -1}, 0};
    slots[COARSE] = (struct slot){"coarse", 1, key, sums, NV_COARSE_MAX, shared.aggregates, {-1, -1}, 0};
    slots[HISTOGRAMS] = (struct slot){"histogram", 0,   sizeof(struct nv_histogram_key), sizeof(struct nv_histogram_value), NV_HISTOGRAMS_MAX,
                                      shared.histograms, {-1, -1}, 0};
    slots[FLOWS] = (struct slot){"flow", 0, sizeof(struct nv_flow_key), sizeof(struct nv_connection_sums), NV_FLOWS_MAX, shared.flows, {-1, -1}, 0};
    for (int s = 0; s < SLOTS; s++) {
        struct slot *slot = &slots[s];
        for (int i = 0; i < 2; i++)
            slot->tables[i] = bpf_map_create(BPF_MAP_TYPE_HASH, slot->name, slot->key_bytes, slot->value_bytes, slot->entries, NULL);
        if (slot->tables[0] < 0 || slot->tables[1] < 0 || bpf_map_update_elem(slot->outer, &slot->index, &slot->tables[0], BPF_ANY)) {
            fprintf(stderr, "the %s table cannot be made: %s\n", slot->name, strerror(errno));
            return false;
        }
    }
    return true;
}

static void send_aggregate(const void *key, const void *value)
{
    struct nv_aggregate record;
    memcpy(&record.key, key, sizeof record.key);
    memcpy(&record.sums, value, sizeof record.sums);
    if (record.key.probe < NV_PROBES)
        drained[record.key.probe] += record.sums.count;
    names_note(&record.key);
    frame_record(NV_AGGREGATES, &record, sizeof record);
}

static void send_histogram(const void *key, const void *value)
{
    struct nv_histogram record;
    memcpy(&record.key, key, sizeof record.key);
    memcpy(&record.value, value, sizeof record.value);
    if (record.key.probe == NV_DNS && record.key.metric == NV_DNS_NAME_METRIC) {
        __u64 name;
        memcpy(&name, record.key.peer, sizeof name);
        dns_names_note(name);
    }
    frame_record(NV_HISTOGRAMS, &record, sizeof record);
}

static void send_flow(const void *key, const void *value)
{
    struct nv_flow record;
    memcpy(&record.key, key, sizeof record.key);
    memcpy(&record.value, value, sizeof record.value); /* what all sums begin with */
    frame_record(NV_FLOWS, &record, sizeof record);
}

/* Under the far end and, where that is a service's, its port; flows that differ in the near end only come as several records of one histogram. */
static void send_ended(const void *key, const void *value)
{
    struct nv_flow_key of;
    struct nv_connection_sums all;
    memcpy(&of, key, sizeof of);
    memcpy(&all, value, sizeof all);
    for (__u8 i = 0; all.ended && i < NV_TOLD_OF_CONNECTION; i++) {
        struct nv_histogram record = {
            .key = {.netns = of.netns, .probe = NV_CONNECTIONS, .metric = i + 1, .port = of.direction == NV_OUT ? of.port : 0},
            .value = {.count = all.ended, .sum = all.sums[i]},
        };
        memcpy(record.key.peer, of.peer, sizeof record.key.peer);
        for (int bucket = 0; bucket < NV_BUCKETS; bucket++)
            record.value.buckets[bucket] = all.buckets[bucket][i];
        frame_record(NV_HISTOGRAMS, &record, sizeof record);
    }
}

typedef void send(const void *key, const void *value);

/* Swaps the tables (the kernel's update returns when no program uses the old one), then empties the old one. `and_then` makes records of another type. */
static void drain_slot(struct slot *slot, send *send_each, send *and_then)
{
    int full = slot->tables[slot->current], next = slot->tables[!slot->current];
    if (bpf_map_update_elem(slot->outer, &slot->index, &next, BPF_ANY))
        return;
    slot->current = !slot->current;
    static unsigned char keys[BATCH * sizeof(struct nv_key)], values[BATCH * sizeof(struct nv_connection_sums)];
    __u32 position = 0;
    for (bool first = true, more = true; more; first = false) {
        __u32 count = BATCH;
        int error = bpf_map_lookup_and_delete_batch(full, first ? NULL : &position, &position, keys, values, &count, NULL);
        more = error == 0;
        if (error && errno != ENOENT)
            count = 0;
        for (__u32 i = 0; i < count; i++)
            send_each(keys + i * slot->key_bytes, values + i * slot->value_bytes);
        for (__u32 i = 0; and_then && i < count; i++)
            and_then(keys + i * slot->key_bytes, values + i * slot->value_bytes);
    }
}

static struct nv_tallies tallies_of(__u32 probe)
{
    static struct nv_tallies *each;
    static int cpus;
    if (!each) {
        cpus = libbpf_num_possible_cpus();
        each = calloc((size_t)cpus, sizeof *each);
        if (!each)
            abort();
    }
    struct nv_tallies sum = {0};
    if (bpf_map_lookup_elem(shared.tallies, &probe, each))
        return sum;
    for (int cpu = 0; cpu < cpus; cpu++)
        for (size_t i = 0; i < sizeof sum / sizeof(__u64); i++)
            ((__u64 *)&sum)[i] += ((const __u64 *)&each[cpu])[i];
    return sum;
}

void drain_window(void)
{
    static unsigned windows;
    probes_look(windows++ % LOOK_EVERY == 0);
    __u64 counted = 0;
    for (const struct nv_probe *const *p = nv_probes; *p; p++) {
        struct nv_tallies t = tallies_of((*p)->id);
        counted += t.aggregated + t.coarse + t.observed;
    }
    /* At rest there is nothing to swap, and the kernel need not be made to wait. Once more after the last growth: a program that raised its
     * tally before it was read here may have written to the table that came after. */
    static bool grew;
    bool grown = counted != counted_before, look = grown || grew;
    grew = grown;
    counted_before = counted;
    if (look) {
        drain_slot(&slots[FULL], send_aggregate, NULL);
        drain_slot(&slots[COARSE], send_aggregate, NULL);
        drain_slot(&slots[HISTOGRAMS], send_histogram, NULL);
            drain_slot(&slots[FLOWS], send_flow, send_ended);
    }
    watch_take_samples();
    names_send_functions();
    dns_names_send();
    for (const struct nv_probe *const *p = nv_probes; *p; p++) {
        struct nv_counters record = {
            .probe = (*p)->id,
            .tallies = tallies_of((*p)->id),
            .missed = probe_missed(*p),
            .drained = drained[(*p)->id],
        };
        frame_record(NV_COUNTERS, &record, sizeof record);
    }
    frame_put(NV_WINDOW, NULL, 0);
}
