/* What the parts of the prober share. Protocol and purpose: README.md. */
#pragma once
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MAX_NAMESPACES 64
#define MAX_RECEIVERS 256
#define MAX_EVENTS 2048

struct namespace {
	char name[64];
	int fd;
	uint64_t inode;
	/* One netlink socket for both traces: its queue keeps the kernel's order between legacy and nft rules. -1: not watched. */
	int trace;
	/* To ask and tell about its neighbours and links. -1: not opened yet. */
	int routes;
	/* Hears of new connections. -1: not watched. */
	int connections;
};

extern struct namespace namespaces[MAX_NAMESPACES];
extern int namespace_count;

/* The machine's own namespace is never entered again once the first world is made. */
int enter(int index);
/* The socket to its neighbours and links; -1 where there can be none. */
int routes_of(int index);
/* -1 when no namespace of the world has that name. */
int namespace_by_name(const char *name);

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* 0 when the text is no address. A port goes in host order. */
socklen_t address_from(union address *out, const char *text, unsigned port);
unsigned port_of(const union address *address);
/* A v4-mapped address is written as IPv4. */
void print_address(const union address *address);

/* JSON on stdout. */
void put_string(const char *bytes, size_t length);
void put_text(const char *text);
const char *errno_name(int error);

double now_ms(void);

/* world.c */
int open_namespaces(char **names, int count);
void close_world(void);
void silence_world(void);
bool write_sysctl(int ns, const char *key, const char *value);
bool queue_tool(int ns, char **argv, const char *input, size_t length);
void run_tools(void);
void forget_route_exceptions(void);

/* links.c */
void settle_links(int ns);
void await_links(void);

/* connections.c: what an earlier packet left to connection tracking is forgotten. */
int watch_connections(int ns);
void take_connections(void);
void forget_connections(void);
void close_connections(void);

/* neighbours.c: what an earlier flow taught hosts about their neighbours is forgotten. */
void take_neighbours(void);
/* True when packets that waited for one were given up: their errors are on the way. */
bool restore_neighbours(void);
void forget_neighbours(void);
/* The one that has been asked longest, in all the world; false when none is being asked. Nothing else may be on its way. */
bool give_up_neighbour(void);

/* fdb.c: the same of bridges and tunnels. */
void take_places(void);
void restore_places(void);
void forget_places(void);

/* receive.c: sockets that take packets and answer. */
/* What a socket's filter saw of a packet that reached it. */
struct arrival {
	uint32_t socket;
	uint32_t mark;
	uint32_t ifindex;
	uint32_t length;
	unsigned char ip[40];
	unsigned char transport[8];
};
int open_receiver(int ns, char **fields);
void close_receivers(void);
void serve_receiver(unsigned index);
void serve_accepted(unsigned index);
/* Oldest first; false when there is none. */
bool next_arrival(struct arrival *arrival);
void print_arrival(const struct arrival *arrival);
int arrived_in(const struct arrival *arrival);
/* halfopen.c */
void forget_half_open(const struct arrival *arrival, int ns);

/* trace.c: the kernel's own trace of rules. */
enum direction { OTHER, FORWARD, REPLY };
/* How packets of the flow under way are known in a trace, behind any NAT. */
struct tell {
	bool v6;
	int protocol;
	uint32_t serial;
	/* The sequence number of a raw TCP packet; else 0 and a SYN is the packet. */
	uint32_t raw_seq;
	/* Of an established connection: `raw_seq` is the data's number, and no handshake is to be seen. */
	bool established;
	/* Of an echo: what its IP header says of its length; 0 where the prober chooses. */
	unsigned echo_length;
};
/* A line of data over an established connection. */
enum { CONTINUED_BYTES = 5 };
int open_trace(int ns);
void read_trace(int ns);
void start_trace(const struct tell *tell);
void print_trace(void);
/* positions.c */
void print_positions(int ns);

/* quiet.c */
int open_marker(void);
void pin(void);
void unpin(void);
bool pass_marker(void);

/* wait.c */
enum waited { RECEIVER, TRACE, SENDER, ACCEPTED };
/* One epoll for all: what, and which. */
int wait_on(int fd, enum waited what, unsigned index);

/* flow.c */
void run_flow(char **fields, int count);
/* held.c: connections that a prelude made and left open. */
void close_held(void);
