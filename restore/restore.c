/* SPDX-License-Identifier: MIT */
#include "restore/restore.h"

#include "format/err.h"
#include "kernel/one_cpu.h"
#include "restore/canvas.h"

static const struct restorer *const restorers[KIND_COUNT] = {
#define RECORD(name, path) [KIND_##name] = &name##_restorer,
#include "format/resources.def"
#undef RECORD
};

typedef int restorer_step(struct restore *restore, const void *record, struct key key,
			  struct err *err);

static int each_record(struct restore *restore, enum kind kind, restorer_step *step,
		       struct err *err)
{
	const struct objects *list = &restore->image.kinds[kind];

	for (size_t i = 0; step && i < list->n_objects; i++)
		if (step(restore, list->objects[i].record, list->objects[i].key, err) < 0)
			return -1;
	return 0;
}

int restore_check(struct restore *restore, struct err *err)
{
	for (enum kind kind = 0; kind < KIND_COUNT; kind++)
		if (each_record(restore, kind, restorers[kind]->check, err) < 0)
			return -1;
	return 0;
}

static int make(struct restore *restore, enum kind kind, struct err *err)
{
	return each_record(restore, kind, restorers[kind]->make, err);
}

void restore_spread(const struct restore *restore)
{
	if (!restore->one_cpu || !restore->one_cpu->held)
		return;
	one_cpu_release(restore->one_cpu);
	for (size_t i = 0; i < restore->n_canvases; i++)
		one_cpu_release_born(restore->one_cpu, restore->canvases[i].pid);
}

int restore_make_objects(struct restore *restore, struct err *err)
{
	/* Everything behind files in the list is what files refer to. */
	for (enum kind kind = KIND_file + 1; kind < KIND_COUNT; kind++)
		if (make(restore, kind, err) < 0)
			return -1;
	return 0;
}

int restore_make_files(struct restore *restore, struct err *err)
{
	for (enum kind kind = 0; kind <= KIND_file; kind++)
		if (make(restore, kind, err) < 0)
			return -1;
	return 0;
}

int restore_apply(struct restore *restore, enum phase phase, struct err *err)
{
	for (size_t c = 0; c < restore->n_canvases; c++) {
		struct canvas *canvas = &restore->canvases[c];

		for (enum kind kind = 0; kind < KIND_COUNT; kind++)
			if (restorers[kind]->apply && restorers[kind]->phase == phase &&
			    restorers[kind]->apply(restore, canvas, err) < 0)
				return err_prefix(err, "%s: %s", canvas->name,
						  kinds[kind].record->name);
	}
	return 0;
}
