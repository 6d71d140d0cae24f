/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <pcap/pcap.h>

/* 0, or -1 with libpcap's message. The program is freed by the caller with pcap_freecode; an empty filter takes all packets. */
int compile_filter(const char *text, int link_type, int snaplen, struct bpf_program *program, char *message, size_t room);
