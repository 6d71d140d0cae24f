/*
 * Of a flow only the first packet there and the first that comes back count. They are told from all else by what NAT leaves
 * alone: UDP by its payload, ICMP echo by its sequence number, TCP by flags and sequence number, ICMP errors by being that.
 */
#define _GNU_SOURCE
#include "tell.h"

enum { KNOWN_OUTERS = 64, KNOWN_REPLIES = 64 };

/*
 * Outer packets of a tunnel: the trace shows their headers only, so the trace table logs them whole just before, and what they
 * carry tells whose they are. They are known again by their length, source port and ends, as far as these were not translated.
 */
struct outer {
	unsigned char ends[8];
	unsigned char sport[2], length[2];
	struct whose whose;
};
static struct outer outers[KNOWN_OUTERS];
static unsigned outer_count;

static struct tell tell;
/*
 * Each kind of packet that came back, in the order of reading. Namespaces tell over sockets of their own, so an error about the
 * answer may be read before the answer, and one about a tunnel's packet before that packet: which of them is the reply is settled
 * when all is read (reply_kind).
 */
static struct whose replies[KNOWN_REPLIES];
static unsigned reply_count;
enum { KIND_ANSWER = 1, KIND_RESET = 2, KIND_ICMP = 0x10000 };
static const struct whose other = { .direction = OTHER }, forward = { .direction = FORWARD };

void start_telling(const struct tell *told)
{
	tell = *told;
	reply_count = 0;
	outer_count = 0;
}

/*
 * Of an ICMP error: whether it quotes a packet such as the flow's, as far as the trace shows. Others are about a tunnel's packet, or
 * come late and are about an earlier flow's.
 */
static bool quotes_such(const unsigned char *icmp, size_t length, bool v6)
{
	enum { ROUTING = 43, FRAGMENT = 44, OPTIONS = 60 };
	size_t at = v6 ? 8 + 6 : 8 + 9;

	if (v6 != tell.v6)
		return false;
	if (length <= at || (v6 && (icmp[at] == ROUTING || icmp[at] == FRAGMENT || icmp[at] == OPTIONS)))
		return true;
	return icmp[at] == (v6 && tell.protocol == IPPROTO_ICMP ? IPPROTO_ICMPV6 : tell.protocol);
}

/* The length of a UDP datagram that an ICMP error of IPv4 quotes, of which the trace may show but 12 bytes; 0: it quotes none. */
static uint16_t quoted_udp(const unsigned char *icmp, size_t length)
{
	const unsigned char *quoted = icmp + 8;

	return length < 20 || quoted[9] != IPPROTO_UDP ? 0 : (quoted[2] << 8 | quoted[3]) - (quoted[0] & 15) * 4;
}

/* An error about a tunnel's packet: the tunnel's end hears it, and tells nobody. */
static bool is_about_outer(struct whose whose)
{
	for (unsigned i = 0; whose.quoted_udp && i < outer_count; i++)
		if (whose.quoted_udp == (outers[i].length[0] << 8 | outers[i].length[1]))
			return true;
	return false;
}

/* What came back first, 0: nothing. An error counts only where no answer is told of at all. */
static uint32_t reply_kind(void)
{
	uint32_t first = 0;

	for (unsigned i = 0; i < reply_count; i++) {
		if (is_about_outer(replies[i]))
			continue;
		if (!(replies[i].kind & KIND_ICMP))
			return replies[i].kind;
		if (!first)
			first = replies[i].kind;
	}
	return first;
}

static struct whose reply(uint32_t kind, uint16_t quoted)
{
	struct whose whose = { REPLY, quoted, kind };

	for (unsigned i = 0; i < reply_count; i++)
		if (replies[i].kind == kind && replies[i].quoted_udp == quoted)
			return whose;
	if (reply_count < KNOWN_REPLIES)
		replies[reply_count++] = whose;
	return whose;
}

/*
 * Of the first bytes of a quoted ICMPv6 packet. Neighbour discovery leaves with a hop limit of 255, which no flow has; where a rule
 * has changed that, it has the length of a message with one address and mostly one option, which echoes seldom have.
 */
static bool is_discovery(const unsigned char *quoted)
{
	enum { MESSAGE = 24, WITH_OPTION = 32 };
	unsigned length = quoted[4] << 8 | quoted[5];

	return quoted[7] == 255 || ((length == MESSAGE || length == WITH_OPTION) && length != tell.echo_length);
}

/* TCP, UDP or ICMP from its first bytes. */
static struct whose tell_transport(uint8_t protocol, const unsigned char *bytes, size_t length)
{
	uint32_t kind = 0;

	if ((protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6) && length >= 8) {
		bool v6 = protocol == IPPROTO_ICMPV6;
		uint8_t type = bytes[0];

		if (type == (v6 ? 128 : 8) || type == (v6 ? 129 : 0)) {
			if (tell.protocol != IPPROTO_ICMP || (uint16_t)(bytes[6] << 8 | bytes[7]) != (tell.serial & 0xffff))
				return other;
			if (type == (v6 ? 128 : 8))
				return forward;
			kind = KIND_ANSWER;
		} else if (v6 ? type >= 1 && type <= 4 : type == 3 || type == 11 || type == 12 || type == 4) {
			/*
			 * An error about neighbour discovery, which rules may reject as any packet: it is about another packet than
			 * the flow's.
			 */
			if (v6 && length >= 16 && bytes[14] == IPPROTO_ICMPV6 && is_discovery(bytes + 8))
				return other;
			if (!quotes_such(bytes, length, v6))
				return other;
			return reply(KIND_ICMP | type << 8 | bytes[1], v6 ? 0 : quoted_udp(bytes, length));
		} else {
			return other;
		}
	} else if (protocol == IPPROTO_UDP && tell.protocol == IPPROTO_UDP && length >= 8) {
		uint32_t serial;

		/* A datagram too short for the mark: answers always have it. */
		if (length < 16)
			return (bytes[4] << 8 | bytes[5]) < 16 ? forward : other;
		memcpy(&serial, bytes + 12, 4);
		if (bytes[8] != 'n' || bytes[9] != 'v')
			return other;
		if (bytes[10] == 'F')
			return ntohl(serial) == tell.serial ? forward : other;
		if (serial && ntohl(serial) != tell.serial)
			return other;
		kind = KIND_ANSWER;
	} else if (protocol == IPPROTO_TCP && tell.protocol == IPPROTO_TCP && length >= 14) {
		enum { SYN = 2, RST = 4, ACK = 16 };
		uint8_t flags = bytes[13];
		uint32_t seq;

		memcpy(&seq, bytes + 4, 4);
		seq = ntohl(seq);
		if (tell.raw_seq ? seq == tell.raw_seq : (flags & (SYN | ACK | RST)) == SYN)
			return forward;
		/* In an established connection whatever comes back is the answer: an acknowledgement, or data with one. */
		if (tell.established) {
			/* What the sender says next is its acknowledgement of that. */
			if (seq == tell.raw_seq + CONTINUED_BYTES)
				return other;
			kind = flags;
		} else if (flags & RST) {
			/* To a SYN it has no sequence number; others end a connection that was made. */
			if (!tell.raw_seq && seq != 0)
				return other;
			kind = KIND_RESET;
		} else if ((flags & (SYN | ACK)) == (SYN | ACK) || tell.raw_seq) {
			kind = KIND_ANSWER;
		} else {
			return other;
		}
	} else {
		return other;
	}
	return reply(kind, 0);
}

/* By its port, or, when that was translated, by what all of VXLAN's packets begin with. */
static bool is_vxlan(const unsigned char *udp, size_t rest)
{
	static const unsigned char flags[] = { 8, 0, 0, 0 };
	unsigned dport = udp[2] << 8 | udp[3];

	return dport == 4789 || dport == 8472 || (rest >= 12 && memcmp(udp + 8, flags, sizeof flags) == 0);
}

/* The latest that it may be: translation leaves alone its length, mostly its source port. */
static struct whose tell_outer(const unsigned char *network, const unsigned char *udp)
{
	enum { NOT_AT_ALL, BY_LENGTH, BY_PORT, BY_ENDS } best = NOT_AT_ALL;
	struct whose whose = other;

	for (unsigned i = outer_count; i-- > 0;) {
		bool length = memcmp(outers[i].length, udp + 4, 2) == 0, port = memcmp(outers[i].sport, udp, 2) == 0,
		     ends = memcmp(outers[i].ends, network + 12, 8) == 0;
		int likeness = !length ? NOT_AT_ALL : !port ? BY_LENGTH : !ends ? BY_PORT : BY_ENDS;

		if (likeness <= (int)best)
			continue;
		best = likeness;
		whose = outers[i].whose;
	}
	return whose;
}

/* What a tunnel's packet carries, if `udp` is whole enough to say: an Ethernet frame behind VXLAN's header. */
static bool tell_inner(const unsigned char *udp, size_t rest, struct whose *whose)
{
	enum { UDP = 8, VXLAN = 8, ETHERNET = 14, FRAME = UDP + VXLAN, PACKET = FRAME + ETHERNET, ENOUGH = 48 };
	const unsigned char *type = udp + PACKET - 2;

	if (rest < PACKET + ENOUGH && rest < (size_t)(udp[4] << 8 | udp[5]))
		return false;
	bool ip = rest > PACKET && ((type[0] << 8 | type[1]) == 0x0800 || (type[0] << 8 | type[1]) == 0x86dd);
	*whose = ip ? tell_packet(udp + PACKET, rest - PACKET, NULL, 0) : other;
	return true;
}

void learn_outer(const unsigned char *network, size_t length)
{
	size_t header = length ? (network[0] & 15) * 4 : 0;
	const unsigned char *udp = network + header;
	struct outer outer;

	if (length < header + 8 || network[0] >> 4 != 4 || network[9] != IPPROTO_UDP || !is_vxlan(udp, length - header) ||
	    !tell_inner(udp, length - header, &outer.whose))
		return;
	memcpy(outer.ends, network + 12, 8);
	memcpy(outer.sport, udp, 2);
	memcpy(outer.length, udp + 4, 2);
	if (outer_count == KNOWN_OUTERS)
		memmove(outers, outers + 1, sizeof outers[0] * --outer_count);
	outers[outer_count++] = outer;
}

bool is_outer(const unsigned char *network, size_t length, const unsigned char *udp, size_t rest)
{
	if (length < 20 || network[0] >> 4 != 4 || network[9] != IPPROTO_UDP || rest < 8)
		return false;
	for (unsigned i = 0; i < outer_count; i++)
		if (memcmp(outers[i].length, udp + 4, 2) == 0)
			return true;
	return false;
}

bool counts(struct whose whose)
{
	return whose.direction == FORWARD || (whose.direction == REPLY && whose.kind == reply_kind() && !is_about_outer(whose));
}

struct whose tell_packet(const unsigned char *network, size_t length, const unsigned char *transport, size_t rest)
{
	uint8_t protocol;

	if (length >= 20 && network[0] >> 4 == 4) {
		/* All fragments count as one packet: its first. */
		if ((network[6] & 0x1f) || network[7])
			return other;
		protocol = network[9];
		if (!transport) {
			size_t header = (network[0] & 15) * 4;
			if (header > length)
				return other;
			transport = network + header;
			rest = length - header;
		}
	} else if (length >= 40 && network[0] >> 4 == 6) {
		size_t header = 40;

		protocol = network[6];
		/* Hop-by-hop options: multicast listeners' reports have them, no flow has. */
		if (protocol == 0)
			return other;
		/* Extension headers: routing, destination options; a fragment. */
		while (protocol == 43 || protocol == 60 || protocol == 44) {
			if (length < header + 8) {
				/* nft shows no more than 40 bytes: the transport header must speak for itself. */
				protocol = tell.protocol == IPPROTO_ICMP ? IPPROTO_ICMPV6 : tell.protocol;
				break;
			}
			if (protocol == 44 && ((network[header + 2] << 8 | network[header + 3]) & 0xfff8))
				return other;
			size_t next = protocol == 44 ? 8 : (network[header + 1] + 1) * 8;
			protocol = network[header];
			header += next;
		}
		if (!transport) {
			if (header > length)
				return other;
			transport = network + header;
			rest = length - header;
		}
	} else {
		return other;
	}
	/* A flow may be sent to a tunnel's port, too: what carries its tuple is its own. */
	struct whose own = tell_transport(protocol, transport, rest);

	if (own.direction == OTHER && protocol == IPPROTO_UDP && network[0] >> 4 == 4 && rest >= 8 && is_vxlan(transport, rest))
		return tell_outer(network, transport);
	return own;
}
