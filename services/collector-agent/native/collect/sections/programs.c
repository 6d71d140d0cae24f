/* SPDX-License-Identifier: Apache-2.0 */
/* What may touch packets outside the modelled stack, by name: XDP, tcx and netkit programs, tc filters, queueing
 * disciplines that can drop, and programs on the root cgroup. Their meaning is not read. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/pkt_sched.h>
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

static void each_qdisc(const struct nlmsghdr *h, void *arg)
{
    /* These drop only when they overflow. */
    static const char *const harmless[] = {"noqueue", "pfifo_fast", "fq_codel", "fq", "mq", "pfifo", "bfifo", "noop"};
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
        if (strcmp(kind, harmless[i]) == 0)
            return;
    if (m->tcm_parent == TC_H_ROOT)
        add(o->b, link_label(o->c, m->tcm_ifindex), "qdisc", kind);
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
    buf_str(out, "]\n");
    return 0;
}
