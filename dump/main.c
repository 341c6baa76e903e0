/* SPDX-License-Identifier: MIT */
/* pdump: saves a running process to an image. */
#include "cli/problems.h"
#include "cli/progress.h"
#include "dump/options.h"
#include "dump/run.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/pimage.h"
#include "kernel/capabilities.h"
#include "kernel/fallback.h"

#include <linux/capability.h>
#include <signal.h>
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

/* To look into processes of others, open what they have open, end them if asked to, and write the image anywhere. */
static int drop_capabilities(struct err *err)
{
	return capabilities_keep(CAPABILITY(SYS_PTRACE) | CAPABILITY(CHECKPOINT_RESTORE) |
					 CAPABILITY(DAC_READ_SEARCH) | CAPABILITY(DAC_OVERRIDE) |
					 CAPABILITY(KILL),
				 err);
}

static int save(struct dump_options *options, const struct kernel_features *features,
		struct err *err)
{
	_cleanup_(dump_done) struct dump dump = { 0 };
	_cleanup_free_ char *name = NULL;
	struct dump_summary summary;

	if (!options->file) {
		if (asprintf(&name, "%d.tar", options->pid) < 0)
			return err_sys(err, "out of memory");
		options->file = name;
	}
	if (dump_run(options, features, &dump, &summary, err) < 0) {
		problems_print(&dump.problems, stderr);
		return -1;
	}
	if (options->quiet)
		return 0;
	print_notes(&dump);
	print_summary(options, &summary);
	return 0;
}

static int check(const struct dump_options *options, const struct kernel_features *features,
		 struct err *err)
{
	_cleanup_(dump_done) struct dump dump = { 0 };
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (dump_check(options, features, &dump, err) < 0)
		return -1;
	if (options->json) {
		if (record_encode(&problems_record, &dump.problems, &text, &size, err) < 0)
			return -1;
		fwrite(text, 1, size, stdout);
	} else {
		problems_print(&dump.problems, stdout);
		if (!dump.problems.n_notes && !options->quiet)
			printf("pid %d: everything would be saved exactly\n", options->pid);
	}
	return problems_refuse(&dump.problems, ERR_UNSUPPORTED, err);
}

int main(int argc, char **argv)
{
	struct dump_options options = { 0 };
	struct kernel_features features;
	struct err err;
	int ret;

	/* A reader that goes away is an error like another: the process must be let go. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	ret = dump_options_parse(argc, argv, &options, &err);
	if (ret > 0)
		return 0;
	if (ret == 0)
		ret = kernel_features_init(getenv("PIMAGE_WITHOUT"), &features, &err);
	if (ret == 0)
		ret = drop_capabilities(&err);
	if (ret == 0)
		ret = options.check ? check(&options, &features, &err)
				    : save(&options, &features, &err);
	options_release(&pdump_program, &options);
	return ret < 0 ? program_failed(&pdump_program, &err) : 0;
}
