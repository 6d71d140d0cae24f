/* One epoll for all sockets: takes what comes to them, until nothing is on its way any more. */
#define _GNU_SOURCE
#include "attempt.h"
#include <sys/epoll.h>
#include <time.h>

/* Each host of a long way there and back, for both families, and more. */
enum { MOST_GIVEN_UP = 256 };

/* Devices that hand packets on by a queue of their own beside the processor's (gro_cells of a tunnel) do it in the same round or the next. */
enum { ENOUGH_ALONE = 4 };

/* Milliseconds matter otherwise: errors about tunnels' packets may be tunnelled, and be answered with errors, without end. */
enum { MOST_SECONDS = 3 };

static bool endless;

bool went_on_for_ever(void)
{
	bool so = endless;

	endless = false;
	return so;
}

static time_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
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

int wait_for_no_more(int fd)
{
	return epoll_ctl(epoll(), EPOLL_CTL_DEL, fd, NULL);
}

/* Takes what has come; how many there were. */
static int serve(const struct flow *flow, struct attempt *attempt)
{
	struct epoll_event ready[64];
	int count = epoll_wait(epoll(), ready, 64, 0);

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

bool wait_for_end(const struct flow *flow, struct attempt *attempt)
{
	/* Each hop may go through three devices (vxlan over a bridge over a veth); 40 for the way back. */
	int enough = 40 + 3 * (flow->ttl > 0 ? flow->ttl : 64);
	time_t began = seconds();

	if (endless)
		return false;

	for (int rounds = 0, alone = 0, given_up = 0; given_up < MOST_GIVEN_UP;) {
		if (seconds() - began > MOST_SECONDS) {
			endless = true;
			return false;
		}
		if (serve(flow, attempt)) {
			rounds = alone = 0;
			continue;
		}
		/* Also behind an answer something may be on its way still: another copy, an error about what followed, told later by a busy machine. */
		if (rounds++ < enough && alone < ENOUGH_ALONE) {
			alone = pass_marker() ? alone + 1 : 0;
			continue;
		}
		if (attempt->outcome != SILENCE || !give_up_neighbour())
			return true;
		given_up++;
		rounds = alone = 0;
	}
	return true;
}
