/* SPDX-License-Identifier: Apache-2.0 */
#include "../probe.h"
#include "receive.skel.h"

const struct nv_probe nv_receive = {
    .id = NV_RECEIVE,
    .name = "receive",
    .on = false,
    .cost = "runs two or three times per packet received",
    .elf = receive_bpf__elf_bytes,
    .samples = 2,
    .threshold = "time in the CPU's backlog, or from there to the reader, in microseconds",
    .threshold_default = 200000,
};
