/* SPDX-License-Identifier: Apache-2.0 */
/* Neighbours with proxies (`ip -j neigh show nud all`), the forwarding database (`bridge -j fdb show`), netns ids. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/neighbour.h>
#include <linux/net_namespace.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../context.h"

struct out {
    struct ctx *c;
    struct buf *b;
    size_t start;
};

static void restart(void *arg)
{
    struct out *o = arg;
    o->b->len = o->start;
    o->b->p[o->start] = 0;
}

static void lladdr(struct buf *b, const char *key, const struct nlattr *a)
{
    const uint8_t *p = na_data(a);
    char text[100] = "";
    for (size_t i = 0; i < na_len(a) && i < 32; i++)
        sprintf(text + strlen(text), "%s%02x", i ? ":" : "", p[i]);
    jkv_str(b, key, text);
}

static void each_neigh(const struct nlmsghdr *h, void *arg)
{
    static const struct {
        unsigned bit;
        const char *name;
    } states[] = {{NUD_INCOMPLETE, "INCOMPLETE"}, {NUD_REACHABLE, "REACHABLE"}, {NUD_STALE, "STALE"},
                  {NUD_DELAY, "DELAY"}, {NUD_PROBE, "PROBE"}, {NUD_FAILED, "FAILED"}, {NUD_NOARP, "NOARP"},
                  {NUD_PERMANENT, "PERMANENT"}};
    struct out *o = arg;
    struct buf *b = o->b;
    const struct ndmsg *m = NLMSG_DATA(h);
    if (h->nlmsg_type != RTM_NEWNEIGH || (m->ndm_family != AF_INET && m->ndm_family != AF_INET6))
        return;
    const struct nlattr *tb[NDA_MAX + 1];
    nl_attrs(NL_BODY(h, struct ndmsg), NL_BODY_LEN(h, struct ndmsg), tb, NDA_MAX);
    if (!tb[NDA_DST])
        return;
    jsep(b);
    buf_ch(b, '{');
    jkv_str(b, "dst", address_text(m->ndm_family, na_data(tb[NDA_DST]), na_len(tb[NDA_DST])));
    if (m->ndm_ifindex) jkv_str(b, "dev", link_label(o->c, m->ndm_ifindex));
    if (tb[NDA_LLADDR]) lladdr(b, "lladdr", tb[NDA_LLADDR]);
    if (m->ndm_flags & NTF_ROUTER) jkv_null(b, "router");
    if (m->ndm_flags & NTF_PROXY) jkv_null(b, "proxy");
    if (m->ndm_flags & NTF_EXT_LEARNED) jkv_null(b, "extern_learn");
    if (!(m->ndm_flags & NTF_PROXY)) {
        jkey(b, "state");
        buf_ch(b, '[');
        if (m->ndm_state == NUD_NONE)
            jstr(b, "NONE");
        for (size_t i = 0; i < sizeof states / sizeof *states; i++)
            if (m->ndm_state & states[i].bit) {
                jsep(b);
                jstr(b, states[i].name);
            }
        buf_ch(b, ']');
    }
    buf_ch(b, '}');
}

int section_neigh(struct ctx *c, struct buf *out)
{
    struct nl_req r;
    buf_ch(out, '[');
    for (int proxy = 0; proxy < 2; proxy++) {
        struct ndmsg m = {.ndm_family = AF_UNSPEC, .ndm_flags = proxy ? NTF_PROXY : 0};
        struct out o = {c, out, out->len};
        nl_begin(&r, RTM_GETNEIGH, NLM_F_DUMP, &m, sizeof m);
        int e = nl_ask(c->rtnl, r.h, each_neigh, restart, &o);
        if (e)
            return missing(c, "rtnetlink neighbours: %s", strerror(-e));
    }
    buf_str(out, "]\n");
    return 0;
}

static void each_fdb(const struct nlmsghdr *h, void *arg)
{
    static const struct {
        unsigned bit;
        const char *name;
    } flags[] = {{NTF_SELF, "self"}, {NTF_ROUTER, "router"}, {NTF_EXT_LEARNED, "extern_learn"},
                 {NTF_OFFLOADED, "offload"}, {NTF_STICKY, "sticky"}};
    struct out *o = arg;
    struct buf *b = o->b;
    const struct ndmsg *m = NLMSG_DATA(h);
    if (h->nlmsg_type != RTM_NEWNEIGH || m->ndm_family != AF_BRIDGE)
        return;
    const struct nlattr *tb[NDA_MAX + 1];
    nl_attrs(NL_BODY(h, struct ndmsg), NL_BODY_LEN(h, struct ndmsg), tb, NDA_MAX);
    jsep(b);
    buf_ch(b, '{');
    if (tb[NDA_LLADDR]) lladdr(b, "mac", tb[NDA_LLADDR]);
    if (m->ndm_ifindex) jkv_str(b, "ifname", link_label(o->c, m->ndm_ifindex));
    if (tb[NDA_DST])
        jkv_str(b, "dst", address_text(na_len(tb[NDA_DST]) == 4 ? AF_INET : AF_INET6, na_data(tb[NDA_DST]),
                                       na_len(tb[NDA_DST])));
    if (tb[NDA_VLAN]) jkv_num(b, "vlan", na_u16(tb[NDA_VLAN]));
    if (tb[NDA_PORT]) jkv_num(b, "port", na_be16(tb[NDA_PORT]));
    if (tb[NDA_VNI]) jkv_num(b, "vni", na_u32(tb[NDA_VNI]));
    if (tb[NDA_SRC_VNI]) jkv_num(b, "src_vni", na_u32(tb[NDA_SRC_VNI]));
    if (tb[NDA_IFINDEX]) jkv_str(b, "viaIf", link_label(o->c, (int)na_u32(tb[NDA_IFINDEX])));
    if (tb[NDA_NH_ID]) jkv_num(b, "nhid", na_u32(tb[NDA_NH_ID]));
    jkey(b, "flags");
    buf_ch(b, '[');
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (m->ndm_flags & flags[i].bit) {
            jsep(b);
            jstr(b, flags[i].name);
        }
    buf_ch(b, ']');
    if (tb[NDA_MASTER]) jkv_str(b, "master", link_label(o->c, (int)na_u32(tb[NDA_MASTER])));
    jkv_str(b, "state", m->ndm_state & NUD_PERMANENT ? "permanent" : m->ndm_state & NUD_NOARP ? "static"
            : m->ndm_state & NUD_STALE ? "stale" : "");
    buf_ch(b, '}');
}

int section_fdb(struct ctx *c, struct buf *out)
{
    struct nl_req r;
    struct ndmsg m = {.ndm_family = AF_BRIDGE};
    buf_ch(out, '[');
    struct out o = {c, out, out->len};
    nl_begin(&r, RTM_GETNEIGH, NLM_F_DUMP, &m, sizeof m);
    int e = nl_ask(c->rtnl, r.h, each_fdb, restart, &o);
    /* A kernel without the bridge module answers "not supported": no entries then. */
    if (e && e != -EOPNOTSUPP)
        return missing(c, "rtnetlink forwarding database: %s", strerror(-e));
    buf_str(out, "]\n");
    return 0;
}

static void each_nsid(const struct nlmsghdr *h, void *arg)
{
    const struct nlattr *tb[NETNSA_MAX + 1];
    nl_attrs(NL_BODY(h, struct rtgenmsg), NL_BODY_LEN(h, struct rtgenmsg), tb, NETNSA_MAX);
    if (tb[NETNSA_NSID])
        *(int32_t *)arg = (int32_t)na_u32(tb[NETNSA_NSID]);
}

/* Which id each known namespace has here. Files are opened only for the question: a held one would keep a dead
 * pod's namespace alive. */
int section_netns_ids(struct ctx *c, struct buf *out)
{
    buf_ch(out, '[');
    for (size_t i = 0; i < c->n_known; i++) {
        int fd = open(c->known[i], O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            continue; /* the pod went away in between */
        struct stat st;
        struct nl_req r;
        struct rtgenmsg m = {.rtgen_family = AF_UNSPEC};
        int32_t nsid = -1;
        uint32_t arg = (uint32_t)fd;
        nl_begin(&r, RTM_GETNSID, 0, &m, sizeof m);
        /* rtgenmsg is one byte; attributes begin at the next multiple of four. */
        r.h->nlmsg_len = NLMSG_LENGTH(sizeof m);
        nl_put(&r, NETNSA_FD, &arg, sizeof arg);
        int e = nl_ask(c->rtnl, r.h, each_nsid, NULL, &nsid);
        if (!e && nsid >= 0 && fstat(fd, &st) == 0) {
            jsep(out);
            buf_fmt(out, "{\"nsid\":%d,\"inode\":%llu}", nsid, (unsigned long long)st.st_ino);
        }
        close(fd);
    }
    buf_str(out, "]\n");
    return 0;
}
