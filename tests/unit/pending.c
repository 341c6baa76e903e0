/* SPDX-License-Identifier: MIT */
/* What is still to come, against a table with a row per page. */
#include "kernel/pending.h"
#include "format/err.h"
#include "tests/unit/test.h"

#include <stdbool.h>

enum {
	PAGES = 200,
	STEPS = 20000,
	PAGE = 4096,
};

/* What is to come at each page: where it is kept, 0: nothing. */
struct model {
	uint64_t from[PAGES];
};

static void compare(const struct pending *pending, const struct model *model)
{
	uint64_t last = 0, size = 0;
	size_t i = 0;

	for (uint64_t page = 0; page < PAGES; page++) {
		const struct pending_run *run;

		i = pending_find(pending, page * PAGE);
		run = i < pending->n_runs ? &pending->runs[i] : NULL;
		if (run && run->start > page * PAGE)
			run = NULL;
		CHECK(!run == !model->from[page], "page %llu", (unsigned long long)page);
		if (!run || !model->from[page])
			continue;
		size += PAGE;
		CHECK(run->offset + (page * PAGE - run->start) == model->from[page]);
	}
	for (i = 0; i < pending->n_runs; i++) {
		CHECK(pending->runs[i].start >= last &&
		      pending->runs[i].end >= pending->runs[i].start);
		last = pending->runs[i].end;
	}
	CHECK(pending_size(pending) == size);
}

static uint64_t next(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static void start(struct pending *pending, struct model *model)
{
	struct err err;

	for (uint64_t page = 3; page < PAGES / 2; page += 10) {
		const struct pending_run run = { page * PAGE, (page + 7) * PAGE,
						 (1000 + page) * PAGE };

		CHECK(pending_add(pending, run, &err) == 0);
		for (uint64_t i = 0; i < 7; i++)
			model->from[page + i] = run.offset + i * PAGE;
	}
}

static void move(struct model *model, uint64_t from, uint64_t to, uint64_t n)
{
	uint64_t taken[PAGES];

	memcpy(taken, model->from + from, n * sizeof(*taken));
	memset(model->from + from, 0, n * sizeof(*taken));
	memcpy(model->from + to, taken, n * sizeof(*taken));
}

static void step(struct pending *pending, struct model *model, uint64_t *x)
{
	uint64_t n = 1 + next(x) % 25, a = next(x) % (PAGES - n), b = next(x) % (PAGES - n);
	struct err err;

	if (next(x) % 8 == 0) {
		CHECK(pending_remove(pending, a * PAGE, (a + n) * PAGE, &err) == 0);
		memset(model->from + a, 0, n * sizeof(*model->from));
	} else if (a + n <= b || b + n <= a) {
		CHECK(pending_move(pending, a * PAGE, b * PAGE, n * PAGE, &err) == 0);
		move(model, a, b, n);
	}
}

int main(void)
{
	struct pending pending = { 0 }, copy = { 0 };
	struct model model = { 0 };
	uint64_t x = 88172645463325252u;
	struct err err;

	compare(&pending, &model);
	for (int i = 0; i < STEPS; i++) {
		if (pending_is_empty(&pending)) {
			memset(&model, 0, sizeof(model));
			pending_done(&pending);
			start(&pending, &model);
		}
		step(&pending, &model, &x);
		if (i % 50 == 0) {
			CHECK(pending_copy(&pending, &copy, &err) == 0);
			compare(&copy, &model);
			pending_done(&copy);
		}
	}
	compare(&pending, &model);
	pending_done(&pending);
	return test_done("pending");
}
