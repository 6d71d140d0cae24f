/* Sends one flow's packets, waits for what comes of each, and tells it. */
#define _GNU_SOURCE
#include "prober.h"
#include <fcntl.h>
#include <linux/errqueue.h>
#include <net/if.h>
#include <poll.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/fsuid.h>
#include <unistd.h>

/* linux/icmp.h has it, and does not go with netinet/ip_icmp.h. */
enum { ICMP_FILTER = 1 };

enum outcome { SILENCE, ANSWER, RESET, ICMP_ERROR, LOCAL_ERROR };

struct flow {
	int ns;
	bool v6;
	int protocol;
	bool has_source;
	union address source, destination;
	socklen_t length;
	unsigned sport, dport;
	unsigned size;
	bool dont_fragment;
	int tos, mark, ttl, uid;
	const char *device;
	/* -1: a handshake. */
	int tcp_flags;
	int repeat, settle_ms;
	/* A TCP connection stays open, or is one that stayed open. */
	bool hold, continues;
};

/* Open connections, by their sender's namespace and ends. */
struct held {
	int ns, fd;
	unsigned sport, dport;
};
static struct held held[MAX_RECEIVERS];
static unsigned held_count;

struct attempt {
	int fd;
	bool raw_tcp, established;
	unsigned sport;
	uint32_t serial;
	enum outcome outcome;
	int error;
	unsigned icmp_type, icmp_code, mtu;
	union address from;
};

static uint32_t next_serial = 1;

void close_held(void)
{
	for (unsigned i = 0; i < held_count; i++)
		close(held[i].fd);
	held_count = 0;
}

static int epoll(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = epoll_create1(EPOLL_CLOEXEC);
	return fd;
}

int wait_on(int fd, enum waited what, unsigned index)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = (uint64_t)what << 32 | index };

	if (what == SENDER)
		event.events = EPOLLIN | EPOLLOUT | EPOLLET;
	return epoll_ctl(epoll(), EPOLL_CTL_ADD, fd, &event);
}

static int set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof value);
}

static bool fail(struct attempt *attempt, int error)
{
	attempt->outcome = LOCAL_ERROR;
	attempt->error = error;
	return false;
}

static void set_port(union address *address, unsigned port)
{
	if (address->any.sa_family == AF_INET6)
		address->v6.sin6_port = htons(port);
	else
		address->v4.sin_port = htons(port);
}

/* The owner that filters and policy rules see is the file's and the socket's, which is the fsuid of who makes them. */
static bool open_socket(const struct flow *flow, struct attempt *attempt)
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

	header.seq = htonl(0x6e760000 | (attempt->serial & 0xffff));
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

/* The ICMP error that was queued, with its sender. A local error is none: errno tells it. */
static bool read_error_queue(const struct flow *flow, struct attempt *attempt)
{
	char bytes[256], control[512];
	struct iovec part = { bytes, sizeof bytes };
	union address name;
	struct msghdr message = { &name, sizeof name, &part, 1, control, sizeof control, 0 };

	if (recvmsg(attempt->fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return false;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
		if (c->cmsg_level != (flow->v6 ? IPPROTO_IPV6 : IPPROTO_IP) || c->cmsg_type != (flow->v6 ? IPV6_RECVERR : IP_RECVERR))
			continue;
		struct sock_extended_err error;
		memcpy(&error, CMSG_DATA(c), sizeof error);
		if (error.ee_origin == SO_EE_ORIGIN_ICMP || error.ee_origin == SO_EE_ORIGIN_ICMP6) {
			attempt->outcome = ICMP_ERROR;
			attempt->icmp_type = error.ee_type;
			attempt->icmp_code = error.ee_code;
			attempt->mtu = error.ee_info;
			memcpy(&attempt->from, CMSG_DATA(c) + sizeof error, flow->v6 ? sizeof attempt->from.v6 : sizeof attempt->from.v4);
		} else {
			fail(attempt, error.ee_errno);
		}
		return true;
	}
	return false;
}

static bool send_packet(const struct flow *flow, struct attempt *attempt)
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
		if ((error != EPERM && error != EMSGSIZE) || poll(&pollfd, 1, 3) <= 0 || !read_error_queue(flow, attempt))
			return fail(attempt, error);
	}
	return true;
}

/* An echo reply or a TCP packet of a raw socket is ours when it has our identifier or port. */
static bool is_ours(const struct flow *flow, const struct attempt *attempt, const unsigned char *bytes, ssize_t got, bool *reset)
{
	ssize_t header = flow->v6 ? 0 : (bytes[0] & 15) * 4;

	bytes += header;
	got -= header;
	if (flow->protocol == IPPROTO_ICMP)
		return got >= 8 && (bytes[4] << 8 | bytes[5]) == (int)attempt->sport &&
		       (bytes[6] << 8 | bytes[7]) == (int)(attempt->serial & 0xffff);
	*reset = got >= 14 && (bytes[13] & TH_RST);
	return got >= 14 && (bytes[0] << 8 | bytes[1]) == (int)flow->dport && (bytes[2] << 8 | bytes[3]) == (int)attempt->sport;
}

/* True when the sender's socket has told what came of the packet. */
static bool hear(const struct flow *flow, struct attempt *attempt, uint32_t ready)
{
	unsigned char bytes[2048];
	int error = 0;
	socklen_t length = sizeof error;

	/* Before SO_ERROR, which would be the same error without its sender. */
	if ((ready & EPOLLERR) && read_error_queue(flow, attempt))
		return true;
	if (attempt->established) {
		ssize_t got = recv(attempt->fd, bytes, sizeof bytes, MSG_DONTWAIT);

		if (got < 0 && errno == EAGAIN)
			return false;
		attempt->outcome = got > 0 ? ANSWER : RESET;
		return true;
	}
	if (flow->protocol == IPPROTO_TCP && !attempt->raw_tcp) {
		if (!(ready & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
			return false;
		getsockopt(attempt->fd, SOL_SOCKET, SO_ERROR, &error, &length);
		if (error == ECONNREFUSED) {
			attempt->outcome = RESET;
			return true;
		}
		if (error)
			return !fail(attempt, error);
		struct sockaddr_storage peer;
		length = sizeof peer;
		if (getpeername(attempt->fd, (struct sockaddr *)&peer, &length) < 0)
			return false;
		attempt->outcome = ANSWER;
		return true;
	}
	for (;;) {
		bool reset = false;
		ssize_t got = recv(attempt->fd, bytes, sizeof bytes, MSG_DONTWAIT);

		if (got < 0) {
			if (errno == EAGAIN)
				return false;
			error = errno;
			return read_error_queue(flow, attempt) || !fail(attempt, error);
		}
		if (flow->protocol == IPPROTO_UDP || is_ours(flow, attempt, bytes, got, &reset)) {
			attempt->outcome = reset ? RESET : ANSWER;
			return true;
		}
	}
}

/* Takes what has come; how many there were. */
static int serve(const struct flow *flow, struct attempt *attempt, int wait_ms)
{
	struct epoll_event ready[64];
	int count = epoll_wait(epoll(), ready, 64, wait_ms);

	for (int i = 0; i < count; i++) {
		unsigned index = (uint32_t)ready[i].data.u64;

		switch ((enum waited)(ready[i].data.u64 >> 32)) {
		case RECEIVER:
			serve_receiver(index);
			break;
		case ACCEPTED:
			serve_accepted(index);
			break;
		case TRACE:
			read_trace(index);
			break;
		case SENDER:
			if (attempt->outcome == SILENCE)
				hear(flow, attempt, ready[i].events);
			break;
		}
	}
	return count > 0 ? count : 0;
}

/*
 * Nothing but time tells that a timer will not fire any more. It is cut into slices, and one that ended late does not count: on a
 * machine without a free processor the packets' way has not gone on either.
 */
static bool wait_for_timers(const struct flow *flow, struct attempt *attempt)
{
	enum { SLICE_MS = 5, LATE_MS = 3, MOST_SLICES = 200 };
	int quiet_ms = 0;

	for (int slices = 0; slices < MOST_SLICES && quiet_ms < flow->settle_ms; slices++) {
		double start = now_ms();

		if (serve(flow, attempt, SLICE_MS))
			return true;
		if (now_ms() - start < SLICE_MS + LATE_MS)
			quiet_ms += SLICE_MS;
	}
	return false;
}

/* Serves receivers and traces, until the sender has heard and all is taken, or nothing is on its way any more (quiet.c). */
static void wait_for_end(const struct flow *flow, struct attempt *attempt)
{
	/* Each hop may go through three devices (vxlan over a bridge over a veth); 40 for the way back. */
	int enough = 40 + 3 * (flow->ttl > 0 ? flow->ttl : 64);

	for (int rounds = 0; rounds < 100000;) {
		/* What is on its way was there before the answer: one look without waiting takes it. */
		if (serve(flow, attempt, 0)) {
			rounds = 0;
			continue;
		}
		if (attempt->outcome != SILENCE)
			return;
		if (rounds++ < enough) {
			if (!pass_marker())
				wait_for_timers(flow, attempt);
			continue;
		}
		if (!neighbours_pending())
			return;
		if (!wait_for_timers(flow, attempt) && !neighbours_pending())
			return;
		rounds = 0;
	}
}

static void print_heard(const struct attempt *attempt)
{
	static const char *const kinds[] = { "silence", "answer", "reset", "icmp", "error" };

	printf("{\"heard\":{\"kind\":\"%s\"", kinds[attempt->outcome]);
	if (attempt->outcome == LOCAL_ERROR)
		printf(",\"errno\":\"%s\"", errno_name(attempt->error));
	if (attempt->outcome == ICMP_ERROR) {
		printf(",\"type\":%u,\"code\":%u,\"mtu\":%u,\"from\":", attempt->icmp_type, attempt->icmp_code, attempt->mtu);
		print_address(&attempt->from);
	}
	printf("},\"received\":");
}

/* The next data of a connection that was left open: the number of its first byte, or 0. */
static uint32_t next_sequence(int fd)
{
	uint32_t sequence = 0;
	socklen_t length = sizeof sequence;
	int on = TCP_REPAIR_ON, off = TCP_REPAIR_OFF_NO_WP, queue = TCP_SEND_QUEUE;

	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof on) < 0)
		return 0;
	setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, &queue, sizeof queue);
	getsockopt(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, &sequence, &length);
	setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof off);
	return sequence;
}

static int find_held(const struct flow *flow, unsigned sport)
{
	for (unsigned i = 0; i < held_count; i++)
		if (held[i].ns == flow->ns && held[i].sport == sport && held[i].dport == flow->dport)
			return held[i].fd;
	return -1;
}

/* One piece of data over a connection that stayed open since the prelude. */
static void continue_connection(const struct flow *flow, struct attempt *attempt)
{
	attempt->fd = find_held(flow, attempt->sport);
	if (attempt->fd < 0) {
		fail(attempt, ENOTCONN);
		return;
	}
	attempt->established = true;
	struct tell told = { IPPROTO_TCP, attempt->serial, next_sequence(attempt->fd), true };
	start_trace(&told);
	wait_on(attempt->fd, SENDER, 0);
	if (enter(flow->ns) < 0 || send(attempt->fd, "more\n", CONTINUED_BYTES, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		fail(attempt, errno);
}

static bool may_stay_open(const struct flow *flow, const struct attempt *attempt)
{
	return flow->protocol == IPPROTO_TCP && !attempt->raw_tcp && attempt->outcome == ANSWER && held_count < MAX_RECEIVERS;
}

static void leave(const struct flow *flow, struct attempt *attempt)
{
	if (attempt->fd < 0)
		return;
	if (attempt->established) {
		epoll_ctl(epoll(), EPOLL_CTL_DEL, attempt->fd, NULL);
	} else if (flow->hold && may_stay_open(flow, attempt)) {
		epoll_ctl(epoll(), EPOLL_CTL_DEL, attempt->fd, NULL);
		held[held_count++] = (struct held){ flow->ns, attempt->fd, attempt->sport, flow->dport };
	} else {
		close(attempt->fd);
		/* An aborted connection's RST: its far end closes now, not during the next flow. */
		if (flow->protocol == IPPROTO_TCP && attempt->outcome == ANSWER)
			wait_for_end(flow, attempt);
	}
}

static void run_attempt(const struct flow *flow, unsigned number)
{
	struct attempt attempt = { .fd = -1, .sport = flow->sport + number, .serial = next_serial++, .raw_tcp = flow->tcp_flags >= 0 };
	struct arrival arrival, other;
	struct tell told = { .protocol = flow->protocol,
			     .serial = attempt.serial,
			     .raw_seq = attempt.raw_tcp ? 0x6e760000 | (attempt.serial & 0xffff) : 0 };

	while (next_arrival(&arrival))
		;
	pin();
	start_trace(&told);
	if (flow->continues && flow->protocol == IPPROTO_TCP && !attempt.raw_tcp)
		continue_connection(flow, &attempt);
	else if (open_socket(flow, &attempt) && wait_on(attempt.fd, SENDER, 0) == 0)
		send_packet(flow, &attempt);
	wait_for_end(flow, &attempt);
	leave(flow, &attempt);
	/* What it taught of the path's MTU is over with the clock's next tick (net/ipv6/route/mtu_expires is 0): 10 ms at most. */
	if (flow->v6 && attempt.outcome == ICMP_ERROR && attempt.icmp_type == ICMP6_PACKET_TOO_BIG)
		usleep(11000);
	unpin();
	print_heard(&attempt);
	if (next_arrival(&arrival))
		print_arrival(&arrival);
	else
		printf("null");
	while (next_arrival(&other))
		;
	putchar(',');
	print_trace();
	forget_outers();
	putchar('}');
}

/* flow NS udp|tcp|icmp SOURCE SPORT DESTINATION DPORT SIZE DF TOS MARK TTL UID DEVICE TCPFLAGS REPEAT SETTLE_MS HOLD CONTINUES */
void run_flow(char **fields, int count)
{
	struct flow flow = { 0 };

	if (count != 19 || (flow.ns = namespace_by_name(fields[1])) < 0) {
		printf("{\"problem\":\"no such flow\"}\n");
		return;
	}
	flow.protocol = strcmp(fields[2], "udp") == 0 ? IPPROTO_UDP : strcmp(fields[2], "tcp") == 0 ? IPPROTO_TCP : IPPROTO_ICMP;
	flow.has_source = strcmp(fields[3], "-") != 0;
	flow.length = address_from(&flow.destination, fields[5], 0);
	flow.v6 = flow.destination.any.sa_family == AF_INET6;
	if (!flow.length || (flow.has_source && address_from(&flow.source, fields[3], 0) != flow.length)) {
		printf("{\"problem\":\"no such address\"}\n");
		return;
	}
	flow.sport = strtoul(fields[4], NULL, 10);
	flow.dport = strtoul(fields[6], NULL, 10);
	flow.size = strtoul(fields[7], NULL, 10);
	flow.dont_fragment = fields[8][0] == '1';
	flow.tos = atoi(fields[9]);
	flow.mark = (int)strtoul(fields[10], NULL, 10);
	flow.ttl = atoi(fields[11]);
	flow.uid = atoi(fields[12]);
	flow.device = strcmp(fields[13], "-") != 0 ? fields[13] : NULL;
	flow.tcp_flags = atoi(fields[14]);
	flow.repeat = atoi(fields[15]);
	flow.settle_ms = atoi(fields[16]);
	flow.hold = fields[17][0] == '1';
	flow.continues = fields[18][0] == '1';
	if (flow.device && flow.v6 && enter(flow.ns) == 0) {
		if (IN6_IS_ADDR_LINKLOCAL(&flow.destination.v6.sin6_addr))
			flow.destination.v6.sin6_scope_id = if_nametoindex(flow.device);
		if (flow.has_source && IN6_IS_ADDR_LINKLOCAL(&flow.source.v6.sin6_addr))
			flow.source.v6.sin6_scope_id = if_nametoindex(flow.device);
	}
	forget_route_exceptions();
	restore_neighbours();
	printf("{\"attempts\":[");
	for (int i = 0; i < flow.repeat; i++) {
		if (i)
			putchar(',');
		run_attempt(&flow, i);
	}
	printf("]}\n");
}
