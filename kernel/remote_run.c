/* SPDX-License-Identifier: MIT */
/* Batches of remote calls on their way into processes and back. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/borrow.h"
#include "kernel/freeze.h"
#include "kernel/remote_batch.h"
#include "kernel/rendezvous.h"

/* A part that is run. */
struct part_run {
	const struct remote_batch *batch;
	struct part *part;
};

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
		char *at = part_data(part, blob->back);

		if (!in)
			memcpy(blob->buffer, at, blob->length);
		else if (blob->in)
			memcpy(at, blob->buffer, blob->length);
		else
			memset(at, 0, blob->length);
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
		memcpy(bytes + size, part->list, calls);
		if (part->data)
			memcpy(bytes + size + calls, part_data(part, part->data), part->data);
		size += calls + part->data;
		count += ranges_of(batch, part, true, &ranges[count]);
	}
	return memory_write_ranges(memory, ranges, count, bytes, err);
}

static void take_answers(const struct remote_batch *batch, struct part *part, const char *calls,
			 const char *data)
{
	memcpy(part->list, calls, part->calls * sizeof(struct remote_call));
	if (!part->n_blobs)
		return;
	memcpy(part_data(part, part->data), data, part->data);
	move_blobs(batch, part, false);
}

static int fetch_small(const struct process_memory *memory, const struct part_run *run,
		       struct err *err)
{
	char page[REMOTE_SMALL];

	if (memory_read(memory, run->batch->scratch, page, sizeof(page), err) < 0)
		return -1;
	take_answers(run->batch, run->part, page, page + sizeof(page) - run->part->data);
	return 0;
}

static int fetch(const struct process_memory *memory, const struct part_run *runs, size_t n,
		 struct err *err)
{
	_cleanup_free_ struct memory_range *ranges = calloc(2 * n, sizeof(*ranges));
	_cleanup_free_ char *bytes = room_for(runs, n);
	size_t size = 0, count = 0;

	if (!ranges || !bytes)
		return err_sys(err, "process %d: remote batch", memory->pid);
	if (n == 1 && runs->batch->small)
		return fetch_small(memory, runs, err);
	for (size_t i = 0; i < n; i++)
		count += ranges_of(runs[i].batch, runs[i].part, runs[i].part->n_blobs > 0,
				   &ranges[count]);
	if (memory_read_ranges(memory, ranges, count, bytes, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct part *part = runs[i].part;
		size_t calls = part->calls * sizeof(struct remote_call);

		take_answers(runs[i].batch, part, bytes + size, bytes + size + calls);
		size += calls + (part->n_blobs ? part->data : 0);
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
	rendezvous_note(remote, part->list, part->calls);
	return borrow_begin_many(run, remote, thread, batch->scratch, part->calls, err);
}

static int end_part(struct remote *remote, struct remote_batch *batch, struct part *part,
		    struct borrowing *run, struct err *err)
{
	const struct part_run one = { batch, part };

	if (borrow_end(run, err) < 0)
		return -1;
	rendezvous_note(remote, part->list, part->calls);
	/* After an exec there is nothing left to read results from; it was the last call. */
	if (remote->execed || batch->fetched) {
		batch->fetched = false;
		return 0;
	}
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
	size_t size = remote->scratch_size - REMOTE_SCRATCH_MARK;

	if (batch->failed)
		return err_set(err, batch->err.code, "%s", batch->err.msg);
	if (batch->slice || batch->scratch != remote->scratch ||
	    (batch->small ? batch->size > size : batch->size != size))
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

/* It may have been stopped by a signal of the same number from elsewhere, before its own or before its last call. */
static bool has_answered(void *context)
{
	struct remote_batch *batch = context;
	struct part *part = batch->first;
	const struct part_run one = { batch, part };

	batch->fetched = fetch(&batch->remote->frozen->memory, &one, 1, NULL) == 0 &&
			 part->list[part->calls - 1].result == batch->proof;
	return batch->fetched;
}

int remote_begin(struct remote *remote, struct frozen_thread *thread, struct remote_batch *batch,
		 int64_t proof, struct err *err)
{
	int ret;

	if (check_batch(remote, batch, err) < 0)
		return -1;
	if (batch->first->next && batch->first->next->calls)
		return err_set(err, ERR_FAILED, "process %d: a remote batch of several parts",
			       batch->pid);
	if (!is_there(remote, batch) && send_one(remote, batch, batch->first, err) < 0)
		return -1;
	batch->sent = remote->sends;
	batch->remote = remote;
	batch->proof = proof;
	batch->fetched = false;
	ret = begin_part(remote, thread, batch, batch->first, &batch->run, err);
	if (proof)
		batch->run.has_answered = has_answered;
	batch->run.context = batch;
	return ret;
}

int remote_end(struct remote *remote, struct remote_batch *batch, struct err *err)
{
	if (end_part(remote, batch, batch->first, &batch->run, err) < 0)
		return in_batch(batch, batch->first, err);
	return 0;
}

/* Those that began are ended, whatever comes of the others; the first failure is told. Returns how many there were. */
static int run_round(const struct remote_task *tasks, size_t n, struct part **parts,
		     struct borrowing *runs, const struct meanwhile *meanwhile, struct err *err)
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
	if (meanwhile && ret == 0)
		meanwhile->does(meanwhile->context);
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

int remote_run_each(const struct remote_task *tasks, size_t n, const struct meanwhile *meanwhile,
		    struct err *err)
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
	while (ret > 0) {
		ret = run_round(tasks, n, parts, runs, meanwhile, err);
		meanwhile = NULL;
	}
	return ret;
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
