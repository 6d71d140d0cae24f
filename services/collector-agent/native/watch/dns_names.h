/* SPDX-License-Identifier: Apache-2.0 */
/* Names that DNS questions ask for: numbers in records (bpf/dns_name.bpf.h), told once as a dictionary, forgotten when nobody asks any more. */
#ifndef NV_DNS_NAMES_H
#define NV_DNS_NAMES_H

#include <linux/types.h>

/* Notes a name's number; what is new goes out with dns_names_send. 0 is no name. */
void dns_names_note(__u64 number);
/* Also makes room, now and then, in the kernel's table. Called once a window. */
void dns_names_send(void);

#endif
