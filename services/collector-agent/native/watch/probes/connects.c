/* SPDX-License-Identifier: Apache-2.0 */
#include "../probe.h"
#include "connects.skel.h"

const struct nv_probe nv_connects = {
    .id = NV_CONNECTS,
    .name = "connects",
    .on = true,
    .cost = "runs per change of a TCP socket's state, ten a connection between two pods of the node",
    .elf = connects_bpf__elf_bytes,
    .samples = 2,
    .threshold = "time to connect, in microseconds",
    .threshold_default = 500000,
};
