/* SPDX-License-Identifier: MIT */
/*
 * Megabytes of private memory that is not looked at before it is given back, moved, forked, written out or protected: what was saved is where
 * it belongs, and nowhere else, also when it comes only then (prestore --lazy).
 */
#include "tests/subject/subject.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum {
	PAGE = 4096,
	SIZE = 3 << 20,
	QUARTER = SIZE / 4,
	THREADS = 3,
};

enum region {
	DROPPED,
	MOVED,
	FORKED,
	WRITTEN,
	HOLED,
	PROTECTED,
	HUGE,
	SHARED_BY_THREADS,
	WHOLE,
	REGIONS
};

struct state {
	uint8_t *at[REGIONS];
};

/* Of one page, which does not compress to nothing. */
static uint64_t word(enum region region, size_t offset)
{
	uint64_t x = ((uint64_t)region << 40 | offset) * 0x9e3779b97f4a7c15;

	return (x ^ x >> 29) | 1;
}

static uint8_t *map(size_t size)
{
	/* Guards on both sides, so that regions stay apart. */
	uint8_t *at = mmap(NULL, size + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(at != MAP_FAILED);
	MUST(mprotect(at + PAGE, size, PROT_READ | PROT_WRITE) == 0);
	return at + PAGE;
}

static void fill(struct state *state)
{
	for (enum region r = 0; r < REGIONS; r++) {
		state->at[r] = map(SIZE);
		if (r == HUGE)
			madvise(state->at[r], SIZE, MADV_HUGEPAGE);
		for (size_t i = 0; i < SIZE; i += sizeof(uint64_t))
			if (i % PAGE < 256)
				*(uint64_t *)(void *)(state->at[r] + i) = word(r, i);
	}
}

/* Whether [from, to) of a region stands at `at`. */
static bool holds(const uint8_t *at, enum region region, size_t from, size_t to)
{
	for (size_t i = from; i < to; i += PAGE) {
		const uint64_t *words = (const uint64_t *)(const void *)(at + i);

		if (words[0] != word(region, i) || words[31] != word(region, i + 248) || words[32])
			return false;
	}
	return true;
}

static bool is_zero(const uint8_t *at, size_t size)
{
	for (size_t i = 0; i < size; i += sizeof(uint64_t))
		if (*(const uint64_t *)(const void *)(at + i))
			return false;
	return true;
}

static void drop(struct state *state)
{
	uint8_t *at = state->at[DROPPED];

	MUST(madvise(at + QUARTER, QUARTER, MADV_DONTNEED) == 0);
	MUST(is_zero(at + QUARTER, QUARTER));
	MUST(holds(at, DROPPED, 0, QUARTER) && holds(at, DROPPED, 2 * QUARTER, SIZE));
}

static void move(struct state *state)
{
	uint8_t *to = map(2 * SIZE);
	uint8_t *at = mremap(state->at[MOVED], SIZE, 2 * SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to);

	MUST(at == to);
	MUST(is_zero(at + SIZE, SIZE));
	/* Half of it back to where it was. */
	MUST(mremap(at, SIZE / 2, SIZE / 2, MREMAP_MAYMOVE | MREMAP_FIXED, state->at[MOVED]) ==
	     state->at[MOVED]);
	MUST(holds(state->at[MOVED], MOVED, 0, SIZE / 2));
	MUST(holds(at, MOVED, SIZE / 2, SIZE));
	MUST(munmap(at + SIZE / 2, SIZE + SIZE / 2) == 0);
}

static void must_end_well(pid_t pid)
{
	int status;

	MUST(waitpid(pid, &status, 0) == pid && status == 0);
}

static void fork_in_between(struct state *state)
{
	uint8_t *at = state->at[FORKED];
	pid_t child = fork();

	MUST(child >= 0);
	if (child == 0) {
		pid_t grandchild = fork();

		if (grandchild == 0) {
			MUST(holds(at, FORKED, 0, SIZE));
			_exit(0);
		}
		MUST(madvise(at, QUARTER, MADV_DONTNEED) == 0);
		memset(at + QUARTER, 0x55, QUARTER);
		MUST(is_zero(at, QUARTER) && holds(at, FORKED, 2 * QUARTER, SIZE));
		must_end_well(grandchild);
		_exit(0);
	}
	memset(at + 3 * QUARTER, 0xaa, PAGE);
	MUST(holds(at, FORKED, 0, 3 * QUARTER) && holds(at, FORKED, 3 * QUARTER + PAGE, SIZE));
	must_end_well(child);
}

/* The kernel touches it first. */
static void write_out(struct state *state)
{
	uint8_t *at = state->at[WRITTEN], *back = map(SIZE);
	int fd = open(".", O_TMPFILE | O_RDWR, 0600);

	if (fd < 0)
		fd = memfd_create("written", 0);
	MUST(fd >= 0 && write(fd, at, SIZE / 2) == SIZE / 2);
	MUST(pread(fd, back, SIZE / 2, 0) == SIZE / 2);
	MUST(holds(back, WRITTEN, 0, SIZE / 2));
	MUST(pread(fd, at + 3 * QUARTER + 100, PAGE, 0) == PAGE);
	MUST(memcmp(at + 3 * QUARTER + 100, back, PAGE) == 0);
	MUST(*(uint64_t *)(void *)(at + 3 * QUARTER) == word(WRITTEN, 3 * QUARTER));
	MUST(holds(at, WRITTEN, SIZE / 2, 3 * QUARTER));
	MUST(holds(at, WRITTEN, 3 * QUARTER + 2 * PAGE, SIZE));
	close(fd);
	munmap(back, SIZE);
}

static void make_hole(struct state *state)
{
	uint8_t *at = state->at[HOLED];

	MUST(munmap(at + QUARTER, QUARTER) == 0);
	MUST(mmap(at + QUARTER, QUARTER, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at + QUARTER);
	MUST(is_zero(at + QUARTER, QUARTER));
	/* And over what is there. */
	MUST(mmap(at + 3 * QUARTER, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		  0) == at + 3 * QUARTER);
	MUST(is_zero(at + 3 * QUARTER, PAGE));
	MUST(holds(at, HOLED, 0, QUARTER) && holds(at, HOLED, 2 * QUARTER, 3 * QUARTER) &&
	     holds(at, HOLED, 3 * QUARTER + PAGE, SIZE));
}

static void protect(struct state *state)
{
	uint8_t *at = state->at[PROTECTED];

	MUST(mprotect(at, SIZE / 2, PROT_NONE) == 0 && mprotect(at, QUARTER, PROT_READ) == 0);
	MUST(holds(at, PROTECTED, 0, QUARTER));
	MUST(mprotect(at, SIZE, PROT_READ) == 0 && holds(at, PROTECTED, 0, SIZE));
}

static void *look_through(void *at)
{
	return holds(at, SHARED_BY_THREADS, 0, SIZE) ? NULL : at;
}

/* Several threads wait for the same pages while another gives memory back. */
static void share(struct state *state)
{
	pthread_t threads[THREADS];
	uint8_t *own = map(SIZE);

	for (int i = 0; i < THREADS; i++)
		MUST(pthread_create(&threads[i], NULL, look_through,
				    state->at[SHARED_BY_THREADS]) == 0);
	for (size_t i = 0; i < SIZE; i += QUARTER / 4) {
		memset(own + i, 1, PAGE);
		MUST(madvise(own, SIZE, MADV_DONTNEED) == 0 && is_zero(own + i, PAGE));
		MUST(madvise(state->at[DROPPED] + QUARTER, QUARTER, MADV_DONTNEED) == 0);
	}
	for (int i = 0; i < THREADS; i++) {
		void *wrong;

		MUST(pthread_join(threads[i], &wrong) == 0 && !wrong);
	}
	munmap(own, SIZE);
}

static void look(struct view *view, void *context)
{
	const struct state *state = context;

	view_hash(view, "whole", state->at[WHOLE], SIZE);
}

int main(void)
{
	struct state state = { 0 };

	subject_block();
	fill(&state);
	subject_show(look, &state);
	subject_wait();
	drop(&state);
	move(&state);
	fork_in_between(&state);
	share(&state);
	write_out(&state);
	make_hole(&state);
	protect(&state);
	MUST(holds(state.at[HUGE], HUGE, 0, SIZE));
	subject_show(look, &state);
	subject_say("done");
	return 0;
}
