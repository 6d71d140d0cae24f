/* SPDX-License-Identifier: Apache-2.0 */
#include "load.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared.skel.h"

#define MAX_HOOKS 12

struct shared_maps shared;
static const char *supplied_btf;

static struct loaded {
    struct bpf_object *object; /* null: unavailable */
    char reason[256];
    bool on;
    struct hook {
        const char *tracepoint;
        struct bpf_program *program;
        struct bpf_link *link;
        bool raw, missing, iterator, walks; /* walks: over a map's elements */
    } hooks[MAX_HOOKS];
    int hook_count;
} loaded[NV_PROBES];

/* The last thing that libbpf complained of: the best reason there is. */
static char complaint[256];

static int note_complaint(enum libbpf_print_level level, const char *format, va_list arguments)
{
    if (level != LIBBPF_WARN)
        return 0;
    char line[sizeof complaint];
    vsnprintf(line, sizeof line, format, arguments);
    line[strcspn(line, "\n")] = 0;
    if (strstr(line, "-- BEGIN PROG LOAD LOG") || *line == 0)
        return 0;
    snprintf(complaint, sizeof complaint, "%s", line);
    return 0;
}

bool load_shared(void)
{
    libbpf_set_print(note_complaint);
    struct shared_bpf *maps = shared_bpf__open_and_load();
    if (!maps) {
        fprintf(stderr, "the maps cannot be made: %s (%s)\n", strerror(errno), complaint);
        return false;
    }
    shared = (struct shared_maps){
        .aggregates = bpf_map__fd(maps->maps.aggregates),
        .histograms = bpf_map__fd(maps->maps.histograms),
        .flows = bpf_map__fd(maps->maps.flows),
        .ring = bpf_map__fd(maps->maps.ring),
        .tallies = bpf_map__fd(maps->maps.tallies),
        .settings = bpf_map__fd(maps->maps.settings),
    };
    return true;
}

static int reuse_shared(struct bpf_object *object)
{
    const struct {
        const char *name;
        int fd;
    } wanted[] = {
        {"aggregates", shared.aggregates}, {"histograms", shared.histograms}, {"flows", shared.flows},
        {"ring", shared.ring},             {"tallies", shared.tallies},       {"settings", shared.settings},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        struct bpf_map *map = bpf_object__find_map_by_name(object, wanted[i].name);
        int error = map ? bpf_map__reuse_fd(map, wanted[i].fd) : 0;
        if (error)
            return error;
    }
    return 0;
}

/* @returns how many arguments the kernel's tracepoint has, or -1: it has no such tracepoint */
static int tracepoint_arguments(const struct btf *kernel, const char *tracepoint)
{
    char name[128];
    snprintf(name, sizeof name, "btf_trace_%s", tracepoint);
    int id = btf__find_by_name_kind(kernel, name, BTF_KIND_TYPEDEF);
    if (id < 0)
        return -1;
    const struct btf_type *type = btf__type_by_id(kernel, (__u32)id);
    while (btf_is_typedef(type) || btf_is_ptr(type))
        type = btf__type_by_id(kernel, type->type);
    return btf_is_func_proto(type) ? btf_vlen(type) - 1 : -1; /* the first is the tracepoint's own data */
}

/* `const volatile __u32 args_NAME`: a program may ask how many arguments its tracepoint has here. `nv_typed`: whether their types are known. */
static void tell_arguments(struct bpf_object *object, const struct btf *kernel, bool raw)
{
    struct bpf_map *map, *constants = NULL;
    bpf_object__for_each_map(map, object)
        if (bpf_map__is_internal(map) && strstr(bpf_map__name(map), ".rodata"))
            constants = map;
    size_t bytes = 0;
    const void *initial = constants ? bpf_map__initial_value(constants, &bytes) : NULL;
    const struct btf *own = bpf_object__btf(object);
    int id = own ? btf__find_by_name_kind(own, ".rodata", BTF_KIND_DATASEC) : -1;
    if (!initial || id < 0)
        return;
    unsigned char *data = malloc(bytes);
    if (!data)
        abort();
    memcpy(data, initial, bytes);
    const struct btf_type *section = btf__type_by_id(own, (__u32)id);
    const struct btf_var_secinfo *variable = btf_var_secinfos(section);
    for (int i = 0; i < btf_vlen(section); i++, variable++) {
        const char *name = btf__name_by_offset(own, btf__type_by_id(own, variable->type)->name_off);
        if (variable->offset + 4 > bytes)
            continue;
        int count = strncmp(name, "args_", 5) == 0 ? tracepoint_arguments(kernel, name + 5) : strcmp(name, "nv_typed") == 0 ? !raw : -1;
        if (count >= 0)
            memcpy(data + variable->offset, &count, sizeof count);
    }
    bpf_map__set_initial_value(constants, data, bytes);
    free(data);
}

/*
 * The same object with its programs as raw tracepoints: programs read the kernel's structures in the way that both kinds allow, so only the sections'
 * names have to change, and these are as long. (Changing a program's type after it was opened is not enough: libbpf 1.1 still looks for the
 * type that the section's name promises, and crashes.)
 */
static char *raw_copy(const void *elf, size_t bytes)
{
    char *copy = malloc(bytes);
    if (!copy)
        abort();
    memcpy(copy, elf, bytes);
    for (char *at = copy; (at = memmem(at, (size_t)(copy + bytes - at), "tp_btf/", 7)) != NULL;)
        memcpy(at, "raw_tp/", 7);
    return copy;
}

/* Linux 5.8 has iterators, 5.9 those over a map's elements, 5.11 the helper that finds a file's socket. */
static bool has_iterator(const struct btf *kernel, const struct hook *hook)
{
    char type[64];
    snprintf(type, sizeof type, "bpf_iter__%.40s", hook->tracepoint);
    return !supplied_btf && btf__find_by_name_kind(kernel, type, BTF_KIND_STRUCT) >= 0 &&
           (hook->walks || btf__find_by_name_kind(kernel, "bpf_sock_from_file", BTF_KIND_FUNC) >= 0);
}

static const char *try_load(const struct nv_probe *probe, const struct btf *kernel, bool raw)
{
    struct loaded *l = &loaded[probe->id];
    size_t bytes;
    const void *elf = probe->elf(&bytes);
    char *as_raw = raw ? raw_copy(elf, bytes) : NULL;
    LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = probe->name, .btf_custom_path = supplied_btf);
    *complaint = 0;
    l->object = bpf_object__open_mem(raw ? as_raw : elf, bytes, &options);
    free(as_raw); /* libbpf has its own copy */
    if (!l->object)
        return "its object cannot be opened";
    l->hook_count = 0;
    int missing = 0;
    struct bpf_program *program;
    bpf_object__for_each_program(program, l->object) {
        const char *section = bpf_program__section_name(program), *slash = strchr(section, '/');
        if (l->hook_count == MAX_HOOKS || !slash)
            abort();
        struct hook *hook = &l->hooks[l->hook_count++];
        *hook = (struct hook){.tracepoint = slash + 1, .program = program, .raw = raw, .iterator = strncmp(section, "iter/", 5) == 0};
        hook->walks = strcmp(section, "iter/bpf_map_elem") == 0;
        if (hook->iterator ? !has_iterator(kernel, hook) : tracepoint_arguments(kernel, hook->tracepoint) < 0) {
            bpf_program__set_autoload(program, false);
            hook->missing = true;
            missing++;
        }
    }
    if (missing == l->hook_count)
        return "this kernel has none of its tracepoints";
    tell_arguments(l->object, kernel, raw);
    int error = reuse_shared(l->object);
    if (!error)
        error = bpf_object__load(l->object);
    return error ? strerror(-error) : NULL;
}

static void unload(struct loaded *l)
{
    bpf_object__close(l->object);
    l->object = NULL;
}

void load_probes(const struct btf *kernel, bool raw_only, const char *btf_file)
{
    supplied_btf = btf_file;
    raw_only = raw_only || btf_file;
    for (const struct nv_probe *const *p = nv_probes; *p; p++) {
        struct loaded *l = &loaded[(*p)->id];
        for (int raw = raw_only; raw < 2; raw++) {
            const char *problem = try_load(*p, kernel, raw == 1);
            if (!problem) {
                *l->reason = 0;
                break;
            }
            if (raw == raw_only) /* what the better way was refused for says more */
                snprintf(l->reason, sizeof l->reason, "%.100s%s%.140s", problem, *complaint ? ": " : "", complaint);
            unload(l);
        }
    }
}

const struct nv_probe *probe_named(const char *name)
{
    for (const struct nv_probe *const *p = nv_probes; *p; p++)
        if (strcmp((*p)->name, name) == 0)
            return *p;
    return NULL;
}

static struct bpf_link *attach_walk(const struct nv_probe *probe, const struct bpf_program *program)
{
    union bpf_iter_link_info over = {.map.map_fd = (__u32)probe_map(probe, probe->walks)};
    LIBBPF_OPTS(bpf_iter_attach_opts, options, .link_info = &over, .link_info_len = sizeof over);
    return bpf_program__attach_iter(program, &options);
}

const char *probe_switch(const struct nv_probe *probe, bool on)
{
    struct loaded *l = &loaded[probe->id];
    if (!l->object)
        return l->reason;
    if (l->on == on)
        return NULL;
    for (int i = 0; i < l->hook_count; i++) {
        struct hook *hook = &l->hooks[i];
        if (hook->missing)
            continue;
        if (!on) {
            bpf_link__destroy(hook->link);
            hook->link = NULL;
            continue;
        }
        hook->link = hook->walks ? attach_walk(probe, hook->program) : bpf_program__attach(hook->program);
        if (hook->link)
            continue;
        snprintf(l->reason, sizeof l->reason, "%s cannot be attached: %s", hook->tracepoint, strerror(errno));
        while (i-- > 0) {
            bpf_link__destroy(l->hooks[i].link);
            l->hooks[i].link = NULL;
        }
        return l->reason;
    }
    l->on = on;
    return NULL;
}

int probe_map(const struct nv_probe *probe, const char *name)
{
    struct bpf_object *object = loaded[probe->id].object;
    struct bpf_map *map = object ? bpf_object__find_map_by_name(object, name) : NULL;
    return map ? bpf_map__fd(map) : -1;
}

bool probe_is_on(const struct nv_probe *probe)
{
    return loaded[probe->id].on;
}

__u64 probe_missed(const struct nv_probe *probe)
{
    struct loaded *l = &loaded[probe->id];
    __u64 missed = 0;
    for (int i = 0; l->object && i < l->hook_count; i++) {
        struct bpf_prog_info info = {0};
        __u32 bytes = sizeof info;
        if (!l->hooks[i].missing && bpf_obj_get_info_by_fd(bpf_program__fd(l->hooks[i].program), &info, &bytes) == 0)
            missed += info.recursion_misses;
    }
    return missed;
}

void probes_look(bool everywhere)
{
    for (const struct nv_probe *const *p = nv_probes; *p; p++) {
        struct loaded *l = &loaded[(*p)->id];
        for (int i = 0; l->on && i < l->hook_count; i++) {
            if (!l->hooks[i].iterator || !l->hooks[i].link || !(everywhere || l->hooks[i].walks))
                continue;
            int fd = bpf_iter_create(bpf_link__fd(l->hooks[i].link));
            char nothing[64];
            while (fd >= 0 && read(fd, nothing, sizeof nothing) > 0)
                ;
            if (fd >= 0)
                close(fd);
        }
    }
}

void probes_send_status(void)
{
    struct text t = {0};
    text_add(&t, "{\"probes\":[");
    for (const struct nv_probe *const *p = nv_probes; *p; p++) {
        struct loaded *l = &loaded[(*p)->id];
        if ((*p)->internal)
            continue;
        text_add(&t, "%s{\"id\":%d,\"name\":\"%s\",\"state\":\"%s\",\"cost\":", p == nv_probes ? "" : ",", (*p)->id, (*p)->name,
                 !l->object ? "unavailable" : l->on ? "on" : "off");
        text_quoted(&t, (*p)->cost);
        if (*l->reason) {
            text_add(&t, ",\"reason\":");
            text_quoted(&t, l->reason);
        }
        if ((*p)->threshold) {
            text_add(&t, ",\"threshold\":");
            text_quoted(&t, (*p)->threshold);
        }
        text_add(&t, ",\"hooks\":[");
        bool first = true;
        for (int i = 0; l->object && i < l->hook_count; i++) {
            if (l->hooks[i].missing)
                continue;
            text_add(&t, "%s\"%s/%s\"", first ? "" : ",", l->hooks[i].iterator ? "iter" : l->hooks[i].raw ? "raw_tp" : "tp_btf", l->hooks[i].tracepoint);
            first = false;
        }
        text_add(&t, "],\"missing\":[");
        first = true;
        for (int i = 0; l->object && i < l->hook_count; i++) {
            if (!l->hooks[i].missing)
                continue;
            text_add(&t, "%s\"%s\"", first ? "" : ",", l->hooks[i].tracepoint);
            first = false;
        }
        text_add(&t, "]}");
    }
    text_add(&t, "]}");
    text_frame(&t, NV_STATUS);
}
