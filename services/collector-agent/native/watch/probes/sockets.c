/* SPDX-License-Identifier: Apache-2.0 */
#include "../probe.h"
#include "sockets.skel.h"

const struct nv_probe nv_sockets = {
    .id = NV_SOCKETS,
    .name = "sockets",
    .on = false,
    .cost = "runs per arrival, read and write of every IP socket",
    .elf = sockets_bpf__elf_bytes,
    .samples = 2,
    .threshold = "time that data wait for their reader, or that a write takes, in microseconds",
    .threshold_default = 200000,
};
