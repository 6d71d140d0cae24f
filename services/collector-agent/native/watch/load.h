/* SPDX-License-Identifier: Apache-2.0 */
/* Loads the probes' objects, gives them the shared maps, attaches and detaches them. */
#ifndef NV_LOAD_H
#define NV_LOAD_H

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdbool.h>

#include "frames.h"
#include "probe.h"

struct shared_maps {
    int aggregates, histograms, flows, ring, tallies, settings;
};
extern struct shared_maps shared;

/* @returns false with a line on stderr when this kernel cannot run any of it */
bool load_shared(void);
/*
 * Loads every probe; one that this kernel refuses is unavailable, with the reason. raw_only: not as typed tracepoints. btf_file: where
 * `kernel` was read from, null: the running kernel has it. What the kernel itself looks up in its BTF, typed tracepoints and iterators,
 * is then not to be had.
 */
void load_probes(const struct btf *kernel, bool raw_only, const char *btf_file);
const struct nv_probe *probe_named(const char *name);
/* @returns null, or why not */
const char *probe_switch(const struct nv_probe *probe, bool on);
/* How often the kernel left a program out because it ran on that CPU already. */
__u64 probe_missed(const struct nv_probe *probe);
/* @returns the file descriptor of a map of its own, or -1 */
int probe_map(const struct nv_probe *probe, const char *name);
bool probe_is_on(const struct nv_probe *probe);
/* Runs the iterators of probes that are on, through everything that there is now, or only through their own maps. */
void probes_look(bool everywhere);
void probes_send_status(void);

#endif
