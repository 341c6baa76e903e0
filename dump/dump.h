/* SPDX-License-Identifier: MIT */
/* A dump under way: the processes, the image that grows, and what was found that cannot be saved
 * exactly. */
#ifndef PIMAGE_DUMP_H
#define PIMAGE_DUMP_H

#include "cli/problems.h"
#include "dump/target.h"
#include "format/image.h"

struct err;
struct dump_files;
struct foreknown;
struct hash_book;
struct kept_room;
struct outsiders;
struct tree;
struct image_writer;
struct page_writer;
struct sharers;

/* What the dump code itself needs to know of the options, so that prestore can use it too
 * (--verify). */
struct dump_settings {
	bool frozen;	/* targets are stopped and may be asked from inside; false for --check */
	bool externals; /* what ends outside is recorded, and not refused, also without a rule */
	uint64_t
		keep_shared; /* bytes that contents of shared memory may take here, so that targets can go on sooner */
	unsigned threads; /* that may look at the memory of a target; 0 is 1 */
	const struct foreknown
		*foreknown;	  /* of the targets, while they ran; NULL: nothing; not owned */
	const char *const *rules; /* format/external_policy.h; not owned */
	size_t n_rules;
};

struct dump {
	struct dump_settings settings;
	const struct kernel_features *features;
	struct image image;
	struct problems problems;
	const struct tree
		*tree; /* where the targets come from, and their zombies; NULL: from elsewhere */
	bool mistaken; /* what was foreknown was not true any more */
	bool missed;   /* a check: one of the processes ended while it was looked at */
	struct target *targets;
	size_t n_targets;
	struct sharers *sharers;  /* dump/sharing.h; NULL: nobody has looked */
	struct dump_files *files; /* open file descriptions met so far, dump/file.c */
	struct kept_room *
		shared_room; /* for contents of shared memory, so that targets can go on sooner; NULL: none; not owned */
	struct hash_book *
		hashes; /* dump/page_hashes.h: where those of what is written are noted; NULL: nowhere; not owned */
	struct outsiders *outsiders; /* dump/outsiders.h; NULL: nobody has asked yet */
	char *unbound; /* sched_unbound; NULL: nobody has asked yet, or it is not known */
	uint32_t last_id[KIND_COUNT]; /* of objects numbered from 1 in the order they are met */
};

void dump_done(struct dump *dump);

/*
 * How each kind of record comes about. `ask`, NULL for most, is called first, for each kind once per process that stands still: it pushes what only the
 * process itself can tell to target->batch (target_ask). All that is asked is then asked at once. `collect` is called in the order of the one list, for each
 * kind once per process, for kinds that processes have; NULL for kinds that are made on demand (files, pipes,
 * ...). It adds what it saves to dump->image and what it cannot save to dump->problems; it fails
 * only when the dump as a whole cannot go on. With settings.frozen unset it does what is possible
 * from outside. `settle` completes what it has collected of all processes, but from memory alone: through
 * snapshots, of targets that have one. `write_pages`, which may be NULL, writes
 * bulk page data, once per object, while the target stands still, but for the
 * memory of a target with a snapshot.
 */
struct dumper {
	int (*ask)(struct dump *dump, struct target *target, struct err *err);
	int (*collect)(struct dump *dump, struct target *target, struct err *err);
	int (*settle)(struct dump *dump, struct err *err);
	int (*write_pages)(struct dump *dump, const void *record, struct key key,
			   struct page_writer *writer, struct err *err);
};

/* One per line of RECORD in resources.def: extern const struct dumper <name>_dumper. */
#define RECORD(name, path) extern const struct dumper name##_dumper;
#include "format/resources.def"
#undef RECORD

/*
 * Collects everything of all targets, in the order of the one list, into dump->image and dump->problems.
 * pimage_finish then completes the first entry; it fails with ERR_UNSUPPORTED when a problem blocks, else the problems
 * become the notes of the image. dump_settle comes after both, and may come after the targets were let go if
 * all have a snapshot; without it, pages of zeros and those that a child has of its parent are among those to be saved.
 */
int dump_collect(struct dump *dump, struct err *err);
int pimage_finish(struct dump *dump, struct err *err);
int dump_settle(struct dump *dump, struct err *err);

/*
 * Writes all entries: the records with what lies beside them; page data of what processes share;
 * that of processes themselves, parents before their children. Each once, in this order.
 */
int dump_write_records(struct dump *dump, struct image_writer *writer, struct err *err);
int dump_write_shared(struct dump *dump, struct page_writer *writer, struct err *err);
int dump_write_memory(struct dump *dump, struct page_writer *writer, struct err *err);

/* Whether what processes share can be written while they go on: it was copied, settings.keep_shared sufficed. */
bool dump_shared_is_kept(const struct dump *dump);

/* A number for a new object of this kind and its zeroed record in the image; see DUMP_NEW. */
void *dump_new(struct dump *dump, enum kind kind, uint32_t *ret_id, struct err *err);
#define DUMP_NEW(dump, name, ret_id, err) ((struct name *)dump_new(dump, KIND_##name, ret_id, err))

#endif
