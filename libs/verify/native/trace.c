/*
 * The kernel's own trace of rules. Packets carry nf_trace (a rule of the table `nvtrace` sets it): nf_tables then tells each
 * rule met over a multicast group, and x_tables over nfnetlink_log's group 0. One netlink socket of a namespace hears both, so
 * that their order is the kernel's.
 *
 * Of a flow only the first packet there and the first that comes back count. They are told from all else by what NAT leaves
 * alone: UDP by its payload, ICMP echo by its sequence number, TCP by flags and sequence number, ICMP errors by being that.
 */
#define _GNU_SOURCE
#include "prober.h"
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <unistd.h>

enum { KNOWN_IDS = 64 };

struct event {
	int ns;
	enum direction direction;
	/* Of nfgenmsg: of the table. */
	uint8_t family;
	bool legacy;
	/* nft: NFT_TRACETYPE_*; legacy: of the same values. */
	uint8_t type;
	char table[32], chain[64];
	/* nft: the rule's handle; legacy: its number, which the end of a chain has too. */
	uint64_t rule;
};
static struct event events[MAX_EVENTS];
static unsigned event_count;
static bool lost;

/* nft tells headers only once for each base chain: later events refer to them by the packet's id. */
struct seen {
	int ns;
	uint32_t id;
	enum direction direction;
};
static struct seen seen[KNOWN_IDS];
static unsigned seen_count;

/*
 * Outer packets of a tunnel: the trace shows their headers only, so the trace table logs them whole just before, and what they
 * carry tells whose they are. They are known again by their ends' addresses, source port and length.
 */
struct outer {
	unsigned char ends[8];
	unsigned char sport[2], dport[2], length[2];
	enum direction direction;
};
static struct outer outers[KNOWN_IDS];
static unsigned outer_count;

static struct tell tell;
/* What kind of packet came back first; 0: none yet. */
static uint32_t reply_kind;

void start_trace(const struct tell *told)
{
	tell = *told;
	event_count = seen_count = outer_count = 0;
	reply_kind = 0;
	lost = false;
}

unsigned traced_events(void)
{
	return event_count;
}

static int request(int fd, uint16_t type, uint8_t family, uint16_t group, uint16_t attribute, const void *bytes, size_t size)
{
	char buffer[512] = { 0 };
	struct nlmsghdr *header = (struct nlmsghdr *)buffer;
	struct nfgenmsg *generic = NLMSG_DATA(header);
	struct nlattr *attr = (struct nlattr *)(buffer + NLMSG_SPACE(sizeof *generic));

	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	header->nlmsg_len = NLMSG_SPACE(sizeof *generic) + NLA_HDRLEN + NLA_ALIGN(size);
	generic->nfgen_family = family;
	generic->res_id = htons(group);
	attr->nla_len = NLA_HDRLEN + size;
	attr->nla_type = attribute;
	memcpy((char *)attr + NLA_HDRLEN, bytes, size);
	if (send(fd, buffer, header->nlmsg_len, 0) < 0)
		return errno;
	char answer[4096];
	/* Packets of the namespace's own making may be traced before the answer comes: they are nobody's flow. */
	for (;;) {
		ssize_t got = recv(fd, answer, sizeof answer, 0);

		if (got < 0)
			return errno;
		header = (struct nlmsghdr *)answer;
		if (got >= (ssize_t)NLMSG_SPACE(sizeof(struct nlmsgerr)) && header->nlmsg_type == NLMSG_ERROR)
			return -((struct nlmsgerr *)NLMSG_DATA(header))->error;
	}
}

int open_trace(int ns)
{
	static const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6, NFPROTO_BRIDGE };
	const uint16_t log = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG;
	int room = 16 << 20, group = NFNLGRP_NFTRACE, error = 0;

	if (enter(ns) < 0)
		return errno;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (fd < 0)
		return errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
	/* Legacy traces go to the logger of the family: this one, in this namespace only. */
	for (size_t i = 0; i < sizeof families && !error; i++) {
		struct nfulnl_msg_config_cmd bind = { NFULNL_CFG_CMD_PF_BIND };
		error = request(fd, log, families[i], 0, NFULA_CFG_CMD, &bind, sizeof bind);
	}
	struct nfulnl_msg_config_cmd bind = { NFULNL_CFG_CMD_BIND };
	struct nfulnl_msg_config_mode mode = { htonl(160), NFULNL_COPY_PACKET, 0 };
	uint32_t one = htonl(1);
	if (!error)
		error = request(fd, log, AF_UNSPEC, 0, NFULA_CFG_CMD, &bind, sizeof bind);
	if (!error)
		error = request(fd, log, AF_UNSPEC, 0, NFULA_CFG_MODE, &mode, sizeof mode);
	/* Each at once, not in batches: for the order. */
	if (!error)
		error = request(fd, log, AF_UNSPEC, 0, NFULA_CFG_QTHRESH, &one, sizeof one);
	if (!error && setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0)
		error = errno;
	if (!error && wait_on(fd, TRACE, ns) < 0)
		error = errno;
	if (error) {
		close(fd);
		return error;
	}
	namespaces[ns].trace = fd;
	return 0;
}

/* TCP, UDP or ICMP from its first bytes; direction of the packet, or OTHER when it is none of the two that count. */
static enum direction tell_transport(uint8_t protocol, const unsigned char *bytes, size_t length)
{
	enum { KIND_ANSWER = 1, KIND_RESET = 2, KIND_ICMP = 0x10000 };
	uint32_t kind = 0;

	if ((protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6) && length >= 8) {
		bool v6 = protocol == IPPROTO_ICMPV6;
		uint8_t type = bytes[0];

		if (type == (v6 ? 128 : 8) || type == (v6 ? 129 : 0)) {
			if (tell.protocol != IPPROTO_ICMP || (uint16_t)(bytes[6] << 8 | bytes[7]) != (tell.serial & 0xffff))
				return OTHER;
			if (type == (v6 ? 128 : 8))
				return FORWARD;
			kind = KIND_ANSWER;
		} else if (v6 ? type >= 1 && type <= 4 : type == 3 || type == 11 || type == 12 || type == 4) {
			/*
			 * An error about neighbour discovery, which rules may reject as any packet: it is about another packet than
			 * the flow's. Those leave with a hop limit of 255, which no flow has; a rule may have changed it.
			 */
			if (v6 && length >= 16 && bytes[14] == IPPROTO_ICMPV6 && (tell.protocol != IPPROTO_ICMP || bytes[15] == 255))
				return OTHER;
			kind = KIND_ICMP | type << 8 | bytes[1];
		} else {
			return OTHER;
		}
	} else if (protocol == IPPROTO_UDP && tell.protocol == IPPROTO_UDP && length >= 8) {
		uint32_t serial;

		/* A datagram too short for the mark: answers always have it. */
		if (length < 16)
			return (bytes[4] << 8 | bytes[5]) < 16 ? FORWARD : OTHER;
		memcpy(&serial, bytes + 12, 4);
		if (bytes[8] != 'n' || bytes[9] != 'v')
			return OTHER;
		if (bytes[10] == 'F')
			return ntohl(serial) == tell.serial ? FORWARD : OTHER;
		if (serial && ntohl(serial) != tell.serial)
			return OTHER;
		kind = KIND_ANSWER;
	} else if (protocol == IPPROTO_TCP && tell.protocol == IPPROTO_TCP && length >= 14) {
		enum { SYN = 2, RST = 4, ACK = 16 };
		uint8_t flags = bytes[13];
		uint32_t seq;

		memcpy(&seq, bytes + 4, 4);
		seq = ntohl(seq);
		if (tell.raw_seq ? seq == tell.raw_seq : (flags & (SYN | ACK | RST)) == SYN)
			return FORWARD;
		/* In an established connection whatever comes back is the answer: an acknowledgement, or data with one. */
		if (tell.established) {
			/* What the sender says next is its acknowledgement of that. */
			if (seq == tell.raw_seq + CONTINUED_BYTES)
				return OTHER;
			kind = flags;
		} else if (flags & RST) {
			/* To a SYN it has no sequence number; others end a connection that was made. */
			if (!tell.raw_seq && seq != 0)
				return OTHER;
			kind = KIND_RESET;
		} else if ((flags & (SYN | ACK)) == (SYN | ACK) || tell.raw_seq) {
			kind = KIND_ANSWER;
		} else {
			return OTHER;
		}
	} else {
		return OTHER;
	}
	if (!reply_kind)
		reply_kind = kind;
	return reply_kind == kind ? REPLY : OTHER;
}

static enum direction tell_packet(const unsigned char *network, size_t length, const unsigned char *transport, size_t rest);

static bool is_vxlan(const unsigned char *udp)
{
	unsigned dport = udp[2] << 8 | udp[3];

	return dport == 4789 || dport == 8472;
}

static enum direction tell_outer(const unsigned char *network, const unsigned char *udp)
{
	for (unsigned i = outer_count; i-- > 0;)
		if (memcmp(outers[i].ends, network + 12, 8) == 0 && memcmp(outers[i].sport, udp, 2) == 0 && memcmp(outers[i].length, udp + 4, 2) == 0)
			return outers[i].direction;
	return OTHER;
}

/* The whole of an IPv4 packet of a VXLAN tunnel. */
static void learn_outer(const unsigned char *network, size_t length)
{
	enum { VXLAN = 8, ETHERNET = 14 };
	size_t header = length ? (network[0] & 15) * 4 : 0, inner = header + 8 + VXLAN + ETHERNET;

	if (length < inner || network[0] >> 4 != 4 || network[9] != IPPROTO_UDP || !is_vxlan(network + header))
		return;
	const unsigned char *udp = network + header, *type = network + inner - 2;
	bool ip = (type[0] << 8 | type[1]) == 0x0800 || (type[0] << 8 | type[1]) == 0x86dd;
	struct outer outer = { .direction = ip ? tell_packet(network + inner, length - inner, NULL, 0) : OTHER };
	memcpy(outer.ends, network + 12, 8);
	memcpy(outer.sport, udp, 2);
	memcpy(outer.dport, udp + 2, 2);
	memcpy(outer.length, udp + 4, 2);
	if (outer_count == KNOWN_IDS)
		memmove(outers, outers + 1, sizeof outers[0] * --outer_count);
	outers[outer_count++] = outer;
}

static size_t put_attribute(char *buffer, size_t at, uint16_t type, const void *bytes, size_t size)
{
	struct nlattr *attribute = (struct nlattr *)(buffer + at);

	attribute->nla_type = type;
	attribute->nla_len = NLA_HDRLEN + size;
	memset(buffer + at + NLA_HDRLEN, 0, NLA_ALIGN(size));
	memcpy(buffer + at + NLA_HDRLEN, bytes, size);
	return NLA_ALIGN(NLA_HDRLEN + size);
}

/*
 * The connections of a tunnel's outer packets: their source port is a hash of what they carry, one of 28,232, so that another
 * packet's may be known already, and then asks no rules of nat. Nobody can say when: no packet finds those of another.
 */
void forget_outers(void)
{
	for (unsigned i = 0; i < outer_count; i++)
		for (int ns = 0; ns < namespace_count; ns++) {
			char ip[64], proto[64], tuple[160];
			const uint8_t udp = IPPROTO_UDP;
			size_t length = put_attribute(ip, 0, CTA_IP_V4_SRC, outers[i].ends, 4);

			if (namespaces[ns].trace < 0 || enter(ns) < 0)
				continue;
			length += put_attribute(ip, length, CTA_IP_V4_DST, outers[i].ends + 4, 4);
			size_t whole = put_attribute(tuple, 0, CTA_TUPLE_IP | NLA_F_NESTED, ip, length);
			length = put_attribute(proto, 0, CTA_PROTO_NUM, &udp, 1);
			length += put_attribute(proto, length, CTA_PROTO_SRC_PORT, outers[i].sport, 2);
			length += put_attribute(proto, length, CTA_PROTO_DST_PORT, outers[i].dport, 2);
			whole += put_attribute(tuple, whole, CTA_TUPLE_PROTO | NLA_F_NESTED, proto, length);
			int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
			request(fd, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE, AF_INET, 0, CTA_TUPLE_ORIG | NLA_F_NESTED, tuple, whole);
			close(fd);
		}
	outer_count = 0;
}

static enum direction tell_packet(const unsigned char *network, size_t length, const unsigned char *transport, size_t rest)
{
	uint8_t protocol;

	if (length >= 20 && network[0] >> 4 == 4) {
		/* All fragments count as one packet: its first. */
		if ((network[6] & 0x1f) || network[7])
			return OTHER;
		protocol = network[9];
		if (!transport) {
			size_t header = (network[0] & 15) * 4;
			if (header > length)
				return OTHER;
			transport = network + header;
			rest = length - header;
		}
	} else if (length >= 40 && network[0] >> 4 == 6) {
		size_t header = 40;

		protocol = network[6];
		/* Hop-by-hop options: multicast listeners' reports have them, no flow has. */
		if (protocol == 0)
			return OTHER;
		/* Extension headers: routing, destination options; a fragment. */
		while (protocol == 43 || protocol == 60 || protocol == 44) {
			if (length < header + 8) {
				/* nft shows no more than 40 bytes: the transport header must speak for itself. */
				protocol = tell.protocol == IPPROTO_ICMP ? IPPROTO_ICMPV6 : tell.protocol;
				break;
			}
			if (protocol == 44 && ((network[header + 2] << 8 | network[header + 3]) & 0xfff8))
				return OTHER;
			size_t next = protocol == 44 ? 8 : (network[header + 1] + 1) * 8;
			protocol = network[header];
			header += next;
		}
		if (!transport) {
			if (header > length)
				return OTHER;
			transport = network + header;
			rest = length - header;
		}
	} else {
		return OTHER;
	}
	if (protocol == IPPROTO_UDP && network[0] >> 4 == 4 && rest >= 8 && is_vxlan(transport))
		return tell_outer(network, transport);
	return tell_transport(protocol, transport, rest);
}

static void keep(const struct event *event)
{
	if (event->direction == OTHER)
		return;
	if (event_count == MAX_EVENTS) {
		lost = true;
		return;
	}
	events[event_count++] = *event;
}

struct attributes {
	const unsigned char *bytes[32];
	size_t length[32];
};

static void parse(struct attributes *out, const struct nlmsghdr *header)
{
	const char *at = (const char *)NLMSG_DATA(header) + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	const char *end = (const char *)header + header->nlmsg_len;

	memset(out, 0, sizeof *out);
	while (at + NLA_HDRLEN <= end) {
		const struct nlattr *attr = (const struct nlattr *)at;
		unsigned type = attr->nla_type & NLA_TYPE_MASK;

		if (attr->nla_len < NLA_HDRLEN || at + attr->nla_len > end)
			break;
		if (type < 32) {
			out->bytes[type] = (const unsigned char *)at + NLA_HDRLEN;
			out->length[type] = attr->nla_len - NLA_HDRLEN;
		}
		at += NLA_ALIGN(attr->nla_len);
	}
}

static void copy_name(char *out, size_t room, const struct attributes *attributes, unsigned type)
{
	snprintf(out, room, "%.*s", (int)attributes->length[type], attributes->bytes[type] ? (const char *)attributes->bytes[type] : "");
}

static uint64_t big64(const unsigned char *bytes)
{
	uint64_t value = 0;

	for (int i = 0; bytes && i < 8; i++)
		value = value << 8 | bytes[i];
	return value;
}

static uint32_t big32(const unsigned char *bytes)
{
	return bytes ? (uint32_t)bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3] : 0;
}

static void take_nft(int ns, const struct nlmsghdr *header)
{
	struct attributes at;
	struct event event = { .ns = ns, .family = ((struct nfgenmsg *)NLMSG_DATA(header))->nfgen_family };

	parse(&at, header);
	uint32_t id = big32(at.bytes[NFTA_TRACE_ID]);
	struct seen *entry = NULL;
	for (unsigned i = 0; i < seen_count && !entry; i++)
		if (seen[i].ns == ns && seen[i].id == id)
			entry = &seen[i];
	if (at.bytes[NFTA_TRACE_NETWORK_HEADER]) {
		if (!entry)
			entry = &seen[seen_count < KNOWN_IDS ? seen_count++ : KNOWN_IDS - 1];
		*entry = (struct seen){ ns, id,
					tell_packet(at.bytes[NFTA_TRACE_NETWORK_HEADER], at.length[NFTA_TRACE_NETWORK_HEADER],
						    at.bytes[NFTA_TRACE_TRANSPORT_HEADER], at.length[NFTA_TRACE_TRANSPORT_HEADER]) };
	}
	event.direction = entry ? entry->direction : OTHER;
	event.type = big32(at.bytes[NFTA_TRACE_TYPE]);
	event.rule = big64(at.bytes[NFTA_TRACE_RULE_HANDLE]);
	copy_name(event.table, sizeof event.table, &at, NFTA_TRACE_TABLE);
	copy_name(event.chain, sizeof event.chain, &at, NFTA_TRACE_CHAIN);
	/* A chain's end is told as a rule without a handle, then as what it does: the policy, or a return, which is no rule. */
	if (event.type == NFT_TRACETYPE_RETURN || (event.type == NFT_TRACETYPE_RULE && event.rule == 0))
		return;
	if (strcmp(event.table, "nvtrace") != 0)
		keep(&event);
}

/* "TRACE: filter:FORWARD:rule:3 ": net/ipv4/netfilter/ip_tables.c, trace_packet(). */
static void take_log(int ns, const struct nlmsghdr *header)
{
	struct attributes at;
	struct event event = { .ns = ns, .legacy = true, .family = ((struct nfgenmsg *)NLMSG_DATA(header))->nfgen_family };
	char prefix[160], kind[16];
	unsigned number;

	parse(&at, header);
	copy_name(prefix, sizeof prefix, &at, NFULA_PREFIX);
	if (strcmp(prefix, "nvtrace outer") == 0) {
		if (at.bytes[NFULA_PAYLOAD])
			learn_outer(at.bytes[NFULA_PAYLOAD], at.length[NFULA_PAYLOAD]);
		return;
	}
	if (sscanf(prefix, "TRACE: %31[^:]:%63[^:]:%15[^:]:%u", event.table, event.chain, kind, &number) != 4)
		return;
	event.rule = number;
	event.type = strcmp(kind, "rule") == 0 ? NFT_TRACETYPE_RULE : strcmp(kind, "policy") == 0 ? NFT_TRACETYPE_POLICY : NFT_TRACETYPE_RETURN;
	event.direction = at.bytes[NFULA_PAYLOAD] ? tell_packet(at.bytes[NFULA_PAYLOAD], at.length[NFULA_PAYLOAD], NULL, 0) : OTHER;
	keep(&event);
}

void read_trace(int ns)
{
	static char buffer[1 << 16] __attribute__((aligned(8)));

	for (;;) {
		ssize_t got = recv(namespaces[ns].trace, buffer, sizeof buffer, MSG_DONTWAIT);

		if (got < 0) {
			if (errno == ENOBUFS)
				lost = true;
			if (errno == ENOBUFS || errno == EINTR)
				continue;
			return;
		}
		for (struct nlmsghdr *header = (struct nlmsghdr *)buffer; NLMSG_OK(header, got); header = NLMSG_NEXT(header, got)) {
			if (header->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_TRACE))
				take_nft(ns, header);
			else if (header->nlmsg_type == (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET))
				take_log(ns, header);
		}
	}
}

static const char *family_name(uint8_t family)
{
	switch (family) {
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_ARP:
		return "arp";
	case NFPROTO_NETDEV:
		return "netdev";
	case NFPROTO_BRIDGE:
		return "bridge";
	case NFPROTO_IPV6:
		return "ip6";
	default:
		return "unknown";
	}
}

void print_trace(void)
{
	static const char *const types[] = { "unknown", "policy", "return", "rule" };

	printf("\"lost\":%s,\"events\":[", lost ? "true" : "false");
	for (unsigned i = 0; i < event_count; i++) {
		const struct event *event = &events[i];

		printf("%s[%d,\"%s\",\"%s\",\"%s\",", i ? "," : "", event->ns, event->direction == FORWARD ? "forward" : "reply",
		       event->legacy ? "legacy" : "nft", family_name(event->family));
		put_text(event->table);
		putchar(',');
		put_text(event->chain);
		printf(",\"%s\",%llu]", types[event->type <= NFT_TRACETYPE_RULE ? event->type : 0], (unsigned long long)event->rule);
	}
	putchar(']');
}

/* Handles of all nft rules in the order of their chains. */
void print_positions(int ns)
{
	static char buffer[1 << 18] __attribute__((aligned(8)));
	struct {
		struct nlmsghdr header;
		struct nfgenmsg generic;
	} dump = { { sizeof dump, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETRULE, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 }, { 0 } };
	bool done = false, changed = false;
	unsigned count = 0;

	printf("{\"rules\":[");
	int fd = enter(ns) < 0 ? -1 : socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (fd >= 0 && send(fd, &dump, sizeof dump, 0) >= 0) {
		while (!done) {
			ssize_t got = recv(fd, buffer, sizeof buffer, 0);

			if (got <= 0)
				break;
			for (struct nlmsghdr *header = (struct nlmsghdr *)buffer; NLMSG_OK(header, got); header = NLMSG_NEXT(header, got)) {
				struct attributes at;

				if (header->nlmsg_flags & NLM_F_DUMP_INTR)
					changed = true;
				if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) {
					done = true;
					break;
				}
				parse(&at, header);
				printf("%s[\"%s\",", count++ ? "," : "", family_name(((struct nfgenmsg *)NLMSG_DATA(header))->nfgen_family));
				put_string((const char *)at.bytes[NFTA_RULE_TABLE], at.length[NFTA_RULE_TABLE] - 1);
				putchar(',');
				put_string((const char *)at.bytes[NFTA_RULE_CHAIN], at.length[NFTA_RULE_CHAIN] - 1);
				printf(",%llu]", (unsigned long long)big64(at.bytes[NFTA_RULE_HANDLE]));
			}
		}
	}
	if (fd >= 0)
		close(fd);
	printf("],\"complete\":%s}\n", done && !changed ? "true" : "false");
}
