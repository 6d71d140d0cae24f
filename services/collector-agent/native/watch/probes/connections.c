/* SPDX-License-Identifier: Apache-2.0 */
#include "../probe.h"
#include "connections.skel.h"

const struct nv_probe nv_connections = {
    .id = NV_CONNECTIONS,
    .name = "connections",
    .on = true,
    .cost = "runs once per TCP connection, when it ends",
    .elf = connections_bpf__elf_bytes,
};
