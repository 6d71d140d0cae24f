/* SPDX-License-Identifier: Apache-2.0 */
/* What a rule of iptables-nft asks and does, gathered from its expressions (nft_rule.c), for its line (nft_rule_line.c). */
#ifndef NV_NFT_RULE_PARTS_H
#define NV_NFT_RULE_PARTS_H
#include "../buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct field {
    bool set, negate;
    uint8_t value[16], mask[16];
};
struct iface {
    bool set, negate;
    char name[32];
};
struct ports { /* of the native tcp or udp match */
    bool used;
    int protocol;
    size_t at; /* where in `matches` its text belongs */
    struct {
        bool set, negate;
        uint16_t from, to;
    } sport, dport;
    bool flags, flags_negate;
    uint8_t flags_mask, flags_value;
};
struct rule {
    int family;
    struct field src, dst;
    struct iface in, out;
    bool has_protocol, protocol_negate;
    uint8_t protocol;
    struct buf matches, target;
    struct ports ports;
    const char *why;
    bool foreign; /* iptables makes no such expression: nor does it show it */
};

/* ` -m tcp --dport 80`, from its native matches. */
void nft_ports_text(struct buf *out, const struct ports *p);
/* The whole line, from `-A` on. -1 when the protocol has no name that is known here; then nothing is appended. */
int nft_rule_line(struct buf *out, const char *chain, const struct rule *r);
#endif
