/* SPDX-License-Identifier: Apache-2.0 */
/* The netfilter hooks of the namespace in the order in which a packet meets them, where the kernel lists them
 * (CONFIG_NETFILTER_NETLINK_HOOK, since Linux 5.14): which of two rulesets with one priority comes first, nothing else
 * tells. `null` where it does not: that is no failure. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../context.h"

/* linux/netfilter/nfnetlink_hook.h, which older headers lack. */
#define SUBSYSTEM 12
enum { HOOK_NUMBER = 1, HOOK_PRIORITY, HOOK_DEVICE, HOOK_FUNCTION, HOOK_MODULE, HOOK_CHAIN, HOOK_MAX = HOOK_CHAIN };
enum { INFO_DESCRIPTION = 1, INFO_TYPE, INFO_MAX = INFO_TYPE };
enum { CHAIN_TABLE = 1, CHAIN_FAMILY, CHAIN_NAME, CHAIN_MAX = CHAIN_NAME };
#define INFO_OF_NFTABLES 1

struct out {
    struct buf *b;
    size_t start;
    const char *family, *hook;
};

static const char *family_name(int family)
{
    return family == NFPROTO_INET ? "inet" : family == NFPROTO_IPV4 ? "ip" : family == NFPROTO_IPV6 ? "ip6" : "?";
}

static void chain(struct buf *b, const struct nlattr *a)
{
    const struct nlattr *info[INFO_MAX + 1], *of[CHAIN_MAX + 1];
    nl_attrs(na_data(a), na_len(a), info, INFO_MAX);
    if (!info[INFO_TYPE] || na_be32(info[INFO_TYPE]) != INFO_OF_NFTABLES || !info[INFO_DESCRIPTION])
        return;
    nl_attrs(na_data(info[INFO_DESCRIPTION]), na_len(info[INFO_DESCRIPTION]), of, CHAIN_MAX);
    if (!of[CHAIN_TABLE] || !of[CHAIN_FAMILY] || !of[CHAIN_NAME])
        return;
    jkey(b, "chain");
    buf_ch(b, '{');
    jkv_str(b, "family", family_name(na_u8(of[CHAIN_FAMILY])));
    jkv_str(b, "table", na_str(of[CHAIN_TABLE]));
    jkv_str(b, "name", na_str(of[CHAIN_NAME]));
    buf_ch(b, '}');
}

static void each(const struct nlmsghdr *h, void *arg)
{
    struct out *out = arg;
    const struct nlattr *tb[HOOK_MAX + 1];
    if (h->nlmsg_type != (SUBSYSTEM << 8))
        return;
    nl_attrs(NL_BODY(h, struct nfgenmsg), NL_BODY_LEN(h, struct nfgenmsg), tb, HOOK_MAX);
    if (!tb[HOOK_PRIORITY])
        return;
    jsep(out->b);
    buf_ch(out->b, '{');
    jkv_str(out->b, "family", out->family);
    jkv_str(out->b, "hook", out->hook);
    jkv_num(out->b, "priority", (int32_t)na_be32(tb[HOOK_PRIORITY]));
    if (tb[HOOK_FUNCTION])
        jkv_str(out->b, "function", na_str(tb[HOOK_FUNCTION]));
    if (tb[HOOK_CHAIN])
        chain(out->b, tb[HOOK_CHAIN]);
    buf_ch(out->b, '}');
}

static void restart(void *arg)
{
    struct out *out = arg;
    out->b->len = out->start;
}

int section_hooks(struct ctx *c, struct buf *b)
{
    static const uint8_t families[] = {NFPROTO_IPV4, NFPROTO_IPV6};
    static const char *const hooks[] = {"prerouting", "input", "forward", "output", "postrouting"};
    size_t start = b->len;
    if (!module_present("nfnetlink_hook")) {
        buf_str(b, "null\n");
        return 0;
    }
    int fd = nl_open(NETLINK_NETFILTER);
    if (fd < 0)
        return missing(c, "netfilter hooks: %s", strerror(-fd));
    buf_ch(b, '[');
    int e = 0;
    for (size_t f = 0; f < sizeof families && !e; f++)
        for (uint32_t n = 0; n < sizeof hooks / sizeof *hooks && !e; n++) {
            struct nfgenmsg head = {.nfgen_family = families[f], .version = NFNETLINK_V0};
            struct nl_req r;
            uint32_t number = htonl(n);
            struct out out = {.b = b, .start = b->len, .family = family_name(families[f]), .hook = hooks[n]};
            nl_begin(&r, SUBSYSTEM << 8, NLM_F_DUMP, &head, sizeof head);
            nl_put(&r, HOOK_NUMBER, &number, sizeof number);
            e = nl_ask(fd, r.h, each, restart, &out);
        }
    close(fd);
    /* nfnetlink_rcv_msg: so it answers for a subsystem that it does not have. */
    if (e == -EINVAL || e == -EOPNOTSUPP) {
        b->len = start;
        buf_str(b, "null\n");
        return 0;
    }
    if (e)
        return missing(c, "netfilter hooks: %s", strerror(-e));
    buf_str(b, "]\n");
    return 0;
}
