/* SPDX-License-Identifier: Apache-2.0 */
#include "../probe.h"
#include "windows.skel.h"

const struct nv_probe nv_windows = {
    .id = NV_WINDOWS,
    .name = "windows",
    .on = false, /* the counter tcp-zero-window tells by itself that it happens */
    .cost = "runs per TCP segment received",
    .elf = windows_bpf__elf_bytes,
    .samples = 1,
};
