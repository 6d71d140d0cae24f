/*
 * The kernel's own trace of rules. Packets carry nf_trace (a rule of the table `nvtrace` sets it): nf_tables then tells each
 * rule met over a multicast group, and x_tables over nfnetlink_log's group 0. One netlink socket of a namespace hears both, so
 * that their order is the kernel's. Whose a packet is: tell.c.
 */
#define _GNU_SOURCE
#include "nfnetlink.h"
#include "tell.h"
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <unistd.h>

enum { KNOWN_IDS = 64 };

struct event {
	int ns;
	struct whose whose;
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
	struct whose whose;
	/* The UDP length of what may be a tunnel's packet; 0: it is none. */
	unsigned outer;
};
static struct seen seen[KNOWN_IDS];
static unsigned seen_count;

void start_trace(const struct tell *told)
{
	start_telling(told);
	event_count = seen_count = 0;
	lost = false;
}

static int configure(int fd, uint8_t family, uint16_t attribute, const void *bytes, size_t size)
{
	struct message message = message_of(NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG, family, 0);

	put_attribute(&message, attribute, bytes, size);
	return request(fd, &message);
}

int open_trace(int ns)
{
	static const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6, NFPROTO_BRIDGE };
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
		error = configure(fd, families[i], NFULA_CFG_CMD, &bind, sizeof bind);
	}
	struct nfulnl_msg_config_cmd bind = { NFULNL_CFG_CMD_BIND };
	struct nfulnl_msg_config_mode mode = { htonl(256), NFULNL_COPY_PACKET, 0 };
	uint32_t one = htonl(1);
	if (!error)
		error = configure(fd, AF_UNSPEC, NFULA_CFG_CMD, &bind, sizeof bind);
	if (!error)
		error = configure(fd, AF_UNSPEC, NFULA_CFG_MODE, &mode, sizeof mode);
	/* Each at once, not in batches: for the order. */
	if (!error)
		error = configure(fd, AF_UNSPEC, NFULA_CFG_QTHRESH, &one, sizeof one);
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

static void keep(const struct event *event)
{
	if (event->whose.direction == OTHER)
		return;
	if (event_count == MAX_EVENTS) {
		lost = true;
		return;
	}
	events[event_count++] = *event;
}

static void copy_name(char *out, size_t room, const struct attributes *attributes, unsigned type)
{
	snprintf(out, room, "%.*s", (int)attributes->length[type], attributes->bytes[type] ? (const char *)attributes->bytes[type] : "");
}

static void take_nft(int ns, const struct nlmsghdr *header)
{
	struct attributes at;
	struct event event = { .ns = ns, .family = ((struct nfgenmsg *)NLMSG_DATA(header))->nfgen_family };

	parse_attributes(&at, header);
	uint32_t id = big32(at.bytes[NFTA_TRACE_ID]);
	struct seen *entry = NULL;
	for (unsigned i = 0; i < seen_count && !entry; i++)
		if (seen[i].ns == ns && seen[i].id == id)
			entry = &seen[i];
	const unsigned char *network = at.bytes[NFTA_TRACE_NETWORK_HEADER], *transport = at.bytes[NFTA_TRACE_TRANSPORT_HEADER];
	if (network) {
		size_t length = at.length[NFTA_TRACE_NETWORK_HEADER], rest = at.length[NFTA_TRACE_TRANSPORT_HEADER];
		unsigned outer = transport && is_outer(network, length, transport, rest) ? transport[4] << 8 | transport[5] : 0;
		bool known = entry;

		if (!known)
			entry = &seen[seen_count < KNOWN_IDS ? seen_count++ : KNOWN_IDS - 1];
		/* Known before its ends were translated; of another length it is another, whose buffer lies where that one's lay. */
		if (!known || !outer || entry->outer != outer)
			*entry = (struct seen){ ns, id, tell_packet(network, length, transport, rest), outer };
	}
	if (entry)
		event.whose = entry->whose;
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

	parse_attributes(&at, header);
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
	if (at.bytes[NFULA_PAYLOAD])
		event.whose = tell_packet(at.bytes[NFULA_PAYLOAD], at.length[NFULA_PAYLOAD], NULL, 0);
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

void print_trace(void)
{
	static const char *const types[] = { "unknown", "policy", "return", "rule" };

	printf("\"lost\":%s,\"events\":[", lost ? "true" : "false");
	for (unsigned i = 0, told = 0; i < event_count; i++) {
		const struct event *event = &events[i];

		if (!counts(event->whose))
			continue;
		printf("%s[%d,\"%s\",\"%s\",\"%s\",", told++ ? "," : "", event->ns, event->whose.direction == FORWARD ? "forward" : "reply",
		       event->legacy ? "legacy" : "nft", family_name(event->family));
		put_text(event->table);
		putchar(',');
		put_text(event->chain);
		printf(",\"%s\",%llu]", types[event->type <= NFT_TRACETYPE_RULE ? event->type : 0], (unsigned long long)event->rule);
	}
	putchar(']');
}
