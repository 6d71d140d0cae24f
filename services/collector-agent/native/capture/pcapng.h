/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of a pcapng file (draft-ietf-opsawg-pcapng), little endian, times in nanoseconds. */
#pragma once
#include "buffer.h"
#include <time.h>

struct interface_block {
    const char *name;
    const char *description;
    const char *filter;
    int link_type;
    int snaplen;
};

void pcapng_section(struct bytes *out, const char *comment);
void pcapng_interface(struct bytes *out, const struct interface_block *of);
void pcapng_packet(struct bytes *out, uint32_t interface, const struct timespec *at, uint32_t captured, uint32_t length,
                   const void *data);
/* Received and dropped by the kernel, at the end of a capture on an interface. */
void pcapng_statistics(struct bytes *out, uint32_t interface, const struct timespec *at, uint64_t received, uint64_t dropped);
