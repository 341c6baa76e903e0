/* SPDX-License-Identifier: MIT */
/* Threads that nearly always are in a function of the vDSO which is about to write to a page: one that nobody has touched yet, or,
 * with an argument, one that was written long ago. Ends with 1 and says so if such a write is lost. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { THREADS = 4, PAGE = 4096, FRESH = 256, OLD = 512, BEFORE = 448, AFTER = 192 };

/* vgetrandom(3); the state may be any memory of its own. */
struct parameters {
	uint32_t state_size, prot, flags, reserved[13];
};
typedef ssize_t random_fn(void *buffer, size_t size, unsigned flags, void *state,
			  size_t state_size);

static random_fn *get_random;
static struct parameters parameters;
static size_t n_pages = FRESH;

static void *map(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise(memory, size, MADV_NOHUGEPAGE);
	return memory;
}

/* It takes longer to come to the second page than to write to it. */
static void fill(uint8_t *second, void *state)
{
	static const uint8_t zeros[32];

	if (get_random(second - BEFORE, BEFORE + AFTER, 0, state, parameters.state_size) !=
		    BEFORE + AFTER ||
	    memcmp(second, zeros, sizeof(zeros)) == 0) {
		dprintf(2, "harmed: what the vDSO wrote is not there\n");
		_exit(1);
	}
}

static void *run(void *argument)
{
	uint8_t *memory = map(n_pages * PAGE);
	void *state = map(PAGE);

	for (;;) {
		for (size_t i = 0; i < n_pages; i += n_pages == OLD ? 1 : 2) {
			memset(memory + i * PAGE, 0, 64);
			memory[i * PAGE + 64] = 1;
		}
		if (n_pages == OLD)
			usleep(200000);
		for (size_t i = 1; i < n_pages; i += 2)
			fill(memory + i * PAGE, state);
		if (n_pages != OLD)
			madvise(memory, n_pages * PAGE, MADV_DONTNEED);
	}
	return argument;
}

int main(int argc, char **argv)
{
	/* Enough for its page tables to be read by a thread of pdump's own. */
	size_t size = 40 << 20;
	pthread_t thread;

	(void)argv;
	get_random = (random_fn *)(uintptr_t)dlsym(dlopen("linux-vdso.so.1", RTLD_LAZY),
						   "__vdso_getrandom");
	if (!get_random || get_random(NULL, 0, 0, &parameters, ~0UL))
		return 77;
	if (argc > 1)
		n_pages = OLD;
	memset(map(size), 1, size);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread, NULL, run, NULL);
	puts("ready");
	fflush(stdout);
	pause();
}
