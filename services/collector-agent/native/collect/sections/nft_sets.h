/* SPDX-License-Identifier: Apache-2.0 */
/* The elements of sets that never change, kept from one reading of a namespace's ruleset to the next. */
#ifndef NV_NFT_SETS_H
#define NV_NFT_SETS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nft_set_id {
    uint64_t table, set; /* handles: never given twice in a namespace */
};

/* A reading begins; `cookie` 0: nothing is kept. */
void nft_sets_begin(uint64_t cookie);
/* NULL: it was not met before. */
const char *nft_sets_kept(struct nft_set_id id, size_t *len);
void nft_sets_keep(struct nft_set_id id, const char *text, size_t len);
/* What was kept in this reading takes the place of what was before; `whole` false: nothing does. */
void nft_sets_end(bool whole);
#endif
