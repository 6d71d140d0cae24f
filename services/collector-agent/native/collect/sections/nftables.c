/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Native nftables as the kernel holds it, one JSON object a line: a table, its chains, sets (each with its elements
 * behind it), objects, flowtables and rules, then the next table. What iptables-nft owns is left out: its own section has
 * it. All of it belongs together when the ruleset's generation is the same before and after.
 */
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "../context.h"
#include "nft.h"
#include "nft_json.h"
#include "nft_sets.h"

#define MAX_BYTES (512ul * 1024 * 1024)

#define END {0, NULL, FORM_NOTHING, NULL}
#define SKIP(type) {type, "", FORM_NOTHING, NULL}
#define ATTRIBUTES(name) static const struct nft_attribute name[]

/* `use` counts references and moves with sockets and rules; ids are of a transaction. */
ATTRIBUTES(hook) = {{1, "num", FORM_U32, NULL}, {2, "priority", FORM_S32, NULL}, {3, "dev", FORM_TEXT, NULL},
                    {4, "devs", FORM_DEVICES, NULL}, END};
ATTRIBUTES(counters) = {{1, "bytes", FORM_U64, NULL}, {2, "packets", FORM_U64, NULL}, SKIP(3), END};
ATTRIBUTES(chain) = {SKIP(1), {2, "handle", FORM_U64, NULL}, {3, "name", FORM_TEXT, NULL}, {4, "hook", FORM_NESTED, hook},
                     {5, "policy", FORM_U32, NULL}, SKIP(6), {7, "type", FORM_TEXT, NULL},
                     {8, "counters", FORM_NESTED, counters}, SKIP(9), {10, "flags", FORM_U32, NULL}, SKIP(11), SKIP(12),
                     END};
ATTRIBUTES(field) = {{1, "len", FORM_U32, NULL}, END};
ATTRIBUTES(desc) = {{1, "size", FORM_U32, NULL}, {2, "concat", FORM_LIST, field}, END};
/* 19 and 20 are the set's implementation and its number of elements (Linux 6.16). */
ATTRIBUTES(set) = {SKIP(1), {2, "name", FORM_TEXT, NULL}, {3, "flags", FORM_U32, NULL}, {4, "key_type", FORM_U32, NULL},
                   {5, "key_len", FORM_U32, NULL}, {6, "data_type", FORM_U32, NULL}, {7, "data_len", FORM_U32, NULL},
                   {8, "policy", FORM_U32, NULL}, {9, "desc", FORM_NESTED, desc}, SKIP(10), {11, "timeout", FORM_U64, NULL},
                   {12, "gc_interval", FORM_U32, NULL}, SKIP(13), SKIP(14), {15, "obj_type", FORM_U32, NULL},
                   {16, "handle", FORM_U64, NULL}, {17, "expr", FORM_EXPRESSION, NULL},
                   {18, "expressions", FORM_EXPRESSIONS, NULL}, SKIP(19), SKIP(20), END};
ATTRIBUTES(element) = {{1, "key", FORM_DATA, NULL}, {2, "data", FORM_DATA, NULL}, {3, "flags", FORM_U32, NULL},
                       {4, "timeout", FORM_U64, NULL}, {5, "expiration", FORM_U64, NULL},
                       {6, "comment", FORM_COMMENT, NULL}, {7, "expr", FORM_EXPRESSION, NULL}, SKIP(8),
                       {9, "objref", FORM_TEXT, NULL}, {10, "key_end", FORM_DATA, NULL},
                       {11, "expressions", FORM_EXPRESSIONS, NULL}, END};
/* 4 is the object's data, by its type. */
ATTRIBUTES(object) = {SKIP(1), {2, "name", FORM_TEXT, NULL}, {3, "type", FORM_U32, NULL}, SKIP(4), SKIP(5),
                      {6, "handle", FORM_U64, NULL}, SKIP(7), SKIP(8), END};
ATTRIBUTES(flow_hook) = {{1, "num", FORM_U32, NULL}, {2, "priority", FORM_S32, NULL}, {3, "devs", FORM_DEVICES, NULL}, END};
ATTRIBUTES(flowtable) = {SKIP(1), {2, "name", FORM_TEXT, NULL}, {3, "hook", FORM_NESTED, flow_hook}, SKIP(4),
                         {5, "handle", FORM_U64, NULL}, SKIP(6), {7, "flags", FORM_U32, NULL}, END};
/* 6 is the handle of the rule before it: rules come in their order. */
ATTRIBUTES(rule) = {SKIP(1), {2, "chain", FORM_TEXT, NULL}, {3, "handle", FORM_U64, NULL},
                    {4, "expressions", FORM_EXPRESSIONS, NULL}, SKIP(5), SKIP(6), {7, "comment", FORM_COMMENT, NULL}, SKIP(8),
                    SKIP(9), SKIP(10), SKIP(11), END};

struct met {
    char *name;
    uint64_t handle; /* of a set that stays as it is; else 0 */
};

struct dump {
    struct buf *out;
    const struct nft_table *table;
    size_t from; /* where this question's answer begins */
    int answers; /* NFT_MSG_NEW… */
    const char *line; /* `{"chain":{` */
    const struct nft_attribute *attributes;
    struct met *met; /* the sets or chains */
    size_t n, cap;
    bool moving; /* elements come and go without a new generation */
};

static void forget_names(struct dump *d)
{
    for (size_t i = 0; i < d->n; i++)
        free(d->met[i].name);
    d->n = 0;
}

static void keep_name(struct dump *d, const char *name, uint64_t handle)
{
    if (d->n == d->cap) {
        d->cap = d->cap ? d->cap * 2 : 64;
        d->met = realloc(d->met, d->cap * sizeof *d->met);
        if (!d->met)
            _Exit(70);
    }
    d->met[d->n++] = (struct met){.name = strdup(name), .handle = handle};
}

static void restart(void *arg)
{
    struct dump *d = arg;
    d->out->len = d->from;
    forget_names(d);
}

#define STAYS (NFT_SET_ANONYMOUS | NFT_SET_CONSTANT)

static void each(const struct nlmsghdr *h, void *arg)
{
    struct dump *d = arg;
    const struct nlattr *t[NFTA_SET_HANDLE + 1];
    if ((h->nlmsg_type & 0xff) != d->answers || d->out->len > MAX_BYTES)
        return;
    const void *first = NL_BODY(h, struct nfgenmsg);
    size_t len = NL_BODY_LEN(h, struct nfgenmsg);
    nl_attrs(first, len, t, NFTA_SET_HANDLE);
    if (!t[1] || strcmp(na_str(t[1]), d->table->name) != 0)
        return;
    buf_str(d->out, d->line);
    nft_json(d->out, first, len, d->attributes);
    if (d->answers == NFT_MSG_NEWOBJ && t[3] && t[4])
        nft_json_object(d->out, t[4], na_be32(t[3]));
    buf_add(d->out, "}}\n", 3);
    if (d->answers == NFT_MSG_NEWSET && t[NFTA_SET_NAME]) {
        uint32_t flags = t[NFTA_SET_FLAGS] ? na_be32(t[NFTA_SET_FLAGS]) : 0;
        bool moves = flags & (NFT_SET_TIMEOUT | NFT_SET_EVAL);
        bool stays = (flags & STAYS) == STAYS && !moves && t[NFTA_SET_HANDLE];
        keep_name(d, na_str(t[NFTA_SET_NAME]), stays ? na_be64(t[NFTA_SET_HANDLE]) : 0);
        d->moving |= moves;
    }
    /* `use` counts a chain's rules and the jumps to it: at none there is nothing to ask for. */
    if (d->answers == NFT_MSG_NEWCHAIN && t[NFTA_CHAIN_NAME] && (!t[NFTA_CHAIN_USE] || na_be32(t[NFTA_CHAIN_USE]) > 0))
        keep_name(d, na_str(t[NFTA_CHAIN_NAME]), 0);
}

static void each_element(const struct nlmsghdr *h, void *arg)
{
    struct dump *d = arg;
    const struct nlattr *t[NFTA_SET_ELEM_LIST_MAX + 1];
    if ((h->nlmsg_type & 0xff) != NFT_MSG_NEWSETELEM || d->out->len > MAX_BYTES)
        return;
    nl_attrs(NL_BODY(h, struct nfgenmsg), NL_BODY_LEN(h, struct nfgenmsg), t, NFTA_SET_ELEM_LIST_MAX);
    if (!t[NFTA_SET_ELEM_LIST_ELEMENTS])
        return;
    size_t left = na_len(t[NFTA_SET_ELEM_LIST_ELEMENTS]);
    NA_FOR(a, (const struct nlattr *)na_data(t[NFTA_SET_ELEM_LIST_ELEMENTS]), left)
    {
        buf_str(d->out, "{\"elem\":{");
        nft_json(d->out, na_data(a), na_len(a), element);
        buf_add(d->out, "}}\n", 3);
    }
}

static int ask(int fd, struct dump *d, int question, nl_each reader, const char *name)
{
    struct nl_req r;
    struct nfgenmsg m = {.nfgen_family = (uint8_t)d->table->family};
    nl_begin(&r, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | question), NLM_F_DUMP, &m, sizeof m);
    nl_put(&r, 1, d->table->name, strlen(d->table->name) + 1);
    if (name) /* NFTA_SET_ELEM_LIST_SET or NFTA_RULE_CHAIN */
        nl_put(&r, 2, name, strlen(name) + 1);
    d->from = d->out->len;
    return nl_ask(fd, r.h, reader, restart, d);
}

/* The sets' lines and, behind each, its elements. */
static int dump_sets(int fd, struct dump *d)
{
    struct buf lines = {0}, *out = d->out;
    d->out = &lines;
    buf_need(&lines, 1);
    int e = ask(fd, d, NFT_MSG_GETSET, each, NULL);
    d->out = out;
    const char *at = lines.p;
    struct dump of_elements = {.out = out, .table = d->table};
    for (size_t i = 0; i < d->n && !e; i++) {
        const char *end = strchr(at, '\n');
        buf_add(out, at, (size_t)(end + 1 - at));
        at = end + 1;
        struct nft_set_id id = {.table = d->table->handle, .set = d->met[i].handle};
        size_t from = out->len, len;
        const char *kept = nft_sets_kept(id, &len);
        if (kept)
            buf_add(out, kept, len);
        else
            e = ask(fd, &of_elements, NFT_MSG_GETSETELEM, each_element, d->met[i].name);
        /* What a quota has used up moves. */
        if (!e && id.set && (kept || !memmem(out->p + from, out->len - from, "\"consumed\":", 11)))
            nft_sets_keep(id, out->p + from, out->len - from);
    }
    buf_free(&lines);
    return e;
}

static const char *family_name(int family)
{
    switch (family) {
    case NFPROTO_IPV4: return "ip";
    case NFPROTO_IPV6: return "ip6";
    case NFPROTO_INET: return "inet";
    case NFPROTO_ARP: return "arp";
    case NFPROTO_BRIDGE: return "bridge";
    case NFPROTO_NETDEV: return "netdev";
    default: return NULL;
    }
}

static int dump_table(int fd, const struct nft_table *t, struct buf *out, bool *moving)
{
    struct dump chains = {.out = out, .table = t, .answers = NFT_MSG_NEWCHAIN, .line = "{\"chain\":{", .attributes = chain};
    struct dump sets = {.out = out, .table = t, .answers = NFT_MSG_NEWSET, .line = "{\"set\":{", .attributes = set};
    struct dump objects = {.out = out, .table = t, .answers = NFT_MSG_NEWOBJ, .line = "{\"obj\":{", .attributes = object};
    struct dump flows = {
        .out = out, .table = t, .answers = NFT_MSG_NEWFLOWTABLE, .line = "{\"flowtable\":{", .attributes = flowtable};
    struct dump rules = {.out = out, .table = t, .answers = NFT_MSG_NEWRULE, .line = "{\"rule\":{", .attributes = rule};
    buf_fmt(out, "{\"table\":{\"family\":\"%s\"", family_name(t->family));
    jkey(out, "name");
    jstr(out, t->name);
    buf_fmt(out, ",\"flags\":%u,\"handle\":%llu}}\n", t->flags, (unsigned long long)t->handle);
    int e = ask(fd, &chains, NFT_MSG_GETCHAIN, each, NULL);
    if (!e)
        e = dump_sets(fd, &sets);
    if (!e)
        e = ask(fd, &objects, NFT_MSG_GETOBJ, each, NULL);
    /* Before Linux 4.16 there are none. */
    if (!e)
        e = ask(fd, &flows, NFT_MSG_GETFLOWTABLE, each, NULL);
    /* Chain by chain, which the kernel finds by its name: a dump of all rules walks over those already sent again for each
     * 32 KiB of answer. (A set it finds in a list: see nft_sets.c.) */
    for (size_t i = 0; i < chains.n && !e; i++)
        e = ask(fd, &rules, NFT_MSG_GETRULE, each, chains.met[i].name);
    *moving |= sets.moving;
    forget_names(&chains);
    forget_names(&sets);
    free(chains.met);
    free(sets.met);
    return e;
}

static int dump_all(struct ctx *c, const struct nft_state *s, struct buf *out, bool *moving)
{
    uint16_t probe = 1;
    buf_fmt(out, "{\"ruleset\":{\"byteorder\":\"%s\"}}\n", *(uint8_t *)&probe ? "little" : "big");
    for (size_t i = 0; i < s->n_tables; i++) {
        if (s->tables[i].owned || !family_name(s->tables[i].family))
            continue;
        int e = dump_table(s->fd, &s->tables[i], out, moving);
        if (e == -ENOENT || e == -EAGAIN)
            return 0; /* gone meanwhile: the generation tells */
        if (e)
            return missing(c, "nf_tables: table %.64s: %s", s->tables[i].name, strerror(-e));
        if (out->len > MAX_BYTES)
            return missing(c, "the ruleset is larger than %lu MiB", MAX_BYTES >> 20);
    }
    buf_str(out, "{\"end\":{}}\n");
    return 0;
}

int section_nftables(struct ctx *c, struct buf *out)
{
    for (int attempt = 0; attempt < 4; attempt++) {
        struct nft_state *s = nft_state_of(c);
        if (s->error)
            return missing(c, "nf_tables: %s", strerror(-s->error));
        /* Who owns a table named nat or filter is known once iptables' own view was read. */
        struct buf dropped = {0};
        if (!s->did4)
            section_iptables_nft(c, &dropped);
        if (!s->did6)
            section_ip6tables_nft(c, &dropped);
        buf_free(&dropped);
        if (nft_kept(out, c->cookie, s->generation, NFT_NATIVE) == 0)
            return 0;
        size_t start = out->len;
        bool moving = false;
        nft_sets_begin(c->cookie);
        int e = dump_all(c, s, out, &moving);
        bool whole = !e && s->fd >= 0 && nft_generation(s) == s->generation;
        nft_sets_end(whole);
        if (e)
            return -1;
        if (s->fd < 0)
            return 0;
        if (whole) {
            /* Counters move as well, but decide nothing. */
            if (!moving && !strstr(out->p + start, "\"consumed\":"))
                nft_keep(c->cookie, s->generation, NFT_NATIVE, out, start);
            return 0;
        }
        out->len = start;
        nft_state_free(c);
    }
    return missing(c, "the ruleset changed each time while it was read");
}
