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

#define DEFAULT_SCRATCH (64 << 10)
#define MIN_SCRATCH	(2 * REMOTE_DATA_MAX)

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

		remote_describe(what, text, sizeof(text));
		return err_prefix(err, "process %d: %s", remote->frozen->pid, text);
	}
	return remote_judge(what, remote->frozen->pid, err);
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

/*
 * Shared memory never is merged with a mapping of the process next to it, so the list of mappings
 * shows it as one of its own.
 */
static int map_scratch(struct remote *remote, struct frozen_thread *thread, size_t size,
		       struct err *err)
{
	static const uint64_t flags[] = { MAP_SHARED | MAP_ANONYMOUS, MAP_PRIVATE | MAP_ANONYMOUS };

	for (size_t i = 0; i < 2; i++) {
		struct remote_call map = REMOTE_CALL(mmap, 0, size, PROT_READ | PROT_WRITE,
						     flags[i], (uint64_t)-1, 0);

		if (call(remote, thread, &map, true, err) == 0) {
			remote->scratch = (uint64_t)map.result;
			remote->scratch_size = size;
			return 0;
		}
		if (!map.result)
			return -1;
	}
	return -1;
}

/* Into zero bytes of the process, which will be zero again. */
static int place(struct remote *remote, struct place *ret_place, struct err *err)
{
	if (place_find(remote->frozen, arch_stub_size(), ret_place, err) < 0)
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

int remote_open(struct frozen *frozen, struct frozen_thread *thread,
		const struct remote_options *options, struct remote *ret_remote, struct err *err)
{
	_cleanup_remote_ struct remote remote = REMOTE_EMPTY;
	struct place left;
	size_t size;

	remote.frozen = frozen;
	remote.stale = true;
	if (options)
		remote.options = *options;
	size = remote.options.scratch_size ? remote.options.scratch_size : DEFAULT_SCRATCH;
	size = (size + page_size() - 1) & ~(page_size() - 1);
	if (size < MIN_SCRATCH)
		size = MIN_SCRATCH;
	if (place(&remote, &left, err) < 0 || unmap_left(&remote, thread, &left, err) < 0 ||
	    map_scratch(&remote, thread, size, err) < 0 || mark_scratch(&remote, err) < 0)
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
	int r = 0;

	if (!remote->frozen)
		return 0;
	if (!thread)
		thread = any_stopped(remote->frozen);
	if (remote->stub && !remote->execed && !remote->frozen->killed)
		r = thread ? unmap_all(remote, thread, err)
			   : err_set(err, ERR_GONE, "process %d: no thread is left",
				     remote->frozen->pid);
	*remote = (struct remote)REMOTE_EMPTY;
	return r;
}

void remote_release(struct remote *remote)
{
	int error = errno;

	remote_close(remote, NULL, NULL);
	errno = error;
}
