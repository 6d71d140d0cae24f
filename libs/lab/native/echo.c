/*
 * The listener in every pod of the lab, and its pause container.
 *
 *   echo pause                                        sleeps until it is told to end
 *   echo listen NAME tcp/8080 udp/5353 ...            answers on those ports
 *
 * TCP: reads one line (of any length), answers "NAME COUNT\n" with the bytes it read, closes.
 * UDP: sends the datagram back, its beginning replaced by "NAME\n".
 * So a prober learns who answered, whatever NAT lay between, and that its bytes arrived.
 *
 * Signals, for the lab's faults: USR1 closes the listeners, USR2 listens on 127.0.0.1 only, HUP listens on all
 * addresses again. As process 1 of a PID namespace it must handle TERM itself to be stoppable.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_PORTS = 32, MAX_FDS = 1024, LISTENER = 1, DATAGRAM = 2, CONNECTION = 3, SIGNALS = 4 };

struct port {
	int type;
	int number;
	int fd;
};

static struct port ports[MAX_PORTS];
static int port_count;
static const char *name;
static int poller;
static char kind[MAX_FDS];
static unsigned long received[MAX_FDS];

static void fail(const char *what)
{
	fprintf(stderr, "echo: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void watch(int fd, char as)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	kind[fd] = as;
	received[fd] = 0;
	if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) < 0)
		fail("epoll_ctl");
}

static void close_ports(void)
{
	for (int i = 0; i < port_count; i++) {
		if (ports[i].fd >= 0)
			close(ports[i].fd);
		ports[i].fd = -1;
	}
}

static void open_ports(in_addr_t address)
{
	close_ports();
	for (int i = 0; i < port_count; i++) {
		struct sockaddr_in local = {
			.sin_family = AF_INET,
			.sin_port = htons(ports[i].number),
			.sin_addr.s_addr = address,
		};
		int fd = socket(AF_INET, ports[i].type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

		if (fd < 0)
			fail("socket");
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
		if (bind(fd, (struct sockaddr *)&local, sizeof local) < 0)
			fail("bind");
		/* The address that a datagram was sent to; see answer_datagram. */
		setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
		if (ports[i].type == SOCK_STREAM && listen(fd, 128) < 0)
			fail("listen");
		ports[i].fd = fd;
		watch(fd, ports[i].type == SOCK_STREAM ? LISTENER : DATAGRAM);
	}
}

/*
 * From the address that was asked, as a careful server does: on a node, which has several, the kernel would choose one by the
 * route back.
 */
static void answer_datagram(int fd)
{
	static char bytes[65536];
	char control[256];
	struct sockaddr_in peer;
	struct iovec part = { bytes, sizeof bytes };
	struct msghdr message = { &peer, sizeof peer, &part, 1, control, sizeof control, 0 };
	ssize_t size = recvmsg(fd, &message, 0);
	size_t label = strlen(name) + 1;

	if (size < 0)
		return;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
		struct in_pktinfo *info = (struct in_pktinfo *)CMSG_DATA(c);

		/* spec_dst is the local address already; the device is left to the route. */
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
			info->ipi_ifindex = 0;
	}
	memcpy(bytes, name, label - 1);
	bytes[label - 1] = '\n';
	if ((size_t)size < label)
		size = label;
	part.iov_len = size;
	message.msg_flags = 0;
	sendmsg(fd, &message, 0);
}

/* A client that vanishes after connecting (the lab's faults do that) must not hold a descriptor for ever. */
static void end_when_silent(int fd)
{
	int on = 1, idle_s = 10, interval_s = 5, count = 2;

	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
}

static void read_line(int fd)
{
	char bytes[16384], line[256];
	ssize_t size = read(fd, bytes, sizeof bytes);

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size > 0) {
		received[fd] += size;
		if (memchr(bytes, '\n', size) == NULL)
			return;
		int length = snprintf(line, sizeof line, "%s %lu\n", name, received[fd]);
		if (write(fd, line, length) < 0)
			perror("echo: write");
	}
	close(fd);
}

static void on_signal(int fd)
{
	struct signalfd_siginfo signal;

	if (read(fd, &signal, sizeof signal) != sizeof signal)
		return;
	switch (signal.ssi_signo) {
	case SIGUSR1:
		close_ports();
		break;
	case SIGUSR2:
		open_ports(htonl(INADDR_LOOPBACK));
		break;
	case SIGHUP:
		open_ports(htonl(INADDR_ANY));
		break;
	case SIGCHLD:
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		break;
	default:
		exit(0);
	}
}

static void serve(int signals)
{
	struct epoll_event events[64];

	poller = epoll_create1(EPOLL_CLOEXEC);
	watch(signals, SIGNALS);
	open_ports(htonl(INADDR_ANY));
	for (;;) {
		int count = epoll_wait(poller, events, 64, -1);

		for (int i = 0; i < count; i++) {
			int fd = events[i].data.fd, taken;

			switch (kind[fd]) {
			case LISTENER:
				taken = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
				if (taken >= MAX_FDS)
					close(taken);
				else if (taken >= 0) {
					end_when_silent(taken);
					watch(taken, CONNECTION);
				}
				break;
			case DATAGRAM:
				answer_datagram(fd);
				break;
			case CONNECTION:
				read_line(fd);
				break;
			case SIGNALS:
				on_signal(fd);
				break;
			}
		}
	}
}

static void parse_port(const char *text)
{
	struct port *port = &ports[port_count];

	if (port_count == MAX_PORTS || (strncmp(text, "tcp/", 4) && strncmp(text, "udp/", 4))) {
		fprintf(stderr, "echo: not a port: %s\n", text);
		exit(2);
	}
	port->type = text[0] == 't' ? SOCK_STREAM : SOCK_DGRAM;
	port->number = atoi(text + 4);
	port->fd = -1;
	port_count++;
}

int main(int argc, char **argv)
{
	sigset_t mask;
	int signals;

	/* Blocked before anything else: a signal must never meet its default action. */
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigaddset(&mask, SIGUSR2);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	signal(SIGPIPE, SIG_IGN);
	signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		fail("signalfd");

	if (argc >= 3 && strcmp(argv[1], "listen") == 0) {
		name = argv[2];
		for (int i = 3; i < argc; i++)
			parse_port(argv[i]);
		serve(signals);
	}
	if (argc < 2 || strcmp(argv[1], "pause") != 0) {
		fprintf(stderr, "usage: echo pause | echo listen NAME tcp/PORT udp/PORT ...\n");
		return 2;
	}
	serve(signals);
	return 0;
}
