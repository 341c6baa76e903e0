/* SPDX-License-Identifier: MIT */
/*
 * Who is at the other end (SO_PEERCRED) the kernel notes when a socket listens, connects or is made in a pair: who did so
 * does it again. What cannot be repeated so tells of this program.
 */
#include "format/cleanup.h"
#include "format/err.h"
#include "format/external.h"
#include "format/files.h"
#include "format/unix_end.h"
#include "restore/canvas.h"
#include "restore/descriptors.h"
#include "restore/tree.h"
#include "restore/unix_give.h"
#include "restore/unix_names.h"
#include "restore/unix_work.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

static struct canvas *peer_of(const struct restore *restore, const struct unix_work *work)
{
	const struct unix_credentials *peer = work ? work->s->peer_credentials : NULL;

	return peer && peer->pid ? tree_canvas(restore, peer->pid) : NULL;
}

static bool has_any_name(const struct unix_work *work)
{
	return work && (work->s->path || work->s->abstract.size);
}

/* Every socket has one open file description. */
static const struct file *file_of(const struct restore *restore, uint32_t socket)
{
	IMAGE_EACH (&restore->image, file, file) {
		const void *state = file->type.state;

		if (file->type.type == &unix_end_record &&
		    ((const struct unix_end *)state)->socket == socket)
			return file;
		if (file->type.type == &external_record &&
		    ((const struct external *)state)->socket == socket)
			return file;
	}
	return NULL;
}

static bool has_file(const struct files *files, uint32_t id)
{
	for (size_t i = 0; files && i < files->n_descriptors; i++)
		if (files->descriptors[i].file == id)
			return true;
	return false;
}

/* Another socket in the place of what was made of the file: here, and in the processes that have it. */
static int replace_file(struct restore *restore, const struct file *file, int fd, struct err *err)
{
	int made = restore_file(restore, file->id);

	if (made < 0)
		return 0;
	if (file_set_flags(restore, file, fd, err) < 0)
		return -1;
	if (file->owner && file->owner->signal && fcntl(fd, F_SETSIG, (int)file->owner->signal) < 0)
		return err_sys(err, "set signal %u (F_SETSIG)", file->owner->signal);
	if (dup3(fd, made, 0) < 0)
		return err_sys(err, "dup3");
	for (size_t i = 0; i < restore->n_canvases; i++) {
		struct canvas *canvas = &restore->canvases[i];
		const struct files *files = IMAGE_GET(&restore->image, files, canvas->own_pid, 0);

		if (has_file(files, file->id) &&
		    unix_give(canvas, restore->unix_works->transport, made, err) < 0)
			return err_prefix(err, "%s", canvas->name);
	}
	return 0;
}

/* Closes fd. `place`: where the work has it. */
static int replace(struct restore *restore, uint32_t socket, int *place, int fd, struct err *err)
{
	const struct made_object *object = restore_object(restore, KIND_unix_socket, socket);
	const struct file *file = socket ? file_of(restore, socket) : NULL;
	_cleanup_close_ int made = fd;

	if (dup3(made, *place, 0) < 0 || (object && dup3(made, object->fds[0], O_CLOEXEC) < 0))
		return err_sys(err, "dup3");
	return file ? replace_file(restore, file, made, err) : 0;
}

/* Puts both ends in place; the other end of one whose peer is gone is nobody's. */
static int replace_both(struct restore *restore, struct unix_work *work, struct unix_work *peer,
			int fd, int other, struct err *err)
{
	int ret = replace(restore, work->s->id, &work->fd, fd, err);

	if (replace(restore, peer ? peer->s->id : 0, peer ? &peer->fd : &work->partner, other,
		    ret < 0 ? NULL : err) < 0)
		return -1;
	return ret;
}

static int pair_again(struct restore *restore, struct unix_work *work, struct unix_work *peer,
		      struct canvas *maker, struct err *err)
{
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(&maker->remote);
	_cleanup_close_ int one = -1, other = -1;
	int ends[2];

	remote_push(batch, REMOTE_CALL(socketpair, AF_UNIX, work->s->type, 0,
				       remote_out(batch, ends, sizeof(ends))));
	if (canvas_run_all(maker, batch, err) < 0)
		return -1;
	one = unix_take(maker, ends[0], err);
	other = one < 0 ? -1 : unix_take(maker, ends[1], err);
	if (other < 0)
		return -1;
	return replace_both(restore, work, peer, TAKE_FD(one), TAKE_FD(other), err);
}

static int remote_connect(struct canvas *canvas, int fd, const struct unix_work *to,
			  struct err *err)
{
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(&canvas->remote);
	struct sockaddr_un address;
	socklen_t length = unix_name_address(to->s, to->inode, &address);

	remote_push(batch, REMOTE_CALL(connect, (uint64_t)fd, remote_data(batch, &address, length),
				       length));
	return canvas_run_all(canvas, batch, err);
}

/* Returns a socket here that is connected there, by the process or, if it is none of the image, from here. */
static int connect_again(struct canvas *canvas, const struct unix_work *to, struct err *err)
{
	int64_t there;
	int fd;

	if (!canvas) {
		fd = unix_new_socket(to->s, err);
		if (fd < 0 || unix_connect_to(fd, to, err) == 0)
			return fd;
		close(fd);
		return -1;
	}
	there = CANVAS_CALL(canvas, err, socket, AF_UNIX, to->s->type, 0);
	if (there < 0 || remote_connect(canvas, (int)there, to, err) < 0)
		return -1;
	return unix_take(canvas, (int)there, err);
}

static int accept_again(struct restore *restore, struct unix_work *work, struct unix_work *peer,
			const struct unix_work *listener, struct err *err)
{
	_cleanup_close_ int client = connect_again(peer_of(restore, work), listener, err);
	int fd;

	if (client < 0)
		return -1;
	fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return err_sys(err, "accept at unix socket %u", listener->s->id);
	return replace_both(restore, work, peer, fd, TAKE_FD(client), err);
}

/* A client that has a name of its own cannot be made a second time while the first has it. */
static int introduce(struct restore *restore, struct unix_work *work, struct err *err)
{
	const struct unix_works *all = restore->unix_works;
	struct unix_work *peer = unix_work_of(all, work->s->peer);
	const struct unix_work *listener = unix_accepted_at(all, work);
	struct canvas *maker = peer_of(restore, work);

	if (work->left_out || (!unix_is_mutual(work, peer) && work->partner < 0))
		return 0;
	if (listener)
		return (maker || peer_of(restore, peer)) && !has_any_name(peer)
			       ? accept_again(restore, work, peer, listener, err)
			       : 0;
	if (!maker || has_any_name(work) || has_any_name(peer) ||
	    (peer && (unix_accepted_at(all, peer) || peer->s->id < work->s->id ||
		      peer_of(restore, peer) != maker)))
		return 0;
	return pair_again(restore, work, peer, maker, err);
}

/* More may wait than the program has allowed by now. */
static int listen_again(struct restore *restore, const struct unix_work *work, int backlog,
			struct err *err)
{
	struct canvas *canvas = peer_of(restore, work);

	if (canvas)
		return CANVAS_CALL(canvas, err, listen, (uint64_t)work->fd, (uint64_t)backlog) < 0
			       ? -1
			       : 0;
	return listen(work->fd, backlog) < 0 ? err_sys(err, "listen") : 0;
}

/* Who connected is not known; it is most likely who has it. */
static int connect_waiting(struct restore *restore, const struct unix_work *listener,
			   struct err *err)
{
	for (size_t i = 0; i < listener->s->n_waiting; i++) {
		const struct unix_work *client =
			unix_work_of(restore->unix_works, listener->s->waiting[i]);
		const struct file *file = file_of(restore, client->s->id);
		const struct file_use *use = file ? descriptors_use(restore, file->id) : NULL;
		struct canvas *canvas = use && use->used && restore->n_canvases
						? tree_canvas(restore, use->pid)
						: NULL;

		if (canvas ? remote_connect(canvas, client->fd, listener, err) < 0
			   : unix_connect_to(client->fd, listener, err) < 0)
			return err_prefix(err, "unix socket %u", client->s->id);
	}
	return 0;
}

int unix_settle_listeners(struct restore *restore, struct err *err)
{
	const struct unix_works *all = restore->unix_works;

	for (size_t i = 0; i < all->n_works; i++)
		if (all->works[i].s->listening &&
		    (connect_waiting(restore, &all->works[i], err) < 0 ||
		     listen_again(restore, &all->works[i], (int)all->works[i].s->backlog, err) < 0))
			return err_prefix(err, "unix socket %u", all->works[i].s->id);
	return 0;
}

int unix_introduce(struct restore *restore, struct err *err)
{
	const struct unix_works *all = restore->unix_works;
	const int most = 4096;

	for (size_t i = 0; i < all->n_works; i++)
		if (all->works[i].s->listening &&
		    listen_again(restore, &all->works[i], most, err) < 0)
			return err_prefix(err, "unix socket %u", all->works[i].s->id);
	for (size_t i = 0; i < all->n_works; i++)
		if (introduce(restore, &all->works[i], err) < 0)
			return err_prefix(err, "unix socket %u", all->works[i].s->id);
	return 0;
}

bool unix_wants_introduction(const struct unix_works *all)
{
	for (size_t i = 0; i < all->n_works; i++) {
		const struct unix_socket *s = all->works[i].s;

		if (!all->works[i].left_out && s->peer_credentials && s->peer_credentials->pid)
			return true;
	}
	return false;
}

static bool is_as_saved(const struct restore *restore, const struct unix_work *work)
{
	const struct unix_credentials *saved = work->s->peer_credentials;
	const struct canvas *canvas = peer_of(restore, work);
	struct ucred now = { 0 };
	socklen_t size = sizeof(now);

	return getsockopt(work->fd, SOL_SOCKET, SO_PEERCRED, &now, &size) == 0 && canvas &&
	       now.pid == canvas->pid && now.uid == saved->uid && now.gid == saved->gid;
}

void unix_note_strangers(struct restore *restore)
{
	const struct unix_works *all = restore->unix_works;
	size_t n = 0;

	for (size_t i = 0; i < all->n_works; i++)
		n += !all->works[i].left_out && all->works[i].s->peer_credentials &&
		     !is_as_saved(restore, &all->works[i]);
	if (n)
		problems_add(&restore->problems, VERDICT_APPROXIMATED, "unix sockets",
			     "%zu of them tell (SO_PEERCRED) that prestore is at their other end, "
			     "which was opened by none of the processes that were restored, or "
			     "in a way that cannot be repeated",
			     n);
}
