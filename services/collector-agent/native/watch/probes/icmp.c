/* SPDX-License-Identifier: Apache-2.0 */
#include "../probe.h"
#include "icmp.skel.h"

const struct nv_probe nv_icmp = {
    .id = NV_ICMP,
    .name = "icmp",
    .on = true,
    .cost = "runs per ICMP error sent, and per error that a socket is told",
    .elf = icmp_bpf__elf_bytes,
    .samples = 2,
};
