#include "nfnetlink.h"
#include <linux/netfilter.h>

struct message message_of(uint16_t type, uint8_t family, uint16_t group)
{
	return (struct message){ { .nlmsg_len = NLMSG_LENGTH(sizeof(struct nfgenmsg)), .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
				 { .nfgen_family = family, .res_id = htons(group) },
				 { 0 } };
}

void put_attribute(struct message *message, uint16_t type, const void *bytes, size_t size)
{
	struct nlattr *attribute = (struct nlattr *)((char *)message + message->header.nlmsg_len);

	if (message->header.nlmsg_len + NLA_HDRLEN + NLA_ALIGN(size) > sizeof *message)
		return;
	attribute->nla_type = type;
	attribute->nla_len = NLA_HDRLEN + size;
	memcpy((char *)attribute + NLA_HDRLEN, bytes, size);
	message->header.nlmsg_len += NLA_HDRLEN + NLA_ALIGN(size);
}

int request(int fd, struct message *message)
{
	char answer[4096];

	if (send(fd, message, message->header.nlmsg_len, 0) < 0)
		return errno;
	/* Packets of the namespace's own making may be traced before the answer comes: they are nobody's flow. */
	for (;;) {
		ssize_t got = recv(fd, answer, sizeof answer, 0);
		const struct nlmsghdr *header = (struct nlmsghdr *)answer;

		if (got < 0)
			return errno;
		if (got >= (ssize_t)NLMSG_SPACE(sizeof(struct nlmsgerr)) && header->nlmsg_type == NLMSG_ERROR)
			return -((struct nlmsgerr *)NLMSG_DATA(header))->error;
	}
}

void parse_bytes(struct attributes *out, const unsigned char *bytes, size_t length)
{
	memset(out, 0, sizeof *out);
	for (size_t at = 0; bytes && at + NLA_HDRLEN <= length;) {
		const struct nlattr *attr = (const struct nlattr *)(bytes + at);
		unsigned type = attr->nla_type & NLA_TYPE_MASK;

		if (attr->nla_len < NLA_HDRLEN || at + attr->nla_len > length)
			break;
		if (type < 32) {
			out->bytes[type] = bytes + at + NLA_HDRLEN;
			out->length[type] = attr->nla_len - NLA_HDRLEN;
		}
		at += NLA_ALIGN(attr->nla_len);
	}
}

void parse_attributes(struct attributes *out, const struct nlmsghdr *header)
{
	parse_bytes(out, (const unsigned char *)header + NLMSG_SPACE(sizeof(struct nfgenmsg)), header->nlmsg_len - NLMSG_SPACE(sizeof(struct nfgenmsg)));
}

uint64_t big64(const unsigned char *bytes)
{
	uint64_t value = 0;

	for (int i = 0; bytes && i < 8; i++)
		value = value << 8 | bytes[i];
	return value;
}

uint32_t big32(const unsigned char *bytes)
{
	return bytes ? (uint32_t)bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3] : 0;
}

const char *family_name(uint8_t family)
{
	switch (family) {
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_ARP:
		return "arp";
	case NFPROTO_NETDEV:
		return "netdev";
	case NFPROTO_BRIDGE:
		return "bridge";
	case NFPROTO_IPV6:
		return "ip6";
	default:
		return "unknown";
	}
}
