/* SPDX-License-Identifier: MIT */
/* Many remote calls and their data, laid out for the scratch memory, in parts if there are many. */
#include "kernel/remote_batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/freeze.h"
#include "kernel/remote_describe.h"

#define DATA_ALIGN 16

static void fail(struct remote_batch *batch)
{
	if (!batch->failed)
		err_sys(&batch->err, "process %d: remote batch", batch->pid);
	batch->failed = true;
}

static bool add_part(struct remote_batch *batch)
{
	struct part *part = calloc(1, sizeof(*part));

	if (!part)
		return false;
	part->first_blob = batch->n_blobs;
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
					    .data_max = remote->under ? REMOTE_SLICE_DATA_MAX
								      : REMOTE_DATA_MAX };

	return new_batch(&batch);
}

struct remote_batch *remote_batch_small(const struct remote *remote)
{
	const struct remote_batch batch = { .pid = remote->frozen->pid,
					    .scratch = remote->scratch,
					    .size = REMOTE_SMALL,
					    .data_max = REMOTE_SLICE_DATA_MAX,
					    .small = true };

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

		free(batch->first->list);
		free(batch->first->bytes);
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

static bool grow_data(struct part *part, size_t bytes)
{
	size_t room = part->room ? part->room : 1024;
	char *larger;

	while (room < part->data + bytes)
		room *= 2;
	if (room == part->room)
		return true;
	larger = malloc(room);
	if (!larger)
		return false;
	if (part->data)
		memcpy(larger + room - part->data, part->bytes + part->room - part->data,
		       part->data);
	free(part->bytes);
	part->bytes = larger;
	part->room = room;
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
	if (!grow_data(part, bytes)) {
		fail(batch);
		return NULL;
	}
	batch->pending += bytes;
	part->data += bytes;
	*ret_address = batch->scratch + batch->size - part->data;
	return memset(part_data(part, part->data), 0, bytes);
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

	if (!take(batch, length, &address))
		return 0;
	if (!grow(&batch->blobs, batch->n_blobs, &batch->blob_room, sizeof(*batch->blobs))) {
		fail(batch);
		return 0;
	}
	batch->blobs[batch->n_blobs++] = (struct blob){
		.back = batch->last->data,
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

	batch->pending = 0;
	batch->sent = 0;
	if (!grow(&batch->calls, batch->n_calls, &batch->call_room, sizeof(*batch->calls)) ||
	    !grow(&part->list, part->calls, &part->call_room, sizeof(*part->list)))
		fail(batch);
	if (batch->failed)
		return 0;
	batch->calls[batch->n_calls] = (struct place){ part, part->calls };
	part->list[part->calls++] = call;
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

static const struct remote_call *call_at(const struct remote_batch *batch, size_t index)
{
	return &batch->calls[index].part->list[batch->calls[index].index];
}

int64_t remote_result(const struct remote_batch *batch, size_t index)
{
	return index < batch->n_calls ? call_at(batch, index)->result : -EINVAL;
}

/* Which the call takes from the data of its part; NULL: none. */
static const char *path_of(const struct remote_batch *batch, size_t index)
{
	const struct remote_call *call = call_at(batch, index);
	const struct part *part = batch->calls[index].part;
	int argument = remote_path_argument(call);
	uint64_t back = argument < 0 ? 0 : batch->scratch + batch->size - call->arg[argument];

	return back && back <= part->data && memchr(part_data(part, back), '\0', back)
		       ? part_data(part, back)
		       : NULL;
}

int remote_check(const struct remote_batch *batch, size_t index, struct err *err)
{
	if (index >= batch->n_calls)
		return err_set(err, ERR_FAILED, "process %d: remote batch has no call %zu",
			       batch->pid, index);
	return remote_judge(call_at(batch, index), path_of(batch, index), batch->pid, err);
}
