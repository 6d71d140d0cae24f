/* SPDX-License-Identifier: Apache-2.0 */
#include "../probe.h"
#include "softirq.skel.h"

const struct nv_probe nv_softirq = {
    .id = NV_SOFTIRQ,
    .name = "softirq",
    .on = false,
    .cost = "runs three times per softirq, up to 100,000 of them a second on a busy node",
    .elf = softirq_bpf__elf_bytes,
    .samples = 1,
    .threshold = "wait or run of a network softirq, in microseconds",
    .threshold_default = 10000,
};
