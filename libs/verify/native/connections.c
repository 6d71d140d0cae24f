/*
 * Connection tracking as it was when the world was read. Each packet that is sent leaves connections behind, and a later one could
 * meet them: by a port that both are translated to, or as a tunnel's outer packet, whose source port is a hash of what it carries. Flows
 * are judged each on its own, against what was read: the kernel tells each new connection, and after each packet they are deleted.
 */
#define _GNU_SOURCE
#include "nfnetlink.h"
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <unistd.h>

/* What is there belongs to the world. */
static bool taken;

int watch_connections(int ns)
{
	/* Bound to the group: one that only joins it (NETLINK_ADD_MEMBERSHIP) is told nothing. */
	struct sockaddr_nl self = { .nl_family = AF_NETLINK, .nl_groups = 1 << (NFNLGRP_CONNTRACK_NEW - 1) };
	int room = 4 << 20;

	if (enter(ns) < 0)
		return errno;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (fd < 0)
		return errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
	if (bind(fd, (struct sockaddr *)&self, sizeof self) < 0) {
		int error = errno;

		close(fd);
		return error;
	}
	namespaces[ns].connections = fd;
	return 0;
}

static void parse_nested(struct attributes *out, const struct attributes *of, unsigned type)
{
	parse_bytes(out, of->bytes[type], of->length[type]);
}

static bool is_of_tunnel(const struct attributes *at)
{
	struct attributes tuple, protocol;

	parse_nested(&tuple, at, CTA_TUPLE_ORIG);
	parse_nested(&protocol, &tuple, CTA_TUPLE_PROTO);
	const unsigned char *number = protocol.bytes[CTA_PROTO_NUM], *port = protocol.bytes[CTA_PROTO_DST_PORT];
	unsigned dport = port ? port[0] << 8 | port[1] : 0;
	return number && *number == IPPROTO_UDP && (dport == 4789 || dport == 8472);
}

static void delete(int ns, const struct nlmsghdr *told)
{
	static const uint16_t kept[] = { CTA_TUPLE_ORIG, CTA_ZONE, CTA_ID };
	struct message message = message_of(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE, ((struct nfgenmsg *)NLMSG_DATA(told))->nfgen_family, 0);
	struct attributes at;

	parse_attributes(&at, told);
	/* What the prelude makes stays, but for tunnels: no packet finds those of another, so that nobody could collect them. */
	if (!taken && !is_of_tunnel(&at))
		return;
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		if (at.bytes[kept[i]])
			put_attribute(&message, kept[i] | (kept[i] == CTA_TUPLE_ORIG ? NLA_F_NESTED : 0), at.bytes[kept[i]], at.length[kept[i]]);
	if (enter(ns) < 0)
		return;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	request(fd, &message);
	close(fd);
}

void forget_connections(void)
{
	static char buffer[1 << 16] __attribute__((aligned(8)));

	for (int ns = 0; ns < namespace_count; ns++) {
		while (namespaces[ns].connections >= 0) {
			ssize_t got = recv(namespaces[ns].connections, buffer, sizeof buffer, MSG_DONTWAIT);

			if (got < 0 && (errno == ENOBUFS || errno == EINTR))
				continue;
			if (got < 0)
				break;
			for (struct nlmsghdr *told = (struct nlmsghdr *)buffer; NLMSG_OK(told, got); told = NLMSG_NEXT(told, got))
				delete(ns, told);
		}
	}
}

void take_connections(void)
{
	forget_connections();
	taken = true;
}

void close_connections(void)
{
	for (int ns = 0; ns < namespace_count; ns++)
		if (namespaces[ns].connections >= 0)
			close(namespaces[ns].connections);
	taken = false;
}
