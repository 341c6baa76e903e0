/* SPDX-License-Identifier: MIT */
/*
 * Runs children by vfork(2), by posix_spawn(3) and by vfork from a thread, some of which are slow to execute; counts them.
 * vforker COUNT MILLISECONDS
 */
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void nap(long us)
{
	struct timespec t = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&t, NULL);
}

static pid_t by_vfork(int i, long us)
{
	char *const arguments[] = { (char *)"sh", (char *)"-c", (char *)"exit $0", NULL, NULL };
	char status[4];
	char *copy[5] = { arguments[0], arguments[1], arguments[2], status, NULL };
	pid_t pid;

	snprintf(status, sizeof(status), "%d", i % 7);
	pid = vfork();
	if (pid == 0) {
		nap(us);
		if (i % 3 == 0)
			_exit(i % 7);
		execv("/bin/sh", copy);
		_exit(99);
	}
	return pid;
}

static pid_t by_spawn(int i)
{
	char status[4];
	char *arguments[] = { (char *)"sh", (char *)"-c", (char *)"exit $0", status, NULL };
	char *environment[] = { NULL };
	pid_t pid;

	snprintf(status, sizeof(status), "%d", i % 7);
	return posix_spawn(&pid, "/bin/sh", NULL, NULL, arguments, environment) ? -1 : pid;
}

static void run(int i, long us)
{
	pid_t pid = i % 2 ? by_spawn(i) : by_vfork(i, us);
	int status = -1;

	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != i % 7) {
		printf("child %d: status 0x%x\n", i, status);
		exit(1);
	}
}

static long slow;

static void *work(void *count)
{
	for (int i = 0; i < *(int *)count; i++)
		run(i, i % 5 ? 0 : slow);
	return NULL;
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 100;
	pthread_t thread;

	slow = argc > 2 ? atol(argv[2]) * 1000 : 0;
	if (pthread_create(&thread, NULL, work, &count) != 0)
		return 1;
	work(&count);
	pthread_join(thread, NULL);
	printf("%d children\n", 2 * count);
	return 0;
}
