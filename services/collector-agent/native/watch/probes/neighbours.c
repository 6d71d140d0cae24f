/* SPDX-License-Identifier: Apache-2.0 */
#include "../probe.h"
#include "neighbours.skel.h"

const struct nv_probe nv_neighbours = {
    .id = NV_NEIGHBOURS,
    .name = "neighbours",
    .on = true,
    .cost = "runs per new neighbour and per timer of one",
    .elf = neighbours_bpf__elf_bytes,
    .samples = 1,
};
