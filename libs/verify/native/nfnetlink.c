#include "nfnetlink.h"
#include <linux/netfilter.h>

int request(int fd, uint16_t type, uint8_t family, uint16_t group, uint16_t attribute, const void *bytes, size_t size)
{
	char buffer[512] = { 0 };
	struct nlmsghdr *header = (struct nlmsghdr *)buffer;
	struct nfgenmsg *generic = NLMSG_DATA(header);
	struct nlattr *attr = (struct nlattr *)(buffer + NLMSG_SPACE(sizeof *generic));

	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	header->nlmsg_len = NLMSG_SPACE(sizeof *generic) + NLA_HDRLEN + NLA_ALIGN(size);
	generic->nfgen_family = family;
	generic->res_id = htons(group);
	attr->nla_len = NLA_HDRLEN + size;
	attr->nla_type = attribute;
	memcpy((char *)attr + NLA_HDRLEN, bytes, size);
	if (send(fd, buffer, header->nlmsg_len, 0) < 0)
		return errno;
	char answer[4096];
	/* Packets of the namespace's own making may be traced before the answer comes: they are nobody's flow. */
	for (;;) {
		ssize_t got = recv(fd, answer, sizeof answer, 0);

		if (got < 0)
			return errno;
		header = (struct nlmsghdr *)answer;
		if (got >= (ssize_t)NLMSG_SPACE(sizeof(struct nlmsgerr)) && header->nlmsg_type == NLMSG_ERROR)
			return -((struct nlmsgerr *)NLMSG_DATA(header))->error;
	}
}

size_t put_attribute(char *buffer, size_t at, uint16_t type, const void *bytes, size_t size)
{
	struct nlattr *attribute = (struct nlattr *)(buffer + at);

	attribute->nla_type = type;
	attribute->nla_len = NLA_HDRLEN + size;
	memset(buffer + at + NLA_HDRLEN, 0, NLA_ALIGN(size));
	memcpy(buffer + at + NLA_HDRLEN, bytes, size);
	return NLA_ALIGN(NLA_HDRLEN + size);
}

void parse_attributes(struct attributes *out, const struct nlmsghdr *header)
{
	const char *at = (const char *)NLMSG_DATA(header) + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	const char *end = (const char *)header + header->nlmsg_len;

	memset(out, 0, sizeof *out);
	while (at + NLA_HDRLEN <= end) {
		const struct nlattr *attr = (const struct nlattr *)at;
		unsigned type = attr->nla_type & NLA_TYPE_MASK;

		if (attr->nla_len < NLA_HDRLEN || at + attr->nla_len > end)
			break;
		if (type < 32) {
			out->bytes[type] = (const unsigned char *)at + NLA_HDRLEN;
			out->length[type] = attr->nla_len - NLA_HDRLEN;
		}
		at += NLA_ALIGN(attr->nla_len);
	}
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
