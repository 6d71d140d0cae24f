/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NV_WATCH_H
#define NV_WATCH_H

#define WINDOW_MS 1000

/* Takes all samples that wait in the ring: before a window is declared complete, its samples must be out. */
void watch_take_samples(void);

#endif
