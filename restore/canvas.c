/* SPDX-License-Identifier: MIT */
#include "restore/canvas.h"

#include "format/err.h"

#include <stdlib.h>

struct frozen_thread *canvas_leader(const struct canvas *canvas)
{
	return frozen_find(&canvas->frozen, canvas->pid);
}

const struct made_thread *canvas_thread(const struct canvas *canvas, uint32_t saved)
{
	for (size_t i = 0; i < canvas->n_threads; i++)
		if (canvas->threads[i].saved == saved)
			return &canvas->threads[i];
	return NULL;
}

struct remote_batch *canvas_later(struct canvas *canvas)
{
	if (!canvas->later)
		canvas->later = remote_batch_new(&canvas->remote);
	return canvas->later;
}

int canvas_flush(struct canvas *canvas, struct err *err)
{
	_cleanup_batch_ struct remote_batch *batch = canvas->later;

	canvas->later = NULL;
	if (batch && remote_run_all(&canvas->remote, canvas_leader(canvas), batch, err) < 0)
		return err_prefix(err, "%s", canvas->name);
	return 0;
}

int canvas_run(struct canvas *canvas, struct remote_batch *batch, struct err *err)
{
	if (remote_batch_size(batch) && canvas_flush(canvas, err) < 0)
		return -1;
	return remote_run(&canvas->remote, canvas_leader(canvas), batch, err);
}

int canvas_run_all(struct canvas *canvas, struct remote_batch *batch, struct err *err)
{
	if (remote_batch_size(batch) && canvas_flush(canvas, err) < 0)
		return -1;
	return remote_run_all(&canvas->remote, canvas_leader(canvas), batch, err);
}

int64_t canvas_call(struct canvas *canvas, struct remote_call call, struct err *err)
{
	if (canvas_flush(canvas, err) < 0)
		return -1;
	if (remote_call(&canvas->remote, canvas_leader(canvas), &call, err) < 0)
		return err_prefix(err, "%s", canvas->name);
	return call.result;
}

void canvas_kill(struct canvas *canvas)
{
	if (canvas->frozen.n_threads)
		frozen_kill(&canvas->frozen, NULL);
	canvas_release(canvas);
}

void canvas_release(struct canvas *canvas)
{
	thaw(&canvas->frozen);
	remote_batch_free(canvas->later);
	canvas->later = NULL;
	free(canvas->threads);
	canvas->threads = NULL;
	canvas->n_threads = 0;
}
