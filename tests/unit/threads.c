/* SPDX-License-Identifier: MIT */
/* Threads by the links of their directory are those that are listed. */
#include "kernel/threads.h"

#include "format/cleanup.h"
#include "kernel/readfile.h"
#include "tests/unit/test.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t hold = PTHREAD_MUTEX_INITIALIZER;

static void *wait_for(void *unused)
{
	pthread_mutex_lock(&hold);
	pthread_mutex_unlock(&hold);
	return unused;
}

static void compare(size_t want)
{
	_cleanup_free_ uint32_t *by_count = NULL, *listed = NULL;
	_cleanup_close_ int proc = proc_open(getpid(), NULL);
	size_t n, m;

	CHECK(threads_count(proc) == want, "%zu of %zu", threads_count(proc), want);
	CHECK(threads_list(proc, getpid(), &by_count, &n, NULL) == 0);
	CHECK(list_numbers_at(proc, "task", &listed, &m, NULL) == 0);
	CHECK(n == want && m == want, "%zu, %zu of %zu", n, m, want);
	CHECK(memcmp(by_count, listed, n * sizeof(*listed)) == 0);
}

int main(void)
{
	pthread_t threads[5];

	compare(1);
	pthread_mutex_lock(&hold);
	for (size_t i = 0; i < 5; i++) {
		CHECK(pthread_create(&threads[i], NULL, wait_for, NULL) == 0);
		compare(i + 2);
	}
	pthread_mutex_unlock(&hold);
	for (size_t i = 0; i < 5; i++)
		pthread_join(threads[i], NULL);
	CHECK(threads_count(-1) == 0);
	return test_done("threads");
}
