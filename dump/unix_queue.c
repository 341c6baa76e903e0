/* SPDX-License-Identifier: MIT */
/* What waits in a unix socket, as part of its record. */
#include "dump/file_table.h"
#include "dump/flights.h"
#include "dump/unix_table.h"
#include "format/cleanup.h"
#include "format/err.h"

#include <string.h>

static bool is_known(const struct dump *dump, const struct unix_message *message)
{
	const struct unix_table *table = unix_table(dump);

	if (!message->path && !message->abstract.size)
		return true;
	for (size_t i = 0; i < table->n_held; i++) {
		const struct diag_unix *s = diag_unix_find(&table->all, table->held[i].ino);

		if (message->path ? s->name_size && s->name[0] &&
					    strncmp(s->name, message->path, sizeof(s->name)) == 0
				  : s->name_size == message->abstract.size + 1 && !s->name[0] &&
					    memcmp(s->name + 1, message->abstract.data,
						   message->abstract.size) == 0)
			return true;
	}
	return false;
}

static void note_losses(struct dump *dump, const struct dump_fd *fd,
			const struct unix_socket *record, const struct unix_queue *queue)
{
	size_t unknown = 0, foreign = 0;

	for (size_t i = 0; i < record->n_messages; i++) {
		const struct unix_message *message = &record->messages[i];

		unknown += !is_known(dump, message);
		foreign += message->credentials && !message->credentials->pid;
	}
	if (unknown)
		dump_fd_problem(dump, fd, VERDICT_LOST, NULL,
				"the sender's address of %zu datagrams in it, which come from "
				"outside",
				unknown);
	if (queue->empty)
		dump_fd_problem(dump, fd, VERDICT_APPROXIMATED, NULL,
				"it holds a message without bytes, which the kernel shows only "
				"once: another dump does not see it");
	if (foreign)
		dump_fd_problem(dump, fd, VERDICT_APPROXIMATED, NULL,
				"%zu messages in it will carry the process id of prestore "
				"(SO_PASSCRED), since their sender is none of the processes",
				foreign);
}

/* Either goes by as soon as the program looks at its socket. */
static void note_hidden(struct dump *dump, const struct dump_fd *fd, const struct unix_queue *queue)
{
	if (queue->out_of_band)
		dump_fd_problem(dump, fd, VERDICT_BLOCKING,
				"wait until the program has received it",
				"an out-of-band byte (MSG_OOB) waits in the unix socket");
	else if (queue->hidden)
		dump_fd_problem(dump, fd, VERDICT_BLOCKING,
				"wait until the program has received them",
				"messages wait in the unix socket behind an error that is not yet "
				"reported");
	if (queue->out_of_band || queue->hidden)
		problems_pass(&dump->problems);
}

/* Bytes of a stream that came without anything are not divided. */
static bool is_divided(const struct unix_socket *record, const struct unix_queue *queue)
{
	if (record->type != UNIX_STREAM)
		return true;
	for (size_t i = 0; i < queue->n_messages; i++)
		if (queue->messages[i].n_fds || queue->messages[i].credentials.pid >= 0)
			return true;
	return false;
}

static int add_messages(struct dump *dump, struct unix_queue *queue, struct unix_socket *record,
			struct err *err)
{
	for (size_t i = 0; i < queue->n_messages && is_divided(record, queue); i++) {
		struct peeked *from = &queue->messages[i];
		struct unix_message *to = LIST_ADD(record, messages, err);

		if (!to)
			return -1;
		to->bytes = from->bytes;
		to->path = TAKE_PTR(from->path);
		to->abstract = from->abstract;
		from->abstract = (struct bytes){ 0 };
		if (from->credentials.pid >= 0 &&
		    unix_credentials(dump, &from->credentials, &to->credentials, err) < 0)
			return -1;
	}
	return 0;
}

static int save(struct dump *dump, const struct dump_fd *fd, struct unix_queue *queue,
		struct unix_socket *record, struct err *err)
{
	char name[64];

	note_hidden(dump, fd, queue);
	if (add_messages(dump, queue, record, err) < 0)
		return -1;
	note_losses(dump, fd, record, queue);
	record->bytes = (uint32_t)queue->size;
	if (!queue->size)
		return 0;
	snprintf(name, sizeof(name), "sockets/unix/%u.data", record->id);
	if (image_add_blob(&dump->image, name, queue->data, queue->size, err) < 0)
		return -1;
	queue->data = NULL;
	return 0;
}

int unix_queue(struct dump *dump, const struct dump_fd *fd, struct unix_socket *record,
	       struct err *err)
{
	const struct unix_shape shape = {
		.type = (uint8_t)record->type,
		.peek_offset = (int)record->options.peek_offset - 1,
		.pass_credentials = record->options.pass_credentials,
		.ended = record->shutdown & UNIX_SHUTDOWN_READ,
		.reset = record->reset,
	};
	_cleanup_(unix_queue_done) struct unix_queue own = { 0 };
	struct unix_queue *queue = flights_queue(dump, (uint32_t)fd->stat.st_ino);

	if (queue)
		flights_assign(dump, queue->ino, record->id);
	else if (unix_peek(fd->copy, &shape, &own, err) < 0)
		return -1;
	return save(dump, fd, queue ? queue : &own, record, err);
}
