/*
 * Neighbour tables as they were when the world was read. Packets teach hosts who their neighbours are; flows are judged each on its
 * own, against what was read: before each, what later ones learned is forgotten and what was there is put back.
 *
 * Who does not answer is given up here, not by the kernel's timer: nothing is on its way any more (quiet.c), so no answer is. The
 * kernel does then what its timer would do (net/core/neighbour.c, neigh_invalidate), on the processor that the markers pass.
 */
#define _GNU_SOURCE
#include "prober.h"
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <unistd.h>

enum { MAX_ENTRIES = 256, FIXED = NUD_PERMANENT | NUD_NOARP, UNSETTLED = NUD_INCOMPLETE | NUD_DELAY | NUD_PROBE };

struct entry {
	unsigned char family, state, flags;
	int device;
	unsigned char address[16], lladdr[8];
	unsigned address_size, lladdr_size;
	/* In hundredths of a second. */
	unsigned age;
};

static struct {
	int count;
	bool taken;
	struct entry entries[MAX_ENTRIES];
} tables[MAX_NAMESPACES];

static bool same_neighbour(const struct entry *a, const struct entry *b)
{
	return a->family == b->family && a->device == b->device && a->address_size == b->address_size &&
	       memcmp(a->address, b->address, a->address_size) == 0;
}

static bool same_entry(const struct entry *a, const struct entry *b)
{
	return a->state == b->state && a->lladdr_size == b->lladdr_size && memcmp(a->lladdr, b->lladdr, a->lladdr_size) == 0;
}

static bool read_entry(struct nlmsghdr *message, struct entry *entry)
{
	struct ndmsg *body = NLMSG_DATA(message);
	int left = message->nlmsg_len - NLMSG_LENGTH(sizeof *body);

	*entry = (struct entry){ .family = body->ndm_family, .state = body->ndm_state, .flags = body->ndm_flags, .device = body->ndm_ifindex };
	for (struct rtattr *a = (struct rtattr *)((char *)body + NLMSG_ALIGN(sizeof *body)); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		unsigned size = RTA_PAYLOAD(a);

		if (a->rta_type == NDA_DST && size <= sizeof entry->address) {
			memcpy(entry->address, RTA_DATA(a), size);
			entry->address_size = size;
		} else if (a->rta_type == NDA_LLADDR && size <= sizeof entry->lladdr) {
			memcpy(entry->lladdr, RTA_DATA(a), size);
			entry->lladdr_size = size;
		} else if (a->rta_type == NDA_CACHEINFO) {
			entry->age = ((struct nda_cacheinfo *)RTA_DATA(a))->ndm_updated;
		}
	}
	/* What was made by hand and what stands for a group or the host itself is not learned. */
	return entry->address_size && !(entry->state & FIXED) && entry->state != NUD_NONE && !(entry->flags & NTF_PROXY);
}

static int read_table(int socket, struct entry *entries)
{
	struct {
		struct nlmsghdr header;
		struct ndmsg body;
	} request = { { sizeof request, RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP, 0, 0 }, { 0 } };
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
			if (m->nlmsg_type == RTM_NEWNEIGH && count < MAX_ENTRIES && read_entry(m, &entries[count]))
				count++;
		}
	}
}

static void change(int socket, const struct entry *entry, int type, int flags, unsigned state)
{
	struct {
		struct nlmsghdr header;
		struct ndmsg body;
		char attributes[64];
	} request = { { NLMSG_LENGTH(sizeof(struct ndmsg)), type, NLM_F_REQUEST | NLM_F_ACK | flags, 0, 0 },
		      { .ndm_family = entry->family, .ndm_ifindex = entry->device, .ndm_state = state, .ndm_flags = entry->flags }, { 0 } };
	struct {
		int type;
		const void *data;
		unsigned size;
	} attributes[] = { { NDA_DST, entry->address, entry->address_size }, { NDA_LLADDR, entry->lladdr, entry->lladdr_size } };
	char answer[512];

	for (int i = 0; i < 2; i++) {
		struct rtattr *a = (struct rtattr *)((char *)&request + NLMSG_ALIGN(request.header.nlmsg_len));

		if (!attributes[i].size || (i == 1 && type == RTM_DELNEIGH))
			continue;
		*a = (struct rtattr){ RTA_LENGTH(attributes[i].size), attributes[i].type };
		memcpy(RTA_DATA(a), attributes[i].data, attributes[i].size);
		request.header.nlmsg_len = NLMSG_ALIGN(request.header.nlmsg_len) + RTA_ALIGN(a->rta_len);
	}
	if (send(socket, &request, request.header.nlmsg_len, 0) > 0)
		recv(socket, answer, sizeof answer, 0);
}

/* Entries that are being asked for are forgotten, those about to be asked for again are merely old: neither is a state that lasts. */
void take_neighbours(void)
{
	for (int i = 0; i < namespace_count; i++) {
		struct entry *entries = tables[i].entries;
		int socket = routes_of(i), count = read_table(socket, entries), kept = 0;

		for (int n = 0; n < count; n++) {
			struct entry *entry = &entries[n];

			if (entry->state & UNSETTLED && !entry->lladdr_size) {
				change(socket, entry, RTM_DELNEIGH, 0, 0);
				continue;
			}
			if (entry->state & UNSETTLED) {
				entry->state = NUD_STALE;
				change(socket, entry, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, entry->state);
			}
			entries[kept++] = *entry;
		}
		tables[i].count = kept;
		tables[i].taken = true;
	}
}

bool restore_neighbours(void)
{
	static struct entry now[MAX_ENTRIES];
	bool gave_up = false;

	for (int i = 0; i < namespace_count; i++) {
		if (!tables[i].taken)
			continue;
		int socket = routes_of(i), count = read_table(socket, now);
		const struct entry *was = tables[i].entries;

		for (int n = 0; n < count; n++) {
			bool known = false;

			for (int w = 0; w < tables[i].count; w++)
				known = known || same_neighbour(&was[w], &now[n]);
			if (known)
				continue;
			gave_up = gave_up || now[n].state & NUD_INCOMPLETE;
			change(socket, &now[n], RTM_DELNEIGH, 0, 0);
		}
		for (int w = 0; w < tables[i].count; w++) {
			bool same = false;

			for (int n = 0; n < count; n++)
				same = same || (same_neighbour(&was[w], &now[n]) && same_entry(&was[w], &now[n]));
			if (!same)
				change(socket, &was[w], RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, was[w].state);
		}
	}
	return gave_up;
}

void forget_neighbours(void)
{
	for (int i = 0; i < MAX_NAMESPACES; i++)
		tables[i].taken = false;
}

bool give_up_neighbour(void)
{
	static struct entry now[MAX_ENTRIES];
	struct entry oldest;
	int asking = -1;

	for (int i = 0; i < namespace_count; i++) {
		int count = read_table(routes_of(i), now);

		for (int n = 0; n < count; n++)
			if (now[n].state & NUD_INCOMPLETE && (asking < 0 || now[n].age > oldest.age)) {
				asking = i;
				oldest = now[n];
			}
	}
	if (asking < 0)
		return false;
	change(routes_of(asking), &oldest, RTM_NEWNEIGH, NLM_F_REPLACE, NUD_FAILED);
	return true;
}
