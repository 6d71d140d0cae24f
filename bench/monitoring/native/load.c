/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The load of the monitoring benches, as light as it can be made: an interpreter's own time would hide what the probes cost.
 *
 *   load datagrams FROM ADDRESS PORT PORTS RATE SECONDS RARE EACH   RATE a second to PORTS ports in turn; among them RARE further ports
 *                                                                   (from 20000 on) that get EACH datagrams one after the other, spread over the time
 *   load connects CLIENT SERVER ADDRESS PORT SECONDS                connect, a byte back, close, again and again
 *   load stream CLIENT SERVER ADDRESS PORT SECONDS                  one connection as fast as it goes
 *
 *   load bpf-times                                                  the kernel times all BPF programs until stdin ends
 *
 * FROM, CLIENT and SERVER are files of network namespaces. Prints one line of JSON (bpf-times: `ready`).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FIRST_RARE 20000

static void fail(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void enter(const char *netns)
{
    int fd = open(netns, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWNET))
        fail(netns);
    close(fd);
}

/* Each on a core of its own where there are two: the scheduler's choice would be most of the noise. */
static void stay_on(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof set, &set); /* where it is refused it is only noisier */
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct sockaddr_in at(const char *address, int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, address, &to.sin_addr) != 1) {
        errno = EINVAL;
        fail(address);
    }
    return to;
}

static void datagrams(char **args)
{
    enter(args[0]);
    const char *address = args[1];
    int port = atoi(args[2]), ports = atoi(args[3]), rare = atoi(args[6]), each = atoi(args[7]);
    double rate = atof(args[4]), seconds = atof(args[5]);
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    if (s < 0)
        fail("socket");
    struct sockaddr_in to = at(address, port);
    long sent = 0, refused = 0, rare_sent = 0;
    int rare_told = 0;
    char payload[20] = {0};
    double began = now(), end = began + seconds;
    for (double t = began; t < end; t = now()) {
        long due = (long)((t - began) * rate);
        /* What a pause has left out is caught up with, a tenth of a second at once. */
        for (long burst = 0; sent + refused < due && burst < (long)(rate / 10) + 1; burst++) {
            to.sin_port = htons((uint16_t)(port + (sent + refused) % ports));
            if (sendto(s, payload, sizeof payload, 0, (struct sockaddr *)&to, sizeof to) < 0)
                refused++;
            else
                sent++;
        }
        for (; rare_told < rare && rare_told < (int)((t - began) / seconds * rare) + 1; rare_told++)
            for (int i = 0; i < each; i++) {
                to.sin_port = htons((uint16_t)(FIRST_RARE + rare_told));
                if (sendto(s, payload, sizeof payload, 0, (struct sockaddr *)&to, sizeof to) >= 0)
                    rare_sent++;
            }
        struct timespec pause = {.tv_nsec = 500000};
        nanosleep(&pause, NULL);
    }
    printf("{\"sent\":%ld,\"refused\":%ld,\"rare\":%d,\"rareSent\":%ld,\"seconds\":%.3f}\n", sent, refused, rare_told, rare_sent, now() - began);
}

/* Answers with a byte and closes first, so that the client's port is free again at once; a stream is read to its end. */
static pid_t serve(const char *netns, int port, int stream, int ready)
{
    pid_t parent = getpid(), child = fork();
    if (child < 0)
        fail("fork");
    if (child > 0)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    enter(netns);
    stay_on(1);
    int one = 1, l = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (l < 0 || bind(l, (struct sockaddr *)&any, sizeof any) || listen(l, 1024))
        fail("listen");
    if (write(ready, "r", 1) != 1)
        _exit(1);
    static char buffer[1 << 18];
    for (;;) {
        int c = accept(l, NULL, NULL);
        if (c < 0)
            continue;
        if (stream) {
            while (read(c, buffer, sizeof buffer) > 0)
                ;
        } else if (write(c, "x", 1) != 1) {
            /* the client has given up: it counts what it got */
        }
        close(c);
    }
}

static double cpu_seconds(int who)
{
    struct rusage u;
    getrusage(who, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void connections(char **args, int stream)
{
    int ready[2], port = atoi(args[3]);
    double seconds = atof(args[4]);
    if (pipe2(ready, O_CLOEXEC))
        fail("pipe");
    pid_t server = serve(args[1], port, stream, ready[1]);
    close(ready[1]);
    char byte;
    if (read(ready[0], &byte, 1) != 1)
        fail("the server did not start");
    enter(args[0]);
    stay_on(0);
    struct sockaddr_in to = at(args[2], port);
    static char buffer[1 << 17];
    double count = 0;
    long failed = 0;
    double began = now(), end = began + seconds;
    if (stream) {
        int s = socket(AF_INET, SOCK_STREAM, 0);
        if (s < 0 || connect(s, (struct sockaddr *)&to, sizeof to))
            fail("connect");
        while (now() < end) {
            ssize_t n = write(s, buffer, sizeof buffer);
            if (n < 0)
                fail("write");
            count += (double)n;
        }
        close(s);
    } else {
        while (now() < end) {
            int s = socket(AF_INET, SOCK_STREAM, 0);
            if (s < 0)
                fail("socket");
            if (connect(s, (struct sockaddr *)&to, sizeof to) == 0 && read(s, &byte, 1) == 1 && read(s, &byte, 1) == 0)
                count++;
            else
                failed++;
            close(s);
        }
    }
    double took = now() - began;
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    printf("{\"count\":%.0f,\"failed\":%ld,\"seconds\":%.4f,\"cpuSeconds\":%.4f}\n", count, failed, took,
           cpu_seconds(RUSAGE_SELF) + cpu_seconds(RUSAGE_CHILDREN));
}

/* By a descriptor, which ends with this process; the sysctl would stay behind after a crash. */
static void bpf_times(void)
{
    union bpf_attr attr = {.enable_stats = {.type = BPF_STATS_RUN_TIME}};
    if (syscall(__NR_bpf, BPF_ENABLE_STATS, &attr, sizeof attr) < 0)
        fail("BPF_ENABLE_STATS");
    puts("ready");
    fflush(stdout);
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
}

int main(int argc, char **argv)
{
    if (argc == 10 && !strcmp(argv[1], "datagrams"))
        datagrams(argv + 2);
    else if (argc == 7 && !strcmp(argv[1], "connects"))
        connections(argv + 2, 0);
    else if (argc == 7 && !strcmp(argv[1], "stream"))
        connections(argv + 2, 1);
    else if (argc == 2 && !strcmp(argv[1], "bpf-times"))
        bpf_times();
    else {
        fprintf(stderr, "load: the head of load.c says how it is called\n");
        return 2;
    }
    return 0;
}
