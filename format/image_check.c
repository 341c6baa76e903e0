/* SPDX-License-Identifier: MIT */
/* What must hold between the records of an image and cannot be said in a field table. */
#include "format/cleanup.h"
#include "format/epoll.h"
#include "format/err.h"
#include "format/external.h"
#include "format/external_policy.h"
#include "format/file.h"
#include "format/files.h"
#include "format/image.h"
#include "format/memfd.h"
#include "format/memory.h"
#include "format/pimage.h"
#include "format/pipe.h"
#include "format/pipe_end.h"
#include "format/process.h"
#include "format/pty_master.h"
#include "format/regular.h"
#include "format/search.h"
#include "format/shm.h"
#include "format/terminal.h"
#include "format/thread.h"
#include "format/timers.h"
#include "format/tty.h"
#include "format/unix_end.h"
#include "format/unix_socket.h"
#include "format/working_set.h"

#include "format/image_check.h"

#include <stdlib.h>
#include <string.h>

/* Offsets beyond any file, and addresses beyond what processes of any architecture have. */
#define OFFSET_LIMIT  (1UL << 62)
#define ADDRESS_LIMIT (1UL << 56)

/* TASK_COMM_LEN of Linux, without the zero at the end. */
enum { THREAD_NAME_MAX = 15 };

static int need(const struct image *image, enum kind kind, struct key key, const char *what,
		struct err *err)
{
	char path[64];

	if (image_get(image, kind, key))
		return 0;
	kind_path(kind, key, path, sizeof(path));
	return err_set(err, ERR_IMAGE, "%s: %s is missing from the image", what, path);
}

/* An optional reference: 0 is none. */
static int refers(const struct image *image, enum kind kind, uint32_t id, const char *what,
		  struct err *err)
{
	return id ? need(image, kind, (struct key){ id, 0 }, what, err) : 0;
}

static int check_ranges(const struct range *ranges, size_t n, struct range within,
			uint64_t page_size, const char *what, struct err *err)
{
	uint64_t last = within.start;

	for (size_t i = 0; i < n; i++) {
		const struct range *r = &ranges[i];

		if (r->start < last || r->start >= r->end || r->end > within.end)
			return err_set(err, ERR_IMAGE,
				       "%s[%zu]: 0x%lx-0x%lx is out of order or outside of "
				       "0x%lx-0x%lx",
				       what, i, r->start, r->end, within.start, within.end);
		if (r->start % page_size || r->end % page_size)
			return err_set(err, ERR_IMAGE,
				       "%s[%zu]: 0x%lx-0x%lx does not consist of whole pages", what,
				       i, r->start, r->end);
		last = r->end;
	}
	return 0;
}

/* Two ascending lists of ranges that have no address in common. */
static int check_disjoint(const struct range *a, size_t n_a, const struct range *b, size_t n_b,
			  const char *what, struct err *err)
{
	for (size_t i = 0, k = 0; i < n_a && k < n_b;) {
		if (a[i].end <= b[k].start)
			i++;
		else if (b[k].end <= a[i].start)
			k++;
		else
			return err_set(err, ERR_IMAGE, "0x%lx-0x%lx is both %s",
				       a[i].start > b[k].start ? a[i].start : b[k].start,
				       a[i].end < b[k].end ? a[i].end : b[k].end, what);
	}
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static int check_distinct(const uint32_t *ids, size_t n, const char *what, struct err *err)
{
	_cleanup_free_ uint32_t *sorted = calloc(n + 1, sizeof(*sorted));

	if (!sorted)
		return err_sys(err, "out of memory");
	if (n)
		memcpy(sorted, ids, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare_ids);
	for (size_t i = 1; i < n; i++)
		if (sorted[i] == sorted[i - 1])
			return err_set(err, ERR_IMAGE, "%s lists %u twice", what, sorted[i]);
	return 0;
}

/* By ascending id. */
static const struct mapped_file *mapped_file(const struct memory *memory, uint32_t id)
{
	size_t low = SEARCH(memory->n_mapped_files, i, memory->mapped_files[i].id < id);

	return low < memory->n_mapped_files && memory->mapped_files[low].id == id
		       ? &memory->mapped_files[low]
		       : NULL;
}

static int check_mapped_files(const struct image *image, const struct memory *memory,
			      struct err *err)
{
	uint32_t last = 0;

	for (size_t i = 0; i < memory->n_mapped_files; i++) {
		const struct mapped_file *file = &memory->mapped_files[i];

		if (file->id <= last)
			return err_set(err, ERR_IMAGE, "$.mapped_files[%zu].id: %u after %u", i,
				       file->id, last);
		last = file->id;
		if (refers(image, KIND_shm, file->file.contents, "contents", err) < 0)
			return err_prefix(err, "$.mapped_files[%zu]", i);
	}
	return 0;
}

static int check_place(const struct vma *vma, uint64_t last, uint64_t page_size, struct err *err)
{
	const struct range *r = &vma->range;

	if (r->start < last || r->start >= r->end)
		return err_set(err, ERR_IMAGE, "range: 0x%lx-0x%lx is out of order", r->start,
			       r->end);
	if (r->start % page_size || r->end % page_size)
		return err_set(err, ERR_IMAGE, "range: 0x%lx-0x%lx does not consist of whole pages",
			       r->start, r->end);
	/* [vsyscall] is the kernel's, and so is where it lies. */
	if (r->end > ADDRESS_LIMIT && vma->kind != VMA_SPECIAL)
		return err_set(err, ERR_IMAGE, "range: 0x%lx-0x%lx is no place in a process",
			       r->start, r->end);
	return 0;
}

/* What a page is, it is alone; of a file it may be zero and a guard. */
static int check_pages(const struct vma *vma, uint64_t page_size, struct err *err)
{
	const struct {
		const char *name;
		const struct range *ranges;
		size_t n;
	} lists[] = {
		{ "saved", vma->saved, vma->n_saved },
		{ "inherited", vma->inherited, vma->n_inherited },
		{ "previous", vma->previous, vma->n_previous },
		{ "zero", vma->zero, vma->n_zero },
		{ "guard", vma->guard, vma->n_guard },
	};
	char names[32];

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		if (check_ranges(lists[i].ranges, lists[i].n, vma->range, page_size, lists[i].name,
				 err) < 0)
			return -1;
		for (size_t k = 0; k < i && k < 3; k++) {
			snprintf(names, sizeof(names), "%s and %s", lists[k].name, lists[i].name);
			if (check_disjoint(lists[k].ranges, lists[k].n, lists[i].ranges, lists[i].n,
					   names, err) < 0)
				return -1;
		}
	}
	return 0;
}

static int check_vma(const struct image *image, const struct memory *memory, const struct vma *vma,
		     uint64_t page_size, struct err *err)
{
	if (!name_of(vma_kind_names, vma->kind))
		return err_set(err, ERR_IMAGE, "kind 0x%x is not known", vma->kind);
	if (vma->kind == VMA_FILE && !mapped_file(memory, vma->file))
		return err_set(err, ERR_IMAGE, "file %u is not in mapped_files", vma->file);
	if (vma->kind == VMA_SHM &&
	    need(image, KIND_shm, (struct key){ vma->contents, 0 }, "contents", err) < 0)
		return -1;
	if (vma->kind == VMA_SPECIAL && !vma->name)
		return err_set(err, ERR_IMAGE, "a special VMA needs its name");
	if (vma->offset % page_size || vma->offset > OFFSET_LIMIT)
		return err_set(err, ERR_IMAGE, "offset 0x%lx is not that of a page", vma->offset);
	if (vma->n_inherited && !vma_can_inherit(vma))
		return err_set(err, ERR_IMAGE, "inherited: its pages cannot be those of a parent");
	if (vma->n_previous && (!vma_is_private(vma) || !IMAGE_GET(image, pimage, 0, 0)->previous))
		return err_set(err, ERR_IMAGE, "previous: there is no image before that has them");
	return check_pages(vma, page_size, err);
}

static int check_memory(const struct image *image, const struct memory *memory, uint32_t pid,
			uint64_t page_size, struct err *err)
{
	uint64_t last = 0;

	if (check_mapped_files(image, memory, err) < 0)
		return err_prefix(err, "processes/%u/memory.json", pid);
	for (size_t i = 0; i < memory->n_vmas; i++) {
		const struct vma *vma = &memory->vmas[i];
		int ret = check_place(vma, last, page_size, err);

		if (ret == 0)
			ret = check_vma(image, memory, vma, page_size, err);
		if (ret < 0)
			return err_prefix(err, "processes/%u/memory.json: $.vmas[%zu]", pid, i);
		last = vma->range.end;
	}
	if (working_set_check(memory->working_set, memory->n_working_set, page_size,
			      "$.working_set", err) < 0)
		return err_prefix(err, "processes/%u/memory.json", pid);
	return 0;
}

static int check_descriptors(const struct image *image, const struct files *files, uint32_t pid,
			     struct err *err)
{
	for (size_t i = 0; i < files->n_descriptors; i++) {
		const struct descriptor *d = &files->descriptors[i];

		if (i && d->fd <= files->descriptors[i - 1].fd)
			return err_set(err, ERR_IMAGE,
				       "processes/%u/files.json: $.descriptors[%zu].fd: %u is out "
				       "of order",
				       pid, i, d->fd);
		if (need(image, KIND_file, (struct key){ d->file, 0 }, "file", err) < 0)
			return err_prefix(err, "processes/%u/files.json: $.descriptors[%zu]", pid,
					  i);
	}
	return 0;
}

static int check_threads(const struct image *image, const struct process *process, struct err *err)
{
	const uint32_t xstate_size = IMAGE_GET(image, pimage, 0, 0)->xstate.size;

	if (!process->n_threads || process->threads[0] != process->pid)
		return err_set(err, ERR_IMAGE, "$.threads must begin with the process id %u",
			       process->pid);
	if (check_distinct(process->threads, process->n_threads, "$.threads", err) < 0)
		return -1;
	for (size_t i = 0; i < process->n_threads; i++) {
		uint32_t tid = process->threads[i];
		const struct thread *thread = IMAGE_GET(image, thread, process->pid, tid);
		const struct blob *xstate;
		char name[64];

		snprintf(name, sizeof(name), "processes/%u/threads/%u.xstate", process->pid, tid);
		xstate = image_blob(image, name);
		if (!thread || !xstate)
			return err_set(err, ERR_IMAGE, "thread %u or its xstate is missing", tid);
		if (thread->tid != tid)
			return err_set(err, ERR_IMAGE, "thread %u says that its tid is %u", tid,
				       thread->tid);
		if (strlen(thread->name) > THREAD_NAME_MAX)
			return err_set(err, ERR_IMAGE, "thread %u: $.name has more than %d bytes",
				       tid, THREAD_NAME_MAX);
		if (xstate->size > xstate_size)
			return err_set(err, ERR_IMAGE,
				       "%s has %zu bytes, pimage.json says at most %u", name,
				       xstate->size, xstate_size);
	}
	return 0;
}

static int check_process(const struct image *image, const struct process *process, uint32_t pid,
			 struct err *err)
{
	if (process->pid != pid)
		return err_set(err, ERR_IMAGE, "$.pid: %u in the entry of process %u", process->pid,
			       pid);
	for (enum kind kind = KIND_memory; kind <= KIND_timers; kind++)
		if (need(image, kind, (struct key){ pid, 0 }, "its record", err) < 0)
			return -1;
	if (refers(image, KIND_tty, process->terminal, "$.terminal", err) < 0 ||
	    refers(image, KIND_shm, process->exe.contents, "$.exe.contents", err) < 0)
		return -1;
	return check_threads(image, process, err);
}

static bool is_listed(const struct process *process, uint32_t tid)
{
	for (size_t i = 0; i < process->n_threads; i++)
		if (process->threads[i] == tid)
			return true;
	return false;
}

/* Every listed thread has been found, and once: only records that nobody lists can be left over. */
static int check_unlisted(const struct image *image, struct err *err)
{
	const struct objects *list = &image->kinds[KIND_thread];
	size_t n = 0;

	IMAGE_EACH (image, process, process)
		n += process->n_threads;
	for (size_t i = 0; n != list->n_objects && i < list->n_objects; i++) {
		struct key key = list->objects[i].key;
		const struct process *process = IMAGE_GET(image, process, key.first, 0);

		if (!process || !is_listed(process, key.second))
			return err_set(err, ERR_IMAGE,
				       "processes/%u/process.json: $.threads: %u is not among "
				       "them, but has a record",
				       key.first, key.second);
	}
	return 0;
}

static int check_blobs(const struct image *image, struct err *err)
{
	for (size_t i = 0; i < image->n_blobs; i++) {
		enum kind kind;
		struct key key;

		if (!kind_of_blob(image->blobs[i].name, &kind, &key) ||
		    !image_get(image, kind, key))
			return err_set(err, ERR_IMAGE, "%s: there is no record that it belongs to",
				       image->blobs[i].name);
	}
	return 0;
}

static int check_processes(const struct image *image, const struct pimage *pimage, struct err *err)
{
	if (check_distinct(pimage->pids, pimage->n_pids, "pimage.json: $.pids", err) < 0)
		return -1;
	for (size_t i = 0; i < pimage->n_pids; i++) {
		uint32_t pid = pimage->pids[i];
		const struct process *process = IMAGE_GET(image, process, pid, 0);

		if (!process)
			return err_set(err, ERR_IMAGE, "processes/%u/process.json is missing", pid);
		if (check_process(image, process, pid, err) < 0)
			return err_prefix(err, "processes/%u/process.json", pid);
		if (check_memory(image, IMAGE_GET(image, memory, pid, 0), pid, pimage->page_size,
				 err) < 0 ||
		    check_descriptors(image, IMAGE_GET(image, files, pid, 0), pid, err) < 0)
			return -1;
	}
	for (enum kind kind = KIND_process; kind <= KIND_timers; kind++)
		if (image->kinds[kind].n_objects != pimage->n_pids)
			return err_set(err, ERR_IMAGE,
				       "pimage.json: $.pids lists %zu processes, the image has %zu "
				       "entries like %s",
				       pimage->n_pids, image->kinds[kind].n_objects,
				       kinds[kind].path);
	if (!pimage->n_pids || pimage->root != pimage->pids[0])
		return err_set(err, ERR_IMAGE, "pimage.json: $.pids must begin with $.root %u",
			       pimage->root);
	return check_parents(image, pimage, err) < 0 ? -1 : check_sharers(image, err);
}

/* One row per type of open file description that refers to an object. */
struct reference {
	const struct record *type;
	size_t offset;
	enum kind kind;
};
static const struct reference references[] = {
	{ &regular_record, offsetof(struct regular, file.contents), KIND_shm },
	{ &memfd_record, offsetof(struct memfd, contents), KIND_shm },
	{ &pipe_end_record, offsetof(struct pipe_end, pipe), KIND_pipe },
	{ &unix_end_record, offsetof(struct unix_end, socket), KIND_unix_socket },
	{ &external_record, offsetof(struct external, pipe), KIND_pipe },
	{ &external_record, offsetof(struct external, socket), KIND_unix_socket },
	{ &terminal_record, offsetof(struct terminal, tty), KIND_tty },
	{ &pty_master_record, offsetof(struct pty_master, tty), KIND_tty },
};

static bool has_descriptor(const struct files *files, uint32_t fd)
{
	for (size_t i = 0; i < files->n_descriptors; i++)
		if (files->descriptors[i].fd == fd)
			return true;
	return false;
}

static bool has_file(const struct files *files, uint32_t id)
{
	for (size_t i = 0; i < files->n_descriptors; i++)
		if (files->descriptors[i].file == id)
			return true;
	return false;
}

/* A process registers its own descriptors, through one that it has of the set. */
static int check_epoll(const struct image *image, const struct file *file, struct err *err)
{
	const struct epoll *epoll = file->type.state;

	if (file->type.type != &epoll_record)
		return 0;
	for (size_t i = 0; i < epoll->n_registrations; i++) {
		const struct epoll_registration *r = &epoll->registrations[i];
		const struct files *files = IMAGE_GET(image, files, r->process, 0);

		if (!files || !has_file(files, file->id))
			return err_set(err, ERR_IMAGE,
				       "$.epoll.registrations[%zu].process: %u does not have it", i,
				       r->process);
		if (!has_descriptor(files, r->fd))
			return err_set(err, ERR_IMAGE,
				       "$.epoll.registrations[%zu].fd: %u is not open in process "
				       "%u",
				       i, r->fd, r->process);
	}
	return 0;
}

/* A socket that ends outside is made only as somebody decides; others are always there. */
static int check_unix_end(const struct image *image, const struct file *file, struct err *err)
{
	const struct unix_end *end = file->type.state;
	const struct unix_socket *socket;

	if (file->type.type != &unix_end_record)
		return 0;
	socket = IMAGE_GET(image, unix_socket, end->socket, 0);
	return socket && socket->outside
		       ? err_set(err, ERR_IMAGE, "$.unix_end.socket: %u ends outside", end->socket)
		       : 0;
}

static int check_external(const struct image *image, const struct file *file, struct err *err)
{
	const struct external *external = file->type.state;
	const struct unix_socket *socket;
	struct external_choice choice;

	if (file->type.type != &external_record)
		return 0;
	if (external->pipe && external->socket)
		return err_set(err, ERR_IMAGE, "$.external: a pipe and a socket at once");
	socket = IMAGE_GET(image, unix_socket, external->socket, 0);
	if (socket && !socket->outside)
		return err_set(err, ERR_IMAGE, "$.external.socket: %u does not end outside",
			       external->socket);
	if (!external->policy)
		return 0;
	if (external_choice_parse(external->policy, &choice, err) < 0) {
		err->code = ERR_IMAGE;
		return err_prefix(err, "$.external.policy");
	}
	if (choice.policy == EXTERNAL_ASK ||
	    !(external_possible(image, external) & 1u << choice.policy))
		return err_set(err, ERR_IMAGE, "$.external.policy: \"%s\" makes no sense for it",
			       external->policy);
	return 0;
}

static int check_file(const struct image *image, const struct file *file, struct err *err)
{
	for (size_t i = 0; i < sizeof(references) / sizeof(*references); i++) {
		const struct reference *r = &references[i];
		uint32_t id;

		if (file->type.type != r->type)
			continue;
		memcpy(&id, (const char *)file->type.state + r->offset, sizeof(id));
		if (refers(image, r->kind, id, r->type->name, err) < 0)
			return -1;
	}
	if (check_unix_end(image, file, err) < 0 || check_external(image, file, err) < 0 ||
	    check_pty_master(image, file, err) < 0)
		return -1;
	return check_epoll(image, file, err);
}

static int check_pipe(const struct image *image, const struct pipe *pipe, struct err *err)
{
	const struct blob *data;
	uint64_t packets = 0;
	char name[64];

	snprintf(name, sizeof(name), "pipes/%u.data", pipe->id);
	data = image_blob(image, name);
	if ((data ? data->size : 0) != pipe->bytes || pipe->bytes > pipe->capacity)
		return err_set(err, ERR_IMAGE, "$.bytes: %u; %s has %zu and the capacity is %u",
			       pipe->bytes, name, data ? data->size : 0, pipe->capacity);
	for (size_t i = 0; i < pipe->n_packets; i++)
		packets += pipe->packets[i];
	if (pipe->n_packets && packets != pipe->bytes)
		return err_set(err, ERR_IMAGE, "$.packets: %lu bytes in all, but $.bytes is %u",
			       packets, pipe->bytes);
	return 0;
}

static int check_shm(const struct image *image, const struct shm *shm, struct err *err)
{
	uint64_t page_size = IMAGE_GET(image, pimage, 0, 0)->page_size;
	uint64_t size = (shm->size + page_size - 1) / page_size * page_size;

	if (shm->size > OFFSET_LIMIT)
		return err_set(err, ERR_IMAGE, "$.size: 0x%lx is too large", shm->size);
	if (check_ranges(shm->saved, shm->n_saved, (struct range){ 0, size }, page_size, "$.saved",
			 err) < 0 ||
	    check_ranges(shm->previous, shm->n_previous, (struct range){ 0, size }, page_size,
			 "$.previous", err) < 0 ||
	    check_disjoint(shm->saved, shm->n_saved, shm->previous, shm->n_previous,
			   "saved and previous", err) < 0)
		return -1;
	if (shm->n_previous && !IMAGE_GET(image, pimage, 0, 0)->previous)
		return err_set(err, ERR_IMAGE,
			       "$.previous: there is no image before that has them");
	if (!shm->n_previous != !shm->before)
		return err_set(err, ERR_IMAGE,
			       "$.before: %u: it says where previous is, and no more", shm->before);
	return 0;
}

/* The id inside every object must be that of its path: references go by it. */
#define CHECK_OBJECTS(name, check)                                                                 \
	IMAGE_EACH (image, name, name##_) {                                                        \
		char path[64];                                                                     \
                                                                                                   \
		kind_path(KIND_##name, each_##name##_->objects[i_##name##_].key, path,             \
			  sizeof(path));                                                           \
		if (name##_->id != each_##name##_->objects[i_##name##_].key.first || !name##_->id) \
			return err_set(err, ERR_IMAGE, "%s: $.id: %u", path, name##_->id);         \
		if (check < 0)                                                                     \
			return err_prefix(err, "%s", path);                                        \
	}

int image_check(const struct image *image, struct err *err)
{
	const struct pimage *pimage = IMAGE_GET(image, pimage, 0, 0);

	if (!pimage)
		return err_set(err, ERR_IMAGE, "pimage.json is missing: this is no pimage image");
	if (pimage_check(pimage, err) < 0)
		return -1;
	if (pimage->page_size < 4096 || pimage->page_size > 65536 ||
	    (pimage->page_size & (pimage->page_size - 1)))
		return err_set(err, ERR_IMAGE, "pimage.json: $.page_size: %u is none",
			       pimage->page_size);
	CHECK_OBJECTS(file, check_file(image, file_, err))
	CHECK_OBJECTS(pipe, check_pipe(image, pipe_, err))
	CHECK_OBJECTS(unix_socket, check_unix_socket(image, unix_socket_, err))
	CHECK_OBJECTS(tty, check_tty(tty_, err))
	CHECK_OBJECTS(shm, check_shm(image, shm_, err))
	if (check_processes(image, pimage, err) < 0 || check_inherited(image, pimage, err) < 0 ||
	    check_same(image, pimage, err) < 0 || check_unlisted(image, err) < 0)
		return -1;
	return check_blobs(image, err);
}
