/* SPDX-License-Identifier: MIT */
#include "dump/dump.h"

#include "dump/facts.h"
#include "dump/file.h"
#include "dump/outsiders.h"
#include "dump/sharing.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/pages.h"
#include "format/pimage.h"

#include <stdlib.h>

#define RECORD(name, path) [KIND_##name] = &name##_dumper,
static const struct dumper *const dumpers[KIND_COUNT] = {
#include "format/resources.def"
};
#undef RECORD

void dump_done(struct dump *dump)
{
	for (size_t i = 0; i < dump->n_targets; i++)
		target_done(&dump->targets[i]);
	free(dump->targets);
	sharing_free(dump->sharers);
	dump_files_free(dump->files);
	outsiders_free(dump->outsiders);
	free(dump->unbound);
	problems_done(&dump->problems);
	image_done(&dump->image);
	*dump = (struct dump){ 0 };
}

void *dump_new(struct dump *dump, enum kind kind, uint32_t *ret_id, struct err *err)
{
	uint32_t id = dump->last_id[kind] + 1;
	void *record = image_add(&dump->image, kind, (struct key){ id, 0 }, err);

	if (!record)
		return NULL;
	dump->last_id[kind] = id;
	*ret_id = id;
	return record;
}

/* A check looks at processes that run: what could not be read of one that has ended meanwhile is nobody's any more. */
static bool may_miss(struct dump *dump, const struct target *target)
{
	if (dump->settings.frozen || target == dump->targets || !target_ended(target->pid))
		return false;
	dump->missed = true;
	return true;
}

static int ask(struct dump *dump, struct target *target, struct err *err)
{
	target->batch = remote_batch_new(target->remote);
	if (!target->batch)
		return err_sys(err, "out of memory");
	for (size_t k = 0; k < KIND_COUNT; k++)
		if (dumpers[k]->ask && dumpers[k]->ask(dump, target, err) < 0)
			return err_prefix(err, "%s: %s", target->name, kinds[k].record->name);
	return 0;
}

static void look(void *context)
{
	struct dump *dump = context;

	facts_scan(dump->targets, dump->n_targets, dump->settings.threads);
	dump->sharers = sharing_look(dump);
}

/* All processes answer at the same time. */
static int ask_all(struct dump *dump, struct err *err)
{
	_cleanup_free_ struct remote_task *tasks = calloc(dump->n_targets + 1, sizeof(*tasks));
	const struct meanwhile meanwhile = { look, dump };
	size_t n = 0;

	if (!tasks)
		return err_sys(err, "out of memory");
	for (size_t i = 0; i < dump->n_targets; i++) {
		struct target *target = &dump->targets[i];

		if (!target->remote)
			continue;
		if (ask(dump, target, err) < 0)
			return -1;
		tasks[n++] = (struct remote_task){ target->remote, target->frozen->threads[0],
						   target->batch };
	}
	return remote_run_each(tasks, n, &meanwhile, err);
}

/* Those of hundreds of processes take as much memory as is read of the processes next. */
static void drop_answers(struct dump *dump)
{
	for (size_t i = 0; i < dump->n_targets; i++)
		target_drop_answers(&dump->targets[i]);
}

int dump_collect(struct dump *dump, struct err *err)
{
	if (ask_all(dump, err) < 0)
		return -1;
	/* What processes share (shm) is settled when all of them have named their part of it. */
	for (size_t k = 0; k < KIND_COUNT; k++)
		for (size_t i = 0; dumpers[k]->collect && i < dump->n_targets; i++) {
			struct target *target = &dump->targets[i];

			if (dumpers[k]->collect(dump, target, err) < 0 && !may_miss(dump, target))
				return err_prefix(err, "%s: %s", target->name,
						  kinds[k].record->name);
		}
	drop_answers(dump);
	return 0;
}

int dump_settle(struct dump *dump, struct err *err)
{
	for (size_t k = 0; k < KIND_COUNT; k++)
		if (dumpers[k]->settle && dumpers[k]->settle(dump, err) < 0)
			return err_prefix(err, "%s", kinds[k].record->name);
	return 0;
}

static int write_pages(struct dump *dump, enum kind kind, struct page_writer *writer,
		       struct err *err)
{
	const struct objects *list = &dump->image.kinds[kind];

	for (size_t i = 0; dumpers[kind]->write_pages && i < list->n_objects; i++)
		if (dumpers[kind]->write_pages(dump, list->objects[i].record, list->objects[i].key,
					       writer, err) < 0)
			return -1;
	return 0;
}

/* Shared contents come before the memory of processes: restore needs them before it can map them. */
int dump_write_shared(struct dump *dump, struct page_writer *writer, struct err *err)
{
	for (enum kind kind = KIND_COUNT; kind-- > 0;)
		if (kind != KIND_memory && write_pages(dump, kind, writer, err) < 0)
			return -1;
	return page_writer_drain(writer, err);
}

int dump_write_memory(struct dump *dump, struct page_writer *writer, struct err *err)
{
	const struct pimage *pimage = IMAGE_GET(&dump->image, pimage, 0, 0);

	/* Who reads a stream needs the pages of parents first. */
	for (size_t i = 0; i < pimage->n_pids; i++) {
		const struct key key = { pimage->pids[i], 0 };

		if (memory_dumper.write_pages(dump, image_get(&dump->image, KIND_memory, key), key,
					      writer, err) < 0)
			return -1;
	}
	return page_writer_drain(writer, err);
}
