/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NV_NFT_RULE_H
#define NV_NFT_RULE_H
#include "../buffer.h"
#include "../netlink.h"

/* Appends the rule as `iptables-save` prints it, from `-A` to the line's end. -1 when it holds anything that is not
 * known here for certain, with `why` set (within `expressions`, or static) and nothing appended; `is_foreign`: iptables
 * has no such expression, and its own tool does not show it either. */
int nft_rule_text(struct buf *out, int family, const char *chain, const struct nlattr *expressions, const char **why,
                  bool *is_foreign);

/* The extensions of x_tables that nft_compat carries, by their binary structs. Each appends ` --option…`. */
int xt_match_text(struct buf *out, int family, const char *name, uint32_t revision, const void *info, size_t n);
int xt_target_text(struct buf *out, int family, const char *name, uint32_t revision, const void *info, size_t n);
/* Of libxtables: quoted unless it is all letters, digits, `_` and `-`. */
void xt_quoted(struct buf *out, const char *text);
void xt_mark_text(struct buf *out, uint32_t mark, uint32_t mask);
#endif
