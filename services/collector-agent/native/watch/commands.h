/* SPDX-License-Identifier: Apache-2.0 */
/* Lines on standard input: `ID VERB …`, each answered by a NV_REPLY frame (README.md lists them). */
#ifndef NV_COMMANDS_H
#define NV_COMMANDS_H

#include <stdbool.h>

/* Each probe's settings as its description has them; with `on`, what is on by default is attached. */
void commands_defaults(bool on);
/* @returns false: quit */
bool command_run(char *line);

#endif
