/* SPDX-License-Identifier: MIT */
/* What is dumped and restored to take the time: see the table at its end. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096UL

static void *idle(void *unused)
{
	for (;;)
		pause();
	return unused;
}

/* Numbers that do not compress (xorshift64*). */
static int fill(size_t size)
{
	uint64_t *memory =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t x = 0x9e3779b97f4a7c15;

	if (memory == MAP_FAILED)
		return -1;
	for (size_t i = 0; i < size / sizeof(*memory); i++) {
		x ^= x >> 12;
		x ^= x << 25;
		x ^= x >> 27;
		memory[i] = x * 0x2545f4914f6cdd1d;
	}
	return 0;
}

static int sleeping(unsigned long count)
{
	return (int)count * 0;
}

static int threads(unsigned long count)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 64 << 10);
	while (count--)
		if (pthread_create(&thread, &attributes, idle, NULL) != 0)
			return -1;
	return 0;
}

/* Whose parent's end is its own. */
static pid_t make_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(STDOUT_FILENO);
	}
	return pid;
}

/* Ready when all are there, and will go with their parent: the last to close the pipe ends it. */
static int children(unsigned long count)
{
	int ends[2];
	char byte;

	if (pipe(ends) < 0)
		return -1;
	while (count--) {
		pid_t pid = make_child();

		if (pid < 0)
			return -1;
		if (pid == 0) {
			close(ends[0]);
			close(ends[1]);
			idle(NULL);
		}
	}
	close(ends[1]);
	if (read(ends[0], &byte, 1) < 0)
		return -1;
	close(ends[0]);
	return 0;
}

/* The lowest one tells the first that all are there. */
static int levels(unsigned long count)
{
	int ends[2];
	char byte;

	if (pipe(ends) < 0)
		return -1;
	for (unsigned long i = 0; i < count; i++) {
		pid_t pid = make_child();

		if (pid < 0)
			_exit(1);
		if (pid > 0 && i > 0)
			idle(NULL);
		if (pid > 0) {
			close(ends[1]);
			return read(ends[0], &byte, 1) == 1 ? 0 : -1;
		}
	}
	if (write(ends[1], "", 1) == 1)
		idle(NULL);
	_exit(1);
}

/* In as many processes as it takes if each makes at most so many; all are there when this returns. */
static int spread(unsigned long count, unsigned long most, int (*make)(unsigned long count))
{
	unsigned long n = (count + most - 1) / most;
	int ends[2];
	char byte;

	if (n < 2)
		return make(count);
	if (pipe(ends) < 0)
		return -1;
	for (unsigned long i = 0; i < n; i++) {
		pid_t pid = make_child();

		if (pid < 0)
			return -1;
		if (pid > 0)
			continue;
		close(ends[0]);
		if (make(count / n + (i < count % n)) < 0 || write(ends[1], "", 1) != 1)
			_exit(1);
		close(ends[1]);
		idle(NULL);
	}
	close(ends[1]);
	while (n-- > 0)
		if (read(ends[0], &byte, 1) != 1)
			return -1;
	return close(ends[0]);
}

/* No two that follow one another can be merged. A page of each is there. */
static int make_mappings(unsigned long count)
{
	char *memory = mmap(NULL, count * 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return -1;
	for (unsigned long i = 0; i < count; i++) {
		char *at = memory + i * 2 * PAGE;

		if (mprotect(at, PAGE, PROT_READ | PROT_WRITE) < 0)
			return -1;
		memset(at, (int)i % 255 + 1, PAGE);
	}
	return 0;
}

/* vm.max_map_count is 65530 by default. */
static int mappings(unsigned long count)
{
	return spread(count, 30000, make_mappings);
}

/* Half of them open file descriptions of their own, half duplicates. */
static int make_descriptors(unsigned long count)
{
	for (unsigned long i = 0; i < count; i += 2) {
		int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

		if (fd < 0 || fcntl(fd, F_DUPFD, 3) < 0)
			return -1;
	}
	return 0;
}

static int descriptors(unsigned long count)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -1;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	return spread(count, limit.rlim_max - 100, make_descriptors);
}

/* So much memory of which 500 MB are written to every second, from now on. */
static int writer(unsigned long mib)
{
	struct timespec pause = { 0, 10000000 };
	size_t size = mib << 20, at = 0;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return -1;
	memset(memory, 1, size);
	puts("ready");
	fclose(stdout);
	for (char value = 2;; value++) {
		for (size_t i = 0; i < 5000000; i += PAGE, at = (at + PAGE) % size)
			memset(memory + at, value, PAGE);
		nanosleep(&pause, NULL);
	}
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* The longest time for which it did not run, in nanoseconds, where others can read it and set it back to 0: "gap.PID". */
static volatile uint64_t *open_gap(void)
{
	char name[32];
	void *gap;
	int fd;

	snprintf(name, sizeof(name), "gap.%d", getpid());
	fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || ftruncate(fd, PAGE) < 0)
		return NULL;
	gap = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return gap == MAP_FAILED ? NULL : gap;
}

/*
 * What is noted there, in nanoseconds, since somebody wrote zeros: the longest time between two beats, and when the second one was: the first one's time may
 * have been taken before the process was saved.
 */
enum { GAP, BEATS, SECOND };

static int beat(unsigned long mib, bool rests)
{
	struct timespec pause = { 0, 1000000 };
	volatile uint64_t *gap = open_gap();
	uint64_t last, next;

	if (!gap || fill(mib << 20) < 0)
		return -1;
	puts("ready");
	fclose(stdout);
	for (last = now();; last = next) {
		if (rests)
			nanosleep(&pause, NULL);
		next = now();
		if (next - last > gap[GAP])
			gap[GAP] = next - last;
		if (gap[BEATS] < 2 && ++gap[BEATS] == 2)
			gap[SECOND] = next;
	}
}

static int beating(unsigned long mib)
{
	return beat(mib, true);
}

/* Its first instruction is not the rest of a pause. */
static int spinning(unsigned long mib)
{
	return beat(mib, false);
}

/* So that a host that takes back what its guests have freed has given it again, before time is taken. */
static int touch(unsigned long mib)
{
	char *memory =
		mmap(NULL, mib << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return -1;
	for (size_t i = 0; i < mib << 20; i += PAGE)
		memory[i] = 1;
	exit(0);
}

static int random_memory(unsigned long mib)
{
	return fill(mib << 20);
}

static const struct {
	const char *name;
	int (*make)(unsigned long count);
} shapes[] = {
	{ "sleep", sleeping }, { "memory", random_memory }, { "beating", beating },
	{ "writer", writer },  { "threads", threads },	    { "children", children },
	{ "levels", levels },  { "mappings", mappings },    { "descriptors", descriptors },
	{ "touch", touch },    { "spinning", spinning },
};

int main(int argc, char **argv)
{
	unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
		if (argc > 1 && strcmp(argv[1], shapes[i].name) == 0 && shapes[i].make(count) < 0) {
			perror(argv[1]);
			return 1;
		}
	puts("ready");
	fclose(stdout);
	idle(NULL);
}
