// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Only the shared maps: made from this object once, then handed to each probe's. */
#include "probe.bpf.h"
