/* Whose a packet in a trace is. */
#pragma once
#include "prober.h"

void start_telling(const struct tell *told);
/* Direction of the packet, or OTHER when it is none of the two that count. `transport` is absent where it is part of `network`. */
enum direction tell_packet(const unsigned char *network, size_t length, const unsigned char *transport, size_t rest);
/* The whole of an IPv4 packet of a VXLAN tunnel. */
void learn_outer(const unsigned char *network, size_t length);
/* Whether it may be a tunnel's packet, translated on its way: these keep their length. */
bool is_outer(const unsigned char *network, size_t length, const unsigned char *udp, size_t rest);
