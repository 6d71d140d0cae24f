/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iptables-nft-save over netlink. The tool itself takes seconds where there are 10,000 Services; a dump of the same
 * rules takes a fraction of one. A table with a base chain that iptables does not make is none of its own, as the tool
 * says too: it is shown among the native ones. Base chains that were not made are not shown, where the tool shows them as
 * they would be. Any rule that is not certainly iptables-nft's own and known makes the whole ruleset the tool's, but where nft has put in what iptables has no words for: of such a rule the tool prints the
 * rest, which says something else (`ip daddr { 10.9.9.9 } drop` becomes `-j DROP`). So such a ruleset is printed here,
 * and each rule that is not known is said to be so: `-j NFT-UNREAD --expression lookup`.
 */
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nft.h"
#include "nft_rule.h"

struct chain {
    char *name;
    bool base;
    int hook;
    int policy; /* NF_ACCEPT or NF_DROP */
    uint64_t packets, bytes;
    size_t from, to; /* in the rules' text */
};
struct table {
    int family;
    const char *name;
    struct chain *chains;
    size_t n, cap;
    struct chain *current; /* whose rules are being read */
    struct buf rules;
    const char *why;
    char rule_why[64]; /* of the last rule that is not known; the whole table is read all the same */
    bool foreign;      /* a rule that nft put in */
    bool incompatible; /* a base chain that is not iptables' */
};

/* iptables' own tables in the order in which the tool prints them, with the base chains that each has. */
static const struct builtin {
    const char *name;
    const char *type;
    uint8_t hooks; /* bits of NF_INET_* */
    int priority;
} builtins[] = {
    {"mangle", "filter", 0x1f, -150},
    {"security", "filter", 0x0e, 150}, /* what iptables-nft uses; NF_IP_PRI_SECURITY is 50 */
    {"raw", "filter", 0x09, -300},
    {"filter", "filter", 0x0e, 0},
    {"nat", "nat", 0x1b, 0},
};
static const char *const hook_names[] = {"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"};

static int expected_priority(const struct builtin *b, int hook)
{
    if (strcmp(b->name, "nat") != 0)
        return b->priority;
    return hook == NF_INET_PRE_ROUTING || hook == NF_INET_LOCAL_OUT ? -100 : 100;
}
static const char *expected_type(const struct builtin *b, int hook)
{
    return strcmp(b->name, "mangle") == 0 && hook == NF_INET_LOCAL_OUT ? "route" : b->type;
}
static const struct builtin *builtin(const char *name)
{
    for (size_t i = 0; i < sizeof builtins / sizeof *builtins; i++)
        if (strcmp(builtins[i].name, name) == 0)
            return &builtins[i];
    return NULL;
}

static void reset(void *arg)
{
    struct table *t = arg;
    for (size_t i = 0; i < t->n; i++)
        free(t->chains[i].name);
    t->n = 0;
    t->why = NULL;
    t->incompatible = false;
}

static void each_chain(const struct nlmsghdr *h, void *arg)
{
    struct table *t = arg;
    const struct nlattr *tb[NFTA_CHAIN_MAX + 1], *k[NFTA_HOOK_MAX + 1], *c[NFTA_COUNTER_MAX + 1];
    if ((h->nlmsg_type & 0xff) != NFT_MSG_NEWCHAIN)
        return;
    nl_attrs(NL_BODY(h, struct nfgenmsg), NL_BODY_LEN(h, struct nfgenmsg), tb, NFTA_CHAIN_MAX);
    if (!tb[NFTA_CHAIN_TABLE] || !tb[NFTA_CHAIN_NAME] || strcmp(na_str(tb[NFTA_CHAIN_TABLE]), t->name) != 0)
        return;
    if (t->n == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 64;
        t->chains = realloc(t->chains, t->cap * sizeof *t->chains);
        if (!t->chains)
            _Exit(70);
    }
    struct chain *chain = &t->chains[t->n++];
    *chain = (struct chain){.name = strdup(na_str(tb[NFTA_CHAIN_NAME]))};
    if (!tb[NFTA_CHAIN_HOOK])
        return;
    const struct builtin *b = builtin(t->name);
    nl_attrs(na_data(tb[NFTA_CHAIN_HOOK]), na_len(tb[NFTA_CHAIN_HOOK]), k, NFTA_HOOK_MAX);
    chain->base = true;
    chain->hook = k[NFTA_HOOK_HOOKNUM] ? (int)na_be32(k[NFTA_HOOK_HOOKNUM]) : 99;
    int priority = k[NFTA_HOOK_PRIORITY] ? (int)na_be32(k[NFTA_HOOK_PRIORITY]) : 0;
    chain->policy = tb[NFTA_CHAIN_POLICY] ? (int)na_be32(tb[NFTA_CHAIN_POLICY]) : NF_ACCEPT;
    if (chain->hook > 4 || !(b->hooks & (1 << chain->hook)) || strcmp(hook_names[chain->hook], chain->name) != 0 ||
        priority != expected_priority(b, chain->hook) || !tb[NFTA_CHAIN_TYPE] ||
        strcmp(na_str(tb[NFTA_CHAIN_TYPE]), expected_type(b, chain->hook)) != 0)
        t->incompatible = true;
    if (tb[NFTA_CHAIN_COUNTERS]) {
        nl_attrs(na_data(tb[NFTA_CHAIN_COUNTERS]), na_len(tb[NFTA_CHAIN_COUNTERS]), c, NFTA_COUNTER_MAX);
        if (c[NFTA_COUNTER_PACKETS]) chain->packets = na_be64(c[NFTA_COUNTER_PACKETS]);
        if (c[NFTA_COUNTER_BYTES]) chain->bytes = na_be64(c[NFTA_COUNTER_BYTES]);
    }
}

static void restart_rules(void *arg)
{
    struct table *t = arg;
    t->rules.len = t->current->from;
}

static void each_rule(const struct nlmsghdr *h, void *arg)
{
    struct table *t = arg;
    const struct nlattr *tb[NFTA_RULE_MAX + 1];
    if ((h->nlmsg_type & 0xff) != NFT_MSG_NEWRULE || t->why)
        return;
    nl_attrs(NL_BODY(h, struct nfgenmsg), NL_BODY_LEN(h, struct nfgenmsg), tb, NFTA_RULE_MAX);
    if (!tb[NFTA_RULE_CHAIN] || strcmp(na_str(tb[NFTA_RULE_CHAIN]), t->current->name) != 0)
        t->why = "a rule of another chain";
    else {
        const char *why = NULL;
        bool is_foreign = false;
        size_t start = t->rules.len;
        int e = nft_rule_text(&t->rules, t->family, t->current->name, tb[NFTA_RULE_EXPRESSIONS], &why, &is_foreign);
        if (!e && !tb[NFTA_RULE_USERDATA])
            return;
        t->rules.len = start;
        t->foreign |= is_foreign;
        snprintf(t->rule_why, sizeof t->rule_why, "%.60s", e ? (why ? why : "a rule") : "a rule with user data");
        buf_fmt(&t->rules, "-A %s -j NFT-UNREAD --expression \"%s\"\n", t->current->name, t->rule_why);
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(struct chain *const *)a)->name, (*(struct chain *const *)b)->name);
}

static void print_table(struct table *t, struct buf *out)
{
    struct chain *base[5] = {0}, **user = calloc(t->n + 1, sizeof *user);
    size_t users = 0;
    if (!user)
        _Exit(70);
    for (size_t i = 0; i < t->n; i++)
        if (t->chains[i].base)
            base[t->chains[i].hook] = &t->chains[i];
        else
            user[users++] = &t->chains[i];
    qsort(user, users, sizeof *user, by_name);
    buf_fmt(out, "*%s\n", t->name);
    for (int i = 0; i < 5; i++)
        if (base[i])
            buf_fmt(out, ":%s %s [%llu:%llu]\n", base[i]->name, base[i]->policy == NF_DROP ? "DROP" : "ACCEPT",
                    (unsigned long long)base[i]->packets, (unsigned long long)base[i]->bytes);
    for (size_t i = 0; i < users; i++)
        buf_fmt(out, ":%s - [0:0]\n", user[i]->name);
    for (int i = 0; i < 5; i++)
        if (base[i])
            buf_add(out, t->rules.p + base[i]->from, base[i]->to - base[i]->from);
    for (size_t i = 0; i < users; i++)
        buf_add(out, t->rules.p + user[i]->from, user[i]->to - user[i]->from);
    buf_str(out, "COMMIT\n");
    free(user);
}

static int dump_table(int fd, struct table *t, struct buf *out)
{
    struct nl_req r;
    struct nfgenmsg m = {.nfgen_family = (uint8_t)t->family};
    nl_begin(&r, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN, NLM_F_DUMP, &m, sizeof m);
    int e = nl_ask(fd, r.h, each_chain, reset, t);
    if (e || t->why)
        return -1;
    if (t->incompatible) {
        /* In the words of iptables-nft-save: who owns the table is read from them. */
        buf_fmt(out, "# Table `%s' contains incompatible base-chains, use 'nft' tool to list them.\n", t->name);
        return 0;
    }
    /* Chain by chain: a dump of all rules walks over those already sent again for each 32 KiB of answer, which is
     * quadratic, while a chain is found by its name. */
    buf_need(&t->rules, 1);
    for (size_t i = 0; i < t->n && !e; i++) {
        struct chain *chain = t->current = &t->chains[i];
        chain->from = t->rules.len;
        nl_begin(&r, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETRULE, NLM_F_DUMP, &m, sizeof m);
        nl_put(&r, NFTA_RULE_TABLE, t->name, strlen(t->name) + 1);
        nl_put(&r, NFTA_RULE_CHAIN, chain->name, strlen(chain->name) + 1);
        e = nl_ask(fd, r.h, each_rule, restart_rules, t);
        chain->to = t->rules.len;
        if (t->why)
            return -1;
    }
    if (e)
        return -1;
    print_table(t, out);
    return 0;
}

int nft_save(const struct nft_state *s, int family, struct buf *out, const char **why)
{
    size_t start = out->len;
    static char unread[64];
    bool foreign = false;
    *unread = 0;
    for (size_t b = 0; b < sizeof builtins / sizeof *builtins; b++)
        for (size_t i = 0; i < s->n_tables; i++) {
            if (s->tables[i].dormant || s->tables[i].family != family || strcmp(s->tables[i].name, builtins[b].name) != 0)
                continue;
            struct table t = {.family = family, .name = builtins[b].name};
            int e = dump_table(s->fd, &t, out);
            *why = e ? (t.why ? t.why : "netlink failed") : "";
            foreign |= t.foreign;
            if (*t.rule_why)
                memcpy(unread, t.rule_why, sizeof unread);
            reset(&t);
            free(t.chains);
            buf_free(&t.rules);
            if (e) {
                out->len = start;
                return -1;
            }
        }
    if (*unread && !foreign) {
        *why = unread;
        out->len = start;
        return -1;
    }
    return 0;
}
