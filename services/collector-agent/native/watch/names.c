/* SPDX-License-Identifier: Apache-2.0 */
#include "names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns_names.h"
#include "frames.h"

#define MAX_REASONS 512
#define MAX_FUNCTIONS 4096

struct enumeration {
    enum nv_dictionary dictionary;
    const char *type, *prefix;
    int count;
    struct {
        __u32 number;
        char name[56];
    } values[MAX_REASONS];
};

static struct enumeration enumerations[] = {
    {.dictionary = NV_DROP_REASONS, .type = "skb_drop_reason", .prefix = "SKB_DROP_REASON_"},
    {.dictionary = NV_RESET_REASONS, .type = "sk_rst_reason", .prefix = "SK_RST_REASON_"},
};
#define N_ENUMERATIONS (sizeof enumerations / sizeof *enumerations)

/* A dictionary's payload: u32 which, u32 how many, then per name u64 id, u16 length, its bytes. */
void names_entry(struct text *t, __u64 id, const char *name)
{
    __u16 length = (__u16)strlen(name);
    for (int i = 0; i < 8; i++)
        text_add(t, "%c", (char)(id >> (8 * i)));
    text_add(t, "%c%c%s", (char)length, (char)(length >> 8), name);
}

void names_begin(struct text *t, enum nv_dictionary dictionary, __u32 count)
{
    for (int i = 0; i < 4; i++)
        text_add(t, "%c", (char)((__u32)dictionary >> (8 * i)));
    for (int i = 0; i < 4; i++)
        text_add(t, "%c", (char)(count >> (8 * i)));
}

void names_send_reasons(const struct btf *kernel)
{
    for (size_t e = 0; e < N_ENUMERATIONS; e++) {
        struct enumeration *known = &enumerations[e];
        int id = btf__find_by_name_kind(kernel, known->type, BTF_KIND_ENUM);
        if (id < 0)
            continue; /* an older kernel: reasons stay numbers */
        const struct btf_type *type = btf__type_by_id(kernel, (__u32)id);
        const struct btf_enum *value = btf_enum(type);
        for (int i = 0; i < btf_vlen(type) && known->count < MAX_REASONS; i++, value++) {
            const char *name = btf__name_by_offset(kernel, value->name_off);
            if (strncmp(name, known->prefix, strlen(known->prefix)) == 0)
                name += strlen(known->prefix);
            else if (strncmp(name, "SKB_", 4) == 0)
                name += 4; /* SKB_NOT_DROPPED_YET, SKB_CONSUMED */
            known->values[known->count].number = (__u32)value->val;
            snprintf(known->values[known->count++].name, sizeof known->values->name, "%s", name);
        }
        struct text t = {0};
        names_begin(&t, known->dictionary, (__u32)known->count);
        for (int i = 0; i < known->count; i++)
            names_entry(&t, known->values[i].number, known->values[i].name);
        text_frame(&t, NV_DICTIONARY);
    }
}

int names_reason(enum nv_dictionary dictionary, const char *name)
{
    for (size_t e = 0; e < N_ENUMERATIONS; e++)
        for (int i = 0; enumerations[e].dictionary == dictionary && i < enumerations[e].count; i++)
            if (strcmp(enumerations[e].values[i].name, name) == 0)
                return (int)enumerations[e].values[i].number;
    return -1;
}

/* An open hash table of the addresses seen; it never shrinks, since the kernel's functions are few. */
static struct function {
    __u64 address;
    bool told;
} *functions[MAX_FUNCTIONS];
static int function_count;
static bool any_new;

void names_note_function(__u64 address)
{
    if (!address || function_count >= MAX_FUNCTIONS / 2)
        return;
    size_t slot = (size_t)((address * 0x9e3779b97f4a7c15ull) >> 52) % MAX_FUNCTIONS;
    while (functions[slot] && functions[slot]->address != address)
        slot = (slot + 1) % MAX_FUNCTIONS;
    if (functions[slot])
        return;
    functions[slot] = calloc(1, sizeof **functions);
    if (!functions[slot])
        abort();
    functions[slot]->address = address;
    function_count++;
    any_new = true;
}

void names_note(const struct nv_key *key)
{
    if (key->probe == NV_DNS)
        dns_names_note(key->location);
    else
        names_note_function(key->location);
}

/*
 * The kernel's functions by address (5 MB of text, a tenth of a second to read), read when one is met that was not told before. New ones come in
 * bursts: the table stays until none has come for a while, then its memory goes.
 */
#define KEPT_WINDOWS 30
static struct symbol {
    __u64 address;
    size_t name; /* where it begins in the text */
} *symbols;
static size_t symbol_count;
static char *symbol_text;
static unsigned idle_windows;

static int by_address(const void *a, const void *b)
{
    __u64 x = ((const struct symbol *)a)->address, y = ((const struct symbol *)b)->address;
    return x < y ? -1 : x > y;
}

static void *grown(void *from, size_t bytes)
{
    void *to = realloc(from, bytes);
    if (!to)
        abort();
    return to;
}

static void read_symbols(void)
{
    FILE *list = fopen("/proc/kallsyms", "re");
    if (!list)
        return;
    char line[512];
    size_t room = 0, text_room = 0, text_used = 0;
    while (fgets(line, sizeof line, list)) {
        char *at;
        __u64 address = strtoull(line, &at, 16);
        if (!address || (at[1] | 0x20) != 't') /* hidden by kptr_restrict, or no code */
            continue;
        if (symbol_count == room)
            symbols = grown(symbols, (room = room ? room * 2 : 65536) * sizeof *symbols);
        /* `name.isra.0`, `name.cold`: parts that the compiler cut off. */
        const char *name = at + 3;
        at[3 + strcspn(name, ".\t\n ")] = 0;
        size_t bytes = strlen(name) + 1;
        if (text_used + bytes > text_room)
            symbol_text = grown(symbol_text, text_room = text_room ? text_room * 2 : 1 << 20);
        memcpy(symbol_text + text_used, name, bytes);
        symbols[symbol_count++] = (struct symbol){.address = address, .name = text_used};
        text_used += bytes;
    }
    fclose(list);
    qsort(symbols, symbol_count, sizeof *symbols, by_address);
}

static void forget_symbols(void)
{
    free(symbols);
    free(symbol_text);
    symbols = NULL;
    symbol_text = NULL;
    symbol_count = 0;
}

/* @returns the name of the nearest symbol at or before the address; empty where there is none */
static const char *function_at(__u64 address)
{
    if (!symbols)
        read_symbols();
    size_t low = 0, high = symbol_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (symbols[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? symbol_text + symbols[low - 1].name : "";
}

void names_send_functions(void)
{
    if (!any_new) {
        if (symbols && ++idle_windows == KEPT_WINDOWS)
            forget_symbols();
        return;
    }
    any_new = false;
    idle_windows = 0;
    struct text t = {0};
    __u32 count = 0;
    for (size_t i = 0; i < MAX_FUNCTIONS; i++)
        count += functions[i] && !functions[i]->told;
    names_begin(&t, NV_FUNCTIONS, count);
    for (size_t i = 0; i < MAX_FUNCTIONS; i++) {
        if (!functions[i] || functions[i]->told)
            continue;
        functions[i]->told = true;
        names_entry(&t, functions[i]->address, function_at(functions[i]->address));
    }
    text_frame(&t, NV_DICTIONARY);
}
