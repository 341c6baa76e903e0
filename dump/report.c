/* SPDX-License-Identifier: MIT */
#include "dump/report.h"

#include "cli/progress.h"
#include "dump/run.h"
#include "format/pimage.h"

#include <string.h>

static void print_summary(const struct dump_options *options, const struct dump_summary *s)
{
	char memory[HUMAN_SIZE], image[HUMAN_SIZE], pause[HUMAN_SIZE], time[HUMAN_SIZE];

	fprintf(stderr,
		"%s: pid %d, %zu process%s, %zu thread%s, %s of memory, image %s, pause %s, "
		"%s in all\n",
		strcmp(options->file, "-") == 0 ? "standard output" : options->file, options->pid,
		s->processes, s->processes == 1 ? "" : "es", s->threads, s->threads == 1 ? "" : "s",
		human_bytes(s->memory_size, memory), human_bytes(s->image_size, image),
		human_duration(s->pause, pause), human_duration(s->time, time));
}

static void print_notes(const struct dump *dump)
{
	const struct pimage *pimage = IMAGE_GET(&dump->image, pimage, 0, 0);
	struct problems notes = { 0 };

	if (!pimage)
		return;
	notes.notes = pimage->notes;
	notes.n_notes = pimage->n_notes;
	problems_print(&notes, stderr);
}

void dump_report(const struct dump_options *options, const struct dump *dump,
		 const struct dump_summary *summary)
{
	if (!summary) {
		problems_print(&dump->problems, stderr);
		return;
	}
	if (options->quiet)
		return;
	print_notes(dump);
	print_summary(options, summary);
}
