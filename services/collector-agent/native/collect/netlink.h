/* SPDX-License-Identifier: Apache-2.0 */
/* Raw netlink: open a socket in the current namespace, ask, walk the answers. Only GET and dump requests are made. */
#ifndef NV_NETLINK_H
#define NV_NETLINK_H
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

typedef void (*nl_each)(const struct nlmsghdr *h, void *arg);

int nl_open(int protocol);
/* Sends one request and walks every answer. 0, or -errno. A dump that the kernel marks as interrupted (the state
 * changed in between) calls `restart` and is asked again, three times at most; then -EAGAIN. */
int nl_ask(int fd, struct nlmsghdr *req, nl_each each, void (*restart)(void *), void *arg);

struct nl_req {
    _Alignas(8) char p[1024];
    struct nlmsghdr *h;
};
void nl_begin(struct nl_req *r, uint16_t type, uint16_t flags, const void *header, size_t n);
void nl_put(struct nl_req *r, uint16_t type, const void *data, size_t n);

/* Attributes by type into tb[0..max]; unknown ones are left out. */
void nl_attrs(const void *first, size_t len, const struct nlattr **tb, int max);
#define NL_BODY(h, type) ((const void *)((const char *)NLMSG_DATA(h) + NLMSG_ALIGN(sizeof(type))))
#define NL_BODY_LEN(h, type) ((size_t)((h)->nlmsg_len - NLMSG_LENGTH(0) - NLMSG_ALIGN(sizeof(type))))
static inline const void *na_data(const struct nlattr *a) { return (const char *)a + NLA_HDRLEN; }
static inline size_t na_len(const struct nlattr *a) { return (size_t)(a->nla_len - NLA_HDRLEN); }
uint32_t na_u32(const struct nlattr *a);
uint16_t na_u16(const struct nlattr *a);
uint8_t na_u8(const struct nlattr *a);
uint64_t na_be64(const struct nlattr *a);
uint32_t na_be32(const struct nlattr *a);
uint16_t na_be16(const struct nlattr *a);
/* NUL-terminated even where the kernel sent none; valid until the second next call. */
const char *na_str(const struct nlattr *a);
static inline const struct nlattr *na_next(const struct nlattr *a, size_t *left)
{
    size_t step = NLA_ALIGN(a->nla_len);
    *left = step < *left ? *left - step : 0;
    return (const struct nlattr *)((const char *)a + step);
}
static inline int na_ok(const struct nlattr *a, size_t left)
{
    return left >= (size_t)NLA_HDRLEN && a->nla_len >= NLA_HDRLEN && a->nla_len <= left;
}
#define NA_FOR(a, first, left) for (const struct nlattr *a = (first); na_ok(a, left); a = na_next(a, &(left)))
#endif
