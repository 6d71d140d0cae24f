/*
 * Sockets that take packets and answer, as a service would. What arrived is told by a BPF filter on each socket: it runs
 * where the socket has been found and all hooks are passed, sees a SYN whose handshake never ends, the mark and the device.
 */
#define _GNU_SOURCE
#include "prober.h"
#include <linux/bpf.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sys/syscall.h>
#include <unistd.h>

struct receiver {
	int ns;
	int fd;
	bool tcp;
	bool connected;
	bool transparent;
	uint16_t port;
};
static struct receiver receivers[MAX_RECEIVERS];
static unsigned receiver_count;
/* Accepted connections; closed with the world at the latest. */
static int accepted[MAX_RECEIVERS];
static unsigned accepted_count;
static int arrivals = -1;

static int bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof *attr);
}

int arrived_in(const struct arrival *arrival)
{
	return receivers[arrival->socket].ns;
}

bool next_arrival(struct arrival *arrival)
{
	union bpf_attr attr = { .map_fd = arrivals };

	attr.value = (uintptr_t)arrival;
	return arrivals >= 0 && bpf(BPF_MAP_LOOKUP_AND_DELETE_ELEM, &attr) == 0;
}

/* r10-64 is a struct arrival. */
#define AT(field) ((short)(offsetof(struct arrival, field) - sizeof(struct arrival)))
#define INSN(op, dst, src, offset, value) ((struct bpf_insn){ .code = op, .dst_reg = dst, .src_reg = src, .off = offset, .imm = value })
#define COPY(dst, src) INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define SET(dst, value) INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value)
#define ADD(dst, value) INSN(BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, value)
#define CALL(function) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, function)
#define KEEP(from, field)                                                             \
	INSN(BPF_LDX | BPF_MEM | BPF_W, 2, 6, offsetof(struct __sk_buff, from), 0), \
		INSN(BPF_STX | BPF_MEM | BPF_W, 10, 2, AT(field), 0)
#define ZERO(at) INSN(BPF_ST | BPF_MEM | BPF_DW, 10, 0, at, 0)
#define LOAD(function, from, to, size) \
	COPY(1, 6), SET(2, from), COPY(3, 10), ADD(3, to), SET(4, size), SET(5, BPF_HDR_START_NET), CALL(function)

static int arrival_filter(unsigned socket)
{
	if (arrivals < 0) {
		union bpf_attr map = { .map_type = BPF_MAP_TYPE_QUEUE, .value_size = sizeof(struct arrival), .max_entries = 4096 };

		arrivals = bpf(BPF_MAP_CREATE, &map);
		if (arrivals < 0)
			return -1;
	}
	struct bpf_insn program[] = {
		COPY(6, 1),
		INSN(BPF_ST | BPF_MEM | BPF_W, 10, 0, AT(socket), socket),
		KEEP(mark, mark),
		KEEP(ifindex, ifindex),
		KEEP(len, length),
		ZERO(-48), ZERO(-40), ZERO(-32), ZERO(-24), ZERO(-16), ZERO(-8),
		LOAD(BPF_FUNC_skb_load_bytes_relative, 0, AT(ip), 20),
		/* Fails for a short IPv4 packet, and leaves zeros. */
		LOAD(BPF_FUNC_skb_load_bytes_relative, 20, AT(ip) + 20, 20),
		LOAD(BPF_FUNC_skb_load_bytes, 0, AT(transport), 8),
		INSN(BPF_LD | BPF_DW | BPF_IMM, 1, BPF_PSEUDO_MAP_FD, 0, arrivals),
		INSN(0, 0, 0, 0, 0),
		COPY(2, 10),
		ADD(2, -(int)sizeof(struct arrival)),
		SET(3, 0),
		CALL(BPF_FUNC_map_push_elem),
		SET(0, 0x7fffffff),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	union bpf_attr load = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
				.insn_cnt = sizeof program / sizeof *program,
				.insns = (uintptr_t)program,
				.license = (uintptr_t) "Apache-2.0" };

	return bpf(BPF_PROG_LOAD, &load);
}

static void print_hex_ends(const struct arrival *arrival)
{
	union address from = { 0 }, to = { 0 };
	const unsigned char *ip = arrival->ip, *ports = arrival->transport;

	if (ip[0] >> 4 == 4) {
		from.any.sa_family = to.any.sa_family = AF_INET;
		memcpy(&from.v4.sin_addr, ip + 12, 4);
		memcpy(&to.v4.sin_addr, ip + 16, 4);
	} else {
		from.any.sa_family = to.any.sa_family = AF_INET6;
		memcpy(&from.v6.sin6_addr, ip + 8, 16);
		memcpy(&to.v6.sin6_addr, ip + 24, 16);
	}
	printf(",\"source\":");
	print_address(&from);
	printf(",\"sport\":%u,\"destination\":", ports[0] << 8 | ports[1]);
	print_address(&to);
	printf(",\"dport\":%u", ports[2] << 8 | ports[3]);
}

void print_arrival(const struct arrival *arrival)
{
	const struct receiver *receiver = &receivers[arrival->socket];
	const unsigned char *ip = arrival->ip;
	bool v4 = ip[0] >> 4 == 4;
	char device[IF_NAMESIZE] = "";

	printf("{\"namespace\":");
	put_text(namespaces[receiver->ns].name);
	print_hex_ends(arrival);
	if (enter(receiver->ns) == 0 && if_indextoname(arrival->ifindex, device)) {
		printf(",\"iif\":");
		put_text(device);
	} else {
		printf(",\"iif\":null");
	}
	printf(",\"mark\":%u,\"tos\":%u,\"ttl\":%u,\"sizeBytes\":", arrival->mark,
	       v4 ? ip[1] : (ip[0] << 4 | ip[1] >> 4) & 0xff, v4 ? ip[8] : ip[7]);
	/* The size of a SYN is the sender's kernel's own business. */
	if (receiver->tcp)
		printf("null}");
	else
		printf("%u}", v4 ? ip[2] << 8 | ip[3] : 40 + (ip[4] << 8 | ip[5]));
}

static int set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof value);
}

/* socket NS tcp|udp ipv4|ipv6 ADDRESS PORT V6ONLY DEVICE REUSEPORT TRANSPARENT REMOTE REMOTE_PORT; absent is "-". */
int open_receiver(int ns, char **fields)
{
	bool tcp = strcmp(fields[2], "tcp") == 0, v6 = strcmp(fields[3], "ipv6") == 0;
	union address address, remote;
	socklen_t length = address_from(&address, fields[4], strtoul(fields[5], NULL, 10));

	if (!length || receiver_count == MAX_RECEIVERS || (address.any.sa_family == AF_INET6) != v6)
		return EINVAL;
	if (enter(ns) < 0)
		return errno;
	int fd = socket(v6 ? AF_INET6 : AF_INET, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	if (tcp)
		set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (v6 && fields[6][0] != '-')
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY, fields[6][0] == '1');
	set(fd, IPPROTO_IP, IP_PKTINFO, 1);
	set(fd, IPPROTO_IP, IP_RECVORIGDSTADDR, 1);
	if (v6) {
		set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
		set(fd, IPPROTO_IPV6, IPV6_RECVORIGDSTADDR, 1);
	}
	int failed = 0;
	if (strcmp(fields[7], "-") != 0)
		failed = setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, fields[7], strlen(fields[7]) + 1);
	if (!failed && fields[8][0] == '1')
		failed = set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (!failed && fields[9][0] == '1')
		failed = v6 ? set(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, 1) : set(fd, IPPROTO_IP, IP_TRANSPARENT, 1);
	int filter = failed ? -1 : arrival_filter(receiver_count);
	if (!failed && (filter < 0 || set(fd, SOL_SOCKET, SO_ATTACH_BPF, filter) < 0))
		failed = -1;
	int error = errno;
	if (filter >= 0)
		close(filter);
	errno = error;
	bool connected = strcmp(fields[10], "-") != 0;
	if (!failed && (bind(fd, &address.any, length) < 0 || (tcp && listen(fd, 4096) < 0) ||
			(connected && connect(fd, &remote.any, address_from(&remote, fields[10], strtoul(fields[11], NULL, 10))) < 0)))
		failed = -1;
	if (!failed && wait_on(fd, RECEIVER, receiver_count) < 0)
		failed = -1;
	if (failed) {
		error = errno;
		close(fd);
		return error;
	}
	receivers[receiver_count++] = (struct receiver){ .ns = ns,
							 .fd = fd,
							 .tcp = tcp,
							 .connected = connected,
							 .transparent = fields[9][0] == '1',
							 .port = port_of(&address) };
	return 0;
}

static void hang_up(int fd)
{
	struct linger abort = { 1, 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
	close(fd);
}

void close_receivers(void)
{
	struct arrival arrival;

	for (unsigned i = 0; i < accepted_count; i++)
		if (accepted[i] >= 0)
			hang_up(accepted[i]);
	for (unsigned i = 0; i < receiver_count; i++)
		close(receivers[i].fd);
	accepted_count = receiver_count = 0;
	while (next_arrival(&arrival))
		;
}

/* What comes is answered by a line, until the sender aborts the connection. */
void serve_accepted(unsigned index)
{
	char bytes[2048];
	ssize_t got = recv(accepted[index], bytes, sizeof bytes, MSG_DONTWAIT);

	if (got > 0) {
		send(accepted[index], "here\n", 5, MSG_DONTWAIT | MSG_NOSIGNAL);
	} else if (got == 0 || errno != EAGAIN) {
		hang_up(accepted[index]);
		accepted[index] = -1;
	}
}

static void accept_one(const struct receiver *receiver)
{
	int fd = accept4(receiver->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	unsigned slot = 0;

	if (fd < 0)
		return;
	while (slot < accepted_count && accepted[slot] >= 0)
		slot++;
	if (slot == MAX_RECEIVERS) {
		hang_up(fd);
		return;
	}
	accepted[slot] = fd;
	if (slot == accepted_count)
		accepted_count++;
	wait_on(fd, ACCEPTED, slot);
}

struct datagram {
	union address from;
	/* Where it was sent to; family 0 when the socket did not tell. */
	union address to;
	union address original;
	bool unicast;
};

static ssize_t take(int fd, struct datagram *datagram, char *bytes, size_t room)
{
	char control[512];
	struct iovec part = { bytes, room };
	struct msghdr message = { &datagram->from, sizeof datagram->from, &part, 1, control, sizeof control, 0 };
	ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT);

	datagram->to.any.sa_family = datagram->original.any.sa_family = 0;
	datagram->unicast = true;
	for (struct cmsghdr *c = got < 0 ? NULL : CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof info);
			datagram->to.v4.sin_family = AF_INET;
			datagram->to.v4.sin_addr = info.ipi_addr;
			if (info.ipi_addr.s_addr != info.ipi_spec_dst.s_addr)
				datagram->unicast = false;
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;
			memcpy(&info, CMSG_DATA(c), sizeof info);
			datagram->to.v6.sin6_family = AF_INET6;
			datagram->to.v6.sin6_addr = info.ipi6_addr;
			datagram->to.v6.sin6_scope_id = info.ipi6_ifindex;
		} else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_ORIGDSTADDR) ||
			   (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_ORIGDSTADDR)) {
			memcpy(&datagram->original, CMSG_DATA(c),
			       c->cmsg_level == IPPROTO_IP ? sizeof datagram->original.v4 : sizeof datagram->original.v6);
		}
	}
	return got;
}

/* A transparent proxy answers from the address and port that the packet was sent to, which are not its own. */
static void answer_as(int ns, const struct datagram *datagram, const char *bytes, size_t size)
{
	bool v6 = datagram->original.any.sa_family == AF_INET6;

	if (enter(ns) < 0)
		return;
	int fd = socket(datagram->original.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (v6)
		set(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, 1);
	else
		set(fd, IPPROTO_IP, IP_TRANSPARENT, 1);
	socklen_t length = v6 ? sizeof datagram->from.v6 : sizeof datagram->from.v4;
	union address to = datagram->from;
	/* What an IPv6 socket took of IPv4 names its sender as ::ffff:a.b.c.d, which a socket of IPv4 does not know. */
	if (!v6 && to.any.sa_family == AF_INET6) {
		to.v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = datagram->from.v6.sin6_port };
		memcpy(&to.v4.sin_addr, datagram->from.v6.sin6_addr.s6_addr + 12, 4);
	}
	if (bind(fd, &datagram->original.any, length) == 0)
		sendto(fd, bytes, size, MSG_DONTWAIT, &to.any, length);
	close(fd);
}

/* From the address that the packet came to, as a service behind several addresses must; the device is the routes' choice. */
static void answer_from(const struct receiver *receiver, struct datagram *datagram, char *bytes, size_t size)
{
	char control[CMSG_SPACE(sizeof(struct in6_pktinfo))] = { 0 };
	struct iovec part = { bytes, size };
	struct msghdr message = { &datagram->from, 0, &part, 1, NULL, 0, 0 };
	struct cmsghdr *c = (struct cmsghdr *)control;

	message.msg_namelen = datagram->from.any.sa_family == AF_INET6 ? sizeof datagram->from.v6 : sizeof datagram->from.v4;
	if (receiver->connected)
		message.msg_name = NULL, message.msg_namelen = 0;
	/* An IPv6 socket that takes IPv4 as well tells IPv4's destination last, and takes it for an answer (ip_cmsg_send). */
	if (datagram->to.any.sa_family == AF_INET && datagram->unicast) {
		struct in_pktinfo info = { .ipi_spec_dst = datagram->to.v4.sin_addr };

		*c = (struct cmsghdr){ CMSG_LEN(sizeof info), IPPROTO_IP, IP_PKTINFO };
		memcpy(CMSG_DATA(c), &info, sizeof info);
		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(sizeof info);
	} else if (datagram->to.any.sa_family == AF_INET6 && !IN6_IS_ADDR_MULTICAST(&datagram->to.v6.sin6_addr)) {
		struct in6_pktinfo info = { .ipi6_addr = datagram->to.v6.sin6_addr };

		if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
			info.ipi6_ifindex = datagram->to.v6.sin6_scope_id;
		*c = (struct cmsghdr){ CMSG_LEN(sizeof info), IPPROTO_IPV6, IPV6_PKTINFO };
		memcpy(CMSG_DATA(c), &info, sizeof info);
		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(sizeof info);
	}
	sendmsg(receiver->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void serve_receiver(unsigned index)
{
	static char bytes[65536];
	const struct receiver *receiver = &receivers[index];
	struct datagram datagram;

	if (receiver->tcp) {
		accept_one(receiver);
		return;
	}
	ssize_t got = take(receiver->fd, &datagram, bytes, sizeof bytes);
	if (got < 0)
		return;
	/* An answer that rules lead to a listener is not answered: two of them would go on for ever. */
	if (got >= 3 && memcmp(bytes, "nvR", 3) == 0)
		return;
	/* Nor is a tunnel's packet that rules lead to a listener: what it answered to could not be told any more. */
	if (got >= 4 && memcmp(bytes, "\10\0\0\0", 4) == 0)
		return;
	/* The answer's first bytes: see tell_udp() in trace.c. */
	bytes[0] = 'n', bytes[1] = 'v', bytes[2] = 'R';
	if (got < 8)
		memset(bytes + 3, 0, 5);
	memset(bytes + 8, 0, 4);
	if (receiver->transparent && datagram.original.any.sa_family && port_of(&datagram.original) != receiver->port)
		answer_as(receiver->ns, &datagram, bytes, 12);
	else
		answer_from(receiver, &datagram, bytes, 12);
}
