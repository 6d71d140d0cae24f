/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the running kernel's numbers: reasons from its BTF, functions from /proc/kallsyms. */
#ifndef NV_NAMES_H
#define NV_NAMES_H

#include <bpf/btf.h>
#include <linux/types.h>

#include "frames.h"
#include "probe.h"

/* Sends the kernel's enumerations, each once. */
void names_send_reasons(const struct btf *kernel);
/* @returns the number of a reason by its name without prefix, or -1 */
int names_reason(enum nv_dictionary dictionary, const char *name);
/* Notes an address; what is new goes out with names_send_functions. 0 is no address. */
void names_note_function(__u64 address);
/* Notes what the key's location is to its probe. */
void names_note(const struct nv_key *key);
/* A dictionary's payload: its beginning, then each of its names. */
void names_begin(struct text *t, enum nv_dictionary dictionary, __u32 count);
void names_entry(struct text *t, __u64 number, const char *name);
void names_send_functions(void);

#endif
