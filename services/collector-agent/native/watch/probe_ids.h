/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Each probe's number in keys, maps and frames. Numbers are never used again; src/watch/probes.ts has the same list (a test compares). */
#ifndef NV_PROBE_IDS_H
#define NV_PROBE_IDS_H

enum nv_probe_id {
    NV_DROPS = 0,
    NV_RETRANSMITS = 1,
    NV_RESETS = 2,
    NV_CONNECTS = 3,
    NV_UDP = 4,
    NV_NEIGHBOURS = 5,
    NV_ICMP = 6,
    NV_CONNECTIONS = 7,
    NV_WINDOWS = 8,
    NV_SOFTIRQ = 9,
    NV_SOCKETS = 10,
    NV_TRANSMIT = 11,
    NV_RECEIVE = 12,
    NV_DNS = 13,
};

/* No probe of anomalies: it follows the packets of live probes. */
#define NV_FOLLOW 31

#endif
