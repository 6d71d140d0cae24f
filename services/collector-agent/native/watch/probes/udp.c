/* SPDX-License-Identifier: Apache-2.0 */
#include "../probe.h"
#include "udp.skel.h"

const struct nv_probe nv_udp = {
    .id = NV_UDP,
    .name = "udp",
    .on = true,
    .cost = "runs per datagram that a socket has no room for",
    .elf = udp_bpf__elf_bytes,
    .samples = 2,
};
