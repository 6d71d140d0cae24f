/* SPDX-License-Identifier: Apache-2.0 */
#include "../probe.h"
#include "retransmits.skel.h"

const struct nv_probe nv_retransmits = {
    .id = NV_RETRANSMITS,
    .name = "retransmits",
    .on = true,
    .cost = "runs per TCP segment sent again",
    .elf = retransmits_bpf__elf_bytes,
    .samples = 2,
};
