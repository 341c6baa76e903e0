/* SPDX-License-Identifier: MIT */
#include "restore/options.h"

#include "cli/steps.h"
#include "format/err.h"
#include "format/record.h"
#include "restore/relay.h"

#include <string.h>

#define O struct restore_options

/* A day. */
enum { RECORD_SECONDS_MAX = 24 * 60 * 60 };

static const struct name pids_names[] = {
	{ "auto", PIDS_AUTO },
	{ "keep", PIDS_KEEP },
	{ "namespace", PIDS_NAMESPACE },
	{ "new", PIDS_NEW },
	{},
};

static const struct name changed_names[] = {
	{ "refuse", false },
	{ "accept", true },
	{},
};

static const struct option_row rows[] = {
	FLAG_OPTION(O, detach, "detach", 'd',
		    "leave the process running in a session of its own and return"),
	VALUE_OPTION(O, pty, "pty", 0, PTY_YES,
		     "give it a terminal of its own, to which --attach returns later; by itself "
		     "so when it had a terminal and there is none for it now"),
	VALUE_OPTION(O, pty, "no-pty", 0, PTY_NO, "never do that"),
	STRING_OPTION(O, name, "name", 0, "NAME", "a name for --attach; goes with a --pty"),
	STRING_OPTION(O, attach, "attach", 0, "NAME|PID|PIDFILE",
		      "restore nothing, but return to the terminal of a job"),
	STRING_OPTION(O, detach_key_text, "detach-key", 0, "^X|none",
		      "the key that leaves such a terminal (^], which is Ctrl and ])"),
	STRING_OPTION(O, pidfile, "pidfile", 0, "FILE", "write its process id to FILE"),
	UINT_OPTION(O, copies, "copies", 0, "N",
		    "make N jobs of the image at once, which share memory until they write to it; "
		    "goes with --detach"),
	FLAG_OPTION(O, stopped, "stopped", 0, "leave it stopped (SIGSTOP)"),
	CHOICE_OPTION(O, pids, "pids", 0, "auto|keep|namespace|new", pids_names,
		      "process ids: keep the old ones, keep them in a namespace of their own, take "
		      "new ones, or auto: the first of these that is possible"),
	FLAG_OPTION(O, plan, "plan", 0, "check everything and make nothing"),
	FLAG_OPTION(O, json, "json", 0, "with --plan, as JSON"),
	FLAG_OPTION(O, verify, "verify", 0,
		    "before the first instruction runs, compare what was built with the image"),
	FLAG_OPTION(O, lazy, "lazy", 0,
		    "let it run at once: its memory comes when it is needed, the rest meanwhile"),
	STRING_OPTION(O, record, "record", 0, "FILE",
		      "with --lazy, note in FILE which pages it asks for, in which order"),
	UINT_OPTION(O, record_seconds, "record-for", 0, "SECONDS",
		    "how long that is noted; nothing comes unasked meanwhile (10)"),
	STRING_OPTION(O, working_set, "working-set", 0, "FILE",
		      "with --lazy, what --record has noted comes first"),
	LIST_OPTION(O, map_paths, "map-path", 0, "OLD=NEW",
		    "a file or directory of the image is here at NEW"),
	CHOICE_OPTION(O, changed_files, "changed-files", 0, "refuse|accept", changed_names,
		      "programs and libraries that are not the same any more"),
	LIST_OPTION(O, fds, "fd", 0, "N=WHAT",
		    "descriptor N becomes a file (its path), inherit:M (prestore's own M) or null"),
	LIST_OPTION(O, externals, "external", 0, "[ID=]POLICY",
		    "what an end of something outside becomes (ID: as --plan lists it; none: all "
		    "others): null, eof, reset, reconnect, fd:N, or a path"),
	UINT_OPTION(O, progress_fd, "progress-fd", 0, "N",
		    "tell programs how far it is, by lines of JSON on descriptor N"),
	FLAG_OPTION(O, verbose, "verbose", 'v', "tell what is done"),
	FLAG_OPTION(O, quiet, "quiet", 'q', "only errors"),
	{ 0 },
};

static const char *const usage[] = { "[OPTION]... FILE|-", "--attach=NAME|PID|PIDFILE", NULL };

const struct program prestore_program = {
	.name = "prestore",
	.purpose = "Bring a process back to life from an image.",
	.usage = usage,
	.options = rows,
	.notes = "In the foreground it behaves like the process itself: the terminal is handed "
		 "over, "
		 "signals are passed on, and its exit status becomes that of prestore.",
};

/* What there is but once is refused with the reason; what the image has of that, when it is known. */
static int check_copies(const struct restore_options *options, struct err *err)
{
	if (!options->copies || options->copies > COPIES_MAX)
		return err_set(err, ERR_USAGE, "--copies=%d: 1 to %d are possible", options->copies,
			       COPIES_MAX);
	if (options->copies <= 1)
		return 0;
	if (!options->detach && !options->plan)
		return err_set(err, ERR_USAGE,
			       "--copies: only one job can be in the foreground; add --detach");
	if (options->pty == PTY_YES)
		return err_set(err, ERR_USAGE,
			       "--copies gives no terminals: each would need its own prestore");
	if (options->lazy)
		return err_set(err, ERR_USAGE,
			       "--lazy fills each job by itself; --copies fills memory once");
	if (options->pids == PIDS_KEEP)
		return err_set(err, ERR_USAGE,
			       "--copies: only one job can have the old process "
			       "ids; --pids=namespace or new");
	if (strcmp(options->file, "-") == 0)
		return err_set(err, ERR_USAGE,
			       "--copies reads the image several times: give it as a file");
	return 0;
}

int restore_options_parse(int argc, char **argv, struct restore_options *ret_options,
			  struct err *err)
{
	struct restore_options options = { .progress_fd = NO_PROGRESS_FD,
					   .copies = NO_COPIES,
					   .record_seconds = 10 };
	int first, ret;

	ret = options_parse(&prestore_program, argc, argv, &options, &first, err);
	if (ret) {
		options_release(&prestore_program, &options);
		return ret;
	}
	options.detach_key = -1;
	ret = detach_key_parse(options.detach_key_text ? options.detach_key_text : "^]",
			       &options.detach_key, err);
	if (options.name && options.pty == PTY_AUTO)
		options.pty = PTY_YES;
	*ret_options = options;
	if (ret < 0)
		return ret;
	if (options.attach && argc == first)
		return 0;
	if (options.attach)
		return err_set(err, ERR_USAGE, "--attach restores nothing: no FILE goes with it");
	if (options.name && options.pty == PTY_NO)
		return err_set(err, ERR_USAGE, "--name goes with a --pty, not with --no-pty");
	if (argc - first != 1)
		return err_set(err, ERR_USAGE, "expected one image FILE (or -), found %d operands",
			       argc - first);
	ret_options->file = argv[first];
	if (steps_check_fd(options.progress_fd, err) < 0)
		return -1;
	if (options.lazy && options.verify)
		return err_set(
			err, ERR_USAGE,
			"--verify looks at all memory before anything runs, --lazy does not");
	if (check_copies(ret_options, err) < 0)
		return -1;
	if (!options.lazy && (options.record || options.working_set))
		return err_set(err, ERR_USAGE, "%s goes with --lazy",
			       options.record ? "--record" : "--working-set");
	if (options.record_seconds < 1 || options.record_seconds > RECORD_SECONDS_MAX)
		return err_set(err, ERR_USAGE, "--record-for is 1 to %d seconds",
			       RECORD_SECONDS_MAX);
	if (options.json && !options.plan)
		return err_set(err, ERR_USAGE, "--json goes with --plan");
	return 0;
}
