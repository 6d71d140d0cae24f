/* Messages of nfnetlink, as the trace and connection tracking use them. */
#pragma once
#include "prober.h"
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

struct attributes {
	const unsigned char *bytes[32];
	size_t length[32];
};

/* One attribute in one message; the errno that it is answered with, or 0. */
int request(int fd, uint16_t type, uint8_t family, uint16_t group, uint16_t attribute, const void *bytes, size_t size);
/* Where the next attribute goes is `at` and what this returns. */
size_t put_attribute(char *buffer, size_t at, uint16_t type, const void *bytes, size_t size);
void parse_attributes(struct attributes *out, const struct nlmsghdr *header);
uint64_t big64(const unsigned char *bytes);
uint32_t big32(const unsigned char *bytes);
const char *family_name(uint8_t family);
