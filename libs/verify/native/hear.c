/* What the sender's socket tells of its packet: an answer, a refusal, an ICMP error with its sender. */
#define _GNU_SOURCE
#include "attempt.h"
#include <linux/errqueue.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

bool fail(struct attempt *attempt, int error)
{
	attempt->outcome = LOCAL_ERROR;
	attempt->error = error;
	return false;
}

/* The host that sent the lone packet resets what answers it, and an error may be about that: it has another sequence number. */
static bool is_about_another(const struct attempt *attempt, const char *quoted, ssize_t length)
{
	uint32_t seq;

	if (length < 8)
		return false;
	memcpy(&seq, quoted + 4, 4);
	return ntohl(seq) != raw_seq(attempt->serial);
}

bool read_error_queue(const struct flow *flow, struct attempt *attempt)
{
	char bytes[256], control[512];
	struct iovec part = { bytes, sizeof bytes };
	union address name;
	struct msghdr message = { &name, sizeof name, &part, 1, control, sizeof control, 0 };

	ssize_t quoted = recvmsg(attempt->fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT);

	if (quoted < 0 || (attempt->raw_tcp && is_about_another(attempt, bytes, quoted)))
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

/* The SYN was answered, even if an error about what followed came before this was asked. */
static bool is_open(int fd)
{
	struct tcp_info info;
	socklen_t length = sizeof info;

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 && info.tcpi_state == TCP_ESTABLISHED;
}

bool hear(const struct flow *flow, struct attempt *attempt, uint32_t ready)
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
		if (error && is_open(attempt->fd))
			error = 0;
		/* tcp_reset: a RST to a SYN is ECONNREFUSED, one to what came after the handshake this. */
		if (error == ECONNREFUSED || error == ECONNRESET) {
			attempt->outcome = error == ECONNREFUSED ? RESET : ANSWER;
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

void print_heard(const struct attempt *attempt)
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
