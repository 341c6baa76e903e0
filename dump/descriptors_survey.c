/* SPDX-License-Identifier: MIT */
/* All descriptors at a glance: an end of a pipe or socket can only be saved when it is known who has the other. */
#include "dump/file_table.h"
#include "dump/flights.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/record.h"
#include "kernel/readfile.h"

#include <string.h>

/* Who stands still has it like that when it is collected. */
static int note(struct target *target, uint32_t fd, const char *link, struct err *err)
{
	struct target_descriptor *descriptor = LIST_ADD(target, descriptors, err);

	if (!descriptor)
		return -1;
	descriptor->number = fd;
	descriptor->link = link ? strdup(link) : NULL;
	return link && !descriptor->link ? err_sys(err, "out of memory") : 0;
}

/* Nothing but pipes and files has a link that is looked at; nobody's pipe is held open by that. */
static int survey_descriptor(struct dump *dump, struct target *target, uint32_t fd, struct err *err)
{
	_cleanup_free_ char *link = NULL;
	char name[32];

	snprintf(name, sizeof(name), "fd/%u", fd);
	read_link_at(target->proc, name, &link, NULL);
	if (target->frozen && note(target, fd, link, err) < 0)
		return -1;
	/* What a running process closed meanwhile is none of its descriptors. */
	if (!link)
		return 0;
	if (strcmp(link, "/dev/ptmx") == 0 || strcmp(link, "/dev/pts/ptmx") == 0)
		return pty_survey(dump, target, fd, err);
	if (link[0] == '/' || strncmp(link, "pipe:[", 6) == 0)
		return pipe_survey(dump, target, fd, err);
	if (strncmp(link, "socket:[", 8) != 0)
		return 0;
	dump->files->has_sockets = true;
	return flights_look(dump, target, fd, err);
}

int descriptors_survey(struct dump *dump, struct err *err)
{
	struct dump_files *files = dump_files(dump, err);

	if (!files || files->surveyed)
		return files ? 0 : -1;
	for (size_t i = 0; i < dump->n_targets; i++) {
		_cleanup_free_ uint32_t *numbers = NULL;
		struct target *target = &dump->targets[i];
		size_t count;

		if (list_numbers_at(target->proc, "fd", &numbers, &count, err) < 0)
			return -1;
		for (size_t k = 0; k < count; k++)
			if (survey_descriptor(dump, target, numbers[k], err) < 0)
				return -1;
	}
	if (flights_each(dump, survey_descriptor, err) < 0 ||
	    (files->has_sockets && unix_survey(dump, err) < 0))
		return -1;
	files->surveyed = true;
	return 0;
}
