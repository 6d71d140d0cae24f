/* SPDX-License-Identifier: Apache-2.0 */
/* What one collection found out about nf_tables in its namespace. */
#ifndef NV_NFT_H
#define NV_NFT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nft_table {
    int family;
    char name[256];
    uint32_t flags;
    uint64_t handle;
    bool dormant; /* its chains are not hooked in: it does nothing */
    bool owned; /* by iptables-nft: shown in the iptables-nft-save sections, not in nftables */
};
struct nft_state {
    int fd;
    int error;
    uint32_t generation;
    bool did4, did6;
    struct nft_table *tables;
    size_t n_tables;
};

struct buf;
struct ctx;
/* A text that is kept while the namespace's nft generation stands; `what` tells the kinds apart. -1: none is kept. */
int nft_kept(struct buf *out, uint64_t cookie, uint32_t generation, int what);
void nft_keep(uint64_t cookie, uint32_t generation, int what, const struct buf *from, size_t start);
#define NFT_NATIVE 255 /* beside NFPROTO_IPV4 and NFPROTO_IPV6, iptables-nft's own */
/* Asked once per collection: generation and tables. */
struct nft_state *nft_state_of(struct ctx *c);
/* The ruleset's generation now; 0 when it cannot be told. */
uint32_t nft_generation(const struct nft_state *s);
/* What `iptables-nft-save` would print of the family's tables, but for the dated comments. -1 when anything in them is
 * not known for certain (`why` says what); `out` is then as it was. */
int nft_save(const struct nft_state *s, int family, struct buf *out, const char **why);
#endif
