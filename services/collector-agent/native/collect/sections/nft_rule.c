/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One rule of iptables-nft, from its nft expressions to iptables-save's line. A rule is a row of small steps: load a
 * field into register 1, perhaps mask it, compare it; then matches that only x_tables has, the counter, the verdict.
 * What they say is gathered here (nft_rule_parts.h) and printed by nft_rule_line.c.
 */
#include "nft_rule.h"
#include "nft_rule_parts.h"

#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <stdio.h>
#include <string.h>

/* What register 1 holds. */
struct load {
    enum { NOTHING, PAYLOAD, META } kind;
    uint32_t base, offset, len, key;
    bool masked;
    uint8_t mask[16];
};

static int unknown(struct rule *r, const char *why)
{
    r->why = why;
    return -1;
}

/* What only nft can have written. iptables-nft-save prints such a rule without the expression, as if it asked less. */
static int foreign(struct rule *r, const char *why)
{
    r->foreign = true;
    return unknown(r, why);
}

static const struct nlattr *nested_value(const struct nlattr *data)
{
    const struct nlattr *tb[NFTA_DATA_MAX + 1];
    nl_attrs(na_data(data), na_len(data), tb, NFTA_DATA_MAX);
    return tb[NFTA_DATA_VALUE];
}

static int register_one(const struct nlattr *a) { return a && (na_be32(a) == NFT_REG_1 || na_be32(a) == NFT_REG32_00); }

static int load_payload(struct rule *r, const struct nlattr *data, struct load *l)
{
    const struct nlattr *t[NFTA_PAYLOAD_MAX + 1];
    nl_attrs(na_data(data), na_len(data), t, NFTA_PAYLOAD_MAX);
    if (!register_one(t[NFTA_PAYLOAD_DREG]) || !t[NFTA_PAYLOAD_BASE] || !t[NFTA_PAYLOAD_OFFSET] || !t[NFTA_PAYLOAD_LEN])
        return foreign(r, "payload");
    *l = (struct load){.kind = PAYLOAD, .base = na_be32(t[NFTA_PAYLOAD_BASE]),
                       .offset = na_be32(t[NFTA_PAYLOAD_OFFSET]), .len = na_be32(t[NFTA_PAYLOAD_LEN])};
    return l->len >= 1 && l->len <= 16 ? 0 : foreign(r, "payload length");
}

static int load_meta(struct rule *r, const struct nlattr *data, struct load *l)
{
    const struct nlattr *t[NFTA_META_MAX + 1];
    nl_attrs(na_data(data), na_len(data), t, NFTA_META_MAX);
    if (!register_one(t[NFTA_META_DREG]) || !t[NFTA_META_KEY])
        return foreign(r, "meta");
    *l = (struct load){.kind = META, .key = na_be32(t[NFTA_META_KEY])};
    return 0;
}

static int apply_mask(struct rule *r, const struct nlattr *data, struct load *l)
{
    const struct nlattr *t[NFTA_BITWISE_MAX + 1];
    nl_attrs(na_data(data), na_len(data), t, NFTA_BITWISE_MAX);
    if (l->kind == NOTHING || l->masked || !register_one(t[NFTA_BITWISE_SREG]) || !register_one(t[NFTA_BITWISE_DREG]) ||
        !t[NFTA_BITWISE_MASK] || !t[NFTA_BITWISE_XOR])
        return foreign(r, "bitwise");
    if (t[NFTA_BITWISE_OP] && na_be32(t[NFTA_BITWISE_OP]) != NFT_BITWISE_BOOL)
        return foreign(r, "bitwise shift");
    const struct nlattr *mask = nested_value(t[NFTA_BITWISE_MASK]), *flip = nested_value(t[NFTA_BITWISE_XOR]);
    if (!mask || !flip || na_len(mask) > 16)
        return foreign(r, "bitwise mask");
    for (size_t i = 0; i < na_len(flip); i++)
        if (((const uint8_t *)na_data(flip))[i])
            return foreign(r, "bitwise xor");
    memcpy(l->mask, na_data(mask), na_len(mask));
    l->masked = true;
    return 0;
}

static int address(struct rule *r, struct field *f, const struct load *l, const uint8_t *value, size_t n, bool negate)
{
    if (f->set || n != l->len)
        return foreign(r, "address");
    f->set = true;
    f->negate = negate;
    memcpy(f->value, value, n);
    if (l->masked)
        memcpy(f->mask, l->mask, n);
    else
        memset(f->mask, 0xff, n); /* a prefix of whole bytes is compared by loading fewer */
    return 0;
}

static int iface(struct rule *r, struct iface *f, const uint8_t *value, size_t n, bool negate)
{
    if (f->set || n == 0 || n > 16)
        return foreign(r, "interface");
    f->set = true;
    f->negate = negate;
    memcpy(f->name, value, n);
    f->name[n] = 0;
    if (value[n - 1] != 0)
        strcat(f->name, "+"); /* compared without its end: eth+ */
    return 0;
}

/*
 * `-m tcp --dport 80 … -m tcp ! --dport 81`: the tool shows the last of them alone, as if the rule asked less. What was read so
 * far is written to its place among the matches, and what follows is a match of its own.
 */
static void next_ports(struct rule *r)
{
    static struct buf rest;
    size_t at = r->ports.at;
    buf_clear(&rest);
    if (r->matches.len > at)
        buf_add(&rest, r->matches.p + at, r->matches.len - at);
    r->matches.len = at;
    nft_ports_text(&r->matches, &r->ports);
    if (rest.len)
        buf_add(&r->matches, rest.p, rest.len);
    r->ports.used = false;
}

/* The first native port or flag makes the place of `-m tcp` in the line. */
static int use_ports(struct rule *r)
{
    if (!r->has_protocol || r->protocol_negate || (r->protocol != IPPROTO_TCP && r->protocol != IPPROTO_UDP))
        return foreign(r, "port without tcp or udp");
    if (!r->ports.used)
        r->ports = (struct ports){.used = true, .protocol = r->protocol, .at = r->matches.len};
    return 0;
}

static int port(struct rule *r, const struct load *l, uint16_t from, uint16_t to, bool negate)
{
    if (use_ports(r) || l->masked || l->len != 2)
        return foreign(r, "port");
    bool source = l->offset == 0;
    if (!source && l->offset != 2)
        return foreign(r, "transport header");
    if (source ? r->ports.sport.set : r->ports.dport.set) {
        next_ports(r);
        use_ports(r);
    }
    if (source) {
        r->ports.sport.set = true;
        r->ports.sport.negate = negate;
        r->ports.sport.from = from;
        r->ports.sport.to = to;
    } else {
        r->ports.dport.set = true;
        r->ports.dport.negate = negate;
        r->ports.dport.from = from;
        r->ports.dport.to = to;
    }
    return 0;
}

static int compare_payload(struct rule *r, const struct load *l, const uint8_t *v, size_t n, bool negate)
{
    bool four = r->family == NFPROTO_IPV4;
    if (l->base == NFT_PAYLOAD_NETWORK_HEADER) {
        if (l->offset == (four ? 12 : 8) && l->len <= (four ? 4 : 16))
            return address(r, &r->src, l, v, n, negate);
        if (l->offset == (four ? 16 : 24) && l->len <= (four ? 4 : 16))
            return address(r, &r->dst, l, v, n, negate);
        return l->offset == (four ? 6 : 0) && four ? unknown(r, "fragment") : foreign(r, "network header");
    }
    if (l->base != NFT_PAYLOAD_TRANSPORT_HEADER)
        return foreign(r, "header");
    if (l->offset == 13 && l->len == 1 && l->masked && n == 1) {
        if (use_ports(r) || r->protocol != IPPROTO_TCP || (l->mask[0] & 0xc0) || (v[0] & 0xc0))
            return foreign(r, "tcp flags");
        if (r->ports.flags) {
            next_ports(r);
            use_ports(r);
        }
        r->ports.flags = true;
        r->ports.flags_negate = negate;
        r->ports.flags_mask = l->mask[0];
        r->ports.flags_value = v[0];
        return 0;
    }
    if (n != 2)
        return foreign(r, "port length");
    uint16_t p = (uint16_t)(v[0] << 8 | v[1]);
    return port(r, l, p, p, negate);
}

static int compare_meta(struct rule *r, const struct load *l, const uint8_t *v, size_t n, bool negate)
{
    uint32_t word = 0, mask = 0xffffffff;
    switch (l->key) {
    case NFT_META_IIFNAME: return l->masked ? foreign(r, "masked interface") : iface(r, &r->in, v, n, negate);
    case NFT_META_OIFNAME: return l->masked ? foreign(r, "masked interface") : iface(r, &r->out, v, n, negate);
    case NFT_META_L4PROTO:
        if (n != 1 || l->masked || r->has_protocol)
            return foreign(r, "protocol");
        r->has_protocol = true;
        r->protocol = v[0];
        r->protocol_negate = negate;
        return 0;
    case NFT_META_MARK:
        if (n != 4)
            return unknown(r, "mark");
        memcpy(&word, v, 4);
        if (l->masked)
            memcpy(&mask, l->mask, 4);
        buf_fmt(&r->matches, " -m mark%s --mark", negate ? " !" : "");
        xt_mark_text(&r->matches, word, mask);
        return 0;
    default: return foreign(r, "meta key");
    }
}

/* --dport :1023, and with a negation in front: nft_cmp's LTE and GT instead of a range. The tool shows 0:1023 and 1024:65535. */
static int ports_from_end(struct rule *r, const struct load *l, const struct nlattr *value, bool above)
{
    if (l->kind != PAYLOAD || l->base != NFT_PAYLOAD_TRANSPORT_HEADER || na_len(value) != 2)
        return foreign(r, "order of what is no port");
    uint16_t bound = na_be16(value);
    if (above)
        return bound == 0xffff ? foreign(r, "ports above all") : port(r, l, bound + 1, 0xffff, false);
    return port(r, l, 0, bound, false);
}

static int compare(struct rule *r, const struct nlattr *data, const struct load *l)
{
    const struct nlattr *t[NFTA_CMP_MAX + 1];
    nl_attrs(na_data(data), na_len(data), t, NFTA_CMP_MAX);
    if (!register_one(t[NFTA_CMP_SREG]) || !t[NFTA_CMP_OP] || !t[NFTA_CMP_DATA])
        return foreign(r, "cmp");
    uint32_t op = na_be32(t[NFTA_CMP_OP]);
    const struct nlattr *value = nested_value(t[NFTA_CMP_DATA]);
    if (value && (op == NFT_CMP_LTE || op == NFT_CMP_GT))
        return ports_from_end(r, l, value, op == NFT_CMP_GT);
    if (!value || (op != NFT_CMP_EQ && op != NFT_CMP_NEQ))
        return foreign(r, "cmp operation");
    if (l->kind == PAYLOAD)
        return compare_payload(r, l, na_data(value), na_len(value), op == NFT_CMP_NEQ);
    if (l->kind == META)
        return compare_meta(r, l, na_data(value), na_len(value), op == NFT_CMP_NEQ);
    return foreign(r, "cmp without load");
}

static int range(struct rule *r, const struct nlattr *data, const struct load *l)
{
    const struct nlattr *t[NFTA_RANGE_MAX + 1];
    nl_attrs(na_data(data), na_len(data), t, NFTA_RANGE_MAX);
    if (!register_one(t[NFTA_RANGE_SREG]) || !t[NFTA_RANGE_OP] || !t[NFTA_RANGE_FROM_DATA] || !t[NFTA_RANGE_TO_DATA])
        return foreign(r, "range");
    const struct nlattr *from = nested_value(t[NFTA_RANGE_FROM_DATA]), *to = nested_value(t[NFTA_RANGE_TO_DATA]);
    if (!from || !to || na_len(from) != 2 || na_len(to) != 2 || l->kind != PAYLOAD ||
        l->base != NFT_PAYLOAD_TRANSPORT_HEADER)
        return foreign(r, "range of what is no port");
    return port(r, l, na_be16(from), na_be16(to), na_be32(t[NFTA_RANGE_OP]) == NFT_RANGE_NEQ);
}

static int verdict(struct rule *r, const struct nlattr *data)
{
    const struct nlattr *t[NFTA_IMMEDIATE_MAX + 1], *d[NFTA_DATA_MAX + 1], *v[NFTA_VERDICT_MAX + 1];
    nl_attrs(na_data(data), na_len(data), t, NFTA_IMMEDIATE_MAX);
    if (!t[NFTA_IMMEDIATE_DREG] || na_be32(t[NFTA_IMMEDIATE_DREG]) != NFT_REG_VERDICT || !t[NFTA_IMMEDIATE_DATA])
        return foreign(r, "immediate");
    nl_attrs(na_data(t[NFTA_IMMEDIATE_DATA]), na_len(t[NFTA_IMMEDIATE_DATA]), d, NFTA_DATA_MAX);
    if (!d[NFTA_DATA_VERDICT] || r->target.len)
        return foreign(r, "verdict");
    nl_attrs(na_data(d[NFTA_DATA_VERDICT]), na_len(d[NFTA_DATA_VERDICT]), v, NFTA_VERDICT_MAX);
    int32_t code = v[NFTA_VERDICT_CODE] ? (int32_t)na_be32(v[NFTA_VERDICT_CODE]) : 0x7fffffff;
    switch (code) {
    case NF_ACCEPT: buf_str(&r->target, " -j ACCEPT"); return 0;
    case NF_DROP: buf_str(&r->target, " -j DROP"); return 0;
    case NFT_RETURN: buf_str(&r->target, " -j RETURN"); return 0;
    case NFT_JUMP:
    case NFT_GOTO:
        if (!v[NFTA_VERDICT_CHAIN])
            return foreign(r, "jump without chain");
        buf_fmt(&r->target, " -%c %s", code == NFT_JUMP ? 'j' : 'g', na_str(v[NFTA_VERDICT_CHAIN]));
        return 0;
    default: return foreign(r, "verdict code");
    }
}

static int extension(struct rule *r, const struct nlattr *data, bool target)
{
    /* NFTA_MATCH_* and NFTA_TARGET_* have the same numbers. */
    const struct nlattr *t[NFTA_MATCH_MAX + 1];
    nl_attrs(na_data(data), na_len(data), t, NFTA_MATCH_MAX);
    if (!t[NFTA_MATCH_NAME] || !t[NFTA_MATCH_INFO])
        return unknown(r, "extension");
    char name[64];
    snprintf(name, sizeof name, "%.63s", na_str(t[NFTA_MATCH_NAME]));
    uint32_t revision = t[NFTA_MATCH_REV] ? na_be32(t[NFTA_MATCH_REV]) : 0;
    const void *info = na_data(t[NFTA_MATCH_INFO]);
    size_t n = na_len(t[NFTA_MATCH_INFO]);
    if (target) {
        if (r->target.len)
            return unknown(r, "two targets");
        buf_fmt(&r->target, " -j %s", name);
        return xt_target_text(&r->target, r->family, name, revision, info, n) ? unknown(r, "target") : 0;
    }
    buf_fmt(&r->matches, " -m %s", name);
    return xt_match_text(&r->matches, r->family, name, revision, info, n) ? unknown(r, "match") : 0;
}

static int each_expression(struct rule *r, const struct nlattr *list)
{
    struct load l = {.kind = NOTHING};
    size_t left = na_len(list);
    NA_FOR(a, (const struct nlattr *)na_data(list), left)
    {
        const struct nlattr *t[NFTA_EXPR_MAX + 1];
        nl_attrs(na_data(a), na_len(a), t, NFTA_EXPR_MAX);
        if (!t[NFTA_EXPR_NAME])
            return foreign(r, "nameless expression");
        const char *name = na_str(t[NFTA_EXPR_NAME]);
        const struct nlattr *data = t[NFTA_EXPR_DATA];
        int e;
        if (strcmp(name, "counter") == 0)
            e = 0;
        else if (!data)
            e = foreign(r, "expression without data");
        else if (strcmp(name, "payload") == 0)
            e = load_payload(r, data, &l);
        else if (strcmp(name, "meta") == 0)
            e = load_meta(r, data, &l);
        else if (strcmp(name, "bitwise") == 0)
            e = apply_mask(r, data, &l);
        else if (strcmp(name, "cmp") == 0)
            e = compare(r, data, &l);
        else if (strcmp(name, "range") == 0)
            e = range(r, data, &l);
        else if (strcmp(name, "immediate") == 0)
            e = verdict(r, data);
        else if (strcmp(name, "match") == 0)
            e = extension(r, data, false);
        else if (strcmp(name, "target") == 0)
            e = extension(r, data, true);
        else
            e = strcmp(name, "limit") == 0 || strcmp(name, "log") == 0 ? unknown(r, "expression") : foreign(r, name);
        if (e)
            return e;
    }
    return 0;
}

int nft_rule_text(struct buf *out, int family, const char *chain, const struct nlattr *expressions, const char **why,
                  bool *is_foreign)
{
    static struct buf matches, target; /* kept between rules: there are many */
    buf_clear(&matches);
    buf_clear(&target);
    struct rule r = {.family = family, .matches = matches, .target = target};
    int e = expressions ? each_expression(&r, expressions) : 0;
    matches = r.matches;
    target = r.target;
    *why = r.why;
    *is_foreign = r.foreign;
    if (e)
        return -1;
    if (nft_rule_line(out, chain, &r)) {
        *why = "protocol name";
        return -1;
    }
    return 0;
}
