/* SPDX-License-Identifier: Apache-2.0 */
/* Runs one of the kernel's own tools in the namespace that the helper has entered: fixed arguments, no shell, a clean
 * environment, bounds on time, CPU, memory and output. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../context.h"

#define TOOL_MEMORY_BYTES (1024ul * 1024 * 1024)
#define TOOL_CPU_SECONDS 20
#define TOOL_OUTPUT_BYTES (256ul * 1024 * 1024)

static long long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

/* Runs in the memory of the helper (vfork): system calls only. The environment was cleaned at start. */
static void become_tool(const char *const argv[], int out, int err)
{
    struct rlimit cpu = {TOOL_CPU_SECONDS, TOOL_CPU_SECONDS}, memory = {TOOL_MEMORY_BYTES, TOOL_MEMORY_BYTES},
                  core = {0, 0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(out, 1);
    dup2(err, 2);
    setrlimit(RLIMIT_CPU, &cpu);
    setrlimit(RLIMIT_AS, &memory);
    setrlimit(RLIMIT_CORE, &core);
    signal(SIGPIPE, SIG_DFL);
    setpriority(PRIO_PROCESS, 0, 10);
    execvp(argv[0], (char *const *)argv);
    _exit(errno == ENOENT ? 127 : 126);
}

int run_tool(struct ctx *c, const char *const argv[], struct buf *out)
{
    int o[2], e[2];
    if (pipe2(o, O_CLOEXEC))
        return missing(c, "pipe: %s", strerror(errno));
    if (pipe2(e, O_CLOEXEC)) {
        close(o[0]);
        close(o[1]);
        return missing(c, "pipe: %s", strerror(errno));
    }
    fcntl(o[1], F_SETPIPE_SZ, 1024 * 1024);
    pid_t pid = vfork();
    if (pid == 0)
        become_tool(argv, o[1], e[1]);
    close(o[1]);
    close(e[1]);
    if (pid < 0) {
        close(o[0]);
        close(e[0]);
        return missing(c, "fork: %s", strerror(errno));
    }
    long long deadline = now_ms() + c->time_limit_ms;
    size_t start = out->len;
    char err[200];
    size_t err_len = 0;
    const char *stopped = NULL;
    struct pollfd p[2] = {{o[0], POLLIN, 0}, {e[0], POLLIN, 0}};
    while (p[0].fd >= 0 || p[1].fd >= 0) {
        long long left = deadline - now_ms();
        if (left <= 0) {
            stopped = "took longer than its time limit";
            break;
        }
        if (out->len - start > TOOL_OUTPUT_BYTES) {
            stopped = "printed more than its limit";
            break;
        }
        if (poll(p, 2, (int)left) < 0 && errno != EINTR)
            break;
        if (p[0].revents) {
            buf_need(out, 65536);
            ssize_t n = read(o[0], out->p + out->len, out->cap - out->len - 1);
            if (n > 0) {
                out->len += (size_t)n;
                out->p[out->len] = 0;
            } else if (n == 0 || errno != EINTR)
                p[0].fd = -1;
        }
        if (p[1].revents) {
            char chunk[512];
            ssize_t n = read(e[0], chunk, sizeof chunk);
            if (n > 0) {
                size_t keep = sizeof err - 1 - err_len < (size_t)n ? sizeof err - 1 - err_len : (size_t)n;
                memcpy(err + err_len, chunk, keep);
                err_len += keep;
            } else if (n == 0 || errno != EINTR)
                p[1].fd = -1;
        }
    }
    if (stopped)
        kill(pid, SIGKILL);
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    close(o[0]);
    close(e[0]);
    err[err_len] = 0;
    err[strcspn(err, "\n")] = 0;
    if (stopped)
        return missing(c, "%s %s", argv[0], stopped);
    if (WIFSIGNALED(status))
        return missing(c, "%s was killed by signal %d", argv[0], WTERMSIG(status));
    if (WEXITSTATUS(status) == 127 && out->len == start)
        return missing(c, "%s is not installed", argv[0]);
    if (WEXITSTATUS(status))
        return missing(c, "%s failed (exit %d): %.120s", argv[0], WEXITSTATUS(status), err);
    return 0;
}
