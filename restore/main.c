/* SPDX-License-Identifier: MIT */
/* prestore: brings a process back to life from an image. */
#include "cli/heap.h"
#include "cli/problems.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/image_read.h"
#include "kernel/fallback.h"
#include "kernel/one_cpu.h"
#include "restore/attach.h"
#include "restore/options.h"
#include "restore/run.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>

static void cleanup_reader(struct image_reader **reader)
{
	image_reader_free(*reader);
}

static int open_image(const char *file, struct err *err)
{
	int fd;

	if (strcmp(file, "-") == 0)
		return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_sys(err, "cannot open %s", file) : fd;
}

static int print_plan(const struct restore *restore, enum pids_mode mode, struct err *err)
{
	static const char *const modes[] = { "auto", "keep", "namespace", "new" };
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (!restore->options->json) {
		printf("process ids: %s\n", modes[mode]);
		problems_print(&restore->problems, stdout);
		return 0;
	}
	if (record_encode(&problems_record, &restore->problems, &text, &size, err) < 0)
		return -1;
	fwrite(text, 1, size, stdout);
	return 0;
}

static int run(const struct restore_options *options, const struct kernel_features *features,
	       const struct heap *heap, struct err *err)
{
	struct one_cpu one_cpu = { 0 };
	_cleanup_(cleanup_reader) struct image_reader *reader = NULL;
	_cleanup_(restore_done) struct restore restore = {
		.options = options, .features = features, .heap = heap, .one_cpu = &one_cpu
	};
	_cleanup_close_ int fd = open_image(options->file, err);
	enum pids_mode mode;

	one_cpu_hold(&one_cpu);
	if (fd < 0 || image_reader_new(fd, 0, &reader, err) < 0 ||
	    run_plan(&restore, reader, &mode, err) < 0)
		return fd < 0 ? -1 : err_prefix(err, "%s", options->file);
	if (options->plan && print_plan(&restore, mode, err) < 0)
		return -1;
	if (!options->plan &&
	    (!options->quiet || problems_count(&restore.problems, VERDICT_BLOCKING)))
		problems_print(&restore.problems, stderr);
	if (problems_refuse(&restore.problems, ERR_HOST, err) < 0)
		return -1;
	if (options->plan)
		return 0;
	return run_restore(&restore, reader, mode, err);
}

int main(int argc, char **argv)
{
	const struct heap heap = heap_prepare();
	struct restore_options options = { 0 };
	struct kernel_features features;
	struct err err;
	int ret;

	signal(SIGPIPE, SIG_IGN);
	/* Whoever was started with it ignored has no children to wait for once they have ended: wait(2). */
	signal(SIGCHLD, SIG_DFL);
	ret = restore_options_parse(argc, argv, &options, &err);
	if (ret > 0)
		return 0;
	if (ret == 0)
		ret = kernel_features_init(getenv("PIMAGE_WITHOUT"), &features, &err);
	if (ret == 0)
		ret = options.attach ? attach_again(&options, &err)
				     : run(&options, &features, &heap, &err);
	options_release(&prestore_program, &options);
	return ret < 0 ? program_failed(&prestore_program, &err) : ret;
}
