/* Rules by their place in a chain: a trace names them by handle. */
#include "nfnetlink.h"
#include <linux/netfilter/nf_tables.h>
#include <unistd.h>

/* Handles of all nft rules in the order of their chains. */
void print_positions(int ns)
{
	static char buffer[1 << 18] __attribute__((aligned(8)));
	struct {
		struct nlmsghdr header;
		struct nfgenmsg generic;
	} dump = { { sizeof dump, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETRULE, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 }, { 0 } };
	bool done = false, changed = false;
	unsigned count = 0;

	printf("{\"rules\":[");
	int fd = enter(ns) < 0 ? -1 : socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (fd >= 0 && send(fd, &dump, sizeof dump, 0) >= 0) {
		while (!done) {
			ssize_t got = recv(fd, buffer, sizeof buffer, 0);

			if (got <= 0)
				break;
			for (struct nlmsghdr *header = (struct nlmsghdr *)buffer; NLMSG_OK(header, got); header = NLMSG_NEXT(header, got)) {
				struct attributes at;

				if (header->nlmsg_flags & NLM_F_DUMP_INTR)
					changed = true;
				if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) {
					done = true;
					break;
				}
				parse_attributes(&at, header);
				printf("%s[\"%s\",", count++ ? "," : "", family_name(((struct nfgenmsg *)NLMSG_DATA(header))->nfgen_family));
				put_string((const char *)at.bytes[NFTA_RULE_TABLE], at.length[NFTA_RULE_TABLE] - 1);
				putchar(',');
				put_string((const char *)at.bytes[NFTA_RULE_CHAIN], at.length[NFTA_RULE_CHAIN] - 1);
				printf(",%llu]", (unsigned long long)big64(at.bytes[NFTA_RULE_HANDLE]));
			}
		}
	}
	if (fd >= 0)
		close(fd);
	printf("],\"complete\":%s}\n", done && !changed ? "true" : "false");
}
