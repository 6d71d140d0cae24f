/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* How packets of our live probes are known, by the prober that makes them and by the probes of the kernel that meet them, on whichever node. */
#ifndef NV_OWN_PACKETS_H
#define NV_OWN_PACKETS_H

/* Begins each datagram's and echo's payload: "NVPR". */
#define NV_OWN_WORD 0x4e565052u

/* Of a connection's sequence numbers the upper 20 bits; the lower ones tell its attempts apart. */
#define NV_OWN_SEQUENCE 0x4e565000u
#define NV_OWN_SEQUENCE_MASK 0xfffff000u
/* A first number leaves room for the few that follow it. */
#define NV_OWN_SEQUENCE_STEP 4u

#endif
