/* Whose a packet in a trace is. */
#pragma once
#include "prober.h"

struct whose {
	enum direction direction;
	/* Of an ICMP error: the length of the UDP datagram that it quotes, which may be a tunnel's packet; 0: none. */
	uint16_t quoted_udp;
	/* Of what comes back, where kinds are told apart. */
	uint32_t kind;
};

void start_telling(const struct tell *told);
/* `transport` is absent where it is part of `network`. */
struct whose tell_packet(const unsigned char *network, size_t length, const unsigned char *transport, size_t rest);
/* The whole of an IPv4 packet of a VXLAN tunnel. */
void learn_outer(const unsigned char *network, size_t length);
/* Whether it may be a tunnel's packet, translated on its way: these keep their length. */
bool is_outer(const unsigned char *network, size_t length, const unsigned char *udp, size_t rest);
/* Whether it is the flow's first packet there or the first back, once all is told. */
bool counts(struct whose whose);
