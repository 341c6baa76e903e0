/* SPDX-License-Identifier: MIT */
/* Open file descriptions: made in prestore, with flags, offset, locks; the owner is set in the
 * process. */
#include "format/file.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/search.h"
#include "restore/canvas.h"
#include "restore/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#define FILE_TYPE(name) &name##_type_restorer,
static const struct file_type_restorer *const types[] = {
#include "format/resources.def"
	NULL
};
#undef FILE_TYPE

static const struct file_type_restorer *type_of(const struct file *file)
{
	for (size_t i = 0; types[i]; i++)
		if (types[i]->record == file->type.type)
			return types[i];
	return NULL;
}

const char *file_path(const struct restore *restore, const struct file *file)
{
	const struct file_type_restorer *type = type_of(file);

	return type && type->path ? type->path(restore, file->type.state) : NULL;
}

int restore_keep_fd(const struct restore *restore, int fd, struct err *err)
{
	int kept = fcntl(fd, F_DUPFD, restore->base);

	if (kept < 0)
		err_sys(err, "a descriptor from %d on", restore->base);
	close(fd);
	return kept;
}

const struct made_object *restore_object(const struct restore *restore, enum kind kind, uint32_t id)
{
	for (size_t i = 0; i < restore->n_objects; i++)
		if (restore->objects[i].kind == kind && restore->objects[i].id == id)
			return &restore->objects[i];
	return NULL;
}

/* Made in the order of their numbers. */
int restore_file(const struct restore *restore, uint32_t id)
{
	size_t low = SEARCH(restore->n_files, i, restore->files[i].id < id);

	return low < restore->n_files && restore->files[low].id == id ? restore->files[low].fd : -1;
}

void restore_close_files(struct restore *restore)
{
	for (size_t i = 0; i < restore->n_files; i++)
		cleanup_close(&restore->files[i].fd);
	for (size_t i = 0; i < restore->n_objects; i++) {
		cleanup_close(&restore->objects[i].fds[0]);
		cleanup_close(&restore->objects[i].fds[1]);
	}
	free(restore->files);
	free(restore->objects);
	restore->files = NULL;
	restore->objects = NULL;
	restore->n_files = restore->n_objects = 0;
	for (int i = 0; restore->descriptors && i < 3; i++)
		cleanup_close(&restore->descriptors->own[i]);
	for (size_t i = 0; restore->descriptors && i < restore->descriptors->n_overrides; i++) {
		cleanup_close(&restore->descriptors->overrides[i].fd);
		restore->descriptors->overrides[i].fd = -1;
	}
	for (int i = 0; restore->descriptors && i < 3; i++)
		restore->descriptors->own[i] = -1;
}

static int check(struct restore *restore, const void *record, struct key key, struct err *err)
{
	const struct file *file = record;
	const struct file_use *use;

	(void)key;
	if (!descriptors_of(restore, err))
		return -1;
	use = descriptors_use(restore, file->id);
	return use->needed ? type_of(file)->check(restore, file, file->type.state, err) : 0;
}

static int make_owner_signal(const struct file *file, int fd, struct err *err)
{
	if (!file->owner || !file->owner->signal ||
	    fcntl(fd, F_SETSIG, (int)file->owner->signal) == 0)
		return 0;
	return err_sys(err, "set signal %u (F_SETSIG)", file->owner->signal);
}

static int open_file(struct restore *restore, const struct file *file, int *ret_fd, struct err *err)
{
	_cleanup_close_ int fd = -1;

	if (type_of(file)->open(restore, file, file->type.state, &fd, err) < 0)
		return -1;
	/* What has no position (a pipe, a terminal) has 0. */
	if (file->offset && lseek(fd, (off_t)file->offset, SEEK_SET) < 0)
		return err_sys(err, "set its position to %lu", file->offset);
	if (locks_make(file, fd, err) < 0 || make_owner_signal(file, fd, err) < 0)
		return -1;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int make(struct restore *restore, const void *record, struct key key, struct err *err)
{
	const struct file *file = record;
	const struct file_use *use;
	struct made_file *made;
	int fd = -1;

	(void)key;
	if (descriptors_make(restore, err) < 0)
		return -1;
	use = descriptors_use(restore, file->id);
	if (!use->needed || use->foreign)
		return 0;
	if (open_file(restore, file, &fd, err) < 0)
		return err_prefix(err, "pid %u fd %u", use->pid, use->fd);
	fd = restore_keep_fd(restore, fd, err);
	if (fd < 0)
		return -1;
	made = LIST_ADD(restore, files, err);
	if (!made) {
		close(fd);
		return -1;
	}
	*made = (struct made_file){ file->id, fd };
	return 0;
}

/* As the process itself sees them now; 0: none of the image. */
static uint32_t present_pid(const struct restore *restore, uint32_t saved)
{
	for (size_t i = 0; i < restore->n_canvases; i++) {
		const struct made_thread *thread = canvas_thread(&restore->canvases[i], saved);

		if (thread)
			return thread->own;
	}
	return 0;
}

static bool holds(const struct descriptor *descriptor, const struct restore *restore)
{
	const struct file_use *use = descriptors_use(restore, descriptor->file);

	return use->needed && !use->foreign &&
	       descriptors_source(restore, descriptor, NULL) ==
		       restore_file(restore, descriptor->file);
}

static void push_owner(struct restore *restore, struct remote_batch *batch,
		       const struct descriptor *descriptor, const struct file *file)
{
	struct f_owner_ex owner = { 0 };
	uint32_t pid;

	if (!file->owner || !file->owner->pid)
		return;
	pid = present_pid(restore, file->owner->pid);
	if (!pid) {
		file_problem(restore, file, VERDICT_LOST, NULL,
			     "%u, which was to get its signals, is not in the image",
			     file->owner->pid);
		return;
	}
	owner.type = (int)file->owner->kind;
	owner.pid = (pid_t)pid;
	remote_push(batch, REMOTE_CALL(fcntl, descriptor->fd, F_SETOWN_EX,
				       remote_data(batch, &owner, sizeof(owner))));
}

/* si_fd of the signal is the descriptor by which O_ASYNC was set. */
static void push_async(struct remote_batch *batch, const struct descriptor *descriptor,
		       const struct file *file)
{
	if (!(file->flags & O_ASYNC))
		return;
	remote_push(batch, REMOTE_CALL(fcntl, descriptor->fd, F_SETFL, file->flags));
}

static void push_locks(struct remote_batch *batch, const struct canvas *canvas,
		       const struct descriptor *descriptor, const struct file *file)
{
	for (size_t i = 0; i < file->n_locks; i++) {
		const struct file_lock *lock = &file->locks[i];
		struct flock flock = { .l_type = lock->exclusive ? F_WRLCK : F_RDLCK,
				       .l_whence = SEEK_SET,
				       .l_start = (off_t)lock->start,
				       .l_len = (off_t)lock->length };

		if (lock->kind != FILE_LOCK_POSIX || lock->pid != canvas->own_pid)
			continue;
		remote_push(batch, REMOTE_CALL(fcntl, descriptor->fd, F_SETLK,
					       remote_data(batch, &flock, sizeof(flock))));
	}
}

static bool is_first(const struct restore *restore, const struct files *files, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (files->descriptors[i].file == files->descriptors[index].file &&
		    holds(&files->descriptors[i], restore))
			return false;
	return true;
}

static int apply_type(struct restore *restore, struct canvas *canvas, const struct files *files,
		      const struct file_type_restorer *type, struct err *err)
{
	for (size_t i = 0; i < files->n_descriptors; i++) {
		const struct descriptor *descriptor = &files->descriptors[i];
		const struct file *file = IMAGE_GET(&restore->image, file, descriptor->file, 0);

		if (file->type.type != type->record || !holds(descriptor, restore) ||
		    !is_first(restore, files, i))
			continue;
		if (type->apply(restore, canvas, descriptor, file, file->type.state, err) < 0)
			return err_prefix(err, "fd %u", descriptor->fd);
	}
	return 0;
}

/* What a process itself must ask for: its record locks, and whom signals of the file go to. */
static void apply_common(struct restore *restore, struct canvas *canvas, const struct files *files)
{
	struct remote_batch *batch = canvas_later(canvas);
	const struct file *last = NULL;

	for (size_t i = 0; i < files->n_descriptors; i++) {
		const struct descriptor *descriptor = &files->descriptors[i];
		const struct file *file = IMAGE_GET(&restore->image, file, descriptor->file, 0);

		if (file == last || !holds(descriptor, restore))
			continue;
		push_owner(restore, batch, descriptor, file);
		push_async(batch, descriptor, file);
		push_locks(batch, canvas, descriptor, file);
		last = file;
	}
}

static int apply(struct restore *restore, struct canvas *canvas, struct err *err)
{
	const struct files *files = IMAGE_GET(&restore->image, files, canvas->own_pid, 0);

	apply_common(restore, canvas, files);
	for (size_t i = 0; types[i]; i++)
		if (types[i]->apply && apply_type(restore, canvas, files, types[i], err) < 0)
			return err_prefix(err, "%s", canvas->name);
	return 0;
}

const struct restorer file_restorer = { check, make, apply, PHASE_LAST };
