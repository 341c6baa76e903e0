/* SPDX-License-Identifier: MIT */
/* Where the call loop and its scratch memory are in the process, from opening to closing. */
#include "kernel/remote.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arch/host.h"
#include "format/err.h"
#include "kernel/borrow.h"
#include "kernel/compat.h"
#include "kernel/freeze.h"
#include "kernel/place.h"
#include "kernel/remote_describe.h"
#include "kernel/remote_stack.h"
#include "kernel/rendezvous.h"

#define MIN_SCRATCH (2 * REMOTE_DATA_MAX)

/* At the end of the scratch memory, so that it is known again. */
static const char scratch_mark[REMOTE_SCRATCH_MARK] = "pimage scratch";

static uint64_t page_size(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

static int call(struct remote *remote, struct frozen_thread *thread, struct remote_call *what,
		bool keep_scratch, struct err *err)
{
	if (borrow_one(remote, thread, what, keep_scratch, err) < 0) {
		char text[200];

		remote_describe(what, NULL, text, sizeof(text));
		return err_prefix(err, "process %d: %s", remote->frozen->pid, text);
	}
	return remote_judge(what, NULL, remote->frozen->pid, err);
}

int remote_call(struct remote *remote, struct frozen_thread *thread, struct remote_call *what,
		struct err *err)
{
	return call(remote, thread, what, false, err);
}

int remote_try(struct remote *remote, struct frozen_thread *thread, struct remote_call *what,
	       struct err *err)
{
	return borrow_one(remote, thread, what, false, err);
}

static struct remote_call map_call(size_t size, uint64_t flags)
{
	return REMOTE_CALL(mmap, 0, size, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS,
			   (uint64_t)-1, 0);
}

/*
 * Shared memory never is merged with a mapping of the process next to it, so the list of mappings
 * shows it as one of its own. Where that cannot be had, private memory will do.
 */
static int take_scratch(struct remote *remote, struct frozen_thread *thread, size_t size,
			struct remote_call *map, struct err *err)
{
	if (remote_judge(map, NULL, remote->frozen->pid, NULL) < 0) {
		*map = map_call(size, MAP_PRIVATE);
		if (call(remote, thread, map, true, err) < 0)
			return -1;
	}
	remote->scratch = (uint64_t)map->result;
	remote->scratch_size = size;
	return 0;
}

/* Into zero bytes of the process, which will be zero again. */
static int place(struct remote *remote, struct place *ret_place, struct err *err)
{
	if (place_find(remote->frozen, arch_stub_size(), remote->options.vdso_end, ret_place, err) <
	    0)
		return -1;
	remote->stub = ret_place->address;
	remote->in_padding = true;
	return 0;
}

/*
 * Memory that a killed tracer left: mapped where the call loop's data says, and with our mark at its
 * end. Otherwise it is long gone and something else is there.
 */
static int unmap_left(struct remote *remote, struct frozen_thread *thread, const struct place *left,
		      struct err *err)
{
	struct remote_call unmap = REMOTE_CALL(munmap, left->scratch, left->scratch_size);
	uint64_t end = left->scratch + left->scratch_size;
	char mark[sizeof(scratch_mark)];

	if (left->scratch_size < MIN_SCRATCH ||
	    memory_read(&remote->frozen->memory, end - sizeof(mark), mark, sizeof(mark), NULL) <
		    0 ||
	    memcmp(mark, scratch_mark, sizeof(mark)) != 0)
		return 0;
	if (call(remote, thread, &unmap, true, err) < 0)
		return -1;
	remote->left = left->scratch;
	remote->left_size = left->scratch_size;
	return 0;
}

static int mark_scratch(struct remote *remote, struct err *err)
{
	uint64_t end = remote->scratch + remote->scratch_size;

	return memory_write(&remote->frozen->memory, end - sizeof(scratch_mark), scratch_mark,
			    sizeof(scratch_mark), err);
}

static int clear_padding(struct remote *remote, uint64_t stub, struct err *err)
{
	_cleanup_free_ void *zeros = calloc(1, arch_stub_size());

	if (!zeros)
		return err_sys(err, "process %d: clearing the call loop", remote->frozen->pid);
	return memory_write_forced(&remote->frozen->memory, stub, zeros, arch_stub_size(), err);
}

static size_t scratch_size(const struct remote *remote)
{
	size_t size = remote->options.scratch_size ? remote->options.scratch_size : REMOTE_SCRATCH;

	size = (size + page_size() - 1) & ~(page_size() - 1);
	return size < MIN_SCRATCH ? MIN_SCRATCH : size;
}

/* A remote that is being opened. */
struct opening {
	struct remote_call map;
	struct borrowing run;
};

static int begin_open(const struct remote_opening *to, struct opening *opening, struct err *err)
{
	struct remote *remote = to->remote;
	struct place left;

	*remote = (struct remote){ .frozen = to->frozen, .stale = true };
	if (to->options)
		remote->options = *to->options;
	if (remote->options.status) {
		remote->ignored = rendezvous_ignored(remote->options.status);
		remote->stale = false;
		remote->options.status = NULL;
	}
	if (place(remote, &left, err) < 0 || unmap_left(remote, to->thread, &left, err) < 0)
		return -1;
	if (remote->options.stack.end)
		return remote_stack_take(remote, err);
	opening->map = map_call(scratch_size(remote), MAP_SHARED);
	return borrow_begin_one(&opening->run, remote, to->thread, &opening->map, true, err);
}

static int end_open(const struct remote_opening *to, struct opening *opening, struct err *err)
{
	struct remote *remote = to->remote;

	if (remote->under)
		return 0;
	if (borrow_end_one(&opening->run, &opening->map, err) < 0)
		return err_prefix(err, "process %d: mapping scratch memory", remote->frozen->pid);
	if (take_scratch(remote, to->thread, scratch_size(remote), &opening->map, err) < 0)
		return -1;
	return mark_scratch(remote, err);
}

int remote_map_scratch(struct remote *remote, struct frozen_thread *thread, struct err *err)
{
	struct remote_call map = map_call(scratch_size(remote), MAP_SHARED);

	if (remote->scratch_size && !remote->under)
		return 0;
	if (remote_stack_return(remote, err) < 0 || remote_try(remote, thread, &map, err) < 0 ||
	    take_scratch(remote, thread, scratch_size(remote), &map, err) < 0)
		return -1;
	return mark_scratch(remote, err);
}

int remote_open_each(const struct remote_opening *openings, size_t n,
		     const struct meanwhile *meanwhile, struct err *err)
{
	_cleanup_free_ struct opening *list = calloc(n + 1, sizeof(*list));
	size_t began = 0;
	struct err other;
	int ret = 0;

	if (!list)
		return err_sys(err, "remote calls in %zu processes", n);
	while (began < n && ret == 0) {
		ret = begin_open(&openings[began], &list[began], err);
		began += ret == 0;
	}
	if (meanwhile && ret == 0)
		meanwhile->does(meanwhile->context);
	/* Those that run have to come back, whatever comes of the others. */
	for (size_t i = 0; i < began; i++)
		if (end_open(&openings[i], &list[i], ret < 0 ? &other : err) < 0)
			ret = -1;
	return ret;
}

int remote_open(struct frozen *frozen, struct frozen_thread *thread,
		const struct remote_options *options, struct remote *ret_remote, struct err *err)
{
	_cleanup_remote_ struct remote remote = REMOTE_EMPTY;
	const struct remote_opening opening = { frozen, thread, options, &remote };

	if (remote_open_each(&opening, 1, NULL, err) < 0)
		return -1;
	*ret_remote = remote;
	remote = (struct remote)REMOTE_EMPTY;
	return 0;
}

/* The first page holds the call loop, executable and not writable; the rest is scratch memory. */
static int map_moved(struct remote *remote, struct frozen_thread *thread, uint64_t address,
		     size_t size, struct err *err)
{
	struct remote_call map =
		REMOTE_CALL(mmap, address, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, (uint64_t)-1, 0);
	struct remote_call protect =
		REMOTE_CALL(mprotect, address, page_size(), PROT_READ | PROT_EXEC);

	if (call(remote, thread, &map, false, err) < 0)
		return -1;
	if ((uint64_t)map.result != address)
		return err_set(err, ERR_FAILED,
			       "process %d: asked for memory at 0x%llx, got 0x%llx",
			       remote->frozen->pid, (unsigned long long)address,
			       (unsigned long long)map.result);
	return call(remote, thread, &protect, false, err);
}

int remote_move(struct remote *remote, struct frozen_thread *thread, uint64_t address, size_t size,
		struct err *err)
{
	struct remote_call unmap = REMOTE_CALL(munmap, remote->scratch, remote->scratch_size);
	uint64_t old_stub = remote->stub;

	if (remote->moved || !remote->in_padding)
		return err_set(err, ERR_FAILED, "process %d: the call loop was moved already",
			       remote->frozen->pid);
	if (size < page_size() + MIN_SCRATCH)
		return err_set(err, ERR_FAILED,
			       "process %d: the call loop needs %llu bytes, not %zu",
			       remote->frozen->pid, (unsigned long long)page_size() + MIN_SCRATCH,
			       size);
	if (map_moved(remote, thread, address, size, err) < 0)
		return -1;
	remote->moved = address;
	remote->moved_size = size;
	remote->stub = address;
	remote->in_padding = false;
	if (call(remote, thread, &unmap, true, err) < 0)
		return -1;
	remote->scratch = address + page_size();
	remote->scratch_size = size - page_size();
	return clear_padding(remote, old_stub, err);
}

void remote_inherit(const struct remote *remote, struct frozen *child, struct remote *ret_remote)
{
	struct remote inherited = *remote;

	inherited.frozen = child;
	inherited.options.event = NULL;
	inherited.options.context = NULL;
	*ret_remote = inherited;
}

int remote_set_rendezvous(struct remote *remote, int signal, struct err *err)
{
	if (signal < -1 || signal > 64)
		return err_set(err, ERR_FAILED, "signal %d for the rendezvous: not a signal",
			       signal);
	remote->options.rendezvous = signal;
	remote->stale = true;
	return 0;
}

/* Unmaps whatever was mapped, from where it does not saw off its own branch. */
static int unmap_all(struct remote *remote, struct frozen_thread *thread, struct err *err)
{
	struct remote_call unmap = REMOTE_CALL(munmap, remote->scratch, remote->scratch_size);
	struct place ignored;

	if (remote->moved) {
		unmap.arg[0] = remote->moved;
		unmap.arg[1] = remote->moved_size;
		if (place(remote, &ignored, err) < 0)
			return -1;
	}
	/*
	 * A thread that has to heal itself must not unmap it once more: others, running again,
	 * could have mapped something there in between.
	 */
	if (unmap.arg[1] && call(remote, thread, &unmap, true, err) < 0)
		return -1;
	if (borrow_return(remote, err) < 0)
		return -1;
	return clear_padding(remote, remote->stub, err);
}

static struct frozen_thread *any_stopped(const struct frozen *frozen)
{
	for (size_t i = 0; i < frozen->n_threads; i++)
		if (frozen->threads[i]->stopped)
			return frozen->threads[i];
	return NULL;
}

int remote_close(struct remote *remote, struct frozen_thread *thread, struct err *err)
{
	struct err *next = err;
	int r = 0;

	if (!remote->frozen)
		return 0;
	remote->options.lasting = false;
	if (!thread)
		thread = any_stopped(remote->frozen);
	if (remote_stack_return(remote, err) < 0) {
		r = -1;
		next = NULL;
	}
	if (remote->stub && !remote->execed && !remote->frozen->killed &&
	    (thread ? unmap_all(remote, thread, next)
		    : err_set(next, ERR_GONE, "process %d: no thread is left",
			      remote->frozen->pid)) < 0)
		r = -1;
	*remote = (struct remote)REMOTE_EMPTY;
	return r;
}

int remote_close_each(struct remote *const *remotes, size_t n, struct err *err)
{
	_cleanup_free_ struct borrowing *runs = calloc(n + 1, sizeof(*runs));
	struct err other;
	int ret = 0;

	for (size_t i = 0; runs && i < n; i++) {
		struct remote *remote = remotes[i];
		struct frozen_thread *thread = remote->frozen ? any_stopped(remote->frozen) : NULL;
		struct remote_call unmap =
			REMOTE_CALL(munmap, remote->scratch, remote->scratch_size);

		remote->options.lasting = false;
		if (remote->under)
			continue;
		/* Whatever is not as usual is left to the usual way. */
		if (thread && !remote->moved && remote->scratch_size &&
		    borrow_begin_one(&runs[i], remote, thread, &unmap, true, &other) < 0)
			runs[i].thread = NULL;
	}
	for (size_t i = 0; i < n; i++) {
		struct remote_call unmap = { 0 };

		if (runs && runs[i].thread && borrow_end_one(&runs[i], &unmap, &other) == 0 &&
		    unmap.result == 0)
			remotes[i]->scratch_size = 0;
		if (remote_close(remotes[i], NULL, ret < 0 ? &other : err) < 0)
			ret = -1;
	}
	return ret;
}

void remote_release(struct remote *remote)
{
	int error = errno;

	remote_close(remote, NULL, NULL);
	errno = error;
}
