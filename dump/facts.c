/* SPDX-License-Identifier: MIT */
#include "dump/facts.h"

#include "dump/scan_ahead.h"
#include "dump/target.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/together.h"
#include "kernel/fdcopy.h"
#include "kernel/readfile.h"

#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Of less it is done before another thread has started. */
enum {
	PROCESSES_EACH = 8,
	PART = 32, /* descriptors */
};

typedef int reader(int dirfd, const char *name, char **ret_text, size_t *ret_size, struct err *err);

static int read_link(int dirfd, const char *name, char **ret_text, size_t *ret_size,
		     struct err *err)
{
	if (read_link_at(dirfd, name, ret_text, err) < 0)
		return -1;
	if (ret_size)
		*ret_size = strlen(*ret_text);
	return 0;
}

static const struct {
	const char *name;
	reader *read;
} files[] = {
	{ "auxv", read_piece_at },
	{ "cmdline", read_piece_at },
	{ "coredump_filter", read_piece_at },
	{ "cwd", read_link },
	{ "exe", read_link },
	{ "limits", read_piece_at },
	{ "oom_score_adj", read_piece_at },
	{ "root", read_link },
	{ "timers", read_file_at },
};
#define FILES (sizeof(files) / sizeof(*files))

struct text {
	char *text; /* NULL: was not read, or somebody has it */
	size_t size;
};

struct facts {
	struct text texts[FILES];
};

void facts_free(struct facts *facts)
{
	if (!facts)
		return;
	for (size_t i = 0; i < FILES; i++)
		free(facts->texts[i].text);
	free(facts);
}

static void list_descriptors(struct target *target)
{
	_cleanup_free_ uint32_t *numbers = NULL;
	size_t count;

	if (list_numbers_at(target->proc, "fd", &numbers, &count, NULL) < 0)
		return;
	target->descriptors = calloc(count + 1, sizeof(*target->descriptors));
	if (!target->descriptors)
		return;
	target->n_descriptors = count;
	for (size_t i = 0; i < count; i++)
		target->descriptors[i].number = numbers[i];
}

static void look_at_process(void *context, size_t index)
{
	struct target *target = &((struct target *)context)[index];
	struct facts *facts = calloc(1, sizeof(*facts));

	list_descriptors(target);
	target->facts = facts;
	for (size_t i = 0; facts && i < FILES; i++) {
		struct text *text = &facts->texts[i];

		files[i].read(target->proc, files[i].name, &text->text, &text->size, NULL);
	}
}

static bool is_of_parent(const struct target *target, uint32_t number)
{
	const struct target *parent = target->parent;

	return parent && target_descriptor(parent, number) &&
	       fdcopy_compare(parent->pid, target->pid, KCMP_FILE, number, number,
			      target->memory.features, NULL) == 0;
}

/* Most descriptors of many processes came with a fork: what they lead to is looked at once. */
static void look_at_descriptor(const struct target *target, struct target_descriptor *descriptor)
{
	char name[32];
	struct stat st;

	snprintf(name, sizeof(name), "fd/%u", descriptor->number);
	descriptor->of_parent = is_of_parent(target, descriptor->number);
	if (!descriptor->of_parent) {
		read_link_at(target->proc, name, &descriptor->link, NULL);
		if (fstatat(target->proc, name, &st, 0) == 0)
			descriptor->mode = st.st_mode;
	}
	snprintf(name, sizeof(name), "fdinfo/%u", descriptor->number);
	read_piece_at(target->proc, name, &descriptor->info, NULL, NULL);
}

/* What one thread of this program does at a time. */
struct part {
	struct target *target;
	size_t first, end;
};

static void look_at_part(void *context, size_t index)
{
	const struct part *part = &((const struct part *)context)[index];

	for (size_t i = part->first; i < part->end; i++)
		look_at_descriptor(part->target, &part->target->descriptors[i]);
}

static size_t divide(struct target *target, struct part *ret_parts)
{
	size_t n = 0, count = target->n_descriptors;

	for (size_t first = 0; first < count; first += PART)
		ret_parts[n++] =
			(struct part){ target, first, first + PART < count ? first + PART : count };
	return n;
}

static void take_of_parent(struct target *target)
{
	for (size_t i = 0; i < target->n_descriptors; i++) {
		struct target_descriptor *descriptor = &target->descriptors[i];
		const struct target_descriptor *other =
			descriptor->of_parent
				? target_descriptor(target->parent, descriptor->number)
				: NULL;

		if (!other)
			continue;
		descriptor->mode = other->mode;
		descriptor->link = other->link ? strdup(other->link) : NULL;
	}
}

void facts_read(struct target *targets, size_t n_targets, unsigned threads)
{
	_cleanup_free_ struct part *parts = NULL;
	size_t descriptors = 0, n = 0;

	together(together_some(threads, n_targets / PROCESSES_EACH), n_targets, look_at_process,
		 targets);
	for (size_t i = 0; i < n_targets; i++)
		descriptors += targets[i].n_descriptors;
	parts = calloc(descriptors / PART + n_targets + 1, sizeof(*parts));
	for (size_t i = 0; parts && i < n_targets; i++)
		n += divide(&targets[i], &parts[n]);
	together(together_some(threads, descriptors / PART), n, look_at_part, parts);
	/* Parents come first. */
	for (size_t i = 0; i < n_targets; i++)
		take_of_parent(&targets[i]);
}

static void scan_process(void *context, size_t index)
{
	struct target *target = &((struct target *)context)[index];

	if (!target->late && !target->ahead)
		target->ahead = scan_ahead(&target->memory);
}

void facts_scan(struct target *targets, size_t n_targets, unsigned threads)
{
	together(together_some(threads, n_targets / PROCESSES_EACH), n_targets, scan_process,
		 targets);
}

int facts_text(const struct target *target, const char *name, char **ret_text, size_t *ret_size,
	       struct err *err)
{
	size_t i = 0;

	while (i < FILES && strcmp(files[i].name, name) != 0)
		i++;
	if (i == FILES)
		return read_piece_at(target->proc, name, ret_text, ret_size, err);
	if (!target->facts || !target->facts->texts[i].text)
		return files[i].read(target->proc, name, ret_text, ret_size, err);
	if (ret_size)
		*ret_size = target->facts->texts[i].size;
	*ret_text = TAKE_PTR(target->facts->texts[i].text);
	return 0;
}
