/* SPDX-License-Identifier: MIT */
/* What there can be only once, and so stands in the way of --copies; and what copies do not share. */
#include "format/file.h"
#include "format/memory.h"
#include "format/pimage.h"
#include "format/process.h"
#include "format/regular.h"
#include "format/unix_socket.h"
#include "restore/copies.h"
#include "restore/descriptors.h"
#include "restore/unix_names.h"

static void refuse_names(struct restore *restore)
{
	IMAGE_EACH (&restore->image, unix_socket, socket) {
		char title[256];

		if (!unix_name_is_reached(socket))
			continue;
		unix_title(socket, title, sizeof(title));
		problems_add(&restore->problems, VERDICT_BLOCKING, title,
			     "only one of several copies can have this name");
		problems_remedy(&restore->problems,
				"restore once, or several times with --map-path OLD=NEW");
	}
}

static void refuse_locks(struct restore *restore)
{
	IMAGE_EACH (&restore->image, file, file) {
		const struct regular *regular = file->type.state;
		bool exclusive = false;

		if (file->type.type != &regular_record)
			continue;
		for (size_t i = 0; i < file->n_locks; i++)
			exclusive |= file->locks[i].exclusive;
		if (exclusive)
			file_problem(restore, file, VERDICT_BLOCKING,
				     "restore once, or several times with --map-path OLD=NEW",
				     "only one of several copies can have %s locked",
				     regular->file.path);
	}
}

static void refuse_deleted_program(struct restore *restore)
{
	uint32_t root = IMAGE_GET(&restore->image, pimage, 0, 0)->root;
	const struct process *process = IMAGE_GET(&restore->image, process, root, 0);
	char object[24];

	if (!process->exe.contents)
		return;
	snprintf(object, sizeof(object), "pid %u", root);
	problems_add(&restore->problems, VERDICT_BLOCKING, object,
		     "its program was deleted: copies would have to share the one made for it");
	problems_remedy(&restore->problems, "restore several times, without --copies");
}

/* Of processes that execute programs of their own nobody can be cloned into the place of a child. */
static void tell_unshared(struct restore *restore)
{
	uint32_t root = IMAGE_GET(&restore->image, pimage, 0, 0)->root;
	uint64_t size = 0;

	IMAGE_EACH (&restore->image, process, process)
		if (process->pid != root)
			size += memory_saved_size(
				IMAGE_GET(&restore->image, memory, process->pid, 0));
	if (size)
		problems_add(&restore->problems, VERDICT_NOTE, "--copies",
			     "%lu KiB of memory that only processes below the first one have are "
			     "filled for each copy; the rest is shared",
			     size / 1024);
}

void copies_check(struct restore *restore)
{
	refuse_names(restore);
	refuse_locks(restore);
	refuse_deleted_program(restore);
	if (restore->own_terminal) {
		problems_add(&restore->problems, VERDICT_BLOCKING, "terminal",
			     "each of the copies would need a terminal of its own");
		problems_remedy(&restore->problems,
				"--no-pty, and --fd says what descriptors become");
	}
	tell_unshared(restore);
}
