/* SPDX-License-Identifier: MIT */
/* Unix sockets: all are made at once, since they are connected to each other, and filled through their peers. */
#include "format/unix_socket.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "restore/external.h"
#include "restore/unix_names.h"
#include "restore/unix_work.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

void unix_works_free(struct unix_works *all)
{
	if (!all)
		return;
	for (size_t i = 0; i < all->n_works; i++) {
		cleanup_close(&all->works[i].fd);
		cleanup_close(&all->works[i].partner);
		cleanup_close(&all->works[i].inode);
	}
	cleanup_close(&all->transport[0]);
	cleanup_close(&all->transport[1]);
	free(all->works);
	free(all);
}

struct unix_work *unix_work_of(const struct unix_works *all, uint32_t id)
{
	for (size_t i = 0; id && i < all->n_works; i++)
		if (all->works[i].s->id == id)
			return &all->works[i];
	return NULL;
}

static bool same_bytes(const struct bytes *a, const struct bytes *b)
{
	return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

bool unix_has_name(const struct unix_socket *socket, const char *path, const struct bytes *abstract)
{
	if (path)
		return socket->path && strcmp(socket->path, path) == 0;
	return abstract->size && same_bytes(&socket->abstract, abstract);
}

/* The socket that listens under the name of this one, and so has accepted it. */
static const struct unix_work *listener_of(const struct unix_works *all,
					   const struct unix_socket *s)
{
	for (size_t i = 0; !s->listening && i < all->n_works; i++)
		if (all->works[i].s->listening && all->works[i].s->type == s->type &&
		    unix_has_name(all->works[i].s, s->path, &s->abstract))
			return &all->works[i];
	return NULL;
}

/* Of two that are connected one at most is accepted. */
static bool is_accepted(const struct unix_works *all, const struct unix_work *work)
{
	const struct unix_work *peer = unix_work_of(all, work->s->peer);

	if (work->s->type == UNIX_DATAGRAM || (!peer && !work->s->peer_gone))
		return false;
	return listener_of(all, work->s) && (!peer || work < peer || !listener_of(all, peer->s));
}

const struct unix_work *unix_accepted_at(const struct unix_works *all, const struct unix_work *work)
{
	return is_accepted(all, work) ? listener_of(all, work->s) : NULL;
}

bool unix_is_mutual(const struct unix_work *work, const struct unix_work *peer)
{
	return peer && peer->s->peer == work->s->id;
}

int unix_new_socket(const struct unix_socket *s, struct err *err)
{
	/* What does not fit must fail and not wait; it gets its flags later. */
	int fd = socket(AF_UNIX, (int)s->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? err_sys(err, "make a unix socket") : fd;
}

static int new_socket(const struct unix_socket *s, int *ret_fd, struct err *err)
{
	*ret_fd = unix_new_socket(s, err);
	return *ret_fd < 0 ? -1 : 0;
}

static int new_pair(const struct unix_socket *s, int *ret_one, int *ret_other, struct err *err)
{
	int pair[2];

	if (socketpair(AF_UNIX, (int)s->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return err_sys(err, "make a pair of unix sockets");
	*ret_one = pair[0];
	*ret_other = pair[1];
	return 0;
}

/* To one without a name, and whose peer is another or none, only a pair leads that was made so. */
static bool is_one_way_pair(const struct unix_work *work, const struct unix_work *peer)
{
	return peer && peer->fd < 0 && !peer->left_out && !unix_is_mutual(work, peer) &&
	       !peer->s->path && !peer->s->abstract.size;
}

/* Its peer has turned away from it, before anything waits in it. */
static int new_one_way(struct unix_work *work, struct unix_work *peer, struct err *err)
{
	const struct sockaddr nobody = { .sa_family = AF_UNSPEC };

	if (new_pair(work->s, &work->fd, &peer->fd, err) < 0)
		return -1;
	if (connect(peer->fd, &nobody, sizeof(nobody)) < 0)
		return err_sys(err, "disconnect a unix socket");
	return 0;
}

static int create(const struct unix_works *all, struct unix_work *work, struct err *err)
{
	struct unix_work *peer = unix_work_of(all, work->s->peer);

	if (work->fd >= 0 || work->left_out)
		return 0;
	if (is_one_way_pair(work, peer))
		return new_one_way(work, peer, err);
	if (is_accepted(all, work))
		return peer ? 0 : new_socket(work->s, &work->partner, err);
	if (work->s->peer_gone)
		return new_pair(work->s, &work->fd, &work->partner, err);
	if (unix_is_mutual(work, peer) && !is_accepted(all, peer))
		return new_pair(work->s, &work->fd, &peer->fd, err);
	return new_socket(work->s, &work->fd, err);
}

/*
 * Names that only the socket itself tells come before the files that stay, which may have the same path;
 * of abstract names those that others look for.
 */
static unsigned bind_turn(const struct unix_socket *s)
{
	if (s->abstract.size)
		return s->listening || s->type == UNIX_DATAGRAM ? 1 : 2;
	return s->file ? 1 : 0;
}

/* Whoever else has the saved name must not get what is sent to it here. */
static void note_automatic(struct unix_work *work)
{
	struct sockaddr_un address;
	socklen_t size = sizeof(address);

	if (work->plan.abstract.size != sizeof(work->automatic) ||
	    getsockname(work->fd, (struct sockaddr *)&address, &size) < 0 ||
	    size != offsetof(struct sockaddr_un, sun_path) + 1 + sizeof(work->automatic))
		return;
	memcpy(work->automatic, address.sun_path + 1, sizeof(work->automatic));
	work->plan.abstract.data = work->automatic;
}

static int bind_all(struct restore *restore, const struct unix_works *all, struct err *err)
{
	for (unsigned turn = 0; turn < 3; turn++)
		for (size_t i = 0; i < all->n_works; i++) {
			struct unix_work *w = &all->works[i];

			if (w->fd < 0 || bind_turn(w->s) != turn)
				continue;
			if (unix_name_bind(restore, w->s, w->fd, &w->inode, err) < 0)
				return err_prefix(err, "unix socket %u", w->s->id);
			note_automatic(w);
		}
	return 0;
}

int unix_connect_to(int fd, const struct unix_work *to, struct err *err)
{
	struct sockaddr_un address;
	socklen_t length = unix_name_address(to->s, to->inode, &address);

	if (connect(fd, (struct sockaddr *)&address, length) < 0)
		return err_sys(err, "connect to unix socket %u", to->s->id);
	return 0;
}

static int accept_one(const struct unix_works *all, struct unix_work *work, struct err *err)
{
	const struct unix_work *listener = listener_of(all, work->s);
	const struct unix_work *peer = unix_work_of(all, work->s->peer);

	if (unix_connect_to(peer ? peer->fd : work->partner, listener, err) < 0)
		return -1;
	work->fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (work->fd < 0)
		return err_sys(err, "accept at unix socket %u", listener->s->id);
	return 0;
}

/* What waits to be accepted comes later, since it would be accepted first. */
static int connect_all(const struct unix_works *all, struct err *err)
{
	const int most = 4096;

	for (size_t i = 0; i < all->n_works; i++)
		if (all->works[i].s->listening && listen(all->works[i].fd, most) < 0)
			return err_sys(err, "listen at unix socket %u", all->works[i].s->id);
	for (size_t i = 0; i < all->n_works; i++)
		if (all->works[i].fd < 0 && !all->works[i].left_out &&
		    accept_one(all, &all->works[i], err) < 0)
			return err_prefix(err, "unix socket %u", all->works[i].s->id);
	return 0;
}

/* Connected before anything else is sent to it. */
static int reconnect_all(const struct restore *restore, const struct unix_works *all,
			 struct err *err)
{
	for (size_t i = 0; i < all->n_works; i++) {
		const struct unix_work *w = &all->works[i];

		if (!w->left_out && w->s->outside && unix_reconnect(restore, w->s, w->fd, err) < 0)
			return err_prefix(err, "unix socket %u", w->s->id);
	}
	return 0;
}

static int hand_over(struct restore *restore, const struct unix_works *all, struct err *err)
{
	for (size_t i = 0; i < all->n_works; i++) {
		struct made_object *object;
		int fd;

		if (all->works[i].left_out)
			continue;
		fd = fcntl(all->works[i].fd, F_DUPFD_CLOEXEC, 0);
		if (fd < 0)
			return err_sys(err, "duplicate a unix socket");
		object = LIST_ADD(restore, objects, err);
		if (!object) {
			close(fd);
			return -1;
		}
		*object = (struct made_object){ .kind = KIND_unix_socket,
						.id = all->works[i].s->id,
						.fds = { fd, -1 } };
	}
	return 0;
}

static int make_all(struct restore *restore, const struct unix_works *all, struct err *err)
{
	/* Pairs before others: either end may come first. */
	for (size_t i = 0; i < all->n_works; i++)
		if (is_one_way_pair(&all->works[i], unix_work_of(all, all->works[i].s->peer)) &&
		    create(all, &all->works[i], err) < 0)
			return -1;
	for (size_t i = 0; i < all->n_works; i++)
		if (create(all, &all->works[i], err) < 0)
			return -1;
	if (bind_all(restore, all, err) < 0 || connect_all(all, err) < 0 ||
	    reconnect_all(restore, all, err) < 0)
		return -1;
	return hand_over(restore, all, err);
}

/* One that ended outside becomes what was decided; who sent to one that is left out finds it closed. */
static void plan(struct unix_work *work, const struct restore *restore)
{
	const struct unix_socket *s = work->s;
	enum external_policy policy = external_object(restore, KIND_unix_socket, s->id);

	work->plan = *s;
	work->s = &work->plan;
	work->left_out = policy == EXTERNAL_NULL;
	if (s->peer && external_object(restore, KIND_unix_socket, s->peer) == EXTERNAL_NULL) {
		work->plan.peer = 0;
		work->plan.peer_gone = true;
	}
	if (policy == EXTERNAL_EOF || policy == EXTERNAL_RESET) {
		work->plan.outside = NULL;
		work->plan.peer_gone = true;
		work->plan.reset |= policy == EXTERNAL_RESET;
	}
}

/* At the first of them. */
static int make(struct restore *restore, const void *record, struct key key, struct err *err)
{
	const struct objects *list = &restore->image.kinds[KIND_unix_socket];
	struct unix_works *all;

	(void)record;
	if (key.first != list->objects[0].key.first)
		return 0;
	all = restore->unix_works = calloc(1, sizeof(*all));
	if (all)
		all->transport[0] = all->transport[1] = -1;
	if (all)
		all->works = calloc(list->n_objects, sizeof(*all->works));
	if (!all || !all->works)
		return err_sys(err, "out of memory");
	for (size_t i = 0; i < list->n_objects; i++)
		all->works[all->n_works++] = (struct unix_work){
			.s = list->objects[i].record, .fd = -1, .partner = -1, .inode = -1
		};
	for (size_t i = 0; i < all->n_works; i++)
		plan(&all->works[i], restore);
	return make_all(restore, all, err);
}

static int check(struct restore *restore, const void *record, struct key key, struct err *err)
{
	enum external_policy policy = external_object(restore, KIND_unix_socket, key.first);

	(void)err;
	if (policy != EXTERNAL_NULL)
		unix_name_check(restore, record);
	if (policy == EXTERNAL_RECONNECT)
		unix_reconnect_check(restore, record);
	return 0;
}

const struct restorer unix_socket_restorer = { .check = check, .make = make };
