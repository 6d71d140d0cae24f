/* Devices that leave nothing to a timer or to a worker of the kernel. */
#define _GNU_SOURCE
#include "prober.h"
#include <dirent.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <unistd.h>

/*
 * A neighbour is asked once, and given up by the prober (neighbours.c), not by a timer. What is overheard corrects an entry also in the
 * tick in which that was put back: locktime is one tick less than none (arp_process). These values are of devices: a namespace has no
 * default of its own.
 */
static void ask_once(int ns)
{
	static const struct {
		const char *key, *value;
	} values[] = { { "retrans_time_ms", "60000" }, { "mcast_solicit", "1" }, { "ucast_solicit", "1" },
		       { "app_solicit", "0" },	    { "proxy_delay", "0" },   { "anycast_delay", "0" },
		       { "locktime", "-1" },	    { "base_reachable_time_ms", "3600000" } };
	static const char *const families[] = { "net/ipv4/neigh", "net/ipv6/neigh" };

	for (int f = 0; f < 2; f++) {
		char path[64], key[192];
		snprintf(path, sizeof path, "/proc/sys/%s", families[f]);
		DIR *directory = opendir(path);

		for (struct dirent *entry; directory && (entry = readdir(directory));) {
			if (entry->d_name[0] == '.')
				continue;
			for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
				snprintf(key, sizeof key, "%s/%.100s/%s", families[f], entry->d_name, values[i].key);
				write_sysctl(ns, key, values[i].value);
			}
		}
		if (directory)
			closedir(directory);
	}
}

static void put(struct nlmsghdr *message, uint16_t type, const void *bytes, size_t size)
{
	struct rtattr *attribute = (struct rtattr *)((char *)message + NLMSG_ALIGN(message->nlmsg_len));

	attribute->rta_type = type;
	attribute->rta_len = RTA_LENGTH(size);
	memcpy(RTA_DATA(attribute), bytes, size);
	message->nlmsg_len = NLMSG_ALIGN(message->nlmsg_len) + RTA_ALIGN(attribute->rta_len);
}

/*
 * What a macvlan's parent hands to many of its devices waits in a work queue, unless IFLA_MACVLAN_BC_CUTOFF (Linux 6.4) says that however
 * many they are it is done at once (drivers/net/macvlan.c, macvlan_recompute_bc_filter). Devices of other kinds refuse it.
 */
static void hand_broadcasts_on_at_once(int ns)
{
	enum { BC_CUTOFF = 9 };
	struct if_nameindex *links = if_nameindex();
	int fd = routes_of(ns), never = -1;

	for (struct if_nameindex *link = links; link && link->if_index; link++) {
		struct {
			struct nlmsghdr header;
			struct ifinfomsg body;
			char attributes[64];
		} request = { { NLMSG_LENGTH(sizeof request.body), RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, 0, 0 },
			      { .ifi_index = link->if_index },
			      { 0 } };
		struct rtattr *info = (struct rtattr *)request.attributes, *data;
		char answer[512];

		put(&request.header, IFLA_LINKINFO, NULL, 0);
		put(&request.header, IFLA_INFO_KIND, "macvlan", sizeof "macvlan");
		data = (struct rtattr *)((char *)&request + request.header.nlmsg_len);
		put(&request.header, IFLA_INFO_DATA, NULL, 0);
		put(&request.header, BC_CUTOFF, &never, sizeof never);
		data->rta_len = (char *)&request + request.header.nlmsg_len - (char *)data;
		info->rta_len = (char *)&request + request.header.nlmsg_len - (char *)info;
		if (send(fd, &request, request.header.nlmsg_len, 0) > 0)
			recv(fd, answer, sizeof answer, 0);
	}
	if_freenameindex(links);
}

void settle_links(int ns)
{
	if (enter(ns) < 0)
		return;
	ask_once(ns);
	hand_broadcasts_on_at_once(ns);
}

static bool has_carrier(int socket, const char *name)
{
	struct ethtool_value value = { .cmd = ETHTOOL_GLINK };
	struct ifreq request = { .ifr_data = (char *)&value };

	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	return ioctl(socket, SIOCETHTOOL, &request) == 0 && value.data;
}

/*
 * The kernel tells the stack of a carrier up to a second later (net/core/link_watch.c), which for a veth whose two ends have the
 * same number is the rule. Asking for the state of a link makes it do so at once.
 */
static void await_carriers(int socket)
{
	struct if_nameindex *links = if_nameindex();

	for (struct if_nameindex *link = links; link && link->if_index; link++)
		has_carrier(socket, link->if_name);
	if_freenameindex(links);
}

/* A device that is up and has its carrier runs at the latest when the kernel's worker has told the stack of it. */
static bool will_run(int socket, const char *name)
{
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	return ioctl(socket, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) && has_carrier(socket, name);
}

/*
 * The worker that passes an address makes its local route a moment later (addrconf_dad_work), without which packets to it would be
 * forwarded. `routes` is /proc/net/ipv6_route: a prefix and its length in hexadecimal, line by line.
 */
static bool has_local_route(const char *routes, const char *address)
{
	char prefix[40];

	snprintf(prefix, sizeof prefix, "%s 80 ", address);
	return strstr(routes, prefix) != NULL;
}

static void read_routes(char *routes, size_t size)
{
	FILE *file = fopen("/proc/thread-self/net/ipv6_route", "r");

	routes[file ? fread(routes, 1, size - 1, file) : 0] = 0;
	if (file)
		fclose(file);
}

/* Addresses of running devices are usable once a worker of the kernel has passed them, even without duplicate detection. */
static bool has_unusable(int socket, double waited_ms)
{
	/* Those that are tried out are waited for no longer than that: their neighbours are asked for a minute. */
	enum { NODAD = 0x02, TENTATIVE = 0x40, TRIED_MS = 200 };
	static char routes[1 << 18];
	FILE *file = fopen("/proc/thread-self/net/if_inet6", "r");
	char line[128];
	unsigned flags;
	bool found = false;

	read_routes(routes, sizeof routes);
	while (file && fgets(line, sizeof line, file)) {
		char name[IFNAMSIZ], address[33];

		if (sscanf(line, "%32s %*x %*x %*x %x %15s", address, &flags, name) != 3 ||
		    (!(flags & NODAD) && waited_ms > TRIED_MS))
			continue;
		/* A world may have taken the route away: it is waited for no longer than that either. */
		if (flags & TENTATIVE || (waited_ms <= TRIED_MS && !has_local_route(routes, address)))
			found = found || will_run(socket, name);
	}
	if (file)
		fclose(file);
	return found;
}

void await_links(void)
{
	enum { LONGEST_MS = 5000 };
	int sockets[MAX_NAMESPACES];
	double started = now_ms();

	for (int i = 0; i < namespace_count; i++)
		sockets[i] = enter(i) < 0 ? -1 : socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	/* A bridge or macvlan has a carrier when what it is made of has one. */
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < namespace_count; i++)
			if (enter(i) == 0)
				await_carriers(sockets[i]);
	for (int i = 0; i < namespace_count; i++) {
		if (enter(i) == 0) {
			while (has_unusable(sockets[i], now_ms() - started) && now_ms() < started + LONGEST_MS)
				usleep(500);
			await_carriers(sockets[i]);
		}
		close(sockets[i]);
	}
}
