/* SPDX-License-Identifier: Apache-2.0 */
#include "../probe.h"
#include "resets.skel.h"

const struct nv_probe nv_resets = {
    .id = NV_RESETS,
    .name = "resets",
    .on = true,
    .cost = "runs per TCP reset sent or received",
    .elf = resets_bpf__elf_bytes,
    .reasons = NV_RESET_REASONS,
    .samples = 2,
};
