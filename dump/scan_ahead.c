/* SPDX-License-Identifier: MIT */
#include "dump/scan_ahead.h"

#include "format/err.h"
#include "format/together.h"
#include "kernel/pagetable.h"

#include <stdbool.h>
#include <stdlib.h>

struct scan_ahead {
	struct process_memory memory; /* its descriptor is the caller's */
	struct memory_ranges own, guards;
	pthread_t thread;
	bool joined;
	int result;
	struct err err;
};

static void *scan(void *argument)
{
	struct scan_ahead *ahead = argument;

	ahead->result =
		pagetable_scan_all(&ahead->memory, &ahead->own, &ahead->guards, &ahead->err);
	return NULL;
}

struct scan_ahead *scan_ahead_start(const struct process_memory *memory)
{
	struct scan_ahead *ahead = calloc(1, sizeof(*ahead));

	if (!ahead)
		return NULL;
	ahead->memory = *memory;
	if (together_start(&ahead->thread, scan, ahead) == 0)
		return ahead;
	free(ahead);
	return NULL;
}

struct scan_ahead *scan_ahead(const struct process_memory *memory)
{
	struct scan_ahead *ahead = calloc(1, sizeof(*ahead));

	if (!ahead)
		return NULL;
	ahead->memory = *memory;
	ahead->joined = true;
	scan(ahead);
	return ahead;
}

static void join(struct scan_ahead *ahead)
{
	if (!ahead->joined)
		pthread_join(ahead->thread, NULL);
	ahead->joined = true;
}

int scan_ahead_take(struct scan_ahead *ahead, const struct process_memory *memory,
		    struct memory_ranges *ret_own, struct memory_ranges *ret_guards,
		    struct err *err)
{
	if (!ahead)
		return pagetable_scan_all(memory, ret_own, ret_guards, err);
	join(ahead);
	if (ahead->result < 0)
		return err_set(err, ahead->err.code, "%s", ahead->err.msg);
	*ret_own = ahead->own;
	*ret_guards = ahead->guards;
	ahead->own = ahead->guards = (struct memory_ranges){ 0 };
	return 0;
}

void scan_ahead_free(struct scan_ahead *ahead)
{
	if (!ahead)
		return;
	join(ahead);
	memory_ranges_release(&ahead->own);
	memory_ranges_release(&ahead->guards);
	free(ahead);
}
