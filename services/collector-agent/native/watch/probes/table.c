/* SPDX-License-Identifier: Apache-2.0 */
#include "../probe.h"

extern const struct nv_probe nv_drops, nv_retransmits, nv_resets, nv_connects, nv_udp, nv_neighbours, nv_icmp, nv_connections, nv_windows,
    nv_softirq, nv_sockets, nv_transmit, nv_receive, nv_dns, nv_follow;

const struct nv_probe *const nv_probes[] = {
    &nv_drops,       &nv_retransmits, &nv_resets,  &nv_connects, &nv_udp,      &nv_neighbours, &nv_icmp,
    &nv_connections, &nv_windows,     &nv_softirq, &nv_sockets,  &nv_transmit, &nv_receive,    &nv_dns,
    &nv_follow,      NULL,
};
