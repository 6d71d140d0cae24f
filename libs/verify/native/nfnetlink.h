/* Messages of nfnetlink, as the trace and connection tracking use them. */
#pragma once
#include "prober.h"
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

struct attributes {
	const unsigned char *bytes[32];
	size_t length[32];
};

struct message {
	struct nlmsghdr header;
	struct nfgenmsg generic;
	char attributes[1024];
};

/* `group`: what nfgenmsg's res_id says to some. */
struct message message_of(uint16_t type, uint8_t family, uint16_t group);
void put_attribute(struct message *message, uint16_t type, const void *bytes, size_t size);
/* The errno that it is answered with, or 0. */
int request(int fd, struct message *message);
/* Of a nested attribute; none where it is absent. */
void parse_bytes(struct attributes *out, const unsigned char *bytes, size_t length);
void parse_attributes(struct attributes *out, const struct nlmsghdr *header);
uint64_t big64(const unsigned char *bytes);
uint32_t big32(const unsigned char *bytes);
const char *family_name(uint8_t family);
