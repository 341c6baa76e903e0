/* SPDX-License-Identifier: MIT */
#include "inspect/options.h"

#include "cli/options.h"
#include "inspect/inspect.h"

#define FLAG(m, n, h) FLAG_OPTION(struct inspect_options, m, n, 0, h)

static const struct option_row rows[] = {
	OPTIONS_HEADING("Views of an image; without any, a summary"),
	FLAG(maps, "maps", "the address space of each process"),
	FLAG(fds, "fds", "its descriptors and what they refer to"),
	FLAG(signals, "signals", "dispositions, blocked and pending signals"),
	FLAG(threads, "threads", "every thread with its registers"),
	FLAG(env, "env", "arguments and environment, from its memory"),
	FLAG(json, "json", "every record, as one JSON object"),
	OPTIONS_HEADING("Selection"),
	UINT_OPTION(struct inspect_options, pid, "pid", 'p', "PID", "only this process"),
	FLAG(all, "all", "diff: also what differs from dump to dump"),
	{ 0 },
};

static const struct command commands_[] = {
	{ "ls", "FILE", "the entries with their sizes", list_run },
	{ "cat", "FILE ENTRY", "an entry as it is", cat_run },
	{ "verify", "FILE", "check every digest, record and page", verify_run },
	{ "hexdump", "FILE ADDRESS [LENGTH]", "memory of a process", hexdump_run },
	{ "extract", "FILE DIRECTORY", "unpack into a new directory", extract_run },
	{ "pack", "DIRECTORY FILE", "make an image of an unpacked, perhaps edited one", pack_run },
	{ "flatten", "FILE FILE", "make an image that stands alone of one of a history",
	  flatten_run },
	{ "learn", "FILE RECORDED FILE",
	  "make an image that knows what prestore --record has noted", learn_run },
	{ "diff", "FILE FILE", "what differs between two images", diff_run },
	{ "schema", "[RECORD]", "the JSON Schema of a record, or of all", schema_run },
	{ 0 },
};

static const char *const usage[] = { "[OPTION...] FILE", "[OPTION...] COMMAND ARGUMENT...", NULL };

static const struct exit_status statuses[] = { { 1, "diff: the images differ" }, { 0 } };

const struct program inspect_program = {
	.name = "pinspect",
	.purpose = "Reads, checks, compares, unpacks and packs images of processes.",
	.usage = usage,
	.options = rows,
	.commands = commands_,
	.statuses = statuses,
	.notes = "FILE is an image that pdump made, as it is or compressed with gzip or zstd; "
		 "\"-\" is "
		 "standard input.\nA FILE that has the name of a command needs a \"./\" before "
		 "it.\n",
};
