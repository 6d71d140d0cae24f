/* SPDX-License-Identifier: Apache-2.0 */
#include "../probe.h"
#include "dns.skel.h"

const struct nv_probe nv_dns = {
    .id = NV_DNS,
    .name = "dns",
    .on = false,
    .cost = "runs per packet sent and received, to find those of DNS",
    .elf = dns_bpf__elf_bytes,
    .samples = 2,
    .walks = "asked",
    .threshold = "time until the answer, in microseconds",
    .threshold_default = 500000,
};
