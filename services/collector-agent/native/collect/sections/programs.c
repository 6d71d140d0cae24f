/* SPDX-License-Identifier: Apache-2.0 */
/* What may touch packets outside the modelled stack, by name: XDP, tcx and netkit programs, tc filters, queueing
 * disciplines that can drop, programs on the root cgroup, and IPsec policies. Their meaning is not read. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/xfrm.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../context.h"

/* Numbers of enum bpf_attach_type that older headers lack. */
#define TCX_INGRESS 46
#define TCX_EGRESS 47
#define NETKIT_PRIMARY 54
#define NETKIT_PEER 55

struct out {
    struct ctx *c;
    struct buf *b;
    size_t start;
    const char *hook;
    int ifindex;
    char last[64];
};

static void add(struct buf *b, const char *dev, const char *hook, const char *name)
{
    jsep(b);
    buf_ch(b, '{');
    if (dev)
        jkv_str(b, "dev", dev);
    else
        jkv_null(b, "dev");
    jkv_str(b, "hook", hook);
    jkv_str(b, "name", name);
    buf_ch(b, '}');
}

static void program_name(uint32_t id, char *name, size_t n)
{
    union bpf_attr a;
    struct bpf_prog_info info;
    snprintf(name, n, "bpf program %u", id);
    memset(&a, 0, sizeof a);
    a.prog_id = id;
    int fd = (int)syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &a, sizeof a);
    if (fd < 0)
        return;
    memset(&a, 0, sizeof a);
    memset(&info, 0, sizeof info);
    a.info.bpf_fd = (uint32_t)fd;
    a.info.info_len = sizeof info;
    a.info.info = (uint64_t)(uintptr_t)&info;
    if (syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &a, sizeof a) == 0 && info.name[0])
        snprintf(name, n, "%.16s", info.name);
    close(fd);
}

static void query(struct buf *b, uint32_t target, uint32_t type, const char *dev, const char *hook)
{
    union bpf_attr a;
    uint32_t ids[64];
    memset(&a, 0, sizeof a);
    a.query.target_fd = target;
    a.query.attach_type = type;
    a.query.prog_ids = (uint64_t)(uintptr_t)ids;
    a.query.prog_cnt = 64;
    if (syscall(SYS_bpf, BPF_PROG_QUERY, &a, sizeof a))
        return; /* the kernel does not know this hook */
    for (uint32_t i = 0; i < a.query.prog_cnt && i < 64; i++) {
        char name[48];
        program_name(ids[i], name, sizeof name);
        add(b, dev, hook, name);
    }
}

/* What a queue loses though it is not overloaded: one without room; a token bucket says its numbers (bytes). */
static void qdisc_name(char *out, size_t n, const char *kind, const struct nlattr *options)
{
    snprintf(out, n, "%.30s", kind);
    if (strcmp(kind, "tbf") != 0 || !options)
        return;
    const struct nlattr *t[TCA_TBF_MAX + 1];
    nl_attrs(na_data(options), na_len(options), t, TCA_TBF_MAX);
    struct tc_tbf_qopt q;
    if (!t[TCA_TBF_PARMS] || na_len(t[TCA_TBF_PARMS]) < sizeof q)
        return;
    memcpy(&q, na_data(t[TCA_TBF_PARMS]), sizeof q);
    uint64_t rate = q.rate.rate;
    if (t[TCA_TBF_RATE64] && na_len(t[TCA_TBF_RATE64]) == 8)
        memcpy(&rate, na_data(t[TCA_TBF_RATE64]), 8);
    /* The bucket is dumped as the time that it takes to fill, in ticks of 64 ns (PSCHED_SHIFT). */
    uint64_t burst = rate * q.buffer / 1000 * 64 / 1000000;
    if (q.peakrate.rate == 0 && rate < 1ull << 40)
        snprintf(out, n, "tbf rate %llu burst %llu limit %u", (unsigned long long)rate, (unsigned long long)burst,
                 q.limit);
}

static bool has_no_room(const char *kind, const struct nlattr *options)
{
    static const char *const fifos[] = {"pfifo", "bfifo"};
    struct tc_fifo_qopt q;
    for (size_t i = 0; i < 2; i++)
        if (strcmp(kind, fifos[i]) == 0 && options && na_len(options) >= sizeof q) {
            memcpy(&q, na_data(options), sizeof q);
            return q.limit < (i == 0 ? 1 : 2048u);
        }
    return false;
}

static void each_qdisc(const struct nlmsghdr *h, void *arg)
{
    /* These drop only when they overflow. */
    static const char *const harmless[] = {"noqueue", "pfifo_fast", "fq_codel", "fq",     "mq",  "pfifo",
                                           "bfifo",   "noop",       "codel",    "fq_pie", "pie", "sfq"};
    struct out *o = arg;
    const struct tcmsg *m = NLMSG_DATA(h);
    const struct nlattr *tb[TCA_MAX + 1];
    if (h->nlmsg_type != RTM_NEWQDISC)
        return;
    nl_attrs(NL_BODY(h, struct tcmsg), NL_BODY_LEN(h, struct tcmsg), tb, TCA_MAX);
    if (!tb[TCA_KIND])
        return;
    const char *kind = na_str(tb[TCA_KIND]);
    if (strcmp(kind, "clsact") == 0 || strcmp(kind, "ingress") == 0) {
        for (size_t i = 0; i < o->c->n_links; i++)
            if (o->c->links[i].ifindex == m->tcm_ifindex)
                o->c->links[i].ingress_qdisc = true;
        return;
    }
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
        if (strcmp(kind, harmless[i]) == 0 && !has_no_room(kind, tb[TCA_OPTIONS]))
            return;
    char name[80];
    if (has_no_room(kind, tb[TCA_OPTIONS]))
        snprintf(name, sizeof name, "%.20s without room", kind);
    else
        qdisc_name(name, sizeof name, kind, tb[TCA_OPTIONS]);
    add(o->b, link_label(o->c, m->tcm_ifindex), "qdisc", name);
}

static void each_filter(const struct nlmsghdr *h, void *arg)
{
    struct out *o = arg;
    const struct tcmsg *m = NLMSG_DATA(h);
    const struct nlattr *tb[TCA_MAX + 1];
    if (h->nlmsg_type != RTM_NEWTFILTER)
        return;
    nl_attrs(NL_BODY(h, struct tcmsg), NL_BODY_LEN(h, struct tcmsg), tb, TCA_MAX);
    if (!tb[TCA_KIND] || !tb[TCA_OPTIONS] || m->tcm_handle == 0)
        return; /* the filter chain's own head */
    char name[80];
    snprintf(name, sizeof name, "%.30s", na_str(tb[TCA_KIND]));
    if (strcmp(name, "bpf") == 0) {
        /* TCA_BPF_NAME, pkt_cls.h */
        const struct nlattr *t[16];
        nl_attrs(na_data(tb[TCA_OPTIONS]), na_len(tb[TCA_OPTIONS]), t, 15);
        if (t[7])
            snprintf(name, sizeof name, "bpf %.60s", na_str(t[7]));
    }
    add(o->b, link_label(o->c, m->tcm_ifindex), o->hook, name);
}

static void filters(struct ctx *c, struct buf *out, int ifindex, uint32_t parent, const char *hook)
{
    struct nl_req r;
    struct tcmsg m = {.tcm_family = AF_UNSPEC, .tcm_ifindex = ifindex, .tcm_parent = parent};
    struct out o = {.c = c, .b = out, .start = out->len, .hook = hook};
    nl_begin(&r, RTM_GETTFILTER, NLM_F_DUMP, &m, sizeof m);
    nl_ask(c->rtnl, r.h, each_filter, NULL, &o);
}

static void each_policy(const struct nlmsghdr *h, void *arg)
{
    static const char *const ways[] = {"xfrm in", "xfrm out", "xfrm fwd"};
    struct out *o = arg;
    const struct xfrm_userpolicy_info *p = NLMSG_DATA(h);
    const struct nlattr *tb[XFRMA_MAX + 1];
    if (h->nlmsg_type != XFRM_MSG_NEWPOLICY || h->nlmsg_len < NLMSG_LENGTH(sizeof *p) || p->dir > XFRM_POLICY_FWD)
        return;
    nl_attrs(NL_BODY(h, struct xfrm_userpolicy_info), NL_BODY_LEN(h, struct xfrm_userpolicy_info), tb, XFRMA_MAX);
    char src[64], dst[64], proto[16] = "", name[256];
    inet_ntop(p->sel.family, &p->sel.saddr, src, sizeof src);
    inet_ntop(p->sel.family, &p->sel.daddr, dst, sizeof dst);
    if (p->sel.proto)
        snprintf(proto, sizeof proto, " proto %u", p->sel.proto);
    snprintf(name, sizeof name, "src %s/%u dst %s/%u%s action %s%s", src, p->sel.prefixlen_s, dst, p->sel.prefixlen_d,
             proto, p->action == XFRM_POLICY_ALLOW ? "allow" : "block",
             tb[XFRMA_TMPL] || tb[XFRMA_IF_ID] ? " tmpl" : "");
    add(o->b, NULL, ways[p->dir], name);
}

static int policies(struct ctx *c, struct buf *out)
{
    struct nl_req r;
    struct xfrm_userpolicy_id id = {0};
    struct out o = {.c = c, .b = out};
    if (!module_present("xfrm_user"))
        return 0;
    int fd = nl_open(NETLINK_XFRM);
    if (fd < 0)
        return fd == -EPROTONOSUPPORT ? 0 : fd;
    nl_begin(&r, XFRM_MSG_GETPOLICY, NLM_F_DUMP, &id, sizeof id);
    int e = nl_ask(fd, r.h, each_policy, NULL, &o);
    close(fd);
    return e;
}

int section_programs(struct ctx *c, struct buf *out)
{
    struct nl_req r;
    struct tcmsg m = {.tcm_family = AF_UNSPEC};
    if (c->link_error)
        return missing(c, "rtnetlink: %s", strerror(-c->link_error));
    buf_ch(out, '[');
    struct out o = {.c = c, .b = out};
    nl_begin(&r, RTM_GETQDISC, NLM_F_DUMP, &m, sizeof m);
    int e = nl_ask(c->rtnl, r.h, each_qdisc, NULL, &o);
    if (e)
        return missing(c, "rtnetlink qdiscs: %s", strerror(-e));
    for (size_t i = 0; i < c->n_links; i++) {
        const struct link *l = &c->links[i];
        if (l->xdp_prog) {
            char name[48];
            program_name(l->xdp_prog, name, sizeof name);
            add(out, l->name, "xdp", name);
        }
        if (l->ingress_qdisc) {
            filters(c, out, l->ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), "tc ingress");
            filters(c, out, l->ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS), "tc egress");
        }
        query(out, (uint32_t)l->ifindex, TCX_INGRESS, l->name, "tcx ingress");
        query(out, (uint32_t)l->ifindex, TCX_EGRESS, l->name, "tcx egress");
        query(out, (uint32_t)l->ifindex, NETKIT_PRIMARY, l->name, "netkit primary");
        query(out, (uint32_t)l->ifindex, NETKIT_PEER, l->name, "netkit peer");
    }
    int cgroup = open("/sys/fs/cgroup", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (cgroup < 0 || access("/sys/fs/cgroup/cgroup.controllers", F_OK)) {
        if (cgroup >= 0)
            close(cgroup);
        cgroup = open("/sys/fs/cgroup/unified", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (cgroup >= 0) {
        static const struct {
            uint32_t type;
            const char *hook;
        } hooks[] = {{BPF_CGROUP_INET_INGRESS, "cgroup ingress"}, {BPF_CGROUP_INET_EGRESS, "cgroup egress"},
                     {BPF_CGROUP_INET4_CONNECT, "cgroup connect4"}, {BPF_CGROUP_INET6_CONNECT, "cgroup connect6"},
                     {BPF_CGROUP_UDP4_SENDMSG, "cgroup sendmsg4"}, {BPF_CGROUP_UDP6_SENDMSG, "cgroup sendmsg6"}};
        for (size_t i = 0; i < sizeof hooks / sizeof *hooks; i++)
            query(out, (uint32_t)cgroup, hooks[i].type, NULL, hooks[i].hook);
        close(cgroup);
    }
    e = policies(c, out);
    if (e)
        return missing(c, "xfrm policies: %s", strerror(-e));
    buf_str(out, "]\n");
    return 0;
}
