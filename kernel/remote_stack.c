/* SPDX-License-Identifier: MIT */
#include "kernel/remote_stack.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "arch/host.h"
#include "format/err.h"
#include "kernel/freeze.h"
#include "kernel/proc_maps.h"
#include "kernel/remote.h"

enum {
	RED_ZONE =
		128, /* bytes below the stack pointer that belong to the function (System V ABI, AMD64) */
	ALIGNMENT = 64,
};

static bool is_stack(const struct map *map)
{
	return map->kind == MAP_KIND_STACK && !map->shared &&
	       (map->prot & (PROT_READ | PROT_WRITE)) == (PROT_READ | PROT_WRITE);
}

struct memory_range remote_stack_room(const struct maps *maps, const struct frozen_thread *thread)
{
	uint64_t end = (arch_regs_sp(&thread->regs) - RED_ZONE) & ~(uint64_t)(ALIGNMENT - 1);
	uint64_t start = end - REMOTE_STACK;

	for (size_t i = 0; i < maps->count && arch_regs_syscall(&thread->regs) >= 0; i++)
		if (is_stack(&maps->list[i]) && start >= maps->list[i].start &&
		    end <= maps->list[i].end && start < end)
			return (struct memory_range){ start, end };
	return (struct memory_range){ 0 };
}

int remote_stack_take(struct remote *remote, struct err *err)
{
	const struct memory_range *stack = &remote->options.stack;
	size_t size = stack->end - stack->start;

	remote->under = malloc(size);
	if (!remote->under)
		return err_sys(err, "process %d: out of memory", remote->frozen->pid);
	if (memory_read(&remote->frozen->memory, stack->start, remote->under, size, err) < 0) {
		free(remote->under);
		remote->under = NULL;
		return err_prefix(err, "process %d: the stack", remote->frozen->pid);
	}
	remote->scratch = stack->start;
	remote->scratch_size = size;
	return 0;
}

/* It reads there what it is to do next, and does it whether we wait or not. */
static bool makes_calls(const struct frozen *frozen)
{
	for (size_t i = 0; i < frozen->n_threads; i++)
		if (frozen->threads[i]->borrowed && !frozen->threads[i]->stopped)
			return true;
	return false;
}

int remote_stack_return(struct remote *remote, struct err *err)
{
	int ret = 0, error = errno;

	if (!remote->under)
		return 0;
	/* Of one that has ended or executed another program there is no such stack any more. */
	if (makes_calls(remote->frozen))
		ret = err_set(err, ERR_FAILED,
			      "process %d: a thread did not come back from our calls, so what was "
			      "below the stack stays as we have left it",
			      remote->frozen->pid);
	else if (!remote->execed && !remote->frozen->killed &&
		 memory_write(&remote->frozen->memory, remote->scratch, remote->under,
			      remote->scratch_size, err) < 0)
		ret = err_prefix(err, "process %d: the stack", remote->frozen->pid);
	free(remote->under);
	remote->under = NULL;
	remote->scratch = remote->scratch_size = 0;
	errno = error;
	return ret;
}
