/* SPDX-License-Identifier: Apache-2.0 */
#include "../probe.h"
#include "transmit.skel.h"

const struct nv_probe nv_transmit = {
    .id = NV_TRANSMIT,
    .name = "transmit",
    .on = false,
    .cost = "runs three times per packet sent",
    .elf = transmit_bpf__elf_bytes,
    .samples = 2,
    .threshold = "time in a queueing discipline or a driver, in microseconds",
    .threshold_default = 20000,
};
