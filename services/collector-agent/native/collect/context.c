/* SPDX-License-Identifier: Apache-2.0 */
#include "context.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

const char *link_name(const struct ctx *c, int ifindex)
{
    for (size_t i = 0; i < c->n_links; i++)
        if (c->links[i].ifindex == ifindex)
            return c->links[i].name;
    return NULL;
}

const char *link_label(const struct ctx *c, int ifindex)
{
    static char label[24];
    const char *name = link_name(c, ifindex);
    if (name)
        return name;
    snprintf(label, sizeof label, "if%d", ifindex);
    return label;
}

int missing(struct ctx *c, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(c->reason, sizeof c->reason, fmt, ap);
    va_end(ap);
    return -1;
}

/* Symbols of built-in code stand in kallsyms without "[module]"; read once, only where nothing else tells. */
static bool in_kallsyms(const char *prefix)
{
    FILE *f = fopen("/proc/kallsyms", "re");
    if (!f)
        return false;
    char line[512];
    bool found = false;
    size_t n = strlen(prefix);
    while (!found && fgets(line, sizeof line, f)) {
        char *at = strchr(line, ' ');
        at = at ? strchr(at + 1, ' ') : NULL;
        found = at && strncmp(at + 1, prefix, n) == 0;
    }
    fclose(f);
    return found;
}

static bool in_list(const char *path, const char *needle)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return false;
    char line[512];
    bool found = false;
    while (!found && fgets(line, sizeof line, f))
        found = strstr(line, needle) != NULL;
    fclose(f);
    return found;
}

bool module_present(const char *name)
{
    /* Once there, there for good as far as we care; an absent one is looked for again. */
    static char known[16][32];
    for (size_t i = 0; i < 16 && known[i][0]; i++)
        if (strcmp(known[i], name) == 0)
            return true;
    char path[128];
    snprintf(path, sizeof path, "/sys/module/%s", name);
    bool there = access(path, F_OK) == 0 || access("/proc/modules", F_OK) != 0;
    if (!there) {
        struct utsname u;
        uname(&u);
        char list[128], needle[64];
        snprintf(list, sizeof list, "/lib/modules/%.65s/modules.builtin", u.release);
        snprintf(needle, sizeof needle, "/%s.ko", name);
        if (access(list, R_OK) == 0)
            there = in_list(list, needle);
        else {
            snprintf(needle, sizeof needle, "%s_", strcmp(name, "nf_tables") == 0 ? "nf_tables" : name);
            there = in_kallsyms(needle);
        }
    }
    for (size_t i = 0; there && i < 16; i++)
        if (!known[i][0]) {
            snprintf(known[i], sizeof known[i], "%s", name);
            break;
        }
    return there;
}

const char *table_name(uint32_t table)
{
    static char number[16];
    switch (table) {
    case 255: return "local";
    case 254: return "main";
    case 253: return "default";
    default: snprintf(number, sizeof number, "%u", table); return number;
    }
}

/* /etc/iproute2/rt_protos */
const char *protocol_name(uint8_t protocol)
{
    static char number[8];
    switch (protocol) {
    case 0: return "unspec";
    case 1: return "redirect";
    case 2: return "kernel";
    case 3: return "boot";
    case 4: return "static";
    case 8: return "gated";
    case 9: return "ra";
    case 10: return "mrt";
    case 11: return "zebra";
    case 12: return "bird";
    case 13: return "dnrouted";
    case 14: return "xorp";
    case 15: return "ntk";
    case 16: return "dhcp";
    case 18: return "keepalived";
    case 42: return "babel";
    case 186: return "bgp";
    case 187: return "isis";
    case 188: return "ospf";
    case 189: return "rip";
    case 192: return "eigrp";
    default: snprintf(number, sizeof number, "%u", protocol); return number;
    }
}

const char *scope_name(uint8_t scope)
{
    static char number[8];
    switch (scope) {
    case 0: return "global";
    case 200: return "site";
    case 253: return "link";
    case 254: return "host";
    case 255: return "nowhere";
    default: snprintf(number, sizeof number, "%u", scope); return number;
    }
}

const char *address_text(int family, const void *bytes, size_t len)
{
    static char text[2][INET6_ADDRSTRLEN];
    static int turn;
    turn ^= 1;
    if ((family == AF_INET && len < 4) || (family == AF_INET6 && len < 16) ||
        !inet_ntop(family, bytes, text[turn], sizeof text[turn]))
        return "?";
    return text[turn];
}
