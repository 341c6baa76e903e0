/* SPDX-License-Identifier: MIT */
#include "dump/options.h"

#include "cli/steps.h"
#include "dump/tree.h"
#include "format/err.h"
#include "format/external_policy.h"
#include "format/pages.h"
#include "format/record.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define O struct dump_options

static const struct name snapshot_names[] = {
	{ "auto", SNAPSHOT_AUTO },
	{ "fork", SNAPSHOT_FORK },
	{ "wp", SNAPSHOT_WP },
	{ "stop", SNAPSHOT_STOP },
	{},
};

static const struct name digest_names[] = { { "sha256", true }, { "none", false }, {} };

static const struct option_row rows[] = {
	VALUE_OPTION(O, afterwards, "stop", 0, AFTER_STOP,
		     "leave the process stopped (SIGSTOP) once the image is complete"),
	VALUE_OPTION(O, afterwards, "kill", 0, AFTER_KILL,
		     "kill the process once the image is complete and on the disk"),
	VALUE_OPTION(O, scope, "only", 0, TREE_ONLY, "this process alone, without its descendants"),
	VALUE_OPTION(O, scope, "session", 0, TREE_SESSION,
		     "the whole session of the process: all its members and their descendants"),
	CHOICE_OPTION(O, snapshot, "snapshot", 0, "auto|fork|wp|stop", snapshot_names,
		      "how memory stays as it is while it is saved: by a fork of the process, "
		      "which goes on; copied ahead, and again what was written since; or it stops "
		      "meanwhile"),
	UINT_OPTION(O, max_pause, "max-pause", 0, "MS",
		    "stand still for at most so many milliseconds, else fail: see --snapshot=wp"),
	STRING_OPTION(O, every, "every", 0, "TIME",
		      "stay with the process and save it again and again, such as 30s, 5m or 2h, "
		      "into a folder; what was not written since is not stored again"),
	UINT_OPTION(O, keep, "keep", 0, "N",
		    "with --every: how many of the last images can be restored (default 5)"),
	FLAG_OPTION(
		O, check, "check", 0,
		"write no image and stop nothing: tell everything that would not be saved exactly"),
	FLAG_OPTION(O, json, "json", 0, "with --check, as JSON"),
	LIST_OPTION(
		O, externals, "external", 0, "[ID=]POLICY",
		"what an end of something outside becomes (ID: as --check lists it; none: all): "
		"null, eof, reset, reconnect, fd:N, a path, or ask: prestore is told"),
	STRING_OPTION(O, compress, "compress", 0, "HOW",
		      "zstd, zstd:LEVEL (1 to 19; default 1) or none"),
	CHOICE_OPTION(O, digest, "digest", 0, "sha256|none", digest_names,
		      "of every entry, which makes the image an OCI artifact; none saves time"),
	UINT_OPTION(O, threads, "threads", 0, "N",
		    "threads that read, compress and digest (default: as many as CPUs, at most 8)"),
	UINT_OPTION(O, progress_fd, "progress-fd", 0, "N",
		    "tell programs how far it is, by lines of JSON on descriptor N"),
	UINT_OPTION(O, timeout, "timeout", 0, "SECONDS",
		    "how long to wait for a process to stop (default: 10)"),
	FLAG_OPTION(O, verbose, "verbose", 'v', "tell what is done"),
	FLAG_OPTION(O, quiet, "quiet", 'q', "only errors"),
	{ 0 },
};

static const char *const usage[] = { "[OPTION]... PID [FILE|-]",
				     "--every TIME [OPTION]... PID FOLDER", "--check [--json] PID",
				     NULL };

const struct program pdump_program = {
	.name = "pdump",
	.purpose = "Save a running process and its descendants to an image; they keep running, "
		   "unharmed.",
	.usage = usage,
	.options = rows,
	.notes = "FILE defaults to PID.tar; - is standard output. The image appears under its name "
		 "only when it is complete.",
};

/* A whole number, nothing behind it. */
static bool parse_number(const char *text, long low, long high, long *ret)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (end == text || *end || value < low || value > high)
		return false;
	*ret = value;
	return true;
}

static int parse_compress(const char *text, int *ret_level, struct err *err)
{
	long level = PAGES_LEVEL_DEFAULT;

	if (!text || strcmp(text, "zstd") == 0) {
		*ret_level = PAGES_LEVEL_DEFAULT;
		return 0;
	}
	if (strcmp(text, "none") == 0) {
		*ret_level = PAGES_LEVEL_NONE;
		return 0;
	}
	if (strncmp(text, "zstd:", 5) != 0 || !parse_number(text + 5, 1, PAGES_LEVEL_MAX, &level))
		return err_set(err, ERR_USAGE,
			       "--compress=%s: zstd, zstd:1 to zstd:%d, or none is expected", text,
			       PAGES_LEVEL_MAX);
	*ret_level = (int)level;
	return 0;
}

/* A whole number and s, m or h. */
static int parse_every(struct dump_options *options, struct err *err)
{
	static const struct {
		char unit;
		uint64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 } };
	char *end;
	long value = strtol(options->every, &end, 10);

	for (size_t i = 0; value > 0 && value < 1000000 && i < 3; i++)
		if (end[0] == units[i].unit && !end[1]) {
			options->every_ns = (uint64_t)value * units[i].seconds * 1000000000;
			return 0;
		}
	return err_set(err, ERR_USAGE, "--every=%s: a time such as 30s, 5m or 2h is expected",
		       options->every);
}

static int check_every(struct dump_options *options, struct err *err)
{
	if (options->keep && !options->every)
		return err_set(err, ERR_USAGE, "--keep goes with --every");
	if (!options->every)
		return 0;
	if (!options->keep)
		options->keep = 5;
	if (options->check || options->afterwards != AFTER_RUN || options->snapshot == SNAPSHOT_WP)
		return err_set(err, ERR_USAGE,
			       "--every does not go with --check, --stop, --kill and "
			       "--snapshot=wp");
	if (!options->digest)
		return err_set(err, ERR_USAGE,
			       "--digest=none does not go with --every, whose images know each "
			       "other by digests");
	if (!options->file || strcmp(options->file, "-") == 0)
		return err_set(err, ERR_USAGE, "--every needs a folder for the images");
	return parse_every(options, err);
}

static unsigned default_threads(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	return cpus < 1 ? 1 : cpus > 8 ? 8 : (unsigned)cpus;
}

static int parse_operands(int n, char **operands, struct dump_options *options, struct err *err)
{
	long pid;

	if (n < 1 || n > 2)
		return err_set(err, ERR_USAGE, "expected PID [FILE], found %d operands", n);
	if (!parse_number(operands[0], 1, 1 << 22, &pid))
		return err_set(err, ERR_USAGE, "%s is no process id", operands[0]);
	options->pid = (pid_t)pid;
	options->file = n > 1 ? operands[1] : NULL;
	if (options->check && options->file)
		return err_set(err, ERR_USAGE, "--check writes no image: leave %s away",
			       options->file);
	if ((options->snapshot == SNAPSHOT_FORK || options->snapshot == SNAPSHOT_WP) &&
	    options->afterwards != AFTER_RUN)
		return err_set(err, ERR_USAGE,
			       "--snapshot=%s lets the process go on before the image is "
			       "complete: leave it away, or --stop and --kill",
			       options->snapshot == SNAPSHOT_FORK ? "fork" : "wp");
	if (options->max_pause &&
	    (options->snapshot == SNAPSHOT_STOP || options->afterwards != AFTER_RUN))
		return err_set(err, ERR_USAGE,
			       "--max-pause does not go with --snapshot=stop, --stop and --kill");
	if (options->timeout > 1000000)
		return err_set(err, ERR_USAGE, "--timeout=%u: at most 1000000 seconds",
			       options->timeout);
	if (options->json && !options->check)
		return err_set(err, ERR_USAGE, "--json goes with --check");
	return 0;
}

int dump_options_parse(int argc, char **argv, struct dump_options *ret_options, struct err *err)
{
	struct dump_options options = { .digest = true, .progress_fd = NO_PROGRESS_FD };
	int first, ret;

	ret = options_parse(&pdump_program, argc, argv, &options, &first, err);
	if (ret)
		return ret;
	if (!options.threads)
		options.threads = default_threads();
	if (steps_check_fd(options.progress_fd, err) < 0 ||
	    parse_compress(options.compress, &options.level, err) < 0 ||
	    external_rules_check(options.externals, options.n_externals, err) < 0 ||
	    parse_operands(argc - first, argv + first, &options, err) < 0 ||
	    check_every(&options, err) < 0)
		return -1;
	*ret_options = options;
	return 0;
}
