/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NV_COUNTERS_H
#define NV_COUNTERS_H
#include "buffer.h"

/* The counters of the namespace that was entered: sections that begin with `# name`. */
void counters_of_namespace(struct buf *out);

#endif
