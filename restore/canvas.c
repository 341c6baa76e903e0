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

int64_t canvas_call(struct canvas *canvas, struct remote_call call, struct err *err)
{
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
	free(canvas->threads);
	canvas->threads = NULL;
	canvas->n_threads = 0;
}
