/* Namespaces, the tools that fill them, and their sysctls. */
#define _GNU_SOURCE
#include "prober.h"
#include <net/if.h>
#include <sys/ioctl.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_RUNS = 1024 };

struct namespace namespaces[MAX_NAMESPACES];
int namespace_count;

/* One run of a tool. `code` is written by the child that runs a namespace's tools one after the other. */
struct run {
	int ns;
	char **argv;
	int input;
	int output;
};
static struct run runs[MAX_RUNS];
static int run_count;

int enter(int index)
{
	return setns(namespaces[index].fd, CLONE_NEWNET);
}

int routes_of(int index)
{
	if (namespaces[index].routes < 0 && enter(index) == 0)
		namespaces[index].routes = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	return namespaces[index].routes;
}

int namespace_by_name(const char *name)
{
	for (int i = 0; i < namespace_count; i++)
		if (strcmp(namespaces[i].name, name) == 0)
			return i;
	return -1;
}

int open_namespaces(char **names, int count)
{
	close_world();
	if (count > MAX_NAMESPACES)
		return E2BIG;
	for (int i = 0; i < count; i++) {
		struct namespace *made = &namespaces[i];
		struct stat status;

		if (unshare(CLONE_NEWNET) < 0)
			return errno;
		made->fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		if (made->fd < 0 || fstat(made->fd, &status) < 0)
			return errno;
		made->inode = status.st_ino;
		made->trace = -1;
		made->routes = made->connections = -1;
		snprintf(made->name, sizeof made->name, "%s", names[i]);
		namespace_count = i + 1;
	}
	return 0;
}

void close_world(void)
{
	close_receivers();
	close_held();
	forget_neighbours();
	close_connections();
	forget_places();
	for (int i = 0; i < namespace_count; i++) {
		if (namespaces[i].trace >= 0)
			close(namespaces[i].trace);
		if (namespaces[i].routes >= 0)
			close(namespaces[i].routes);
		close(namespaces[i].fd);
	}
	namespace_count = 0;
	for (int i = 0; i < run_count; i++) {
		close(runs[i].input);
		close(runs[i].output);
	}
	run_count = 0;
}

/* What goes round in it would go on for as long as its namespaces take to go, and disturb the next world. */
void silence_world(void)
{
	for (int i = 0; i < namespace_count; i++) {
		struct if_nameindex *devices = enter(i) == 0 ? if_nameindex() : NULL;
		int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

		for (struct if_nameindex *device = devices; device && device->if_index; device++) {
			struct ifreq request = { 0 };

			snprintf(request.ifr_name, sizeof request.ifr_name, "%s", device->if_name);
			ioctl(fd, SIOCSIFFLAGS, &request);
		}
		if (devices)
			if_freenameindex(devices);
		close(fd);
	}
}

bool write_sysctl(int ns, const char *key, const char *value)
{
	char path[256];

	/* Only what belongs to a namespace, and nothing above. */
	if (strncmp(key, "net/", 4) != 0 || strstr(key, "..")) {
		errno = EINVAL;
		return false;
	}
	if (enter(ns) < 0)
		return false;
	snprintf(path, sizeof path, "/proc/sys/%s", key);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool written = write(fd, value, strlen(value)) >= 0;
	int error = errno;
	close(fd);
	errno = error;
	return written;
}

/* Path MTUs and redirects that an earlier flow taught are forgotten: flows are judged each on its own. */
void forget_route_exceptions(void)
{
	for (int i = 0; i < namespace_count; i++)
		write_sysctl(i, "net/ipv4/route/flush", "1");
}

bool queue_tool(int ns, char **argv, const char *input, size_t length)
{
	if (run_count == MAX_RUNS)
		return false;
	struct run *run = &runs[run_count];

	*run = (struct run){ .ns = ns,
			     .argv = argv,
			     .input = memfd_create("input", MFD_CLOEXEC),
			     .output = memfd_create("output", MFD_CLOEXEC) };
	if (run->input < 0 || run->output < 0)
		return false;
	for (size_t done = 0; done < length;) {
		ssize_t wrote = write(run->input, input + done, length - done);
		if (wrote < 0)
			return false;
		done += wrote;
	}
	lseek(run->input, 0, SEEK_SET);
	run_count++;
	return true;
}

static int run_one(const struct run *run)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		static char lock[64];
		char *environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", lock, NULL };

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* A lock of its own, not in a file: else every restore of the machine would wait for each other. */
		snprintf(lock, sizeof lock, "XTABLES_LOCKFILE=/proc/self/fd/%d", memfd_create("lock", 0));
		dup2(run->input, 0);
		dup2(run->output, 1);
		dup2(run->output, 2);
		execvpe(run->argv[0], run->argv, environment);
		dprintf(2, "%s: %s\n", run->argv[0], strerror(errno));
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return 126;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void print_run(const struct run *run, int code)
{
	struct stat status;
	char *text = NULL;

	printf("{\"namespace\":");
	put_text(namespaces[run->ns].name);
	printf(",\"tool\":");
	put_text(run->argv[0]);
	printf(",\"code\":%d,\"output\":", code);
	if (fstat(run->output, &status) == 0 && status.st_size > 0)
		text = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, run->output, 0);
	if (text && text != MAP_FAILED) {
		put_string(text, status.st_size > 4000 ? 4000 : status.st_size);
		munmap(text, status.st_size);
	} else {
		printf("\"\"");
	}
	printf("}");
}

/* Each namespace's tools run in their order, the namespaces side by side; the first that fails ends its namespace's. */
void run_tools(void)
{
	static int *codes;
	pid_t workers[MAX_NAMESPACES];

	if (!codes)
		codes = mmap(NULL, sizeof(int) * MAX_RUNS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < run_count; i++)
		codes[i] = -1;
	fflush(stdout);
	for (int ns = 0; ns < namespace_count; ns++) {
		bool any = false;

		workers[ns] = -1;
		for (int i = 0; i < run_count; i++)
			any = any || runs[i].ns == ns;
		if (!any)
			continue;
		workers[ns] = fork();
		if (workers[ns] != 0)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (setns(namespaces[ns].fd, CLONE_NEWNET) < 0)
			_exit(1);
		for (int i = 0; i < run_count; i++) {
			if (runs[i].ns != ns)
				continue;
			codes[i] = run_one(&runs[i]);
			if (codes[i] != 0)
				break;
		}
		_exit(0);
	}
	for (int ns = 0; ns < namespace_count; ns++)
		if (workers[ns] > 0)
			waitpid(workers[ns], NULL, 0);
	printf("{\"runs\":[");
	for (int i = 0; i < run_count; i++) {
		if (i)
			putchar(',');
		print_run(&runs[i], codes[i]);
		close(runs[i].input);
		close(runs[i].output);
	}
	printf("]}\n");
	run_count = 0;
}
