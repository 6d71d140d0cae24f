/*
 * Sends real packets from a network namespace and prints, as one JSON object, what came of each.
 *
 *   probe NETNS tcp|udp|icmp ADDRESS PORT TIMEOUT_MS SIZE DF COUNT SOURCE_PORT
 *
 * NETNS is a namespace's path or "-"; SIZE is the payload in bytes (0: a small one); DF 0 or 1; SOURCE_PORT 0 lets the
 * kernel choose. Exit code 0 whenever it could try, 2 on bad arguments or a missing namespace.
 *
 * Outcomes: delivered (the far end's answer came back), refused (ECONNREFUSED), unreachable (EHOSTUNREACH, ENETUNREACH,
 * EACCES), too-big (EMSGSIZE), timeout (silence), no-answer (TCP connected, but the exchange of a line got stuck), reset,
 * error. An ICMP error that came back is shown with its sender: that tells a node's REJECT from a far end's RST.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { TCP, UDP, ICMP };

struct request {
	int protocol;
	struct sockaddr_in to;
	int timeout_ms;
	int size;
	int dont_fragment;
	int source_port;
};

struct result {
	const char *outcome;
	int error;
	char answer[128];
	struct sockaddr_in local;
	struct sock_extended_err icmp;
	struct in_addr icmp_from;
};

static double now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

static const char *outcome_of(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return "refused";
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EACCES:
	case EPERM:
		return "unreachable";
	case EMSGSIZE:
		return "too-big";
	case ETIMEDOUT:
	case EAGAIN:
		return "timeout";
	case ECONNRESET:
	case EPIPE:
		return "reset";
	default:
		return "error";
	}
}

static void failed(struct result *result, int error)
{
	result->error = error;
	result->outcome = outcome_of(error);
}

/* The ICMP error behind errno, if there was one: IP_RECVERR queues it with its sender's address. */
static void read_icmp_error(int fd, struct result *result)
{
	char bytes[2048], control[512];
	struct sockaddr_in from;
	struct iovec part = { bytes, sizeof bytes };
	struct msghdr message = { &from, sizeof from, &part, 1, control, sizeof control, 0 };

	if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
		if (c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_RECVERR)
			continue;
		struct sock_extended_err *error = (struct sock_extended_err *)CMSG_DATA(c);
		result->icmp = *error;
		if (error->ee_origin == SO_EE_ORIGIN_ICMP)
			result->icmp_from = ((struct sockaddr_in *)SO_EE_OFFENDER(error))->sin_addr;
	}
}

static int wait_for(int fd, short events, double deadline)
{
	struct pollfd pollfd = { fd, events, 0 };
	double left = deadline - now_ms();

	return poll(&pollfd, 1, left > 0 ? (int)(left + 0.999) : 0);
}

static int pending_error(int fd)
{
	int error = 0;
	socklen_t length = sizeof error;

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
	return error;
}

static void keep_answer(struct result *result, const char *bytes, ssize_t size)
{
	size_t length = 0;

	while (length < sizeof result->answer - 1 && (ssize_t)length < size && bytes[length] > ' ' && bytes[length] < 127 &&
	       bytes[length] != '"' && bytes[length] != '\\')
		length++;
	memcpy(result->answer, bytes, length);
	result->answer[length] = 0;
	result->outcome = "delivered";
}

/* Connects, sends a line of the wanted size, reads the answering pod's name. */
static void probe_tcp(int fd, const struct request *request, struct result *result, double deadline)
{
	static char bytes[65536];
	size_t size = request->size > 0 ? (size_t)request->size : 6, sent = 0;
	ssize_t got;

	if (connect(fd, (const struct sockaddr *)&request->to, sizeof request->to) < 0 && errno != EINPROGRESS) {
		failed(result, errno);
		return;
	}
	if (wait_for(fd, POLLOUT, deadline) == 0) {
		failed(result, ETIMEDOUT);
		return;
	}
	int error = pending_error(fd);
	if (error) {
		read_icmp_error(fd, result);
		failed(result, error);
		return;
	}
	memset(bytes, 'x', sizeof bytes);
	bytes[size - 1] = '\n';
	while (sent < size) {
		got = write(fd, bytes + sent, size - sent);
		if (got < 0 && errno != EAGAIN) {
			failed(result, errno);
			return;
		}
		if (got > 0)
			sent += got;
		else if (wait_for(fd, POLLOUT, deadline) == 0)
			break;
	}
	if (wait_for(fd, POLLIN, deadline) == 0) {
		result->outcome = "no-answer";
		result->error = ETIMEDOUT;
		read_icmp_error(fd, result);
		return;
	}
	got = read(fd, bytes, sizeof bytes);
	if (got < 0)
		failed(result, errno);
	else
		keep_answer(result, bytes, got);
}

static void probe_udp(int fd, const struct request *request, struct result *result, double deadline)
{
	static char bytes[65536];
	size_t size = request->size > 0 ? (size_t)request->size : 6;

	memset(bytes, 'x', sizeof bytes);
	if (connect(fd, (const struct sockaddr *)&request->to, sizeof request->to) < 0 || send(fd, bytes, size, 0) < 0) {
		failed(result, errno);
		read_icmp_error(fd, result);
		return;
	}
	while (wait_for(fd, POLLIN, deadline) > 0) {
		ssize_t got = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);

		if (got >= 0) {
			keep_answer(result, bytes, got);
			return;
		}
		int error = errno;
		if (error == EAGAIN)
			continue;
		read_icmp_error(fd, result);
		failed(result, error);
		return;
	}
	failed(result, ETIMEDOUT);
}

static unsigned short checksum(const void *data, size_t size)
{
	const unsigned char *bytes = data;
	unsigned long sum = 0;

	for (size_t i = 0; i + 1 < size; i += 2)
		sum += bytes[i] << 8 | bytes[i + 1];
	if (size & 1)
		sum += bytes[size - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum & 0xffff);
}

static void probe_icmp(int fd, const struct request *request, struct result *result, double deadline, int sequence)
{
	static char bytes[65536];
	static unsigned char in[65536];
	size_t size = sizeof(struct icmphdr) + (request->size > 0 ? (size_t)request->size : 16);
	struct icmphdr *header = (struct icmphdr *)bytes;

	memset(bytes, 'x', size);
	memset(header, 0, sizeof *header);
	header->type = ICMP_ECHO;
	header->un.echo.id = htons(getpid() & 0xffff);
	header->un.echo.sequence = htons(sequence);
	header->checksum = checksum(bytes, size);
	if (connect(fd, (const struct sockaddr *)&request->to, sizeof request->to) < 0 || send(fd, bytes, size, 0) < 0) {
		failed(result, errno);
		read_icmp_error(fd, result);
		return;
	}
	while (wait_for(fd, POLLIN, deadline) > 0) {
		ssize_t got = recv(fd, in, sizeof in, MSG_DONTWAIT);

		if (got < 0) {
			int error = errno;
			if (error == EAGAIN)
				continue;
			read_icmp_error(fd, result);
			failed(result, error);
			return;
		}
		/* A raw socket sees the IP header, and every ICMP message from that address. */
		size_t offset = (in[0] & 15) * 4;
		struct icmphdr *reply = (struct icmphdr *)(in + offset);
		if ((size_t)got >= offset + sizeof *reply && reply->type == ICMP_ECHOREPLY &&
		    reply->un.echo.id == header->un.echo.id && reply->un.echo.sequence == header->un.echo.sequence) {
			result->outcome = "delivered";
			return;
		}
	}
	failed(result, ETIMEDOUT);
}

static int open_socket(const struct request *request)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_RAW };
	struct sockaddr_in local = { .sin_family = AF_INET, .sin_port = htons(request->source_port) };
	int fd = socket(AF_INET, types[request->protocol] | SOCK_NONBLOCK | SOCK_CLOEXEC,
			request->protocol == ICMP ? IPPROTO_ICMP : 0);
	int on = 1, discover = request->dont_fragment ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT;

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	/* TCP sets DF by itself (path MTU discovery) unless the caller says otherwise; datagrams only when asked. */
	if (request->protocol != TCP || request->dont_fragment)
		setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &discover, sizeof discover);
	if (request->protocol == TCP)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (request->source_port && request->protocol != ICMP && bind(fd, (struct sockaddr *)&local, sizeof local) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void print_address(const char *key, struct in_addr address)
{
	char text[INET_ADDRSTRLEN];

	printf(",\"%s\":\"%s\"", key, inet_ntop(AF_INET, &address, text, sizeof text));
}

static void attempt(const struct request *request, int sequence)
{
	struct result result = { .outcome = "error" };
	socklen_t length = sizeof result.local;
	double start = now_ms(), deadline = start + request->timeout_ms;
	int fd = open_socket(request);

	if (fd < 0)
		failed(&result, errno);
	else if (request->protocol == TCP)
		probe_tcp(fd, request, &result, deadline);
	else if (request->protocol == UDP)
		probe_udp(fd, request, &result, deadline);
	else
		probe_icmp(fd, request, &result, deadline, sequence);
	printf("%s{\"outcome\":\"%s\",\"elapsedMs\":%.3f", sequence ? "," : "", result.outcome, now_ms() - start);
	if (result.error)
		printf(",\"errno\":\"%s\"", strerrorname_np(result.error));
	if (result.answer[0])
		printf(",\"answeredBy\":\"%s\"", result.answer);
	if (fd >= 0 && getsockname(fd, (struct sockaddr *)&result.local, &length) == 0) {
		print_address("sourceAddress", result.local.sin_addr);
		if (request->protocol != ICMP)
			printf(",\"sourcePort\":%d", ntohs(result.local.sin_port));
	}
	if (result.icmp.ee_origin == SO_EE_ORIGIN_ICMP) {
		printf(",\"icmp\":{\"type\":%d,\"code\":%d,\"info\":%u", result.icmp.ee_type, result.icmp.ee_code,
		       result.icmp.ee_info);
		print_address("from", result.icmp_from);
		printf("}");
	}
	printf("}");
	if (fd >= 0) {
		/* A reset instead of TIME_WAIT: a fixed source port can be used again at once. */
		struct linger abort_on_close = { 1, 0 };
		if (request->protocol == TCP && request->source_port)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort_on_close, sizeof abort_on_close);
		close(fd);
	}
}

int main(int argc, char **argv)
{
	struct request request = { .to.sin_family = AF_INET };

	if (argc != 10 || inet_pton(AF_INET, argv[3], &request.to.sin_addr) != 1) {
		fprintf(stderr, "usage: probe NETNS tcp|udp|icmp ADDRESS PORT TIMEOUT_MS SIZE DF COUNT SOURCE_PORT\n");
		return 2;
	}
	request.protocol = strcmp(argv[2], "tcp") == 0 ? TCP : strcmp(argv[2], "udp") == 0 ? UDP : ICMP;
	request.to.sin_port = request.protocol == ICMP ? 0 : htons(atoi(argv[4]));
	request.timeout_ms = atoi(argv[5]);
	request.size = atoi(argv[6]);
	request.dont_fragment = atoi(argv[7]);
	request.source_port = atoi(argv[9]);
	if (request.size < 0 || request.size > 65000) {
		fprintf(stderr, "probe: size out of range\n");
		return 2;
	}
	if (strcmp(argv[1], "-") != 0) {
		int netns = open(argv[1], O_RDONLY | O_CLOEXEC);

		if (netns < 0 || setns(netns, CLONE_NEWNET) < 0) {
			fprintf(stderr, "probe: %s: %s\n", argv[1], strerror(errno));
			return 2;
		}
	}
	printf("{\"attempts\":[");
	for (int i = 0; i < atoi(argv[8]); i++)
		attempt(&request, i);
	printf("]}\n");
	return 0;
}
