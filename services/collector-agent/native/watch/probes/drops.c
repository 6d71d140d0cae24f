/* SPDX-License-Identifier: Apache-2.0 */
#include "../probe.h"
#include "drops.skel.h"

/* NOT_SPECIFIED stays in: a forwarded blackhole is dropped with it. */
static const char *const excluded[] = {"CONSUMED", "NOT_DROPPED_YET", NULL};

const struct nv_probe nv_drops = {
    .id = NV_DROPS,
    .name = "drops",
    .on = true,
    .cost = "runs per packet dropped",
    .elf = drops_bpf__elf_bytes,
    .reasons = NV_DROP_REASONS,
    .samples = 3,
    .excluded = excluded,
};
