/* SPDX-License-Identifier: MIT */
/* pdump: saves a running process to an image. */
#include "cli/heap.h"
#include "cli/problems.h"
#include "cli/progress.h"
#include "dump/every.h"
#include "dump/options.h"
#include "dump/report.h"
#include "dump/run.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/pimage.h"
#include "kernel/capabilities.h"
#include "kernel/fallback.h"

#include <linux/capability.h>
#include <signal.h>
#include <string.h>

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
	int ret;

	if (!options->file) {
		if (asprintf(&name, "%d.tar", options->pid) < 0)
			return err_sys(err, "out of memory");
		options->file = name;
	}
	ret = dump_run(options, features, NULL, &dump, &summary, err);
	dump_report(options, &dump, ret < 0 ? NULL : &summary);
	return ret;
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

	heap_prepare();
	/* A reader that goes away is an error like another: the process must be let go. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	/* Stops are told by it, and not to whoever was started with it ignored (do_notify_parent_cldstop, kernel/signal.c). */
	signal(SIGCHLD, SIG_DFL);
	ret = dump_options_parse(argc, argv, &options, &err);
	if (ret > 0)
		return 0;
	if (ret == 0)
		ret = kernel_features_init(getenv("PIMAGE_WITHOUT"), &features, &err);
	if (ret == 0)
		ret = drop_capabilities(&err);
	if (ret == 0)
		ret = options.check   ? check(&options, &features, &err)
		      : options.every ? every_run(&options, &features, &err)
				      : save(&options, &features, &err);
	options_release(&pdump_program, &options);
	return ret < 0 ? program_failed(&pdump_program, &err) : 0;
}
