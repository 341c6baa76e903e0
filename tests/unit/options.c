/* SPDX-License-Identifier: MIT */
/* The command line from one table: what is parsed, what is refused and with which hint, --help, the manual. */
#include "cli/options.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/record.h"
#include "tests/unit/test.h"

enum { PIDS_AUTO, PIDS_KEEP = 7 };

struct options {
	bool json;
	bool wait;
	int after;
	const char *output;
	uint32_t jobs;
	uint64_t timeout;
	int pids;
	const char **maps;
	size_t n_maps;
};

static const struct name pids_names[] = { { "auto", PIDS_AUTO },
					  { "keep", PIDS_KEEP },
					  { NULL, 0 } };

static const struct option_row rows[] = {
	FLAG_OPTION(struct options, json, "json", 'j', "print JSON"),
	VALUE_OPTION(struct options, wait, "no-wait", 0, false, "do not wait"),
	OPTIONS_HEADING("Afterwards"),
	VALUE_OPTION(struct options, after, "kill", 'k', 2, "kill the process afterwards"),
	STRING_OPTION(struct options, output, "output", 'o', "FILE",
		      "write the image to FILE, which is replaced only by a complete image, and to "
		      "standard output if it is -"),
	UINT_OPTION(struct options, jobs, "jobs", 0, "N", "use N threads"),
	UINT_OPTION(struct options, timeout, "timeout-of-the-whole-thing", 0, "SECONDS", "give up"),
	CHOICE_OPTION(struct options, pids, "pids", 0, "HOW", pids_names, "which pids"),
	LIST_OPTION(struct options, maps, "map", 'm', "OLD=NEW", "use NEW instead of OLD"),
	{ 0 },
};

static int run_ls(const void *options, int argc, char **argv, struct err *err)
{
	(void)options, (void)argv, (void)err;
	return argc;
}

static const struct command commands[] = {
	{ "ls", "IMAGE", "list what is in it", run_ls },
	{ "verify", "IMAGE", "check it", run_ls },
	{ 0 },
};

static const struct exit_status statuses[] = { { 10, "something of its own" }, { 0, NULL } };

static const struct program program = {
	.name = "ptest",
	.purpose = "Test the options.",
	.usage = (const char *const[]){ "[OPTION]... PID IMAGE", "--check PID", NULL },
	.options = rows,
	.commands = commands,
	.statuses = statuses,
	.notes = "A note.\n\nAnother.",
};

#define MAX_ARGS 12

/* Parses the words of a line; returns what options_parse() does, and the rest as one string. */
static int parse(const char *line, struct options *options, char rest[100], struct err *err)
{
	char words[200];
	char *argv[MAX_ARGS + 1] = { "ptest" };
	int argc = 1;
	int first = 0;
	int r;

	snprintf(words, sizeof(words), "%s", line);
	for (char *word = strtok(words, " "); word && argc < MAX_ARGS; word = strtok(NULL, " "))
		argv[argc++] = word;
	*options = (struct options){ .wait = true };
	r = options_parse(&program, argc, argv, options, &first, err);
	rest[0] = '\0';
	for (; r == 0 && first < argc; first++) {
		strcat(rest, argv[first]);
		strcat(rest, " ");
	}
	return r;
}

static void test_parse(void)
{
	struct options options;
	struct err err = { 0 };
	char rest[100];

	CHECK(parse("", &options, rest, &err) == 0 && options.wait && !options.json);
	CHECK_STR(rest, "");
	CHECK(parse("42 -j -k --jobs=3 a.tar --no-wait", &options, rest, &err) == 0, "%s", err.msg);
	CHECK(options.json && !options.wait && options.after == 2 && options.jobs == 3);
	CHECK_STR(rest, "42 a.tar ");
	CHECK(parse("-jk -- --jobs=3", &options, rest, &err) == 0 && options.jobs == 0);
	CHECK_STR(rest, "--jobs=3 ");
	CHECK(parse("--timeout=18446744073709551615 --pids keep", &options, rest, &err) == 0);
	CHECK(options.timeout == UINT64_MAX && options.pids == PIDS_KEEP);
}

static void test_lists(void)
{
	struct options options;
	struct err err = { 0 };
	char *argv[] = { "ptest", "-m", "a=b", "--map=c=d", "--output", "x", "--map", "e", NULL };
	int first;

	memset(&options, 0, sizeof(options));
	CHECK(options_parse(&program, 8, argv, &options, &first, &err) == 0, "%s", err.msg);
	CHECK(first == 8 && options.n_maps == 3);
	CHECK_STR(options.output, "x");
	CHECK_STR(options.maps[0], "a=b");
	CHECK_STR(options.maps[2], "e");
	options_release(&program, &options);
	CHECK(options.maps == NULL && options.n_maps == 0);
}

static void check_refused(const char *line, const char *message)
{
	struct options options;
	struct err err = { 0 };
	char rest[100];

	CHECK(parse(line, &options, rest, &err) < 0, "%s", line);
	CHECK(err.code == ERR_USAGE);
	CHECK_STR(err.msg, message);
	options_release(&program, &options);
}

static void test_refused(void)
{
	check_refused("--jsom", "unknown option --jsom, did you mean --json?");
	check_refused("--ouptut=x", "unknown option --ouptut, did you mean --output?");
	check_refused("--hlep", "unknown option --hlep, did you mean --help?");
	check_refused("--something", "unknown option --something");
	check_refused("-x", "unknown option -x");
	check_refused("-jx 42", "unknown option -x");
	check_refused("--output", "--output needs an argument: FILE");
	check_refused("-j -o", "--output needs an argument: FILE");
	check_refused("--json=1", "--json=1: the option takes no argument");
	check_refused("--help=1", "--help=1: the option takes no argument");
	check_refused("--jobs=x", "--jobs=x: expected a number up to 2147483647");
	check_refused("--jobs=-1", "--jobs=-1: expected a number up to 2147483647");
	check_refused("--jobs=2147483648", "--jobs=2147483648: expected a number up to 2147483647");
	check_refused("--jobs=", "--jobs=: expected a number up to 2147483647");
	check_refused("--pids=old", "--pids=old: expected one of auto, keep");
	check_refused("-m x --bad", "unknown option --bad");
}

static void test_commands(void)
{
	struct err err = { 0 };
	const struct command *command = command_find(&program, "verify", &err);

	CHECK(command && command->run(NULL, 3, NULL, &err) == 3);
	CHECK(!command_find(&program, "verfy", &err) && err.code == ERR_USAGE);
	CHECK_STR(err.msg, "unknown command verfy, did you mean verify?");
	CHECK(!command_find(&program, "x", &err));
	CHECK_STR(err.msg, "unknown command x");
	CHECK(!command_find(&program, NULL, &err));
	CHECK_STR(err.msg, "a command is missing");
}

static void test_help(void)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	options_help(&program, out);
	fclose(out);
	CHECK_STR(
		text,
		"Usage: ptest [OPTION]... PID IMAGE\n"
		"       ptest --check PID\n"
		"\n"
		"Test the options.\n"
		"\n"
		"Commands:\n"
		"  ls IMAGE                  list what is in it\n"
		"  verify IMAGE              check it\n"
		"\n"
		"Options:\n"
		"  -j, --json                print JSON\n"
		"      --no-wait             do not wait\n"
		"\n"
		"Afterwards:\n"
		"  -k, --kill                kill the process afterwards\n"
		"  -o, --output=FILE         write the image to FILE, which is replaced only by a\n"
		"                            complete image, and to standard output if it is -\n"
		"      --jobs=N              use N threads\n"
		"      --timeout-of-the-whole-thing=SECONDS\n"
		"                            give up\n"
		"      --pids=HOW            which pids\n"
		"  -m, --map=OLD=NEW         use NEW instead of OLD\n"
		"\n"
		"  -h, --help                show this help and exit\n"
		"  -V, --version             show the version and exit\n"
		"\n"
		"Exit status:\n"
		"  0    success\n"
		"  1    it failed for a reason that has no status of its own\n"
		"  2    the command line is wrong\n"
		"  3    this user may not do it\n"
		"  4    the image is damaged, incomplete or not understood\n"
		"  5    the process has something that cannot be saved\n"
		"  6    this host lacks something that the image needs\n"
		"  7    there is no such process, or it ended meanwhile\n"
		"  8    a file could not be read or written\n"
		"  10   something of its own\n"
		"\n"
		"A note.\n"
		"\n"
		"Another.\n");
}

#define MANUAL                                                                                     \
	".TP\n.BR \\-j \", \" \\-\\-json\nText \\-\\-other.\n.TP\n\\fB\\-\\-no\\-wait\\fR\n"       \
	".TP\n.B \\-\\-kill\n.TQ\n.B \\-\\-output=FILE\n.TP\n.B \\-\\-jobs\n"                      \
	".TP\n.B \\-\\-timeout\\-of\\-the\\-whole\\-thing\n.TP\n.B \\-\\-pids\n.TP\n.B "           \
	"\\-\\-map\n"                                                                              \
	".TP\n.B \\-\\-help\n.TP\n.B \\-\\-version\n.TP\n.BI ls \" IMAGE\"\n"

static void test_manual(void)
{
	struct err err = { 0 };

	CHECK(options_check_manual(&program, MANUAL ".TP\n\\fBverify\\fR", &err) == 0, "%s",
	      err.msg);
	CHECK(options_check_manual(&program, MANUAL, &err) < 0);
	CHECK_STR(err.msg, "the manual has no entry for the command verify");
	CHECK(options_check_manual(&program, MANUAL ".TP\nverify \\-\\-old", &err) < 0);
	CHECK_STR(err.msg, "the manual has --old, the program has not");
	CHECK(options_check_manual(&program, ".TP\n\\-\\-jsonx\n\\-\\-json\n", &err) < 0);
	CHECK_STR(err.msg, "the manual has no entry for --json");
}

int main(void)
{
	test_parse();
	test_lists();
	test_refused();
	test_commands();
	test_help();
	test_manual();
	return test_done("options");
}
