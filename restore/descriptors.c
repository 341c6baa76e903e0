/* SPDX-License-Identifier: MIT */
#include "restore/descriptors.h"

#include "format/cleanup.h"
#include "format/err.h"

#include "format/search.h"
#include "format/unix_socket.h"
#include "restore/external.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/param.h>
#include <sys/resource.h>

static int parse_override(const char *text, struct override *ret, struct err *err)
{
	static const char inherit[] = "inherit:";
	unsigned long number, source;
	char *end;

	number = strtoul(text, &end, 10);
	if (end == text || *text < '0' || *text > '9' || *end != '=' || !end[1] || number > INT_MAX)
		return err_set(err, ERR_USAGE, "--fd=%s: expected N=FILE, N=inherit:M or N=null",
			       text);
	*ret = (struct override){ .number = (uint32_t)number, .path = end + 1, .fd = -1 };
	if (strcmp(ret->path, "null") == 0)
		ret->path = "/dev/null";
	if (strncmp(ret->path, inherit, strlen(inherit)) != 0)
		return 0;
	text = ret->path + strlen(inherit);
	source = strtoul(text, &end, 10);
	if (end == text || *end || source > INT_MAX || fcntl((int)source, F_GETFD) < 0)
		return err_set(err, ERR_USAGE, "--fd=%lu=inherit:%s: this is no open descriptor",
			       number, text);
	ret->path = NULL;
	ret->inherit = (int)source;
	return 0;
}

static int parse_overrides(const struct restore *restore, struct restore_descriptors *d,
			   struct err *err)
{
	for (size_t i = 0; i < restore->options->n_fds; i++) {
		struct override *o = LIST_ADD(d, overrides, err);

		if (!o || parse_override(restore->options->fds[i], o, err) < 0)
			return -1;
		for (size_t k = 0; k + 1 < d->n_overrides; k++)
			if (d->overrides[k].number == o->number)
				return err_set(err, ERR_USAGE, "--fd is given twice for %u",
					       o->number);
	}
	return 0;
}

static int find_override(const struct restore_descriptors *d, uint32_t number)
{
	for (size_t i = 0; i < d->n_overrides; i++)
		if (d->overrides[i].number == number)
			return (int)i;
	return -1;
}

static struct file_use *use_of(const struct restore *restore, const struct restore_descriptors *d,
			       uint32_t file)
{
	const struct objects *files = &restore->image.kinds[KIND_file];
	size_t low = SEARCH(files->n_objects, i, files->objects[i].key.first < file);

	return low < files->n_objects && files->objects[low].key.first == file ? &d->uses[low]
									       : NULL;
}

static void add_use(struct file_use *use, uint32_t pid, uint32_t fd, int override)
{
	if (!use->used) {
		use->used = true;
		use->pid = pid;
		use->fd = fd;
	}
	if (override >= 0) {
		use->override = override;
		return;
	}
	use->needed = true;
	if (fd <= 2 && (use->own < 0 || (int)fd < use->own))
		use->own = (int)fd;
}

/* What is in flight is not the object of --fd. */
static void find_flights(const struct restore *restore, struct restore_descriptors *d)
{
	IMAGE_EACH (&restore->image, unix_socket, socket)
		for (size_t i = 0; i < socket->n_messages; i++)
			for (size_t k = 0; k < socket->messages[i].n_files; k++) {
				struct file_use *use =
					use_of(restore, d, socket->messages[i].files[k]);

				use->flies = use->needed = true;
			}
}

static int find_uses(const struct restore *restore, struct restore_descriptors *d, struct err *err)
{
	const struct objects *tables = &restore->image.kinds[KIND_files];

	d->n_uses = restore->image.kinds[KIND_file].n_objects;
	d->uses = calloc(d->n_uses + 1, sizeof(*d->uses));
	if (!d->uses)
		return err_sys(err, "out of memory");
	for (size_t i = 0; i < d->n_uses; i++)
		d->uses[i].override = d->uses[i].own = -1;
	for (size_t i = 0; i < tables->n_objects; i++) {
		const struct files *files = tables->objects[i].record;

		for (size_t k = 0; k < files->n_descriptors; k++) {
			const struct descriptor *fd = &files->descriptors[k];

			add_use(use_of(restore, d, fd->file), tables->objects[i].key.first, fd->fd,
				find_override(d, fd->fd));
		}
	}
	find_flights(restore, d);
	return 0;
}

struct restore_descriptors *descriptors_of(struct restore *restore, struct err *err)
{
	struct restore_descriptors *d = restore->descriptors;

	if (d)
		return d;
	d = calloc(1, sizeof(*d));
	if (!d) {
		err_sys(err, "out of memory");
		return NULL;
	}
	d->tty = d->own[0] = d->own[1] = d->own[2] = -1;
	if (external_check_rules(restore, err) < 0 || parse_overrides(restore, d, err) < 0 ||
	    find_uses(restore, d, err) < 0) {
		descriptors_free(d);
		return NULL;
	}
	restore->descriptors = d;
	return d;
}

void descriptors_free(struct restore_descriptors *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->n_overrides; i++)
		cleanup_close(&d->overrides[i].fd);
	for (size_t i = 0; i < 3; i++)
		cleanup_close(&d->own[i]);
	cleanup_close(&d->tty);
	free(d->overrides);
	free(d->uses);
	free(d);
}

struct file_use *descriptors_use(const struct restore *restore, uint32_t file)
{
	return use_of(restore, restore->descriptors, file);
}

bool descriptors_foreign(struct restore *restore, const struct file *file)
{
	struct file_use *use = descriptors_use(restore, file->id);

	use->foreign = true;
	return use->own >= 0 || use->override >= 0;
}

int descriptors_become(struct restore *restore, const struct file *file,
		       const struct external_choice *choice, struct err *err)
{
	struct restore_descriptors *d = restore->descriptors;
	struct file_use *use = descriptors_use(restore, file->id);
	struct override *o = LIST_ADD(d, overrides, err);

	if (!o)
		return -1;
	*o = (struct override){ .number = UINT32_MAX,
				.path = choice->policy == EXTERNAL_NULL ? "/dev/null"
									: choice->path,
				.inherit = choice->fd,
				.fd = -1,
				.file = file };
	use->override = (int)d->n_overrides - 1;
	use->foreign = use->decided = true;
	return 0;
}

int descriptors_file(const struct restore *restore, uint32_t file, struct err *err)
{
	const struct restore_descriptors *d = restore->descriptors;
	const struct file_use *use = descriptors_use(restore, file);
	int fd = -1;

	if (!use->foreign)
		fd = restore_file(restore, file);
	else if (use->override >= 0)
		fd = d->overrides[use->override].fd;
	else if (use->own >= 0)
		fd = d->own[use->own];
	return fd >= 0 ? fd : err_set(err, ERR_FAILED, "nothing was made for it");
}

int descriptors_source(const struct restore *restore, const struct descriptor *descriptor,
		       struct err *err)
{
	const struct restore_descriptors *d = restore->descriptors;
	const struct file_use *use = descriptors_use(restore, descriptor->file);
	int override = find_override(d, descriptor->fd), fd = -1;

	if (override >= 0)
		fd = d->overrides[override].fd;
	else if (!use->foreign)
		fd = restore_file(restore, descriptor->file);
	else if (use->decided)
		fd = d->overrides[use->override].fd;
	else if (descriptor->fd <= 2)
		fd = d->own[descriptor->fd];
	else if (use->override >= 0)
		fd = d->overrides[use->override].fd;
	else if (use->own >= 0)
		fd = d->own[use->own];
	return fd >= 0 ? fd : err_set(err, ERR_FAILED, "nothing was made for it");
}

/*
 * One that prestore was started without is what a shell's <&- gives programs that open it: null. Who asks for a terminal wants
 * to see there what went to prestore otherwise.
 */
static int make_own(struct restore *restore, int number, struct err *err)
{
	bool own = restore->own_terminal && restore->options->pty == PTY_YES;
	int fd = fcntl(own ? restore->descriptors->tty : number, F_DUPFD_CLOEXEC, restore->base);

	if (fd < 0)
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "open /dev/null for descriptor %d", number);
	restore->descriptors->own[number] = restore_keep_fd(restore, fd, err);
	return restore->descriptors->own[number];
}

static void check_limit(struct restore *restore, uint64_t needed)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || needed <= limit.rlim_max)
		return;
	problems_add(&restore->problems, VERDICT_BLOCKING, "descriptors",
		     "%lu are needed to put everything in place, and the limit here is %lu", needed,
		     (uint64_t)limit.rlim_max);
	problems_remedy(&restore->problems, "raise the hard limit: ulimit -Hn, as root");
}

int descriptors_check(struct restore *restore, struct err *err)
{
	struct restore_descriptors *d = descriptors_of(restore, err);
	uint32_t last = 2;
	uint64_t made;

	if (!d)
		return -1;
	for (size_t i = 0; i < d->n_overrides; i++)
		if (!override_file(restore, &d->overrides[i]))
			return err_set(err, ERR_USAGE,
				       "--fd %u: no process of the image has this descriptor",
				       d->overrides[i].number);
	IMAGE_EACH (&restore->image, files, files)
		if (files->n_descriptors)
			last = MAX(last, files->descriptors[files->n_descriptors - 1].fd);
	if (last >= INT_MAX / 2)
		return err_set(err, ERR_IMAGE, "descriptor %u is none", last);
	restore->base = MAX(restore->base, (int)last + 1);
	/* Two more for each object that is made, and what prestore itself has open. */
	made = 8 + d->n_uses + d->n_overrides +
	       2 * (restore->image.kinds[KIND_pipe].n_objects +
		    restore->image.kinds[KIND_unix_socket].n_objects +
		    restore->image.kinds[KIND_tty].n_objects +
		    restore->image.kinds[KIND_shm].n_objects);
	if (!d->checked)
		check_limit(restore, last + 56 + made * (uint64_t)MAX(restore->options->copies, 1));
	d->checked = true;
	return 0;
}

int descriptors_make(struct restore *restore, struct err *err)
{
	struct restore_descriptors *d = descriptors_of(restore, err);
	struct rlimit limit;

	if (!d)
		return -1;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	for (int i = 0; i < 3; i++)
		if (d->own[i] < 0 && make_own(restore, i, err) < 0)
			return -1;
	for (size_t i = 0; i < d->n_overrides; i++)
		if (d->overrides[i].fd < 0 && override_make(restore, &d->overrides[i], err) < 0)
			return -1;
	return 0;
}

void file_problem(struct restore *restore, const struct file *file, enum verdict verdict,
		  const char *remedy, const char *fmt, ...)
{
	const struct file_use *use = descriptors_use(restore, file->id);
	char object[64], text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (use->used)
		snprintf(object, sizeof(object), "pid %u fd %u", use->pid, use->fd);
	else
		snprintf(object, sizeof(object), "in flight (SCM_RIGHTS), file %u", file->id);
	problems_add(&restore->problems, verdict, object, "%s", text);
	if (remedy)
		problems_remedy(&restore->problems, "%s", remedy);
}
