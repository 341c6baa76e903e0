/* SPDX-License-Identifier: MIT */
/* What there can be only once, and so stands in the way of --copies; and what copies do not share. */
#include "format/file.h"
#include "format/image_read.h"
#include "format/memory.h"
#include "format/pimage.h"
#include "format/pipe.h"
#include "format/process.h"
#include "format/shm.h"
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
		const struct file_use *use = descriptors_use(restore, file->id);
		const char *path = file_path(restore, file);
		bool exclusive = false;

		for (size_t i = 0; i < file->n_locks; i++)
			exclusive |= file->locks[i].exclusive;
		/* What --fd or --external puts in its place is not locked. */
		if (exclusive && path && use->needed && !use->foreign)
			file_problem(restore, file, VERDICT_BLOCKING,
				     "restore once, or several times with --map-path OLD=NEW, or "
				     "--fd N=FILE takes another one",
				     "only one of several copies can have %s locked", path);
	}
}

/* It is one and the same for all who open it, and who comes second must find it empty. */
static void refuse_named_pipes(struct restore *restore)
{
	IMAGE_EACH (&restore->image, pipe, pipe) {
		char title[64];

		if (!pipe->path)
			continue;
		snprintf(title, sizeof(title), "pipe %u", pipe->id);
		if (!pipe->bytes) {
			problems_add(&restore->problems, VERDICT_NOTE, title,
				     "all copies use the same named pipe %s", pipe->path);
			continue;
		}
		problems_add(&restore->problems, VERDICT_BLOCKING, title,
			     "only one of several copies can have the bytes that wait in %s",
			     pipe->path);
		problems_remedy(&restore->problems,
				"restore once, or several times with --map-path OLD=NEW");
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

/* mlock(2) has the kernel give each process pages of its own. */
static uint64_t locked_size(const struct memory *memory)
{
	uint64_t size = 0;

	for (size_t i = 0; i < memory->n_vmas; i++)
		if (memory->vmas[i].flags & VMA_LOCKED && vma_is_private(&memory->vmas[i]))
			size += memory->vmas[i].range.end - memory->vmas[i].range.start;
	return size;
}

static void tell_size(struct restore *restore, uint64_t size, const char *what)
{
	if (size)
		problems_add(&restore->problems, VERDICT_NOTE, "--copies",
			     "not shared by copies: %lu KiB of %s", (size + 1023) / 1024, what);
}

/* Of a process that executes a program of its own nobody can be cloned into the place of a child. */
static void tell_unshared(struct restore *restore)
{
	uint32_t root = IMAGE_GET(&restore->image, pimage, 0, 0)->root;
	uint64_t own = 0, locked = 0, shared = 0;

	IMAGE_EACH (&restore->image, process, process) {
		const struct memory *memory = IMAGE_GET(&restore->image, memory, process->pid, 0);

		if (process->pid != root)
			own += memory_saved_size(memory);
		locked += locked_size(memory);
	}
	IMAGE_EACH (&restore->image, shm, shm)
		for (size_t i = 0; i < shm->n_saved; i++)
			shared += shm->saved[i].end - shm->saved[i].start;
	tell_size(restore, own, "memory that only processes below the first one have");
	tell_size(restore, locked, "locked memory");
	tell_size(restore, shared, "memory objects");
}

static void refuse_stream(struct restore *restore, struct image_reader *reader)
{
	if (image_reader_complete(reader))
		return;
	problems_add(&restore->problems, VERDICT_BLOCKING, "--copies",
		     "parts of the image are read several times, which a compressed file does not "
		     "allow");
	problems_remedy(&restore->problems, "put the image into a file as it is");
}

void copies_check(struct restore *restore, struct image_reader *reader)
{
	refuse_stream(restore, reader);
	refuse_names(restore);
	refuse_locks(restore);
	refuse_named_pipes(restore);
	refuse_deleted_program(restore);
	if (restore->own_terminal) {
		problems_add(&restore->problems, VERDICT_BLOCKING, "terminal",
			     "each of the copies would need a terminal of its own");
		problems_remedy(&restore->problems,
				"--no-pty, and --fd says what descriptors become");
	}
	tell_unshared(restore);
}
