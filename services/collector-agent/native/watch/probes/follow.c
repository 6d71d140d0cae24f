/* SPDX-License-Identifier: Apache-2.0 */
#include "../probe.h"
#include "follow.skel.h"

static const char *const excluded[] = {"CONSUMED", "NOT_DROPPED_YET", NULL};

const struct nv_probe nv_follow = {
    .id = NV_FOLLOW,
    .name = "follow",
    .internal = true,
    .cost = "runs per packet and device, while a live probe is under way",
    .elf = follow_bpf__elf_bytes,
    .reasons = NV_DROP_REASONS,
    .excluded = excluded,
};
