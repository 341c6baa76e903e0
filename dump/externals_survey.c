/* SPDX-License-Identifier: MIT */
/* What ends outside is told before anything is stopped. */
#include "dump/external.h"
#include "dump/file_table.h"
#include "dump/options.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/readfile.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define BETWEEN_LOOKS 5000 /* microseconds */

/* Of descriptors 0, 1 and 2 nothing has to be decided. */
static const uint32_t first_told = 3;

static bool may_end_outside(int proc, uint32_t fd)
{
	static const char *const inside[] = { "anon_inode:", "/memfd:", "mnt:", "uts:" };
	_cleanup_free_ char *link = NULL;
	struct stat st;
	char name[32];

	snprintf(name, sizeof(name), "fd/%u", fd);
	if (fd < first_told || read_link_at(proc, name, &link, NULL) < 0)
		return false;
	for (size_t i = 0; i < sizeof(inside) / sizeof(*inside); i++)
		if (strncmp(link, inside[i], strlen(inside[i])) == 0)
			return false;
	return link[0] != '/' || (fstatat(proc, name, &st, 0) == 0 && !S_ISREG(st.st_mode) &&
				  !S_ISDIR(st.st_mode) && !chardev_is_stateless(&st));
}

static bool has_suspect(pid_t pid)
{
	_cleanup_free_ uint32_t *numbers = NULL;
	_cleanup_close_ int proc = -1;
	char path[32];
	size_t count;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	if (list_numbers_at(AT_FDCWD, path, &numbers, &count, NULL) < 0 || !count ||
	    numbers[count - 1] < first_told)
		return false;
	proc = proc_open(pid, NULL);
	if (proc < 0)
		return false;
	for (size_t i = 0; i < count; i++)
		if (may_end_outside(proc, numbers[i]))
			return true;
	return false;
}

/* Most jobs have nothing that could end outside, and their processes are many: no more is looked at than to find that out. */
static bool is_worth_a_look(const struct tree *tree)
{
	for (size_t i = 0; i < tree->n_processes; i++)
		if (has_suspect(tree->processes[i]->pid))
			return true;
	return false;
}

static void survey_descriptor(struct dump *look, struct target *target, uint32_t number)
{
	_cleanup_(dump_fd_close) struct dump_fd fd = { .copy = -1 };
	struct err unseen;
	uint32_t id;

	if (dump_fd_open(look, target, number, &fd, &unseen) > 0 &&
	    dump_file_is_external(look, &fd))
		dump_file(look, &fd, &id, &unseen);
}

static void survey(struct dump *look)
{
	struct err unseen;

	if (descriptors_survey(look, &unseen) < 0)
		return;
	for (size_t i = 0; i < look->n_targets; i++) {
		_cleanup_free_ uint32_t *numbers = NULL;
		size_t count;

		if (list_numbers_at(look->targets[i].proc, "fd", &numbers, &count, NULL) < 0)
			continue;
		for (size_t k = 0; k < count; k++)
			if (may_end_outside(look->targets[i].proc, numbers[k]))
				survey_descriptor(look, &look->targets[i], numbers[k]);
	}
}

static void look_at(struct dump *look, const struct tree *tree)
{
	struct err unseen;

	for (size_t i = 0; i < tree->n_processes; i++) {
		struct target *target = LIST_ADD(look, targets, &unseen);

		if (!target)
			return;
		*target = (struct target)TARGET_EMPTY;
		if (target_look(tree->processes[i]->pid, target, &unseen) < 0)
			look->n_targets--;
	}
	survey(look);
}

/* One look at processes that run: some of what it finds may come of things that change under its eyes. */
static int look_once(struct dump *look, const struct dump *dump, const struct dump_options *options)
{
	_cleanup_tree_ struct tree tree = { 0 };
	struct err unseen;

	look->settings = dump->settings;
	look->settings.frozen = false;
	look->features = dump->features;
	if (tree_open(options, false, NULL, dump->features, &tree, &unseen) < 0)
		return -1;
	look_at(look, &tree);
	return problems_count(&look->problems, VERDICT_BLOCKING) ? 1 : 0;
}

static bool is_among(const struct note *note, const struct problems *problems)
{
	for (size_t i = 0; i < problems->n_notes; i++)
		if (problems->notes[i].verdict == note->verdict &&
		    strcmp(problems->notes[i].object, note->object) == 0 &&
		    strcmp(problems->notes[i].what, note->what) == 0)
			return true;
	return false;
}

static void move_problems(const struct problems *first, const struct problems *second,
			  struct problems *to)
{
	for (size_t i = 0; i < second->n_notes; i++) {
		const struct note *note = &second->notes[i];

		if (note->verdict != VERDICT_BLOCKING || !is_among(note, first))
			continue;
		problems_add(to, VERDICT_BLOCKING, note->object, "%s", note->what);
		if (note->remedy)
			problems_remedy(to, "%s", note->remedy);
	}
}

int externals_survey(struct dump *dump, const struct dump_options *options, const struct tree *tree,
		     struct err *err)
{
	_cleanup_(dump_done) struct dump first = { 0 };
	_cleanup_(dump_done) struct dump second = { 0 };

	if (!is_worth_a_look(tree))
		return 0;
	/* What is there both times is no connection that is just being made. */
	if (look_once(&first, dump, options) <= 0)
		return 0;
	usleep(BETWEEN_LOOKS);
	if (look_once(&second, dump, options) <= 0)
		return 0;
	move_problems(&first.problems, &second.problems, &dump->problems);
	/* Nobody need be searched for again while everything stands still. */
	dump->outsiders = TAKE_PTR(second.outsiders);
	return problems_refuse(&dump->problems, ERR_UNSUPPORTED, err);
}
