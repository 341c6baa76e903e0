/* SPDX-License-Identifier: MIT */
#include "kernel/maps_ahead.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/together.h"
#include "kernel/maps_file.h"

#include <fcntl.h>
#include <stdlib.h>

struct maps_ahead {
	int procdir; /* its own */
	struct maps maps;
	pthread_t thread;
	int result;
	struct err err;
};

static void *read_maps(void *argument)
{
	struct maps_ahead *ahead = argument;

	ahead->result = maps_read_at(ahead->procdir, "smaps", &ahead->maps, &ahead->err);
	return NULL;
}

struct maps_ahead *maps_ahead_start(int procdir)
{
	struct maps_ahead *ahead = calloc(1, sizeof(*ahead));

	if (!ahead)
		return NULL;
	ahead->procdir = fcntl(procdir, F_DUPFD_CLOEXEC, 0);
	if (ahead->procdir >= 0 && together_start(&ahead->thread, read_maps, ahead) == 0)
		return ahead;
	cleanup_close(&ahead->procdir);
	free(ahead);
	return NULL;
}

int maps_ahead_take(struct maps_ahead *ahead, struct maps *ret_maps, struct err *err)
{
	int ret;

	pthread_join(ahead->thread, NULL);
	ret = ahead->result;
	if (ret < 0 && err)
		*err = ahead->err;
	else if (ret == 0)
		*ret_maps = ahead->maps;
	cleanup_close(&ahead->procdir);
	free(ahead);
	return ret;
}

void maps_ahead_free(struct maps_ahead *ahead)
{
	struct maps maps;

	if (ahead && maps_ahead_take(ahead, &maps, NULL) == 0)
		maps_release(&maps);
}
