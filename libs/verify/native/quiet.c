/*
 * When is the kernel done with a packet? Devices of these worlds (veth, bridge, vxlan, macvlan, lo) hand a packet on by the queue
 * of the processor that sends it (net/core/dev.c, enqueue_to_backlog), which is first in, first out and shared by all namespaces.
 * A marker that is sent from the same processor through a loopback of its own comes back only when all that lay before it has
 * gone a device further, however busy the machine is. Where the processor's count of packets (softnet_stat) says that some markers
 * in a row were all that it took on, nothing is on its way; else it is so after as many markers as a packet can make hops.
 * Only what waits for a neighbour's answer is not, which then will not come any more (neighbours.c).
 */
#define _GNU_SOURCE
#include "prober.h"
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int marker = -1;
static int processor = -1, counts = -1;
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
	counts = open("/proc/thread-self/net/softnet_stat", O_RDONLY | O_CLOEXEC);
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

	processor = sched_getcpu();
	CPU_ZERO(&here);
	if (processor >= 0) {
		CPU_SET(processor, &here);
		sched_setaffinity(0, sizeof here, &here);
	}
}

void unpin(void)
{
	sched_setaffinity(0, sizeof everywhere, &everywhere);
}

/* Packets that the processor's queue has taken on so far, of all namespaces; `known` tells whether that can be told. */
static uint32_t taken_on(bool *known)
{
	enum { FIELDS = 13, LAST = FIELDS - 1, WIDTH = 9, LINE = FIELDS * WIDTH };
	static char text[4096 * 32];
	ssize_t size = pread(counts, text, sizeof text - 1, 0);

	*known = false;
	for (char *line = text; size > 0 && line < text + size;) {
		char *end = memchr(line, '\n', text + size - line);

		if (!end)
			break;
		*end = 0;
		if (end - line >= LINE - 1 && strtoul(line + LAST * WIDTH, NULL, 16) == (unsigned long)processor) {
			*known = true;
			return strtoul(line, NULL, 16);
		}
		line = end + 1;
	}
	return 0;
}

/* Whether it comes back: not for long, if it does not. */
static bool goes_round(void)
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

/* Comes back when what lay before it has been taken on; true when that was nothing. */
bool pass_marker(void)
{
	bool before_known, after_known;
	uint32_t before = taken_on(&before_known);
	bool back = goes_round();
	uint32_t after = taken_on(&after_known);

	return back && before_known && after_known && after - before == 1;
}
