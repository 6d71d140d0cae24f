/* SPDX-License-Identifier: Apache-2.0 */
/* What a probe says of itself. One file pair per probe: probes/<name>.bpf.c runs in the kernel, probes/<name>.c is this description. */
#ifndef NV_PROBE_DESCRIPTION_H
#define NV_PROBE_DESCRIPTION_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "probe_ids.h"
#include "protocol.h"

/* Which of the kernel's enumerations the reason of a probe's key is; names are read from the running kernel's BTF. */
enum nv_dictionary {
    NV_NO_REASONS = 0,
    NV_DROP_REASONS = 1,
    NV_FUNCTIONS = 2, /* ids are addresses */
    NV_RESET_REASONS = 3,
    NV_DNS_NAMES = 4, /* ids are hashes */
};

struct nv_probe {
    unsigned int id; /* enum nv_probe_id, NV_FOLLOW */
    const char *name;
    bool on;          /* by default */
    bool internal;    /* the agent's own: not in the status, and no anomalies come of it */
    const char *cost; /* for people: when a program runs, and what that takes */
    const void *(*elf)(size_t *bytes);
    enum nv_dictionary reasons;
    __u32 samples;         /* by default, per key and window */
    const char *threshold; /* what it is of, with its unit; null: the probe has none */
    __u64 threshold_default;
    const char *walks; /* the map whose elements its iterator looks at each second; null: none */
    const char *const *excluded; /* reasons that are not looked at by default, by name; ends with null */
};

/* Every probe, in the order of their numbers; ends with null. */
extern const struct nv_probe *const nv_probes[];

#endif
