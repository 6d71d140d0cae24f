/* SPDX-License-Identifier: Apache-2.0 */
/* iptables-legacy and iptables-nft. Whether there is anything to read is asked first, in ways that
 * create nothing: `iptables-legacy -S` would make empty tables, a netlink request would load an absent module. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../context.h"
#include "nft.h"

static int legacy(struct ctx *c, struct buf *out, const char *names, const char *tool)
{
    struct buf tables = {0};
    char path[64];
    snprintf(path, sizeof path, "/proc/thread-self/net/%s", names);
    int e = buf_file(&tables, path) ? errno : 0;
    size_t n = tables.len;
    buf_free(&tables);
    if (e && e != ENOENT)
        return missing(c, "%s: %s", path, strerror(e));
    if (e == ENOENT || n == 0)
        return 0; /* no legacy table in this namespace: known and empty */
    const char *const argv[] = {tool, NULL};
    buf_str(out, SECTION_HEAD);
    if (run_tool(c, argv, out))
        return -1;
    buf_str(out, SECTION_END);
    return 0;
}

int section_iptables_legacy(struct ctx *c, struct buf *out)
{
    return legacy(c, out, "ip_tables_names", "iptables-legacy-save");
}
int section_ip6tables_legacy(struct ctx *c, struct buf *out)
{
    return legacy(c, out, "ip6_tables_names", "ip6tables-legacy-save");
}

/* The whole text that a tool printed, kept while the namespace's nft generation stands. */
struct cached {
    uint64_t cookie;
    uint32_t generation;
    int family;
    struct buf text;
    uint64_t used;
};
#define CACHE_ENTRIES 64
#define CACHE_BYTES (96ul * 1024 * 1024)
static struct cached cache[CACHE_ENTRIES];
static uint64_t cache_clock;

static struct cached *cache_find(uint64_t cookie, uint32_t generation, int family)
{
    for (int i = 0; i < CACHE_ENTRIES; i++)
        if (cookie && cache[i].cookie == cookie && cache[i].family == family && cache[i].text.p) {
            if (cache[i].generation == generation) {
                cache[i].used = ++cache_clock;
                return &cache[i];
            }
            buf_free(&cache[i].text);
        }
    return NULL;
}

int nft_kept(struct buf *out, uint64_t cookie, uint32_t generation, int what)
{
    const struct cached *hit = cache_find(cookie, generation, what);
    if (!hit)
        return -1;
    buf_add(out, hit->text.p, hit->text.len);
    return 0;
}

void nft_keep(uint64_t cookie, uint32_t generation, int family, const struct buf *from, size_t start)
{
    size_t bytes = from->len - start, total = bytes;
    if (!cookie || bytes > CACHE_BYTES / 2)
        return;
    for (int i = 0; i < CACHE_ENTRIES; i++)
        total += cache[i].text.cap;
    for (;;) {
        struct cached *oldest = NULL, *unused = NULL;
        for (int i = 0; i < CACHE_ENTRIES; i++) {
            if (!cache[i].text.p)
                unused = &cache[i];
            else if (!oldest || cache[i].used < oldest->used)
                oldest = &cache[i];
        }
        if (oldest && (!unused || total > CACHE_BYTES)) {
            total -= oldest->text.cap;
            buf_free(&oldest->text);
            continue;
        }
        if (!unused)
            return;
        *unused = (struct cached){.cookie = cookie, .generation = generation, .family = family, .used = ++cache_clock};
        buf_add(&unused->text, from->p + start, bytes);
        return;
    }
}

static void each_generation(const struct nlmsghdr *h, void *arg)
{
    const struct nlattr *tb[NFTA_GEN_MAX + 1];
    nl_attrs(NL_BODY(h, struct nfgenmsg), NL_BODY_LEN(h, struct nfgenmsg), tb, NFTA_GEN_MAX);
    if (tb[NFTA_GEN_ID])
        *(uint32_t *)arg = na_be32(tb[NFTA_GEN_ID]);
}

static void each_table(const struct nlmsghdr *h, void *arg)
{
    struct nft_state *s = arg;
    const struct nfgenmsg *m = NLMSG_DATA(h);
    const struct nlattr *tb[NFTA_TABLE_MAX + 1];
    if ((h->nlmsg_type & 0xff) != NFT_MSG_NEWTABLE)
        return;
    nl_attrs(NL_BODY(h, struct nfgenmsg), NL_BODY_LEN(h, struct nfgenmsg), tb, NFTA_TABLE_MAX);
    if (!tb[NFTA_TABLE_NAME])
        return;
    s->tables = realloc(s->tables, (s->n_tables + 1) * sizeof *s->tables);
    if (!s->tables)
        _Exit(70);
    struct nft_table *t = &s->tables[s->n_tables++];
    memset(t, 0, sizeof *t);
    t->family = m->nfgen_family;
    snprintf(t->name, sizeof t->name, "%s", na_str(tb[NFTA_TABLE_NAME]));
    t->flags = tb[NFTA_TABLE_FLAGS] ? na_be32(tb[NFTA_TABLE_FLAGS]) : 0;
    t->handle = tb[NFTA_TABLE_HANDLE] ? na_be64(tb[NFTA_TABLE_HANDLE]) : 0;
    t->dormant = t->flags & NFT_TABLE_F_DORMANT;
}
static void restart_tables(void *arg) { ((struct nft_state *)arg)->n_tables = 0; }

static bool iptables_name(const char *name)
{
    static const char *names[] = {"raw", "mangle", "nat", "filter", "security"};
    for (size_t i = 0; i < 5; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

uint32_t nft_generation(const struct nft_state *s)
{
    uint32_t generation = 0;
    struct nl_req r;
    struct nfgenmsg m = {.nfgen_family = AF_UNSPEC};
    nl_begin(&r, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN, 0, &m, sizeof m);
    return nl_ask(s->fd, r.h, each_generation, NULL, &generation) ? 0 : generation;
}

struct nft_state *nft_state_of(struct ctx *c)
{
    if (c->nft)
        return c->nft;
    struct nft_state *s = c->nft = calloc(1, sizeof *s);
    if (!s)
        _Exit(70);
    s->fd = -1;
    if (!module_present("nf_tables"))
        return s;
    s->fd = nl_open(NETLINK_NETFILTER);
    if (s->fd < 0) {
        s->error = s->fd;
        return s;
    }
    struct nl_req r;
    struct nfgenmsg m = {.nfgen_family = AF_UNSPEC};
    nl_begin(&r, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN, 0, &m, sizeof m);
    s->error = nl_ask(s->fd, r.h, each_generation, NULL, &s->generation);
    if (!s->error) {
        nl_begin(&r, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE, NLM_F_DUMP, &m, sizeof m);
        s->error = nl_ask(s->fd, r.h, each_table, restart_tables, s);
    }
    return s;
}

void nft_state_free(struct ctx *c)
{
    if (!c->nft)
        return;
    if (c->nft->fd >= 0)
        close(c->nft->fd);
    free(c->nft->tables);
    free(c->nft);
    c->nft = NULL;
}

/* Takes a table's part out of the text. */
static void cut_table(struct buf *out, size_t start, const char *name)
{
    char heading[64];
    snprintf(heading, sizeof heading, "\n*%.16s\n", name);
    char *from = strstr(out->p + start, heading);
    char *end = from ? strstr(from + 1, "\nCOMMIT\n") : NULL;
    if (!end)
        return;
    end += strlen("\nCOMMIT");
    memmove(from, end, out->len - (size_t)(end - out->p));
    out->len -= (size_t)(end - from);
    out->p[out->len] = 0;
}

struct made {
    int family;
    char names[256]; /* `table CHAIN;` of each base chain that is hooked in */
};

static void each_base_chain(const struct nlmsghdr *h, void *arg)
{
    struct made *made = arg;
    const struct nlattr *tb[NFTA_CHAIN_MAX + 1];
    const struct nfgenmsg *m = NLMSG_DATA(h);
    if ((h->nlmsg_type & 0xff) != NFT_MSG_NEWCHAIN || m->nfgen_family != made->family)
        return;
    nl_attrs(NL_BODY(h, struct nfgenmsg), NL_BODY_LEN(h, struct nfgenmsg), tb, NFTA_CHAIN_MAX);
    if (!tb[NFTA_CHAIN_HOOK] || !tb[NFTA_CHAIN_TABLE] || !tb[NFTA_CHAIN_NAME] || !iptables_name(na_str(tb[NFTA_CHAIN_TABLE])))
        return;
    size_t used = strlen(made->names);
    snprintf(made->names + used, sizeof made->names - used, "%.16s %.16s;", na_str(tb[NFTA_CHAIN_TABLE]), na_str(tb[NFTA_CHAIN_NAME]));
}
static void restart_made(void *arg) { ((struct made *)arg)->names[0] = 0; }

/* The tool shows base chains that nobody made as they would be: no packet meets them. */
static void cut_unmade(const struct nft_state *s, int family, struct buf *out, size_t start)
{
    struct made made = {.family = family};
    struct nl_req r;
    struct nfgenmsg m = {.nfgen_family = (uint8_t)family};
    nl_begin(&r, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN, NLM_F_DUMP, &m, sizeof m);
    if (nl_ask(s->fd, r.h, each_base_chain, restart_made, &made))
        return;
    char table[32] = "", chain[32], policy[16], key[80];
    for (char *line = out->p + start, *next; (next = strchr(line, '\n')); ) {
        next++;
        bool unmade = false;
        if (*line == '*')
            sscanf(line, "*%31s", table);
        else if (sscanf(line, ":%31s %15s", chain, policy) == 2 && strcmp(policy, "-") != 0) {
            snprintf(key, sizeof key, "%s %s;", table, chain);
            unmade = !strstr(made.names, key);
        }
        if (!unmade) {
            line = next;
            continue;
        }
        memmove(line, next, out->len - (size_t)(next - out->p));
        out->len -= (size_t)(next - line);
        out->p[out->len] = 0;
    }
}

/* iptables-nft-save says "# Table `nat' is incompatible, use 'nft' tool." of a table that someone else made, and
 * "# Table `nat' contains incompatible base-chains, use 'nft' tool to list them." of one that it cannot show whole: of that it
 * prints what it can, which would be there twice. */
static void note_foreign(struct nft_state *s, int family, struct buf *out, size_t start)
{
    for (size_t i = 0; i < s->n_tables; i++) {
        struct nft_table *t = &s->tables[i];
        if (t->family != family || !iptables_name(t->name))
            continue;
        char phrase[64];
        snprintf(phrase, sizeof phrase, "# Table `%.16s' ", t->name);
        const char *said = strstr(out->p + start, phrase);
        const char *line_end = said ? strchr(said, '\n') : NULL;
        const char *word = said ? strstr(said, "incompatible") : NULL;
        t->owned = !word || (line_end && word > line_end);
        if (!t->owned)
            cut_table(out, start, t->name);
    }
}

static int through_nft(struct ctx *c, struct buf *out, int family, const char *tool)
{
    struct nft_state *s = nft_state_of(c);
    bool *done = family == NFPROTO_IPV4 ? &s->did4 : &s->did6;
    if (s->error)
        return missing(c, "nf_tables: %s", strerror(-s->error));
    bool any = false, dormant = false;
    for (size_t i = 0; i < s->n_tables; i++)
        if (s->tables[i].family == family && iptables_name(s->tables[i].name)) {
            any |= !s->tables[i].dormant;
            dormant |= s->tables[i].dormant;
        }
    *done = true;
    if (!any)
        return 0;
    size_t start = out->len;
    buf_str(out, SECTION_HEAD);
    size_t body = out->len;
    if (nft_kept(out, c->cookie, s->generation, family)) {
        const char *why = "";
        bool ours = nft_save(s, family, out, &why) == 0;
        if (ours) {
            /* Chains and rules were asked one after the other: they belong together if nothing changed meanwhile. */
            ours = nft_generation(s) == s->generation;
            if (!ours)
                out->len = body;
        }
        const char *const argv[] = {tool, NULL};
        if (!ours && dormant)
            return missing(c, "%s shows a dormant table like any other, and %s", tool, *why ? why : "the rules changed");
        if (!ours) {
            /* Said in a comment, which parsers skip and digests leave out. */
            buf_fmt(out, "# Not read over netlink: %s\n", *why ? why : "the rules changed meanwhile");
            if (run_tool(c, argv, out))
                return -1;
            buf_need(out, 1);
            out->p[out->len] = 0;
            cut_unmade(s, family, out, start);
        }
        buf_need(out, 1);
        out->p[out->len] = 0;
        nft_keep(c->cookie, s->generation, family, out, body);
    }
    note_foreign(s, family, out, start);
    buf_str(out, SECTION_END);
    return 0;
}

int section_iptables_nft(struct ctx *c, struct buf *out)
{
    return through_nft(c, out, NFPROTO_IPV4, "iptables-nft-save");
}
int section_ip6tables_nft(struct ctx *c, struct buf *out)
{
    return through_nft(c, out, NFPROTO_IPV6, "ip6tables-nft-save");
}
