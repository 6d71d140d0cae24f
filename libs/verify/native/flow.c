/* Sends one flow's packets, waits for what comes of each, and tells it. */
#define _GNU_SOURCE
#include "attempt.h"
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/tcp.h>
#include <time.h>
#include <unistd.h>

static uint32_t next_serial = 1;

static void leave(const struct flow *flow, struct attempt *attempt)
{
	if (attempt->fd < 0)
		return;
	if (attempt->established || (flow->hold && hold(flow, attempt))) {
		wait_for_no_more(attempt->fd);
	} else {
		close(attempt->fd);
		/* An aborted connection's RST: its far end closes now, not during the next flow. */
		if (flow->protocol == IPPROTO_TCP && attempt->outcome == ANSWER)
			wait_for_end(flow, attempt);
	}
}

/* As the world was when it was read. */
static void put_back(const struct flow *flow)
{
	struct attempt none = { .fd = -1 };

	forget_route_exceptions();
	while (restore_neighbours() && wait_for_end(flow, &none))
		;
	restore_places();
	forget_connections();
}

/* No IPv6 path's MTU is under 1280 (RFC 8200, 5): what is smaller than this, with a tunnel's headers, teaches nobody one. */
#define SMALLEST_TOO_BIG 1100

/*
 * An IPv6 path's MTU that was learned is over with the clock's next tick (net/ipv6/route/mtu_expires is 0).
 * Who learned it may be the one who answers, of which the sender hears nothing.
 */
static void await_tick(void)
{
	struct timespec was, now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &was);
	do {
		usleep(200);
		clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	} while (now.tv_sec == was.tv_sec && now.tv_nsec == was.tv_nsec);
}

static void run_attempt(const struct flow *flow, unsigned number)
{
	struct attempt attempt = { .fd = -1, .sport = flow->sport + number, .serial = next_serial++, .raw_tcp = flow->tcp_flags >= 0 };
	struct arrival arrival, other;
	struct tell told = { .v6 = flow->v6,
			     .protocol = flow->protocol,
			     .serial = attempt.serial,
			     .raw_seq = attempt.raw_tcp ? raw_seq(attempt.serial) : 0,
			     .echo_length = flow->size > 40 ? flow->size - 40 : 0 };

	pin();
	put_back(flow);
	while (next_arrival(&arrival))
		;
	start_trace(&told);
	if (flow->continues && flow->protocol == IPPROTO_TCP && !attempt.raw_tcp)
		continue_connection(flow, &attempt);
	else if (open_socket(flow, &attempt) && wait_on(attempt.fd, SENDER, 0) == 0)
		send_packet(flow, &attempt);
	wait_for_end(flow, &attempt);
	leave(flow, &attempt);
	if (flow->v6 && flow->size >= SMALLEST_TOO_BIG)
		await_tick();
	unpin();
	print_heard(&attempt);
	/* The answer may have come, and what confirms it have been lost. */
	bool half_open = flow->protocol == IPPROTO_TCP && (attempt.outcome != ANSWER || !flow->hold);

	if (next_arrival(&arrival)) {
		print_arrival(&arrival);
		if (half_open)
			forget_half_open(&arrival, arrived_in(&arrival));
	} else {
		printf("null");
	}
	while (next_arrival(&other))
		if (half_open)
			forget_half_open(&other, arrived_in(&other));
	putchar(',');
	print_trace();
	putchar('}');
}

/* flow NS udp|tcp|icmp SOURCE SPORT DESTINATION DPORT SIZE DF TOS MARK TTL UID DEVICE TCPFLAGS REPEAT HOLD CONTINUES */
void run_flow(char **fields, int count)
{
	struct flow flow = { 0 };

	if (count != 18 || (flow.ns = namespace_by_name(fields[1])) < 0) {
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
	flow.hold = fields[16][0] == '1';
	flow.continues = fields[17][0] == '1';
	if (flow.device && flow.v6 && enter(flow.ns) == 0) {
		if (IN6_IS_ADDR_LINKLOCAL(&flow.destination.v6.sin6_addr))
			flow.destination.v6.sin6_scope_id = if_nametoindex(flow.device);
		if (flow.has_source && IN6_IS_ADDR_LINKLOCAL(&flow.source.v6.sin6_addr))
			flow.source.v6.sin6_scope_id = if_nametoindex(flow.device);
	}
	bool endless = false;

	printf("{\"attempts\":[");
	for (int i = 0; i < flow.repeat && !endless; i++) {
		if (i)
			putchar(',');
		run_attempt(&flow, i);
		endless = went_on_for_ever();
	}
	if (endless)
		silence_world();
	printf("],\"endless\":%s}\n", endless ? "true" : "false");
}
