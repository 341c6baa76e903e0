/* SPDX-License-Identifier: MIT */
#include "restore/external.h"

#include "format/err.h"
#include "format/pipe.h"
#include "format/pipe_end.h"
#include "format/unix_end.h"
#include "format/unix_socket.h"
#include "restore/descriptors.h"

#include <fcntl.h>
#include <string.h>

static const struct external *external_in(const struct file *file)
{
	return file->type.type == &external_record ? file->type.state : NULL;
}

int external_check_rules(const struct restore *restore, struct err *err)
{
	const struct restore_options *options = restore->options;

	if (external_rules_check(options->externals, options->n_externals, err) < 0)
		return -1;
	for (size_t i = 0; i < options->n_externals; i++) {
		bool found = !strchr(options->externals[i], '=');

		IMAGE_EACH (&restore->image, file, file)
			found |= external_in(file) &&
				 external_rule_names(options->externals[i], &restore->image,
						     external_in(file));
		if (!found)
			return err_set(err, ERR_USAGE,
				       "--external=%s: nothing of this name ends outside; prestore "
				       "--plan and pinspect --fds tell the names",
				       options->externals[i]);
	}
	return 0;
}

static const char *rule_for(const struct restore *restore, const struct external *external,
			    bool general)
{
	return external_rule(restore->options->externals, restore->options->n_externals,
			     &restore->image, external, general);
}

/* A rule without a name is for what is not decided, and cannot become prestore's own. */
static struct external_choice choice_for(const struct restore *restore, const struct file *file)
{
	const struct external *external = external_in(file);
	const char *rule = rule_for(restore, external, false);
	struct external_choice choice = { EXTERNAL_ASK, -1, NULL };

	if (!rule)
		rule = external->policy;
	if (!rule)
		rule = rule_for(restore, external, descriptors_use(restore, file->id)->own < 0);
	/* They have been checked, here and with the image. */
	if (rule)
		external_choice_parse(rule, &choice, NULL);
	return choice;
}

static bool is_object(enum external_policy policy)
{
	return policy == EXTERNAL_EOF || policy == EXTERNAL_RESET || policy == EXTERNAL_RECONNECT;
}

enum external_policy external_object(const struct restore *restore, enum kind kind, uint32_t id)
{
	enum external_policy found = EXTERNAL_ASK;

	IMAGE_EACH (&restore->image, file, file) {
		const struct external *external = external_in(file);
		const struct file_use *use = descriptors_use(restore, file->id);

		if (!external || (kind == KIND_pipe ? external->pipe : external->socket) != id)
			continue;
		if (use->needed && !use->foreign)
			return choice_for(restore, file).policy;
		found = EXTERNAL_NULL;
	}
	return found;
}

static void ask(struct restore *restore, const struct file *file)
{
	const struct external *external = external_in(file);
	char policies[128], remedy[512], holder[64] = "";

	external_possible_text(external_possible(&restore->image, external), policies,
			       sizeof(policies));
	if (external->holder)
		snprintf(holder, sizeof(holder), ", in %u (%.16s)", external->holder->pid,
			 external->holder->name);
	snprintf(remedy, sizeof(remedy), "--external='%.200s=POLICY' says what it becomes: %s",
		 external->what, policies);
	file_problem(restore, file, VERDICT_BLOCKING, remedy,
		     "%s ended outside of what was saved%s", external->what, holder);
}

/* Bytes that were there for the process, and find nobody. */
static void note_unread(struct restore *restore, const struct file *file)
{
	const struct external *external = external_in(file);
	const struct pipe *pipe = IMAGE_GET(&restore->image, pipe, external->pipe, 0);
	const struct unix_socket *socket =
		IMAGE_GET(&restore->image, unix_socket, external->socket, 0);
	uint32_t bytes = pipe && file->access != O_WRONLY ? pipe->bytes : 0;

	bytes += socket ? socket->bytes : 0;
	if (bytes)
		file_problem(restore, file, VERDICT_LOST, NULL,
			     "%u bytes that waited in %s to be read", bytes, external->what);
}

static void check_possible(struct restore *restore, const struct file *file,
			   const struct external_choice *choice)
{
	unsigned possible = external_possible(&restore->image, external_in(file));
	char policies[128];

	external_possible_text(possible, policies, sizeof(policies));
	if (!(possible & 1u << choice->policy))
		file_problem(restore, file, VERDICT_BLOCKING, NULL,
			     "--external: this is nothing that %s could become, but %s",
			     external_in(file)->what, policies);
	else if (choice->policy == EXTERNAL_FD && fcntl(choice->fd, F_GETFD) < 0)
		file_problem(restore, file, VERDICT_BLOCKING, NULL,
			     "--external: descriptor %d is not open", choice->fd);
}

/* A named pipe is opened again; what unix sockets need is checked with them. */
static void check_reconnect(struct restore *restore, const struct file *file)
{
	const struct external *external = external_in(file);
	const struct pipe *pipe = IMAGE_GET(&restore->image, pipe, external->pipe, 0);
	struct stat st;

	if (pipe)
		file_check_path(restore, file, pipe->path, S_IFIFO, &st);
}

static int check(struct restore *restore, const struct file *file, const void *state,
		 struct err *err)
{
	struct external_choice choice = choice_for(restore, file);

	(void)state;
	if (descriptors_use(restore, file->id)->override >= 0)
		choice.policy = EXTERNAL_ASK; /* --fd comes first */
	if (choice.policy != EXTERNAL_ASK)
		check_possible(restore, file, &choice);
	if (choice.policy == EXTERNAL_RECONNECT)
		check_reconnect(restore, file);
	if (is_object(choice.policy))
		return 0;
	if (choice.policy != EXTERNAL_ASK && descriptors_become(restore, file, &choice, err) < 0)
		return -1;
	if (choice.policy == EXTERNAL_ASK && !descriptors_foreign(restore, file))
		ask(restore, file);
	else
		note_unread(restore, file);
	return 0;
}

static int open_it(struct restore *restore, const struct file *file, const void *state, int *ret_fd,
		   struct err *err)
{
	const struct external *external = state;
	const struct pipe_end pipe = { .pipe = external->pipe };
	const struct unix_end socket = { .socket = external->socket };

	if (external->pipe)
		return pipe_end_type_restorer.open(restore, file, &pipe, ret_fd, err);
	if (external->socket)
		return unix_end_type_restorer.open(restore, file, &socket, ret_fd, err);
	return err_set(err, ERR_FAILED, "it is nothing that can be made");
}

const struct file_type_restorer external_type_restorer = { .record = &external_record,
							   .check = check,
							   .open = open_it };
