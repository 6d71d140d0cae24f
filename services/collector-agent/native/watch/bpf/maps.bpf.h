/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The maps that all probes share. Each object declares them; the sidecar makes them once (shared.bpf.c) and hands them to each probe.
 * What is counted sits in maps within maps: the sidecar puts an empty one in place each second, and the kernel's update of such a map waits
 * until no program uses the old one any more (maybe_wait_bpf_programs in kernel/bpf/syscall.c). So nothing is counted after it was read.
 */
#ifndef NV_MAPS_H
#define NV_MAPS_H

struct nv_aggregate_map {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, NV_AGGREGATES_MAX);
    __uint(key_size, sizeof(struct nv_key)); /* clang leaves out the types behind an inner map's pointers */
    __uint(value_size, sizeof(struct nv_sums));
};
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __uint(max_entries, 2); /* [0] full keys, [1] coarse ones */
    __type(key, __u32);
    __array(values, struct nv_aggregate_map);
} aggregates SEC(".maps");

struct nv_histogram_map {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, NV_HISTOGRAMS_MAX);
    __uint(key_size, sizeof(struct nv_histogram_key)); /* clang leaves out the types behind an inner map's pointers */
    __uint(value_size, sizeof(struct nv_histogram_value));
};
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __uint(max_entries, 1);
    __type(key, __u32);
    __array(values, struct nv_histogram_map);
} histograms SEC(".maps");

struct nv_flow_map {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, NV_FLOWS_MAX);
    __uint(key_size, sizeof(struct nv_flow_key));
    __uint(value_size, sizeof(struct nv_connection_sums));
};
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __uint(max_entries, 1);
    __type(key, __u32);
    __array(values, struct nv_flow_map);
} flows SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, NV_RING_BYTES);
} ring SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, NV_PROBES);
    __type(key, __u32);
    __type(value, struct nv_tallies);
} tallies SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, NV_PROBES);
    __type(key, __u32);
    __type(value, struct nv_settings);
} settings SEC(".maps");

#endif
