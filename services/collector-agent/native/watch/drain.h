/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs counted: taken out of their maps and put into frames, without losing what is counted meanwhile. */
#ifndef NV_DRAIN_H
#define NV_DRAIN_H

#include <stdbool.h>

/* Puts the first tables in place. */
bool drain_begin(void);
/* Everything counted so far goes out, then the counters, then the mark that the window is complete. */
void drain_window(void);

#endif
