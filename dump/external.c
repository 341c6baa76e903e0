/* SPDX-License-Identifier: MIT */
/* Descriptors whose other end is outside, or that no other type takes. */
#include "format/external.h"

#include "dump/describe.h"
#include "dump/external.h"
#include "dump/file_table.h"
#include "dump/outsiders.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/external_policy.h"
#include "kernel/readfile.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

static bool probe(const struct dump *dump, const struct dump_fd *fd)
{
	(void)dump;
	(void)fd;
	return true;
}

bool external_accepted(const struct dump *dump, const char *what)
{
	const struct external external = { .what = (char *)what };

	return dump->settings.externals ||
	       external_rule(dump->settings.rules, dump->settings.n_rules, &dump->image, &external,
			     true);
}

/* The pipe or socket itself, with the bytes in it: restore may need it, whatever is decided. */
static int collect_object(struct dump *dump, const struct dump_fd *fd, struct external *external,
			  const char **ret_why, struct err *err)
{
	if (pipe_is_known(dump, fd))
		return dump_pipe(dump, fd, &external->pipe, err);
	if (!unix_is_one(fd) || !fd->same || unix_place(dump, fd, ret_why) != UNIX_OUTSIDE)
		return 0;
	return dump_unix(dump, fd, &external->socket, err);
}

static pid_t find_holder(struct dump *dump, const struct dump_fd *fd,
			 const struct external *external)
{
	bool reads = (fd->info.flags & O_ACCMODE) != O_WRONLY;

	if (external->pipe)
		return outsider_find(dump, "pipe", fd->stat.st_ino,
				     reads ? OUTSIDER_WRITES : OUTSIDER_READS);
	return external->socket && unix_peer(dump, fd)
		       ? outsider_find(dump, "socket", unix_peer(dump, fd), OUTSIDER_READS)
		       : 0;
}

/* For people only, so what cannot be found out is left out. */
static void collect_holder(struct dump *dump, const struct dump_fd *fd, struct external *external)
{
	pid_t pid = find_holder(dump, fd, external);
	_cleanup_close_ int proc = pid ? proc_open(pid, NULL) : -1;
	_cleanup_free_ char *name = NULL;
	size_t size;

	if (proc < 0 || read_piece_at(proc, "comm", &name, &size, NULL) < 0)
		return;
	name[strcspn(name, "\n")] = '\0';
	external->holder = calloc(1, sizeof(*external->holder));
	if (external->holder)
		*external->holder = (struct external_holder){ (uint32_t)pid, TAKE_PTR(name) };
}

static void refuse(struct dump *dump, const struct dump_fd *fd, const struct external *external,
		   const char *why)
{
	unsigned possible = external_possible(&dump->image, external);
	char what[256], holder[64] = "", policies[128], remedy[512];

	if (why)
		snprintf(what, sizeof(what), "%s", why);
	else
		describe_fd(fd, what, sizeof(what));
	if (external->holder)
		snprintf(holder, sizeof(holder), ", but in %u (%.16s)", external->holder->pid,
			 external->holder->name);
	external_possible_text(possible, policies, sizeof(policies));
	snprintf(remedy, sizeof(remedy),
		 "pdump --external='%.200s=POLICY' says what it becomes: %s; or --external=ask "
		 "lets prestore be told",
		 external->what, policies);
	/* It may be among those that can only be looked at when everything stands still. */
	if (dump->files->unseen && !dump->settings.frozen)
		dump_fd_problem(dump, fd, VERDICT_NOTE, NULL,
				"%s%s, unless it is in flight (SCM_RIGHTS): a dump would tell",
				what, holder);
	else
		dump_fd_problem(dump, fd, VERDICT_BLOCKING, remedy, "%s%s", what, holder);
}

/* Returns 1 if a rule of the user's is for it. */
static int apply_rule(struct dump *dump, const struct dump_fd *fd, struct external *external,
		      struct err *err)
{
	const char *rule = external_rule(dump->settings.rules, dump->settings.n_rules, &dump->image,
					 external, fd->fd > 2);
	unsigned possible = external_possible(&dump->image, external);
	struct external_choice choice;
	char policies[128];

	if (!rule)
		return 0;
	if (external_choice_parse(rule, &choice, err) < 0)
		return -1;
	if (choice.policy == EXTERNAL_ASK)
		return 1;
	if (possible & 1u << choice.policy) {
		external->policy = strdup(rule);
		return external->policy ? 1 : err_sys(err, "out of memory");
	}
	external_possible_text(possible, policies, sizeof(policies));
	dump_fd_problem(dump, fd, VERDICT_BLOCKING, NULL,
			"--external: \"%s\" is nothing that it could become, but %s", rule,
			policies);
	return 1;
}

static int collect(struct dump *dump, const struct dump_fd *fd, void *state, struct err *err)
{
	struct external *external = state;
	const char *why = NULL;
	int ruled;

	external->what = strdup(fd->link);
	if (!external->what)
		return err_sys(err, "out of memory");
	if (collect_object(dump, fd, external, &why, err) < 0)
		return -1;
	/* What becomes prestore's own is not worth a search. */
	if (fd->fd > 2)
		collect_holder(dump, fd, external);
	ruled = apply_rule(dump, fd, external, err);
	if (ruled == 0 && fd->fd > 2 && !dump->settings.externals)
		refuse(dump, fd, external, why);
	return ruled < 0 ? -1 : 0;
}

const struct file_type_dumper external_type_dumper = { &external_record, probe, collect };
