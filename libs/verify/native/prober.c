/*
 * Builds worlds of network namespaces, sends packets through them and tells what became of each: the kernel's side of
 * `netverdict verify`. Commands on stdin, one JSON line for each on stdout (README.md). Namespaces are held as file
 * descriptors only, so they vanish with the process, and the process with its parent.
 */
#define _GNU_SOURCE
#include "prober.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { MAX_FIELDS = 64 };

double now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

void put_string(const char *bytes, size_t length)
{
	putchar('"');
	for (size_t i = 0; i < length; i++) {
		unsigned char c = bytes[i];

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < ' ' || c >= 127)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

void put_text(const char *text)
{
	put_string(text, strlen(text));
}

const char *errno_name(int error)
{
	const char *name = strerrorname_np(error);

	return name ? name : "unknown";
}

socklen_t address_from(union address *out, const char *text, unsigned port)
{
	memset(out, 0, sizeof *out);
	if (strchr(text, ':')) {
		out->v6.sin6_family = AF_INET6;
		out->v6.sin6_port = htons(port);
		return inet_pton(AF_INET6, text, &out->v6.sin6_addr) == 1 ? sizeof out->v6 : 0;
	}
	out->v4.sin_family = AF_INET;
	out->v4.sin_port = htons(port);
	return inet_pton(AF_INET, text, &out->v4.sin_addr) == 1 ? sizeof out->v4 : 0;
}

unsigned port_of(const union address *address)
{
	return ntohs(address->any.sa_family == AF_INET6 ? address->v6.sin6_port : address->v4.sin_port);
}

void print_address(const union address *address)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (address->any.sa_family == AF_INET)
		inet_ntop(AF_INET, &address->v4.sin_addr, text, sizeof text);
	else if (IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr))
		inet_ntop(AF_INET, address->v6.sin6_addr.s6_addr + 12, text, sizeof text);
	else
		inet_ntop(AF_INET6, &address->v6.sin6_addr, text, sizeof text);
	put_text(text);
}

static void problem(const char *what, int error)
{
	printf("{\"problem\":");
	put_text(what);
	if (error) {
		printf(",\"errno\":");
		put_text(errno_name(error));
	}
	printf("}\n");
}

static int split(char *line, char **fields)
{
	int count = 0;

	for (char *at = line; count < MAX_FIELDS;) {
		fields[count++] = at;
		at = strchr(at, '\t');
		if (!at)
			break;
		*at++ = 0;
	}
	return count;
}

static char *read_input(size_t length)
{
	char *bytes = malloc(length + 1);

	if (!bytes || fread(bytes, 1, length, stdin) != length)
		exit(65);
	bytes[length] = 0;
	return bytes;
}

/* Tools are named by a fixed list; their arguments are fixed as well. */
static char *const *tool_arguments(const char *tool)
{
	static char *const ip[] = { "ip", "-batch", "-", NULL };
	static char *const ip6[] = { "ip", "-6", "-batch", "-", NULL };
	static char *const bridge[] = { "bridge", "-batch", "-", NULL };
	static char *const ipset[] = { "ipset", "restore", NULL };
	static char *const iptables_legacy[] = { "iptables-legacy-restore", NULL };
	static char *const ip6tables_legacy[] = { "ip6tables-legacy-restore", NULL };
	static char *const iptables_nft[] = { "iptables-nft-restore", NULL };
	static char *const ip6tables_nft[] = { "ip6tables-nft-restore", NULL };
	static char *const nft[] = { "nft", "-f", "-", NULL };
	static char *const conntrack[] = { "conntrack", "-R", "-", NULL };
	static char *const *const tools[] = { ip,	    bridge,	   ipset, iptables_legacy, ip6tables_legacy,
					      iptables_nft, ip6tables_nft, nft,	  conntrack };

	/* A rule or a default route without an address does not say its family. */
	if (strcmp(tool, "ip -6") == 0)
		return ip6;
	for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
		if (strcmp(tools[i][0], tool) == 0)
			return tools[i];
	return NULL;
}

static void command_of_namespace(int ns, char **fields, int count)
{
	if (strcmp(fields[0], "sysctl") == 0 && count == 4) {
		int error = write_sysctl(ns, fields[2], fields[3]) ? 0 : errno;

		if (error)
			printf("{\"errno\":\"%s\"}\n", errno_name(error));
		else
			printf("{}\n");
	} else if (strcmp(fields[0], "tool") == 0 && count == 4) {
		size_t length = strtoul(fields[3], NULL, 10);
		char *input = read_input(length);
		char *const *argv = tool_arguments(fields[2]);
		bool queued = argv && queue_tool(ns, (char **)argv, input, length);

		free(input);
		if (queued)
			printf("{}\n");
		else
			problem("no such tool, or too many", 0);
	} else if (strcmp(fields[0], "links") == 0) {
		settle_links(ns);
		printf("{}\n");
	} else if (strcmp(fields[0], "socket") == 0 && count == 12) {
		int error = open_receiver(ns, fields);

		if (error)
			printf("{\"errno\":\"%s\"}\n", errno_name(error));
		else
			printf("{}\n");
	} else if (strcmp(fields[0], "watch") == 0) {
		int error = open_trace(ns);

		if (!error)
			error = watch_connections(ns);
		if (error)
			problem("the trace cannot be heard", error);
		else
			printf("{}\n");
	} else if (strcmp(fields[0], "positions") == 0) {
		print_positions(ns);
	} else {
		problem("no such command", 0);
	}
}

static void command(char *line)
{
	char *fields[MAX_FIELDS] = { 0 };
	int count = split(line, fields);

	if (strcmp(fields[0], "open") == 0) {
		int error = open_namespaces(fields + 1, count - 1);

		if (error) {
			problem("namespaces cannot be made", error);
			return;
		}
		printf("{\"namespaces\":[");
		for (int i = 0; i < namespace_count; i++)
			printf("%s{\"fd\":%d,\"inode\":%llu}", i ? "," : "", namespaces[i].fd,
			       (unsigned long long)namespaces[i].inode);
		printf("]}\n");
	} else if (strcmp(fields[0], "go") == 0) {
		run_tools();
	} else if (strcmp(fields[0], "ready") == 0) {
		await_links();
		printf("{}\n");
	} else if (strcmp(fields[0], "taught") == 0) {
		take_neighbours();
		take_connections();
		take_places();
		printf("{}\n");
	} else if (strcmp(fields[0], "close") == 0) {
		close_world();
		printf("{}\n");
	} else if (strcmp(fields[0], "flow") == 0) {
		run_flow(fields, count);
	} else {
		int ns = count > 1 ? namespace_by_name(fields[1]) : -1;

		if (ns < 0)
			problem("no such command or namespace", 0);
		else
			command_of_namespace(ns, fields, count);
	}
}

int main(void)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t length;

	/* The parent may have gone before this was set: then stdin is at its end. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	/* execvpe() looks into its own environment, which the parent keeps empty. */
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	int error = open_marker();
	if (error) {
		problem("no namespace can be made", error);
		return 1;
	}
	printf("{\"pid\":%d,\"protocol\":1}\n", getpid());
	fflush(stdout);
	while ((length = getline(&line, &room, stdin)) > 0) {
		if (line[length - 1] == '\n')
			line[length - 1] = 0;
		command(line);
		fflush(stdout);
	}
	free(line);
	return 0;
}
