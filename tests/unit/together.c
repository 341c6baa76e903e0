/* SPDX-License-Identifier: MIT */
/* Every index once, in threads that get no signals. */
#include "format/together.h"

#include "tests/unit/test.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <unistd.h>

enum { N = 1000 };

struct seen {
	atomic_uint count[N], total;
	atomic_uint others,
		reached; /* calls in other threads; of those, with a signal not blocked */
	pid_t main;
};

static void see(void *context, size_t index)
{
	struct seen *seen = context;
	sigset_t mask;

	atomic_fetch_add(&seen->count[index], 1);
	atomic_fetch_add(&seen->total, 1);
	usleep(10);
	if (gettid() == seen->main)
		return;
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	atomic_fetch_add(&seen->others, 1);
	atomic_fetch_add(&seen->reached, !sigismember(&mask, SIGINT));
}

static void check(unsigned threads, size_t n, bool others)
{
	static struct seen seen;
	sigset_t mask;

	seen = (struct seen){ .main = gettid() };
	together(threads, n, see, &seen);
	CHECK(seen.total == n, "%u of %zu", seen.total, n);
	for (size_t i = 0; i < N; i++)
		CHECK(seen.count[i] == (i < n), "%zu: %u", i, seen.count[i]);
	CHECK((seen.others > 0) == others && seen.reached == 0, "%u in others, %u reached",
	      seen.others, seen.reached);
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	CHECK(!sigismember(&mask, SIGINT));
}

int main(void)
{
	struct rlimit limit, none;

	check(1, N, false);
	check(4, N, true);
	check(4, 1, false);
	check(4, 0, false);
	check(1000, N, true);
	/* No thread can be had: root's are not counted. */
	if (geteuid() != 0) {
		getrlimit(RLIMIT_NPROC, &limit);
		none = (struct rlimit){ 0, limit.rlim_max };
		CHECK(setrlimit(RLIMIT_NPROC, &none) == 0);
		check(4, N, false);
		setrlimit(RLIMIT_NPROC, &limit);
	}
	return test_done("together");
}
