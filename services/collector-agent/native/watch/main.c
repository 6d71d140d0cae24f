/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netverdict-watch: the only part of the agent that holds the BPF capabilities. It loads the probes, reads commands on its stdin and
 * writes frames to its stdout (README.md describes both). It dies with its parent.
 *
 *   tracepoints ──▶ programs in probes/ ──▶ ring (samples), tables (counts) ──▶ drain.c ──▶ frames.c ──▶ stdout
 *   stdin ──▶ commands.c ──▶ settings map, attach and detach (load.c)
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "drain.h"
#include "frames.h"
#include "load.h"
#include "names.h"
#include "watch.h"

/* A sample waits for its window, which is a second; much of them, and each command, wake by themselves. */
#define POLL_MS 100
#define MAX_LINE 4096

static struct ring_buffer *reader;

static int take_sample(void *context, void *data, size_t bytes)
{
    (void)context;
    if (bytes >= sizeof(struct nv_sighting)) {
        const struct nv_sighting *sighting = data;
        names_note_function(sighting->key.location);
        for (int i = 0; i < NV_STACK; i++)
            names_note_function(sighting->stack[i]);
        frame_record(NV_SIGHTINGS, sighting, sizeof *sighting);
        return 0;
    }
    const struct nv_sample *sample = data;
    if (bytes < sizeof *sample)
        return 0;
    names_note(&sample->key);
    for (int i = 0; i < NV_STACK; i++)
        names_note_function(sample->stack[i]);
    frame_record(NV_SAMPLES, sample, sizeof *sample);
    return 0;
}

void watch_take_samples(void)
{
    ring_buffer__consume(reader);
}

static long long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

static void hello(void)
{
    struct utsname kernel;
    uname(&kernel);
    struct text t = {0};
    text_add(&t, "{\"program\":\"netverdict-watch\",\"version\":%d,\"pid\":%d,\"kernel\":", NV_VERSION, getpid());
    text_quoted(&t, kernel.release);
    text_add(&t, "}");
    text_frame(&t, NV_HELLO);
}

/* Lines may come in pieces. @returns false: quit, or the agent is gone */
static bool read_commands(void)
{
    static char line[MAX_LINE];
    static size_t used;
    ssize_t n = read(STDIN_FILENO, line + used, sizeof line - used);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    if (n == 0)
        return false;
    used += (size_t)n;
    for (char *end; (end = memchr(line, '\n', used)) != NULL;) {
        *end = 0;
        if (!command_run(line))
            return false;
        used -= (size_t)(end + 1 - line);
        memmove(line, end + 1, used);
    }
    if (used == sizeof line) {
        fprintf(stderr, "a command is longer than %d bytes\n", MAX_LINE);
        return false;
    }
    return true;
}

/* @param file the kernel's BTF where it has none of its own, else null */
static int load(bool raw, const char *file)
{
    struct btf *kernel = file ? btf__parse(file, NULL) : btf__load_vmlinux_btf();
    if (!kernel) {
        if (file)
            fprintf(stderr, "%s holds no BTF: %s\n", file, strerror(errno));
        else
            fprintf(stderr, "this kernel has no BTF (/sys/kernel/btf/vmlinux): %s\n", strerror(errno));
        return 69;
    }
    if (!load_shared() || !drain_begin())
        return 69;
    names_send_reasons(kernel);
    load_probes(kernel, raw, file);
    btf__free(kernel);
    reader = ring_buffer__new(shared.ring, take_sample, NULL, NULL);
    return reader ? 0 : 69;
}

static bool has_option(int argc, char **argv, const char *name)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return false;
}

/* @returns what stands behind it, or null */
static const char *option(int argc, char **argv, const char *name)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    return NULL;
}

int main(int argc, char **argv)
{
    pid_t parent = getppid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        return 0; /* it died before that took effect */
    signal(SIGPIPE, SIG_DFL);
    hello();
    int error = load(has_option(argc, argv, "--raw"), option(argc, argv, "--btf"));
    if (error)
        return error;
    commands_defaults(!has_option(argc, argv, "--off"));
    probes_send_status();

    struct pollfd inputs[2] = {
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = ring_buffer__epoll_fd(reader), .events = POLLIN},
    };
    long long next = now_ms() + WINDOW_MS;
    for (bool running = true; running;) {
        if (poll(inputs, 2, POLL_MS) < 0 && errno != EINTR)
            return 74;
        if (inputs[0].revents)
            running = read_commands();
        watch_take_samples();
        if (now_ms() >= next || !running) {
            drain_window();
            next = now_ms() + WINDOW_MS;
        }
        frame_flush();
    }
    return 0;
}
