/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attributes of nf_tables to JSON, under the kernel's names (linux/netfilter/nf_tables.h, in lower case and without
 * NFTA_ and the expression's own prefix). Numbers are not made into words: that is the parser's. Written by number where
 * the header that this is built with may be older than the kernel that it runs on.
 */
#include "nft_json.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <stdio.h>
#include <string.h>

#define END {0, NULL, FORM_NOTHING, NULL}
#define U8(type, name) {type, name, FORM_U8, NULL}
#define U16(type, name) {type, name, FORM_U16, NULL}
#define U32(type, name) {type, name, FORM_U32, NULL}
#define U64(type, name) {type, name, FORM_U64, NULL}
#define TEXT(type, name) {type, name, FORM_TEXT, NULL}
#define HEX(type, name) {type, name, FORM_HEX, NULL}
#define DATA(type, name) {type, name, FORM_DATA, NULL}
#define PAD(type) {type, "pad", FORM_NOTHING, NULL}
#define ATTRIBUTES(name) static const struct nft_attribute name[]

ATTRIBUTES(payload) = {U32(1, "dreg"),      U32(2, "base"),        U32(3, "offset"),     U32(4, "len"), U32(5, "sreg"),
                       U32(6, "csum_type"), U32(7, "csum_offset"), U32(8, "csum_flags"), END};
ATTRIBUTES(meta) = {U32(1, "dreg"), U32(2, "key"), U32(3, "sreg"), END};
ATTRIBUTES(ct) = {U32(1, "dreg"), U32(2, "key"), U8(3, "direction"), U32(4, "sreg"), END};
ATTRIBUTES(cmp) = {U32(1, "sreg"), U32(2, "op"), DATA(3, "data"), END};
ATTRIBUTES(range) = {U32(1, "sreg"), U32(2, "op"), DATA(3, "from_data"), DATA(4, "to_data"), END};
ATTRIBUTES(bitwise) = {U32(1, "sreg"), U32(2, "dreg"), U32(3, "len"),   DATA(4, "mask"), DATA(5, "xor"),
                       U32(6, "op"),   DATA(7, "data"), U32(8, "sreg2"), END};
ATTRIBUTES(byteorder) = {U32(1, "sreg"), U32(2, "dreg"), U32(3, "op"), U32(4, "len"), U32(5, "size"), END};
ATTRIBUTES(immediate) = {U32(1, "dreg"), DATA(2, "data"), END};
ATTRIBUTES(lookup) = {TEXT(1, "set"), U32(2, "sreg"), U32(3, "dreg"), U32(4, "set_id"), U32(5, "flags"), END};
ATTRIBUTES(dynset) = {TEXT(1, "set_name"),
                      U32(2, "set_id"),
                      U32(3, "op"),
                      U32(4, "sreg_key"),
                      U32(5, "sreg_data"),
                      U64(6, "timeout"),
                      {7, "expr", FORM_EXPRESSION, NULL},
                      PAD(8),
                      U32(9, "flags"),
                      {10, "expressions", FORM_EXPRESSIONS, NULL},
                      END};
ATTRIBUTES(fib) = {U32(1, "dreg"), U32(2, "result"), U32(3, "flags"), END};
ATTRIBUTES(rt) = {U32(1, "dreg"), U32(2, "key"), END};
ATTRIBUTES(socket_) = {U32(1, "key"), U32(2, "dreg"), U32(3, "level"), END};
ATTRIBUTES(numgen) = {U32(1, "dreg"), U32(2, "modulus"), U32(3, "type"), U32(4, "offset"), END};
ATTRIBUTES(hash) = {U32(1, "sreg"), U32(2, "dreg"),   U32(3, "len"),  U32(4, "modulus"),
                    U32(5, "seed"), U32(6, "offset"), U32(7, "type"), END};
ATTRIBUTES(exthdr) = {U32(1, "dreg"),  U8(2, "type"), U32(3, "offset"), U32(4, "len"),
                      U32(5, "flags"), U32(6, "op"),  U32(7, "sreg"),   END};
ATTRIBUTES(counter) = {U64(1, "bytes"), U64(2, "packets"), PAD(3), END};
ATTRIBUTES(last) = {U32(1, "set"), U64(2, "msecs"), PAD(3), END};
ATTRIBUTES(log_) = {U16(1, "group"),      TEXT(2, "prefix"), U32(3, "snaplen"),
                    U16(4, "qthreshold"), U32(5, "level"),   U32(6, "flags"),   END};
ATTRIBUTES(limit) = {U64(1, "rate"), U64(2, "unit"), U32(3, "burst"), U32(4, "type"), U32(5, "flags"), PAD(6), END};
ATTRIBUTES(quota) = {U64(1, "bytes"), U32(2, "flags"), PAD(3), U64(4, "consumed"), END};
ATTRIBUTES(connlimit) = {U32(1, "count"), U32(2, "flags"), END};
ATTRIBUTES(reject) = {U32(1, "type"), U8(2, "icmp_code"), END};
ATTRIBUTES(nat) = {U32(1, "type"),          U32(2, "family"),        U32(3, "reg_addr_min"), U32(4, "reg_addr_max"),
                   U32(5, "reg_proto_min"), U32(6, "reg_proto_max"), U32(7, "flags"),        END};
ATTRIBUTES(masq) = {U32(1, "flags"), U32(2, "reg_proto_min"), U32(3, "reg_proto_max"), END};
ATTRIBUTES(redir) = {U32(1, "reg_proto_min"), U32(2, "reg_proto_max"), U32(3, "flags"), END};
ATTRIBUTES(tproxy) = {U32(1, "family"), U32(2, "reg_addr"), U32(3, "reg_port"), END};
ATTRIBUTES(nothing) = {END};
ATTRIBUTES(queue) = {U16(1, "num"), U16(2, "total"), U16(3, "flags"), U32(4, "sreg_qnum"), END};
ATTRIBUTES(dup_) = {U32(1, "sreg_addr"), U32(2, "sreg_dev"), END};
ATTRIBUTES(fwd) = {U32(1, "sreg_dev"), U32(2, "sreg_addr"), U32(3, "nfproto"), END};
ATTRIBUTES(flow_offload) = {TEXT(1, "table_name"), END};
ATTRIBUTES(synproxy) = {U16(1, "mss"), U8(2, "wscale"), U32(3, "flags"), END};
ATTRIBUTES(objref) = {U32(1, "imm_type"), TEXT(2, "imm_name"), U32(3, "set_sreg"), TEXT(4, "set_name"), U32(5, "set_id"),
                      END};
/* Of a match or target only what it is called: what it does is x_tables' own. */
ATTRIBUTES(extension) = {TEXT(1, "name"), U32(2, "rev"), HEX(3, "info"), END};
ATTRIBUTES(osf) = {U32(1, "dreg"), U8(2, "ttl"), U32(3, "flags"), END};
ATTRIBUTES(xfrm) = {U32(1, "dreg"), U32(2, "key"), U8(3, "dir"), U32(4, "spnum"), END};
ATTRIBUTES(tunnel) = {U32(1, "key"), U32(2, "dreg"), U32(3, "mode"), END};

static const struct {
    const char *name;
    const struct nft_attribute *attributes;
} expressions[] = {
    {"payload", payload},     {"cmp", cmp},           {"immediate", immediate}, {"meta", meta},
    {"lookup", lookup},       {"counter", counter},   {"bitwise", bitwise},     {"ct", ct},
    {"nat", nat},             {"masq", masq},         {"redir", redir},         {"limit", limit},
    {"log", log_},            {"reject", reject},     {"range", range},         {"numgen", numgen},
    {"dynset", dynset},       {"fib", fib},           {"objref", objref},       {"byteorder", byteorder},
    {"exthdr", exthdr},       {"quota", quota},       {"connlimit", connlimit}, {"hash", hash},
    {"rt", rt},               {"socket", socket_},    {"tproxy", tproxy},       {"notrack", nothing},
    {"queue", queue},         {"dup", dup_},          {"fwd", fwd},             {"flow_offload", flow_offload},
    {"synproxy", synproxy},   {"last", last},         {"match", extension},     {"target", extension},
    {"osf", osf},             {"xfrm", xfrm},         {"tunnel", tunnel},
};

ATTRIBUTES(ct_helper) = {TEXT(1, "name"), U16(2, "l3proto"), U8(3, "l4proto"), END};
ATTRIBUTES(ct_timeout) = {U16(1, "l3proto"), U8(2, "l4proto"), HEX(3, "data"), END};
ATTRIBUTES(ct_expect) = {U16(1, "l3proto"), U8(2, "l4proto"), U16(3, "dport"), U32(4, "timeout"), U8(5, "size"), END};
ATTRIBUTES(secmark) = {TEXT(1, "ctx"), END};
static const struct nft_attribute *const objects[] = {
    nothing, counter, quota, ct_helper, limit, connlimit, nothing, ct_timeout, secmark, ct_expect, synproxy,
};

static void hex(struct buf *out, const struct nlattr *a)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = na_data(a);
    size_t n = na_len(a);
    buf_need(out, n * 2 + 2);
    char *at = out->p + out->len;
    *at++ = '"';
    for (size_t i = 0; i < n; i++) {
        *at++ = digits[p[i] >> 4];
        *at++ = digits[p[i] & 15];
    }
    *at++ = '"';
    *at = 0;
    out->len += n * 2 + 2;
}

static void number(struct buf *out, uint64_t v)
{
    char text[24], *at = text + sizeof text;
    do
        *--at = (char)('0' + v % 10);
    while (v /= 10);
    buf_add(out, at, (size_t)(text + sizeof text - at));
}

/* The names of nf_tables need no escaping; jstr does where a tool was given odd ones. */
static void key(struct buf *out, const char *name)
{
    char last = out->p[out->len - 1];
    if (last != '{')
        buf_ch(out, ',');
    buf_ch(out, '"');
    buf_str(out, name);
    buf_add(out, "\":", 2);
}

static void text(struct buf *out, const struct nlattr *a) { jstr(out, na_str(a)); }

/* libnftnl: a row of type (1 byte), length (1 byte), value; type 0 of a rule and of an element is its comment. */
static void comment(struct buf *out, const struct nlattr *a)
{
    const uint8_t *p = na_data(a), *end = p + na_len(a);
    for (; end - p >= 2 && end - p - 2 >= p[1]; p += 2 + p[1])
        if (p[0] == 0) {
            char line[256];
            memcpy(line, p + 2, p[1]);
            line[p[1]] = 0;
            jstr(out, line);
            return;
        }
    buf_str(out, "null");
}

static void data(struct buf *out, const struct nlattr *a)
{
    const struct nlattr *t[NFTA_DATA_MAX + 1], *v[NFTA_VERDICT_MAX + 1];
    nl_attrs(na_data(a), na_len(a), t, NFTA_DATA_MAX);
    if (t[NFTA_DATA_VALUE]) {
        hex(out, t[NFTA_DATA_VALUE]);
        return;
    }
    if (!t[NFTA_DATA_VERDICT]) {
        buf_str(out, "null");
        return;
    }
    nl_attrs(na_data(t[NFTA_DATA_VERDICT]), na_len(t[NFTA_DATA_VERDICT]), v, NFTA_VERDICT_MAX);
    buf_fmt(out, "{\"code\":%d", v[NFTA_VERDICT_CODE] ? (int)na_be32(v[NFTA_VERDICT_CODE]) : 0x7fffffff);
    if (v[NFTA_VERDICT_CHAIN]) {
        buf_str(out, ",\"chain\":");
        text(out, v[NFTA_VERDICT_CHAIN]);
    }
    buf_ch(out, '}');
}

/* {"payload":{…}}: one that is not in the list has its name and all its attributes by number. */
static void expression(struct buf *out, const struct nlattr *a)
{
    const struct nlattr *t[NFTA_EXPR_MAX + 1];
    nl_attrs(na_data(a), na_len(a), t, NFTA_EXPR_MAX);
    const char *name = t[NFTA_EXPR_NAME] ? na_str(t[NFTA_EXPR_NAME]) : "nameless";
    const struct nft_attribute *attributes = nothing;
    for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++)
        if (strcmp(expressions[i].name, name) == 0) {
            attributes = expressions[i].attributes;
            break;
        }
    buf_ch(out, '{');
    jstr(out, name);
    buf_add(out, ":{", 2);
    if (t[NFTA_EXPR_DATA])
        nft_json(out, na_data(t[NFTA_EXPR_DATA]), na_len(t[NFTA_EXPR_DATA]), attributes);
    buf_add(out, "}}", 2);
}

static void devices(struct buf *out, const struct nlattr *list)
{
    size_t left = na_len(list);
    buf_ch(out, '[');
    NA_FOR(a, (const struct nlattr *)na_data(list), left)
    {
        jsep(out);
        if ((a->nla_type & NLA_TYPE_MASK) == 1)
            text(out, a);
        else { /* NFTA_DEVICE_PREFIX, Linux 6.16: eth* */
            char name[64];
            snprintf(name, sizeof name, "%.60s*", na_str(a));
            jstr(out, name);
        }
    }
    buf_ch(out, ']');
}

static void list_of(struct buf *out, const struct nlattr *list, const struct nft_attribute *inner)
{
    size_t left = na_len(list);
    buf_ch(out, '[');
    NA_FOR(a, (const struct nlattr *)na_data(list), left)
    {
        if (out->p[out->len - 1] != '[')
            buf_ch(out, ',');
        if (!inner) {
            expression(out, a);
            continue;
        }
        buf_ch(out, '{');
        nft_json(out, na_data(a), na_len(a), inner);
        buf_ch(out, '}');
    }
    buf_ch(out, ']');
}

static bool long_enough(const struct nlattr *a, enum nft_form form)
{
    static const uint8_t bytes[] = {[FORM_U8] = 1, [FORM_U16] = 2, [FORM_U32] = 4, [FORM_S32] = 4, [FORM_U64] = 8};
    return form > FORM_U64 || na_len(a) >= bytes[form];
}

static void value(struct buf *out, const struct nlattr *a, const struct nft_attribute *known)
{
    switch (known->form) {
    case FORM_U8: number(out, na_u8(a)); break;
    case FORM_U16: number(out, na_be16(a)); break;
    case FORM_U32: number(out, na_be32(a)); break;
    case FORM_S32: buf_fmt(out, "%d", (int)na_be32(a)); break;
    case FORM_U64: number(out, na_be64(a)); break;
    case FORM_TEXT: text(out, a); break;
    case FORM_HEX: hex(out, a); break;
    case FORM_DATA: data(out, a); break;
    case FORM_EXPRESSION: expression(out, a); break;
    case FORM_EXPRESSIONS: list_of(out, a, NULL); break;
    case FORM_COMMENT: comment(out, a); break;
    case FORM_DEVICES: devices(out, a); break;
    case FORM_LIST: list_of(out, a, known->inner); break;
    case FORM_NESTED:
        buf_ch(out, '{');
        nft_json(out, na_data(a), na_len(a), known->inner);
        buf_ch(out, '}');
        break;
    case FORM_NOTHING: break;
    }
}

void nft_json(struct buf *out, const struct nlattr *first, size_t len, const struct nft_attribute *table)
{
    NA_FOR(a, first, len)
    {
        uint16_t type = a->nla_type & NLA_TYPE_MASK;
        const struct nft_attribute *known = table;
        while (known->name && known->type != type)
            known++;
        if (known->name && known->form == FORM_NOTHING)
            continue;
        if (known->name && long_enough(a, known->form)) {
            key(out, known->name);
            value(out, a, known);
        } else {
            char name[24];
            snprintf(name, sizeof name, "attribute %u", type);
            key(out, name);
            hex(out, a);
        }
    }
}

void nft_json_object(struct buf *out, const struct nlattr *data, uint32_t type)
{
    key(out, "data");
    buf_ch(out, '{');
    nft_json(out, na_data(data), na_len(data), type < sizeof objects / sizeof *objects ? objects[type] : nothing);
    buf_ch(out, '}');
}
