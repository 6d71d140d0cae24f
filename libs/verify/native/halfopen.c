/*
 * A SYN whose answer was lost leaves its request with the listener (TCP_NEW_SYN_RECV) for a minute. Another attempt that NAT gives the
 * same addresses and ports is none to it, but a packet of that one, and mostly answered with nothing. Each packet is judged on its own.
 */
#define _GNU_SOURCE
#include "prober.h"
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <unistd.h>

struct question {
	struct nlmsghdr header;
	struct inet_diag_req_v2 body;
};

static struct question about(const struct arrival *arrival)
{
	bool v4 = arrival->ip[0] >> 4 == 4;
	struct question question = { { sizeof question, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, 0, 0 },
				     { .sdiag_family = v4 ? AF_INET : AF_INET6, .sdiag_protocol = IPPROTO_TCP, .idiag_states = ~0u } };
	struct inet_diag_sockid *id = &question.body.id;

	memcpy(id->idiag_dst, arrival->ip + (v4 ? 12 : 8), v4 ? 4 : 16);
	memcpy(id->idiag_src, arrival->ip + (v4 ? 16 : 24), v4 ? 4 : 16);
	memcpy(&id->idiag_dport, arrival->transport, 2);
	memcpy(&id->idiag_sport, arrival->transport + 2, 2);
	id->idiag_if = arrival->ifindex;
	id->idiag_cookie[0] = id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	return question;
}

/* Asked for first: where there is none, the kernel finds the listener by the same address, and would end that. */
void forget_half_open(const struct arrival *arrival, int ns)
{
	struct question question = about(arrival);
	char answer[1024];
	int fd = enter(ns) < 0 ? -1 : socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	if (fd < 0)
		return;
	if (send(fd, &question, sizeof question, 0) > 0 && recv(fd, answer, sizeof answer, 0) > 0) {
		const struct nlmsghdr *header = (struct nlmsghdr *)answer;
		const struct inet_diag_msg *found = NLMSG_DATA(header);

		if (header->nlmsg_type == SOCK_DIAG_BY_FAMILY && found->idiag_state == TCP_SYN_RECV) {
			question.header.nlmsg_type = SOCK_DESTROY;
			question.header.nlmsg_flags |= NLM_F_ACK;
			/* Its addresses as told would not find it again where the listener is one of both families. */
			memcpy(question.body.id.idiag_cookie, found->id.idiag_cookie, sizeof found->id.idiag_cookie);
			if (send(fd, &question, sizeof question, 0) > 0)
				recv(fd, answer, sizeof answer, 0);
		}
	}
	close(fd);
}
