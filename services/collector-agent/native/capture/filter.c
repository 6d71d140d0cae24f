/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libpcap compiles filters. Names of hosts and networks in them would be looked up in the DNS, from here and for as long as that
 * takes: a capture must neither send packets nor wait, so only numbers are resolved. The functions below stand in for libc's in
 * this program, libpcap's calls included.
 */
#include "filter.h"

#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

int getaddrinfo(const char *restrict node, const char *restrict service, const struct addrinfo *restrict hints,
                struct addrinfo **restrict result)
{
    int (*libc)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
    struct addrinfo numeric = {0};
    if (hints)
        numeric = *hints;
    if (node)
        numeric.ai_flags |= AI_NUMERICHOST;
    return libc ? libc(node, service, &numeric, result) : EAI_SYSTEM;
}

struct netent *getnetbyname(const char *name)
{
    (void)name;
    return NULL;
}

int getnetbyname_r(const char *restrict name, struct netent *restrict entry, char *restrict buffer, size_t room,
                   struct netent **restrict result, int *restrict error)
{
    (void)name, (void)entry, (void)buffer, (void)room;
    *result = NULL;
    *error = HOST_NOT_FOUND;
    return 0;
}

int compile_filter(const char *text, int link_type, int snaplen, struct bpf_program *program, char *message, size_t room)
{
    pcap_t *dead = pcap_open_dead(link_type, snaplen);
    if (!dead) {
        snprintf(message, room, "no memory");
        return -1;
    }
    int e = pcap_compile(dead, program, text, 1, PCAP_NETMASK_UNKNOWN);
    if (e)
        snprintf(message, room, "%s", pcap_geterr(dead));
    pcap_close(dead);
    return e ? -1 : 0;
}
