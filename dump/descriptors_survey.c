/* SPDX-License-Identifier: MIT */
/* All descriptors at a glance: an end of a pipe or socket can only be saved when it is known who has the other. */
#include "dump/file_table.h"
#include "dump/flights.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/readfile.h"

#include <string.h>

/* Nothing but pipes and files has a link that is looked at; nobody's pipe is held open by that. */
static int survey_link(struct dump *dump, struct target *target, uint32_t fd, const char *link,
		       struct err *err)
{
	if (strcmp(link, "/dev/ptmx") == 0 || strcmp(link, "/dev/pts/ptmx") == 0)
		return pty_survey(dump, target, fd, err);
	if (link[0] == '/' || strncmp(link, "pipe:[", 6) == 0)
		return pipe_survey(dump, target, fd, err);
	if (strncmp(link, "socket:[", 8) != 0)
		return 0;
	dump->files->has_sockets = true;
	return flights_look(dump, target, fd, err);
}

static int survey_descriptor(struct dump *dump, struct target *target, uint32_t fd, struct err *err)
{
	const struct target_descriptor *known = target_descriptor(target, fd);
	_cleanup_free_ char *link = NULL;
	char name[32];

	if (known && known->link)
		return survey_link(dump, target, fd, known->link, err);
	snprintf(name, sizeof(name), "fd/%u", fd);
	/* What a running process closed meanwhile is none of its descriptors. */
	if (read_link_at(target->proc, name, &link, NULL) < 0)
		return 0;
	return survey_link(dump, target, fd, link, err);
}

static int survey_running(struct dump *dump, struct target *target, struct err *err)
{
	_cleanup_free_ uint32_t *numbers = NULL;
	size_t count;

	if (list_numbers_at(target->proc, "fd", &numbers, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (survey_descriptor(dump, target, numbers[i], err) < 0)
			return -1;
	return 0;
}

static int survey(struct dump *dump, struct target *target, struct err *err)
{
	if (!target->descriptors)
		return survey_running(dump, target, err);
	for (size_t i = 0; i < target->n_descriptors; i++)
		if (survey_descriptor(dump, target, target->descriptors[i].number, err) < 0)
			return -1;
	return 0;
}

int descriptors_survey(struct dump *dump, struct err *err)
{
	struct dump_files *files = dump_files(dump, err);

	if (!files || files->surveyed)
		return files ? 0 : -1;
	for (size_t i = 0; i < dump->n_targets; i++)
		if (survey(dump, &dump->targets[i], err) < 0)
			return -1;
	if (flights_each(dump, survey_descriptor, err) < 0 ||
	    (files->has_sockets && unix_survey(dump, err) < 0))
		return -1;
	files->surveyed = true;
	return 0;
}
