/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NV_METRICS_H
#define NV_METRICS_H
#include "buffer.h"

/* Of the namespace that was entered: what /metrics tells beside the protocol counters. */
void metrics_of_namespace(struct buf *out);
#endif
