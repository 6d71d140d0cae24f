/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * A socket's address as a number, and small arrays that sockets fall into by it, before hash tables of sockets, whose pages are cold for each new
 * socket. An array of up to 32 KB is no page of its own (bpf_map_area_alloc, kernel/bpf/syscall.c) and a program reads it
 * without a call.
 */
#ifndef NV_PLACE_H
#define NV_PLACE_H

#include "probe.bpf.h"

/* A tracepoint's first argument as a mere number: with a pointer whose type it knows the verifier allows no reckoning. */
static __always_inline __u64 nv_first_as_number(const void *ctx)
{
    __u64 number = 0;
    bpf_probe_read_kernel(&number, sizeof number, ctx);
    return number;
}

/* @param socket its address. @param bits the array has 2^bits places */
static __always_inline __u32 nv_place_of(__u64 socket, __u32 bits)
{
    return ((__u32)(socket >> 6) * 0x9E3779B1u) >> (32 - bits); /* Fibonacci hashing */
}

#endif
