/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* How packets of our live probes are known, by the prober that makes them and by the probes of the kernel that meet them, on whichever node. */
#ifndef NV_OWN_PACKETS_H
#define NV_OWN_PACKETS_H

/* Begins each datagram's and echo's payload: "NVPR". */
#define NV_OWN_WORD 0x4e565052u

/* Of a connection's sequence numbers the upper 20 bits; the lower ones tell its attempts apart. */
#define NV_OWN_SEQUENCE 0x4e565000u
#define NV_OWN_SEQUENCE_MASK 0xfffff000u
/* First numbers are even, so that what begins with an odd one is data; they leave room for all the data that a connection may carry. */
#define NV_OWN_SEQUENCE_STEP 2u
#define NV_OWN_MOST_DATA 3000u
#define NV_OWN_FIRST_NUMBERS ((~NV_OWN_SEQUENCE_MASK + 1 - NV_OWN_MOST_DATA - 4) / NV_OWN_SEQUENCE_STEP)

#endif
