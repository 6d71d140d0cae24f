/*
 * When is the kernel done with a packet? Devices of these worlds (veth, bridge, vxlan, macvlan, lo) hand a packet on by the queue
 * of the processor that sends it (net/core/dev.c, enqueue_to_backlog), which is first in, first out and shared by all namespaces.
 * A marker that is sent from the same processor through a loopback of its own comes back only when all that lay before it has
 * gone a device further, however busy the machine is. As many markers as a packet can make hops, and nothing is on its way.
 * Only what waits for a timer is not: a neighbour that is being asked, which the kernel tells.
 */
#define _GNU_SOURCE
#include "prober.h"
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* In hundredths of a second: less than silence is waited for. */
enum { JUST_NOW = 1 };

static int marker = -1;
static cpu_set_t everywhere;

/* A loopback in a namespace that nothing else uses. */
int open_marker(void)
{
	struct sockaddr_in self = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof self;
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	sched_getaffinity(0, sizeof everywhere, &everywhere);
	if (unshare(CLONE_NEWNET) < 0)
		return errno;
	marker = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (marker < 0 || ioctl(marker, SIOCSIFFLAGS, &request) < 0 || bind(marker, (struct sockaddr *)&self, length) < 0 ||
	    getsockname(marker, (struct sockaddr *)&self, &length) < 0 || connect(marker, (struct sockaddr *)&self, length) < 0)
		return errno ? errno : EIO;
	return 0;
}

/* From here to unpin() all is sent from one processor. */
void pin(void)
{
	cpu_set_t here;
	int cpu = sched_getcpu();

	CPU_ZERO(&here);
	if (cpu >= 0) {
		CPU_SET(cpu, &here);
		sched_setaffinity(0, sizeof here, &here);
	}
}

void unpin(void)
{
	sched_setaffinity(0, sizeof everywhere, &everywhere);
}

/* Comes back when what lay before it has been taken on; false when it did not come back for long. */
bool pass_marker(void)
{
	static unsigned char sent;
	unsigned char got;

	sent++;
	if (send(marker, &sent, 1, 0) != 1)
		return false;
	for (;;) {
		struct pollfd pollfd = { marker, POLLIN, 0 };
		ssize_t size = recv(marker, &got, 1, MSG_DONTWAIT);

		if (size == 1 && got == sent)
			return true;
		if (size < 0 && poll(&pollfd, 1, 2000) <= 0)
			return false;
	}
}

/* One that failed a moment ago may be telling so just now, on another processor (neigh_timer_handler). */
static bool is_pending(const struct nlmsghdr *message)
{
	const struct ndmsg *neighbour = NLMSG_DATA(message);
	int left = message->nlmsg_len - NLMSG_LENGTH(sizeof *neighbour);

	if (message->nlmsg_type != RTM_NEWNEIGH || !(neighbour->ndm_state & (NUD_INCOMPLETE | NUD_FAILED)))
		return false;
	if (neighbour->ndm_state & NUD_INCOMPLETE)
		return true;
	for (struct rtattr *a = (struct rtattr *)(neighbour + 1); RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == NDA_CACHEINFO)
			return ((struct nda_cacheinfo *)RTA_DATA(a))->ndm_updated <= JUST_NOW;
	return true;
}

static bool incomplete_in(int ns)
{
	static char bytes[65536] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct {
		struct nlmsghdr header;
		struct ndmsg body;
	} request = { .header = { sizeof request, RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 } };
	bool found = false;

	if (namespaces[ns].routes < 0) {
		if (enter(ns) < 0)
			return true;
		namespaces[ns].routes = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	}
	if (namespaces[ns].routes < 0 || send(namespaces[ns].routes, &request, sizeof request, 0) < 0)
		return true;
	for (;;) {
		ssize_t size = recv(namespaces[ns].routes, bytes, sizeof bytes, 0);

		if (size <= 0)
			return true;
		for (struct nlmsghdr *m = (struct nlmsghdr *)bytes; NLMSG_OK(m, size); m = NLMSG_NEXT(m, size)) {
			if (m->nlmsg_type == NLMSG_DONE || m->nlmsg_type == NLMSG_ERROR)
				return found || m->nlmsg_type == NLMSG_ERROR;
			found = found || is_pending(m);
		}
	}
}

/* Packets wait for a neighbour's answer, and go on or fail by a timer. Where it cannot be told: so. */
bool neighbours_pending(void)
{
	for (int i = 0; i < namespace_count; i++)
		if (incomplete_in(i))
			return true;
	return false;
}
