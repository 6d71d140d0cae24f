/* Connections that a prelude made and left open, by their sender's namespace and ends. */
#define _GNU_SOURCE
#include "attempt.h"
#include <netinet/tcp.h>
#include <unistd.h>

struct held {
	int ns, fd;
	unsigned sport, dport;
};
static struct held held[MAX_RECEIVERS];
static unsigned held_count;

void close_held(void)
{
	for (unsigned i = 0; i < held_count; i++)
		close(held[i].fd);
	held_count = 0;
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

void continue_connection(const struct flow *flow, struct attempt *attempt)
{
	attempt->fd = find_held(flow, attempt->sport);
	if (attempt->fd < 0) {
		fail(attempt, ENOTCONN);
		return;
	}
	attempt->established = true;
	struct tell told = { flow->v6, IPPROTO_TCP, attempt->serial, next_sequence(attempt->fd), true, 0 };
	start_trace(&told);
	wait_on(attempt->fd, SENDER, 0);
	if (enter(flow->ns) < 0 || send(attempt->fd, "more\n", CONTINUED_BYTES, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		fail(attempt, errno);
}

bool hold(const struct flow *flow, const struct attempt *attempt)
{
	if (flow->protocol != IPPROTO_TCP || attempt->raw_tcp || attempt->outcome != ANSWER || held_count == MAX_RECEIVERS)
		return false;
	held[held_count++] = (struct held){ flow->ns, attempt->fd, attempt->sport, flow->dport };
	return true;
}
