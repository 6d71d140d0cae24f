/* SPDX-License-Identifier: Apache-2.0 */
/* `ipset save`, run only when the module is there and a set exists. */
#include <errno.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>
#include <unistd.h>

#include "../context.h"

static void each_set(const struct nlmsghdr *h, void *arg)
{
    (void)h;
    ++*(int *)arg;
}

int section_ipset(struct ctx *c, struct buf *out)
{
    if (!module_present("ip_set"))
        return 0;
    int fd = nl_open(NETLINK_NETFILTER);
    if (fd < 0)
        return missing(c, "netfilter netlink: %s", strerror(-fd));
    struct nl_req r;
    struct nfgenmsg m = {.nfgen_family = AF_INET};
    uint8_t protocol = IPSET_PROTOCOL;
    uint32_t names_only = __builtin_bswap32(IPSET_FLAG_LIST_SETNAME);
    int sets = 0;
    nl_begin(&r, NFNL_SUBSYS_IPSET << 8 | IPSET_CMD_LIST, NLM_F_DUMP, &m, sizeof m);
    nl_put(&r, IPSET_ATTR_PROTOCOL, &protocol, sizeof protocol);
    nl_put(&r, IPSET_ATTR_FLAGS | NLA_F_NET_BYTEORDER, &names_only, sizeof names_only);
    int e = nl_ask(fd, r.h, each_set, NULL, &sets);
    close(fd);
    if (!e && sets == 0)
        return 0;
    if (e == -EINVAL || e == -ENOENT) /* not this kernel's ipset after all, or none */
        return e == -ENOENT ? 0 : missing(c, "ipset: %s", strerror(-e));
    if (e && e != -IPSET_ERR_PROTOCOL)
        return missing(c, "ipset: %s", strerror(-e));
    const char *const argv[] = {"ipset", "save", NULL};
    return run_tool(c, argv, out);
}
