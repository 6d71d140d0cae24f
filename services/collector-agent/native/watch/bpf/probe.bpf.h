/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What a probe's BPF file includes: a program takes the tracepoint's arguments as numbers and reads the kernel's structures with
 * BPF_CORE_READ only (or as typed.bpf.h does), so that the same program loads as tp_btf and, where the kernel has no such type, as a raw tracepoint.
 */
#ifndef NV_PROBE_H
#define NV_PROBE_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "../protocol.h"
#include "../probe_ids.h"
#include "maps.bpf.h"

#define NV_ARG(ctx, n, type) ((type)((unsigned long long *)(ctx))[n])

#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86DD
#define ETH_P_ARP 0x0806
#define AF_INET 2
#define AF_INET6 10

/* Inodes of namespaces: /proc numbers them from 0xF0000000 (PROC_DYNAMIC_FIRST, fs/proc/generic.c), the first ones have fixed numbers just below
 * (include/linux/nsfs.h). What is lower was read through a pointer that was none. */
#define NV_FIRST_INODE 0xEFFFFF00u

char LICENSE[] SEC("license") = "GPL";

#endif
