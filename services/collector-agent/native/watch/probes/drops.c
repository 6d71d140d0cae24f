/* SPDX-License-Identifier: Apache-2.0 */
#include "../probe.h"
#include "drops.skel.h"

/*
 * NOT_SPECIFIED stays in: a forwarded blackhole is dropped with it. QUEUE_PURGE is what a socket still held when it was closed: every
 * connection that ends a little untidily has it, and where data are lost by it a reset is sent, which `resets` tells.
 */
static const char *const excluded[] = {"CONSUMED", "NOT_DROPPED_YET", "QUEUE_PURGE", NULL};

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
