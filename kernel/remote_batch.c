/* SPDX-License-Identifier: MIT */
/* Many remote calls and their data, laid out for the scratch memory, in parts if there are many. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/borrow.h"
#include "kernel/freeze.h"
#include "kernel/remote.h"
#include "kernel/remote_describe.h"
#include "kernel/rendezvous.h"

#define DATA_ALIGN 16

/* What fills the scratch memory once: calls from its start upwards, data from its end downwards. */
struct part {
	struct part *next;
	size_t calls;
	size_t data;	   /* bytes */
	size_t first_blob; /* those of this part follow one another */
	size_t n_blobs;	   /* not 0: some of the data is to be copied back */
	char image[] __attribute__((aligned(DATA_ALIGN)));
};

/* Data that comes from or goes to a buffer of the caller. */
struct blob {
	size_t offset; /* in the image of its part */
	void *buffer;
	size_t length;
	bool in; /* sent before each run */
};

/* A part that is run. */
struct part_run {
	const struct remote_batch *batch;
	struct part *part;
};

struct remote_batch {
	pid_t pid;
	uint64_t scratch;
	size_t size;	 /* of the scratch memory, or of its slice */
	size_t data_max; /* for a call together */
	bool slice;
	struct part *first;
	struct part *last;
	struct remote_call **calls;
	size_t n_calls, call_room;
	struct blob *blobs;
	size_t n_blobs, blob_room;
	struct borrowing run; /* of remote_begin */
	uint64_t sent;	      /* remote->sends then; 0: never */
	size_t pending;	      /* bytes of data for the call that is pushed next */
	struct err err;
	bool failed;
};

static void fail(struct remote_batch *batch)
{
	if (!batch->failed)
		err_sys(&batch->err, "process %d: remote batch", batch->pid);
	batch->failed = true;
}

/* calloc leaves pages alone that nothing is written to. */
static bool add_part(struct remote_batch *batch)
{
	/* Little of it is used by most; what is, is set when it is taken. */
	struct part *part = malloc(sizeof(*part) + batch->size);

	if (!part)
		return false;
	*part = (struct part){ .first_blob = batch->n_blobs };
	if (batch->last)
		batch->last->next = part;
	else
		batch->first = part;
	batch->last = part;
	return true;
}

static struct remote_batch *new_batch(const struct remote_batch *like)
{
	struct remote_batch *batch = malloc(sizeof(*batch));

	if (!batch)
		return NULL;
	*batch = *like;
	if (!add_part(batch)) {
		free(batch);
		return NULL;
	}
	return batch;
}

struct remote_batch *remote_batch_new(const struct remote *remote)
{
	const struct remote_batch batch = { .pid = remote->frozen->pid,
					    .scratch = remote->scratch,
					    .size = remote->scratch_size - REMOTE_SCRATCH_MARK,
					    .data_max = REMOTE_DATA_MAX };

	return new_batch(&batch);
}

size_t remote_slices(const struct remote *remote)
{
	return (remote->scratch_size - REMOTE_SCRATCH_MARK) / REMOTE_SLICE;
}

struct remote_batch *remote_batch_slice(const struct remote *remote, size_t index)
{
	const struct remote_batch batch = { .pid = remote->frozen->pid,
					    .scratch = remote->scratch + index * REMOTE_SLICE,
					    .size = REMOTE_SLICE,
					    .data_max = REMOTE_SLICE_DATA_MAX,
					    .slice = true };

	return new_batch(&batch);
}

void remote_batch_free(struct remote_batch *batch)
{
	int error = errno;

	while (batch && batch->first) {
		struct part *next = batch->first->next;

		free(batch->first);
		batch->first = next;
	}
	if (batch) {
		free(batch->calls);
		free(batch->blobs);
	}
	free(batch);
	errno = error;
}

/* Room for one more element. */
static bool grow(void *list, size_t count, size_t *room, size_t element)
{
	size_t more = *room ? 2 * *room : 64;
	void *bigger;

	if (count < *room)
		return true;
	bigger = realloc(*(void **)list, more * element);
	if (!bigger)
		return false;
	*(void **)list = bigger;
	*room = more;
	return true;
}

/* Every part keeps room for one more call with all the data that it may have. */
static char *take(struct remote_batch *batch, size_t length, uint64_t *ret_address)
{
	struct part *part = batch->last;
	size_t bytes = (length + DATA_ALIGN - 1) & ~(size_t)(DATA_ALIGN - 1);

	if (batch->failed || length > batch->data_max || batch->pending + bytes > batch->data_max) {
		errno = E2BIG;
		fail(batch);
		return NULL;
	}
	batch->pending += bytes;
	part->data += bytes;
	*ret_address = batch->scratch + batch->size - part->data;
	memset(part->image + batch->size - part->data, 0, bytes);
	return part->image + batch->size - part->data;
}

uint64_t remote_data(struct remote_batch *batch, const void *bytes, size_t length)
{
	uint64_t address = 0;
	char *to = take(batch, length, &address);

	if (to)
		memcpy(to, bytes, length);
	return address;
}

static uint64_t add_blob(struct remote_batch *batch, void *buffer, size_t length, bool in)
{
	uint64_t address = 0;
	char *at = take(batch, length, &address);

	if (!at)
		return 0;
	if (!grow(&batch->blobs, batch->n_blobs, &batch->blob_room, sizeof(*batch->blobs))) {
		fail(batch);
		return 0;
	}
	batch->blobs[batch->n_blobs++] = (struct blob){
		.offset = (size_t)(at - batch->last->image),
		.buffer = buffer,
		.length = length,
		.in = in,
	};
	batch->last->n_blobs++;
	return address;
}

uint64_t remote_out(struct remote_batch *batch, void *buffer, size_t length)
{
	return add_blob(batch, buffer, length, false);
}

uint64_t remote_inout(struct remote_batch *batch, void *buffer, size_t length)
{
	return add_blob(batch, buffer, length, true);
}

size_t remote_push(struct remote_batch *batch, struct remote_call call)
{
	struct part *part = batch->last;
	struct remote_call *at = (struct remote_call *)(void *)part->image + part->calls;

	batch->pending = 0;
	batch->sent = 0;
	if (!grow(&batch->calls, batch->n_calls, &batch->call_room, sizeof(struct remote_call *)))
		fail(batch);
	if (batch->failed)
		return 0;
	*at = call;
	part->calls++;
	batch->calls[batch->n_calls] = at;
	if (batch->size - part->calls * sizeof(call) - part->data <
		    sizeof(call) + batch->data_max &&
	    !add_part(batch))
		fail(batch);
	return batch->n_calls++;
}

size_t remote_batch_size(const struct remote_batch *batch)
{
	return batch->n_calls;
}

/* Where the calls and the data of a part are in the process. */
static size_t ranges_of(const struct remote_batch *batch, const struct part *part, bool data,
			struct memory_range ranges[2])
{
	uint64_t end = batch->scratch + batch->size;

	ranges[0].start = batch->scratch;
	ranges[0].end = batch->scratch + part->calls * sizeof(struct remote_call);
	ranges[1].start = end - part->data;
	ranges[1].end = end;
	return data && part->data ? 2 : 1;
}

static void move_blobs(const struct remote_batch *batch, struct part *part, bool in)
{
	for (size_t i = 0; i < part->n_blobs; i++) {
		const struct blob *blob = &batch->blobs[part->first_blob + i];
		char *image = part->image + blob->offset;

		if (!in)
			memcpy(blob->buffer, image, blob->length);
		else if (blob->in)
			memcpy(image, blob->buffer, blob->length);
		else
			memset(image, 0, blob->length);
	}
}

static char *room_for(const struct part_run *runs, size_t n)
{
	size_t size = 1;

	for (size_t i = 0; i < n; i++)
		size += runs[i].part->calls * sizeof(struct remote_call) + runs[i].part->data;
	return malloc(size);
}

/* The bytes of some parts to where they belong, or back. */
static int send(const struct process_memory *memory, const struct part_run *runs, size_t n,
		struct err *err)
{
	_cleanup_free_ struct memory_range *ranges = calloc(2 * n, sizeof(*ranges));
	_cleanup_free_ char *bytes = room_for(runs, n);
	size_t size = 0, count = 0;

	if (!ranges || !bytes)
		return err_sys(err, "process %d: remote batch", memory->pid);
	for (size_t i = 0; i < n; i++) {
		const struct remote_batch *batch = runs[i].batch;
		struct part *part = runs[i].part;
		size_t calls = part->calls * sizeof(struct remote_call);

		move_blobs(batch, part, true);
		memcpy(bytes + size, part->image, calls);
		memcpy(bytes + size + calls, part->image + batch->size - part->data, part->data);
		size += calls + part->data;
		count += ranges_of(batch, part, true, &ranges[count]);
	}
	return memory_write_ranges(memory, ranges, count, bytes, err);
}

static int fetch(const struct process_memory *memory, const struct part_run *runs, size_t n,
		 struct err *err)
{
	_cleanup_free_ struct memory_range *ranges = calloc(2 * n, sizeof(*ranges));
	_cleanup_free_ char *bytes = room_for(runs, n);
	size_t size = 0, count = 0;

	if (!ranges || !bytes)
		return err_sys(err, "process %d: remote batch", memory->pid);
	for (size_t i = 0; i < n; i++)
		count += ranges_of(runs[i].batch, runs[i].part, runs[i].part->n_blobs > 0,
				   &ranges[count]);
	if (memory_read_ranges(memory, ranges, count, bytes, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct remote_batch *batch = runs[i].batch;
		struct part *part = runs[i].part;
		size_t calls = part->calls * sizeof(struct remote_call);

		memcpy(part->image, bytes + size, calls);
		size += calls;
		if (!part->n_blobs)
			continue;
		memcpy(part->image + batch->size - part->data, bytes + size, part->data);
		size += part->data;
		move_blobs(batch, part, false);
	}
	return 0;
}

static int send_one(struct remote *remote, struct remote_batch *batch, struct part *part,
		    struct err *err)
{
	const struct part_run one = { batch, part };

	remote->sends++;
	return send(&remote->frozen->memory, &one, 1, err);
}

static int begin_part(struct remote *remote, struct frozen_thread *thread,
		      struct remote_batch *batch, struct part *part, struct borrowing *run,
		      struct err *err)
{
	rendezvous_note(remote, (struct remote_call *)(void *)part->image, part->calls);
	return borrow_begin_many(run, remote, thread, batch->scratch, part->calls, err);
}

static int end_part(struct remote *remote, struct remote_batch *batch, struct part *part,
		    struct borrowing *run, struct err *err)
{
	const struct part_run one = { batch, part };

	if (borrow_end(run, err) < 0)
		return -1;
	rendezvous_note(remote, (struct remote_call *)(void *)part->image, part->calls);
	/* After an exec there is nothing left to read results from; it was the last call. */
	if (remote->execed)
		return 0;
	return fetch(&remote->frozen->memory, &one, 1, err);
}

/* The parts that come next of all batches; how many have one. */
static size_t next_parts(struct part_run *runs, size_t n, struct frozen_thread *const *threads,
			 struct borrow_vector *vectors, struct part_run *ret_now)
{
	size_t now = 0;

	for (size_t i = 0; i < n; i++) {
		struct part *part = runs[i].part;

		if (!part || !part->calls)
			continue;
		ret_now[now] = runs[i];
		vectors[now++] =
			(struct borrow_vector){ threads[i], runs[i].batch->scratch, part->calls };
		runs[i].part = part->next;
	}
	return now;
}

int remote_run_newborn(struct remote *remote, struct frozen_thread *const *threads,
		       struct remote_batch *const *batches, size_t n, struct err *err)
{
	_cleanup_free_ struct part_run *runs = calloc(2 * n + 1, sizeof(*runs));
	_cleanup_free_ struct borrow_vector *vectors = calloc(n + 1, sizeof(*vectors));
	struct part_run *now = runs + n;
	size_t count;

	if (!runs || !vectors)
		return err_sys(err, "remote batch");
	for (size_t i = 0; i < n; i++) {
		if (batches[i]->failed)
			return err_set(err, batches[i]->err.code, "%s", batches[i]->err.msg);
		runs[i] = (struct part_run){ batches[i], batches[i]->first };
	}
	remote->sends++;
	while ((count = next_parts(runs, n, threads, vectors, now)) > 0)
		if (send(&remote->frozen->memory, now, count, err) < 0 ||
		    borrow_newborn(remote, vectors, count, err) < 0 ||
		    fetch(&remote->frozen->memory, now, count, err) < 0)
			return -1;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < batches[i]->n_calls; k++)
			if (remote_check(batches[i], k, err) < 0)
				return -1;
	return 0;
}

static int check_batch(const struct remote *remote, const struct remote_batch *batch,
		       struct err *err)
{
	if (batch->failed)
		return err_set(err, batch->err.code, "%s", batch->err.msg);
	if (batch->slice || batch->scratch != remote->scratch ||
	    batch->size + REMOTE_SCRATCH_MARK != remote->scratch_size)
		return err_set(err, ERR_FAILED,
			       "process %d: remote batch made before the scratch memory moved",
			       batch->pid);
	return 0;
}

static int in_batch(const struct remote_batch *batch, const struct part *part, struct err *err)
{
	return err_prefix(err, "process %d: %zu remote calls", batch->pid, part->calls);
}

int remote_run(struct remote *remote, struct frozen_thread *thread, struct remote_batch *batch,
	       struct err *err)
{
	struct borrowing run;

	if (check_batch(remote, batch, err) < 0)
		return -1;
	for (struct part *part = batch->first; part; part = part->next)
		if (part->calls && (send_one(remote, batch, part, err) < 0 ||
				    begin_part(remote, thread, batch, part, &run, err) < 0 ||
				    end_part(remote, batch, part, &run, err) < 0))
			return in_batch(batch, part, err);
	return 0;
}

/* The process has it as it was sent, but for results. */
static bool is_there(const struct remote *remote, const struct remote_batch *batch)
{
	for (size_t i = 0; i < batch->n_blobs; i++)
		if (batch->blobs[i].in)
			return false;
	return batch->sent && batch->sent == remote->sends;
}

int remote_begin(struct remote *remote, struct frozen_thread *thread, struct remote_batch *batch,
		 struct err *err)
{
	if (check_batch(remote, batch, err) < 0)
		return -1;
	if (batch->first->next && batch->first->next->calls)
		return err_set(err, ERR_FAILED, "process %d: a remote batch of several parts",
			       batch->pid);
	if (!is_there(remote, batch) && send_one(remote, batch, batch->first, err) < 0)
		return -1;
	batch->sent = remote->sends;
	return begin_part(remote, thread, batch, batch->first, &batch->run, err);
}

int remote_end(struct remote *remote, struct remote_batch *batch, struct err *err)
{
	if (end_part(remote, batch, batch->first, &batch->run, err) < 0)
		return in_batch(batch, batch->first, err);
	return 0;
}

/* Those that began are ended, whatever comes of the others; the first failure is told. Returns how many there were. */
static int run_round(const struct remote_task *tasks, size_t n, struct part **parts,
		     struct borrowing *runs, struct err *err)
{
	int began = 0, ret = 0;
	size_t i, failed = n;
	struct err other;

	for (i = 0; i < n && failed == n; i++) {
		if (!parts[i])
			continue;
		if (send_one(tasks[i].remote, tasks[i].batch, parts[i], err) < 0 ||
		    begin_part(tasks[i].remote, tasks[i].thread, tasks[i].batch, parts[i], &runs[i],
			       err) < 0) {
			ret = in_batch(tasks[i].batch, parts[i], err);
			failed = i;
		}
		began++;
	}
	for (size_t k = 0; k < i; k++) {
		if (!parts[k] || k == failed)
			continue;
		if (end_part(tasks[k].remote, tasks[k].batch, parts[k], &runs[k],
			     ret < 0 ? &other : err) < 0 &&
		    ret == 0)
			ret = in_batch(tasks[k].batch, parts[k], err);
		parts[k] = parts[k]->next && parts[k]->next->calls ? parts[k]->next : NULL;
	}
	return ret < 0 ? -1 : began;
}

int remote_run_each(const struct remote_task *tasks, size_t n, struct err *err)
{
	_cleanup_free_ struct borrowing *runs = calloc(n + 1, sizeof(*runs));
	_cleanup_free_ struct part **parts = calloc(n + 1, sizeof(*parts));
	int ret = 1;

	if (!runs || !parts)
		return err_sys(err, "remote calls in %zu processes", n);
	for (size_t i = 0; i < n; i++) {
		if (check_batch(tasks[i].remote, tasks[i].batch, err) < 0)
			return -1;
		parts[i] = tasks[i].batch->first->calls ? tasks[i].batch->first : NULL;
	}
	while (ret > 0)
		ret = run_round(tasks, n, parts, runs, err);
	return ret;
}

int64_t remote_result(const struct remote_batch *batch, size_t index)
{
	return index < batch->n_calls ? batch->calls[index]->result : -EINVAL;
}

/* Which the call takes from the data of its part; NULL: none. */
static const char *path_of(const struct remote_batch *batch, const struct remote_call *call)
{
	int argument = remote_path_argument(call);
	uint64_t offset = argument < 0 ? UINT64_MAX : call->arg[argument] - batch->scratch;

	for (const struct part *part = batch->first; part && offset < batch->size;
	     part = part->next)
		if ((const char *)call >= part->image &&
		    (const char *)call < part->image + batch->size &&
		    memchr(part->image + offset, '\0', batch->size - offset))
			return part->image + offset;
	return NULL;
}

int remote_check(const struct remote_batch *batch, size_t index, struct err *err)
{
	if (index >= batch->n_calls)
		return err_set(err, ERR_FAILED, "process %d: remote batch has no call %zu",
			       batch->pid, index);
	return remote_judge(batch->calls[index], path_of(batch, batch->calls[index]), batch->pid,
			    err);
}

int remote_run_all(struct remote *remote, struct frozen_thread *thread, struct remote_batch *batch,
		   struct err *err)
{
	if (remote_run(remote, thread, batch, err) < 0)
		return -1;
	for (size_t i = 0; i < batch->n_calls; i++)
		if (remote_check(batch, i, err) < 0)
			return -1;
	return 0;
}
