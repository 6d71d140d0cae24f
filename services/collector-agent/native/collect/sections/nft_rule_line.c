/* SPDX-License-Identifier: Apache-2.0 */
/* A rule's line as iptables-save prints it. The order is fixed for what iptables itself knows (-s -d -i -o -p); matches keep theirs. */
#include "nft_rule_parts.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <linux/netfilter.h>

static void address_option(struct buf *out, int family, const char *option, const struct field *f)
{
    size_t n = family == NFPROTO_IPV4 ? 4 : 16, bits = 0;
    char text[64];
    if (!f->set)
        return;
    while (bits < n * 8 && f->mask[bits / 8] & (0x80 >> bits % 8))
        bits++;
    bool contiguous = true;
    for (size_t i = bits; i < n * 8; i++)
        contiguous &= !(f->mask[i / 8] & (0x80 >> i % 8));
    int af = family == NFPROTO_IPV4 ? AF_INET : AF_INET6;
    inet_ntop(af, f->value, text, sizeof text);
    buf_fmt(out, "%s %s %s", f->negate ? " !" : "", option, text);
    if (contiguous)
        buf_fmt(out, "/%zu", bits);
    else {
        inet_ntop(af, f->mask, text, sizeof text);
        buf_fmt(out, "/%s", text);
    }
}

/* /etc/protocols; others are left to the tool, which asks the machine's own file. */
static const char *protocol_text(uint8_t p)
{
    switch (p) {
    case IPPROTO_ICMP: return "icmp";
    case IPPROTO_IGMP: return "igmp";
    case IPPROTO_TCP: return "tcp";
    case IPPROTO_UDP: return "udp";
    case IPPROTO_GRE: return "gre";
    case IPPROTO_ESP: return "esp";
    case IPPROTO_AH: return "ah";
    case IPPROTO_ICMPV6: return "ipv6-icmp";
    case IPPROTO_SCTP: return "sctp";
    default: return NULL;
    }
}

static void tcp_flags(struct buf *out, uint8_t flags)
{
    static const char *const names[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG"};
    bool any = false;
    for (int i = 0; i < 6; i++)
        if (flags & (1 << i)) {
            buf_fmt(out, "%s%s", any ? "," : "", names[i]);
            any = true;
        }
    if (!any)
        buf_str(out, "NONE");
}

void nft_ports_text(struct buf *out, const struct ports *p)
{
    buf_fmt(out, " -m %s", p->protocol == IPPROTO_TCP ? "tcp" : "udp");
    if (p->sport.set) {
        buf_fmt(out, "%s --sport %u", p->sport.negate ? " !" : "", p->sport.from);
        if (p->sport.to != p->sport.from) buf_fmt(out, ":%u", p->sport.to);
    }
    if (p->dport.set) {
        buf_fmt(out, "%s --dport %u", p->dport.negate ? " !" : "", p->dport.from);
        if (p->dport.to != p->dport.from) buf_fmt(out, ":%u", p->dport.to);
    }
    if (p->flags) {
        buf_fmt(out, "%s --tcp-flags ", p->flags_negate ? " !" : "");
        tcp_flags(out, p->flags_mask);
        buf_ch(out, ' ');
        tcp_flags(out, p->flags_value);
    }
}

int nft_rule_line(struct buf *out, const char *chain, const struct rule *r)
{
    const char *protocol = r->has_protocol ? protocol_text(r->protocol) : "";
    if (!protocol)
        return -1;
    const struct buf *matches = &r->matches, *target = &r->target;
    buf_fmt(out, "-A %s", chain);
    address_option(out, r->family, "-s", &r->src);
    address_option(out, r->family, "-d", &r->dst);
    if (r->in.set) buf_fmt(out, "%s -i %s", r->in.negate ? " !" : "", r->in.name);
    if (r->out.set) buf_fmt(out, "%s -o %s", r->out.negate ? " !" : "", r->out.name);
    if (r->has_protocol) buf_fmt(out, "%s -p %s", r->protocol_negate ? " !" : "", protocol);
    size_t at = r->ports.used ? r->ports.at : matches->len;
    if (at) buf_add(out, matches->p, at);
    if (r->ports.used) nft_ports_text(out, &r->ports);
    if (matches->len > at) buf_add(out, matches->p + at, matches->len - at);
    if (target->len) buf_add(out, target->p, target->len);
    buf_ch(out, '\n');
    return 0;
}
