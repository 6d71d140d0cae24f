/* The sender's socket, and the packet that leaves by it. */
#define _GNU_SOURCE
#include "attempt.h"
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/fsuid.h>

/* linux/icmp.h has it, and does not go with netinet/ip_icmp.h. */
enum { ICMP_FILTER = 1 };

/* More than a host's error to itself makes. */
enum { OWN_HOPS = 8 };

static int set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof value);
}

void set_port(union address *address, unsigned port)
{
	if (address->any.sa_family == AF_INET6)
		address->v6.sin6_port = htons(port);
	else
		address->v4.sin_port = htons(port);
}

/* The owner that filters and policy rules see is the file's and the socket's, which is the fsuid of who makes them. */
bool open_socket(const struct flow *flow, struct attempt *attempt)
{
	bool raw = flow->protocol == IPPROTO_ICMP || attempt->raw_tcp;
	int family = flow->v6 ? AF_INET6 : AF_INET;
	int protocol = flow->protocol == IPPROTO_ICMP && flow->v6 ? IPPROTO_ICMPV6 : flow->protocol;
	int type = raw ? SOCK_RAW : flow->protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM;

	if (enter(flow->ns) < 0)
		return fail(attempt, errno);
	setfsuid(flow->uid);
	attempt->fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
	int error = errno;
	setfsuid(0);
	if (attempt->fd < 0)
		return fail(attempt, error);
	int fd = attempt->fd, failed = 0;
	if (flow->device)
		failed |= setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, flow->device, strlen(flow->device) + 1);
	if (flow->mark)
		failed |= set(fd, SOL_SOCKET, SO_MARK, flow->mark);
	if (flow->protocol == IPPROTO_TCP && !raw) {
		struct linger abort = { 1, 0 };

		set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
	}
	if (flow->v6) {
		set(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
		failed |= set(fd, IPPROTO_IPV6, IPV6_TCLASS, flow->tos);
		failed |= set(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, flow->ttl);
		if (flow->protocol != IPPROTO_TCP || raw) {
			set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, flow->dont_fragment ? IPV6_PMTUDISC_DO : IPV6_PMTUDISC_DONT);
			set(fd, IPPROTO_IPV6, IPV6_DONTFRAG, flow->dont_fragment);
		}
	} else {
		set(fd, IPPROTO_IP, IP_RECVERR, 1);
		failed |= set(fd, IPPROTO_IP, IP_TOS, flow->tos);
		failed |= set(fd, IPPROTO_IP, IP_TTL, flow->ttl);
		if (flow->protocol != IPPROTO_TCP || raw)
			set(fd, IPPROTO_IP, IP_MTU_DISCOVER, flow->dont_fragment ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT);
	}
	if (flow->protocol == IPPROTO_ICMP && flow->v6) {
		struct icmp6_filter filter;

		ICMP6_FILTER_SETBLOCKALL(&filter);
		ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
		setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter);
	} else if (flow->protocol == IPPROTO_ICMP) {
		set(fd, SOL_RAW, ICMP_FILTER, ~(1U << ICMP_ECHOREPLY));
	}
	if (failed)
		return fail(attempt, errno);
	union address local = flow->source;
	if (!flow->has_source) {
		memset(&local, 0, sizeof local);
		local.any.sa_family = family;
	}
	if (!raw)
		set_port(&local, attempt->sport);
	if ((!raw || flow->has_source) && bind(fd, &local.any, flow->length) < 0)
		return fail(attempt, errno);
	return true;
}

static uint16_t checksum(const unsigned char *bytes, size_t size, uint32_t sum)
{
	for (size_t i = 0; i + 1 < size; i += 2)
		sum += bytes[i] << 8 | bytes[i + 1];
	if (size & 1)
		sum += bytes[size - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum & 0xffff);
}

/* Bytes behind the IP header. */
static size_t transport_size(const struct flow *flow, size_t least)
{
	size_t header = flow->v6 ? 40 : 20;

	return flow->size ? (flow->size > header ? flow->size - header : 0) : least;
}

static size_t write_tcp(const struct flow *flow, struct attempt *attempt, unsigned char *bytes)
{
	struct tcphdr header = { .source = htons(attempt->sport), .dest = htons(flow->dport), .window = htons(1024), .doff = 5 };
	union address local, remote = flow->destination;
	socklen_t length = sizeof local;
	uint32_t sum = IPPROTO_TCP + sizeof header;

	header.seq = htonl(raw_seq(attempt->serial));
	if (flow->tcp_flags & TH_ACK)
		header.ack_seq = htonl(0x4e560000);
	memcpy(bytes, &header, sizeof header);
	bytes[13] = flow->tcp_flags;
	getsockname(attempt->fd, &local.any, &length);
	const unsigned char *ends[] = { flow->v6 ? local.v6.sin6_addr.s6_addr : (unsigned char *)&local.v4.sin_addr,
					flow->v6 ? remote.v6.sin6_addr.s6_addr : (unsigned char *)&remote.v4.sin_addr };
	for (int end = 0; end < 2; end++)
		for (int i = 0; i < (flow->v6 ? 16 : 4); i += 2)
			sum += ends[end][i] << 8 | ends[end][i + 1];
	uint16_t value = checksum(bytes, sizeof header, sum);
	memcpy(bytes + 16, &value, 2);
	return sizeof header;
}

bool send_packet(const struct flow *flow, struct attempt *attempt)
{
	static unsigned char bytes[65536];
	union address to = flow->destination;
	size_t size;
	bool raw = flow->protocol == IPPROTO_ICMP || attempt->raw_tcp;
	uint32_t serial = htonl(attempt->serial);

	set_port(&to, raw ? 0 : flow->dport);
	if (connect(attempt->fd, &to.any, flow->length) < 0 && errno != EINPROGRESS)
		return fail(attempt, errno);
	if (flow->protocol == IPPROTO_TCP && !raw)
		return true;
	memset(bytes, 'x', sizeof bytes);
	if (attempt->raw_tcp) {
		size = write_tcp(flow, attempt, bytes);
	} else if (flow->protocol == IPPROTO_ICMP) {
		struct icmphdr header = { .type = flow->v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO };

		size = transport_size(flow, sizeof header + 8);
		header.un.echo.id = htons(attempt->sport);
		header.un.echo.sequence = htons(attempt->serial & 0xffff);
		memcpy(bytes, &header, sizeof header);
		if (size < sizeof header)
			size = sizeof header;
		if (!flow->v6) {
			header.checksum = checksum(bytes, size, 0);
			memcpy(bytes, &header, sizeof header);
		}
	} else {
		size = transport_size(flow, 8 + 12);
		size = size > 8 ? size - 8 : 0;
		bytes[0] = 'n', bytes[1] = 'v', bytes[2] = 'F', bytes[3] = 0;
		memcpy(bytes + 4, &serial, 4);
	}
	if (send(attempt->fd, bytes, size, MSG_NOSIGNAL) < 0) {
		int error = errno;
		struct pollfd pollfd = { attempt->fd, 0, 0 };

		/* A device that drops it says so only to who asks for errors as this socket does; others never know. */
		if (error == ENOBUFS)
			return true;
		/*
		 * Its own kernel's rules may drop it without a word, or reject it: then send() fails as well, and an ICMP error follows. So
		 * it does where rules led a packet that may not be cut to a smaller device.
		 */
		for (int hops = 0; hops < OWN_HOPS; hops++)
			pass_marker();
		/* Or with a RST, which a raw socket hears as any packet. */
		if (error == EPERM && attempt->raw_tcp && hear(flow, attempt, 0))
			return true;
		if ((error != EPERM && error != EMSGSIZE) || poll(&pollfd, 1, 0) <= 0 || !read_error_queue(flow, attempt))
			return fail(attempt, error);
	}
	return true;
}
