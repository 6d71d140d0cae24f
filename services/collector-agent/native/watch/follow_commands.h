/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NV_FOLLOW_COMMANDS_H
#define NV_FOLLOW_COMMANDS_H

/* `SLOT PROTOCOL ADDRESS PORT`: one more end for a follow. @returns null, or why not */
const char *follow_end(char *words);
/* `SLOT`: it wants nothing any more. @returns null, or why not */
const char *unfollow(const char *slot);

#endif
