/*
 * Where bridges and tunnels believe addresses to be, as it was when the world was read: packets teach them, and flows are judged
 * each on its own. What later ones taught is forgotten before the next, and what they moved is put back.
 */
#define _GNU_SOURCE
#include "prober.h"
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <unistd.h>

enum { MAX_ENTRIES = 128, MAC_SIZE = 6 };

struct place {
	int device, master;
	unsigned char state, flags, mac[MAC_SIZE], dst[16];
	unsigned short vlan;
	unsigned dst_size;
};

static struct {
	int socket, count;
	bool taken;
	struct place places[MAX_ENTRIES];
} tables[MAX_NAMESPACES];

/* Of one bridge or tunnel. */
static bool same_address(const struct place *a, const struct place *b)
{
	return (a->master ? a->master == b->master : !b->master && a->device == b->device) && a->vlan == b->vlan &&
	       memcmp(a->mac, b->mac, MAC_SIZE) == 0;
}

static bool same_place(const struct place *a, const struct place *b)
{
	return a->device == b->device && (a->state & NUD_NOARP) == (b->state & NUD_NOARP) && a->dst_size == b->dst_size &&
	       memcmp(a->dst, b->dst, a->dst_size) == 0;
}

static bool read_place(struct nlmsghdr *message, struct place *place)
{
	struct ndmsg *body = NLMSG_DATA(message);
	int left = message->nlmsg_len - NLMSG_LENGTH(sizeof *body);
	bool has_mac = false;

	*place = (struct place){ .state = body->ndm_state, .flags = body->ndm_flags, .device = body->ndm_ifindex };
	for (struct rtattr *a = (struct rtattr *)((char *)body + NLMSG_ALIGN(sizeof *body)); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		unsigned size = RTA_PAYLOAD(a);

		if (a->rta_type == NDA_LLADDR && size == MAC_SIZE) {
			memcpy(place->mac, RTA_DATA(a), size);
			has_mac = true;
		} else if (a->rta_type == NDA_DST && size <= sizeof place->dst) {
			memcpy(place->dst, RTA_DATA(a), size);
			place->dst_size = size;
		} else if (a->rta_type == NDA_MASTER && size == sizeof place->master) {
			memcpy(&place->master, RTA_DATA(a), size);
		} else if (a->rta_type == NDA_VLAN && size == sizeof place->vlan) {
			memcpy(&place->vlan, RTA_DATA(a), size);
		}
	}
	/* A device's own addresses, and what was given to a tunnel by hand, are not taught by packets. */
	return has_mac && (place->master || place->dst_size) && !(place->state & NUD_PERMANENT);
}

static int read_places(int socket, struct place *places)
{
	struct {
		struct nlmsghdr header;
		struct ndmsg body;
	} request = { { sizeof request, RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP, 0, 0 }, { .ndm_family = AF_BRIDGE } };
	static char buffer[32768];
	int count = 0;

	if (send(socket, &request, sizeof request, 0) < 0)
		return 0;
	for (;;) {
		ssize_t size = recv(socket, buffer, sizeof buffer, 0);

		if (size <= 0)
			return count;
		for (struct nlmsghdr *m = (struct nlmsghdr *)buffer; NLMSG_OK(m, (size_t)size); m = NLMSG_NEXT(m, size)) {
			if (m->nlmsg_type == NLMSG_DONE || m->nlmsg_type == NLMSG_ERROR)
				return count;
			if (m->nlmsg_type == RTM_NEWNEIGH && count < MAX_ENTRIES && read_place(m, &places[count]))
				count++;
		}
	}
}

static void change(int socket, const struct place *place, int type)
{
	bool added = type == RTM_NEWNEIGH;
	struct {
		struct nlmsghdr header;
		struct ndmsg body;
		char attributes[64];
	} request = { { NLMSG_LENGTH(sizeof(struct ndmsg)), type, NLM_F_REQUEST | NLM_F_ACK | (added ? NLM_F_CREATE | NLM_F_REPLACE : 0), 0, 0 },
		      { .ndm_family = AF_BRIDGE,
			.ndm_ifindex = place->device,
			.ndm_state = place->state & NUD_NOARP ? NUD_NOARP : NUD_REACHABLE,
			.ndm_flags = (place->flags & NTF_STICKY) | (place->master ? NTF_MASTER : NTF_SELF) },
		      { 0 } };
	struct {
		int type;
		const void *data;
		unsigned size;
	} attributes[] = { { NDA_LLADDR, place->mac, MAC_SIZE },
			   { NDA_DST, place->dst, place->dst_size },
			   { NDA_VLAN, &place->vlan, place->vlan ? sizeof place->vlan : 0 } };
	char answer[512];

	for (int i = 0; i < 3; i++) {
		struct rtattr *a = (struct rtattr *)((char *)&request + NLMSG_ALIGN(request.header.nlmsg_len));

		if (!attributes[i].size)
			continue;
		*a = (struct rtattr){ RTA_LENGTH(attributes[i].size), attributes[i].type };
		memcpy(RTA_DATA(a), attributes[i].data, attributes[i].size);
		request.header.nlmsg_len = NLMSG_ALIGN(request.header.nlmsg_len) + RTA_ALIGN(a->rta_len);
	}
	if (send(socket, &request, request.header.nlmsg_len, 0) > 0)
		recv(socket, answer, sizeof answer, 0);
}

void take_places(void)
{
	for (int i = 0; i < namespace_count; i++) {
		if (enter(i) < 0)
			continue;
		if (!tables[i].taken)
			tables[i].socket = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
		tables[i].taken = tables[i].socket >= 0;
		tables[i].count = tables[i].taken ? read_places(tables[i].socket, tables[i].places) : 0;
	}
}

void restore_places(void)
{
	static struct place now[MAX_ENTRIES];

	for (int i = 0; i < namespace_count; i++) {
		if (!tables[i].taken)
			continue;
		int socket = tables[i].socket, count = read_places(socket, now);
		const struct place *was = tables[i].places;

		for (int n = 0; n < count; n++) {
			bool known = false;

			for (int w = 0; w < tables[i].count; w++)
				known = known || (same_address(&was[w], &now[n]) && same_place(&was[w], &now[n]));
			if (!known)
				change(socket, &now[n], RTM_DELNEIGH);
		}
		for (int w = 0; w < tables[i].count; w++) {
			bool there = false;

			for (int n = 0; n < count; n++)
				there = there || (same_address(&was[w], &now[n]) && same_place(&was[w], &now[n]));
			if (!there)
				change(socket, &was[w], RTM_NEWNEIGH);
		}
	}
}

void forget_places(void)
{
	for (int i = 0; i < MAX_NAMESPACES; i++)
		if (tables[i].taken) {
			close(tables[i].socket);
			tables[i].taken = false;
		}
}
