/* SPDX-License-Identifier: MIT */
/* Unix sockets: all are made at once, since they are connected to each other, and filled through their peers. */
#include "format/unix_socket.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "restore/external.h"
#include "restore/socket_options.h"
#include "restore/unix_names.h"

#include <string.h>
#include <sys/socket.h>

/* A socket in the making. */
struct work {
	const struct unix_socket *s;
	struct unix_socket plan; /* what it becomes: `s` points to it; owns nothing */
	bool left_out;		 /* nobody has it */
	int fd;
	int partner; /* the other end of a connection whose peer is gone: closed in the end */
	int inode;   /* its file */
};

struct works {
	struct restore *restore;
	struct work *works;
	size_t n_works;
};

static void works_done(struct works *all)
{
	for (size_t i = 0; i < all->n_works; i++) {
		cleanup_close(&all->works[i].fd);
		cleanup_close(&all->works[i].partner);
		cleanup_close(&all->works[i].inode);
	}
	free(all->works);
}

static struct work *work_of(const struct works *all, uint32_t id)
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

static bool has_name(const struct unix_socket *s, const char *path, const struct bytes *abstract)
{
	if (path)
		return s->path && strcmp(s->path, path) == 0;
	return abstract->size && same_bytes(&s->abstract, abstract);
}

/* The socket that listens under the name of this one, and so has accepted it. */
static const struct work *listener_of(const struct works *all, const struct unix_socket *s)
{
	for (size_t i = 0; !s->listening && i < all->n_works; i++)
		if (all->works[i].s->listening && all->works[i].s->type == s->type &&
		    has_name(all->works[i].s, s->path, &s->abstract))
			return &all->works[i];
	return NULL;
}

/* Of two that are connected one at most is accepted. */
static bool is_accepted(const struct works *all, const struct work *work)
{
	const struct work *peer = work_of(all, work->s->peer);

	if (work->s->type == UNIX_DATAGRAM || (!peer && !work->s->peer_gone))
		return false;
	return listener_of(all, work->s) && (!peer || work < peer || !listener_of(all, peer->s));
}

static bool is_mutual(const struct work *work, const struct work *peer)
{
	return peer && peer->s->peer == work->s->id;
}

static int new_socket(const struct unix_socket *s, int *ret_fd, struct err *err)
{
	/* What does not fit must fail and not wait; it gets its flags later. */
	*ret_fd = socket(AF_UNIX, (int)s->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return *ret_fd < 0 ? err_sys(err, "make a unix socket") : 0;
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

static int create(const struct works *all, struct work *work, struct err *err)
{
	struct work *peer = work_of(all, work->s->peer);

	if (work->fd >= 0 || work->left_out)
		return 0;
	if (is_accepted(all, work))
		return peer ? 0 : new_socket(work->s, &work->partner, err);
	if (work->s->peer_gone)
		return new_pair(work->s, &work->fd, &work->partner, err);
	if (is_mutual(work, peer) && !is_accepted(all, peer))
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

static int bind_all(const struct works *all, struct err *err)
{
	for (unsigned turn = 0; turn < 3; turn++)
		for (size_t i = 0; i < all->n_works; i++) {
			struct work *w = &all->works[i];

			if (w->fd < 0 || bind_turn(w->s) != turn)
				continue;
			if (unix_name_bind(all->restore, w->s, w->fd, &w->inode, err) < 0)
				return err_prefix(err, "unix socket %u", w->s->id);
		}
	return 0;
}

static int connect_to(int fd, const struct work *to, struct err *err)
{
	struct sockaddr_un address;
	socklen_t length = unix_name_address(to->s, to->inode, &address);

	if (connect(fd, (struct sockaddr *)&address, length) < 0)
		return err_sys(err, "connect to unix socket %u", to->s->id);
	return 0;
}

static int accept_one(const struct works *all, struct work *work, struct err *err)
{
	const struct work *listener = listener_of(all, work->s);
	const struct work *peer = work_of(all, work->s->peer);

	if (connect_to(peer ? peer->fd : work->partner, listener, err) < 0)
		return -1;
	work->fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (work->fd < 0)
		return err_sys(err, "accept at unix socket %u", listener->s->id);
	return 0;
}

/* First what was accepted, then what waits, in its order. */
static int connect_all(const struct works *all, struct err *err)
{
	const int most = 4096;

	for (size_t i = 0; i < all->n_works; i++)
		if (all->works[i].s->listening && listen(all->works[i].fd, most) < 0)
			return err_sys(err, "listen at unix socket %u", all->works[i].s->id);
	for (size_t i = 0; i < all->n_works; i++)
		if (all->works[i].fd < 0 && !all->works[i].left_out &&
		    accept_one(all, &all->works[i], err) < 0)
			return err_prefix(err, "unix socket %u", all->works[i].s->id);
	for (size_t i = 0; i < all->n_works; i++) {
		const struct work *w = &all->works[i];

		for (size_t k = 0; k < w->s->n_waiting; k++)
			if (connect_to(work_of(all, w->s->waiting[k])->fd, w, err) < 0)
				return err_prefix(err, "unix socket %u", w->s->waiting[k]);
		if (w->s->listening && listen(w->fd, (int)w->s->backlog) < 0)
			return err_sys(err, "listen at unix socket %u", w->s->id);
	}
	return 0;
}

static int send_all(int fd, const uint8_t *data, size_t size, struct err *err)
{
	do {
		ssize_t n = send(fd, data, size, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "put the saved bytes into it (%zu are left)", size);
		data += n;
		size -= (size_t)n;
	} while (size > 0);
	return 0;
}

static const struct work *sender_of(const struct works *all, const struct unix_message *message)
{
	for (size_t i = 0; i < all->n_works; i++)
		if (all->works[i].s->type == UNIX_DATAGRAM &&
		    has_name(all->works[i].s, message->path, &message->abstract))
			return &all->works[i];
	return NULL;
}

/* To a socket that anybody may send to: from the one that did, or from one without a name. */
static int send_datagram(const struct works *all, const struct work *work,
			 const struct unix_message *message, const uint8_t *data, struct err *err)
{
	const struct work *from = sender_of(all, message);
	_cleanup_close_ int unnamed = -1;
	struct sockaddr_un address;
	socklen_t length = unix_name_address(work->s, work->inode, &address);

	if (!from && new_socket(work->s, &unnamed, err) < 0)
		return -1;
	restore_socket_room(from ? from->fd : unnamed);
	if (sendto(from ? from->fd : unnamed, data, message->bytes, MSG_NOSIGNAL,
		   (struct sockaddr *)&address, length) < 0)
		return err_sys(err, "put a datagram of %u bytes into it", message->bytes);
	return 0;
}

static int fill(const struct works *all, const struct work *work, const uint8_t *data,
		struct err *err)
{
	const struct work *peer = work_of(all, work->s->peer);
	int from = is_mutual(work, peer) ? peer->fd : work->partner;

	if (from >= 0)
		restore_socket_room(from);
	if (!work->s->n_messages)
		return work->s->bytes ? send_all(from, data, work->s->bytes, err) : 0;
	for (size_t i = 0; i < work->s->n_messages; i++) {
		const struct unix_message *message = &work->s->messages[i];
		int ret = from >= 0 ? send_all(from, data, message->bytes, err)
				    : send_datagram(all, work, message, data, err);

		if (ret < 0)
			return -1;
		data += message->bytes;
	}
	return 0;
}

static int fill_all(const struct works *all, struct err *err)
{
	for (size_t i = 0; i < all->n_works; i++) {
		const struct work *work = &all->works[i];
		const struct blob *blob;
		char name[64];

		if (work->left_out || work->s->outside)
			continue;
		snprintf(name, sizeof(name), "sockets/unix/%u.data", work->s->id);
		blob = image_blob(&all->restore->image, name);
		if (fill(all, work, blob ? blob->data : (const void *)"", err) < 0)
			return err_prefix(err, "unix socket %u", work->s->id);
	}
	return 0;
}

/* A peer that is closed with something unread makes the next call fail with ECONNRESET. */
static int finish_connection(const struct works *all, struct work *work, struct err *err)
{
	const struct work *peer = work_of(all, work->s->peer);

	if (work->s->reset && work->partner >= 0 && send(work->fd, "", 1, MSG_NOSIGNAL) < 0)
		return err_sys(err, "make it fail with ECONNRESET");
	cleanup_close(&work->partner);
	work->partner = -1;
	if (peer && !is_mutual(work, peer) && connect_to(work->fd, peer, err) < 0)
		return -1;
	if (work->s->outside && unix_reconnect(all->restore, work->s, work->fd, err) < 0)
		return -1;
	if (work->s->shutdown && shutdown(work->fd, (int)work->s->shutdown - 1) < 0)
		return err_sys(err, "shutdown");
	return 0;
}

static int finish_all(const struct works *all, struct err *err)
{
	for (size_t i = 0; i < all->n_works; i++) {
		struct work *work = &all->works[i];
		char title[256];

		if (work->left_out)
			continue;
		unix_title(work->s, title, sizeof(title));
		if (finish_connection(all, work, err) < 0 ||
		    restore_socket_options(all->restore, title, work->fd, &work->s->options, err) <
			    0)
			return err_prefix(err, "%s", title);
	}
	return 0;
}

static int hand_over(const struct works *all, struct err *err)
{
	for (size_t i = 0; i < all->n_works; i++) {
		struct made_object *object;

		if (all->works[i].left_out)
			continue;
		object = LIST_ADD(all->restore, objects, err);
		if (!object)
			return -1;
		*object = (struct made_object){ .kind = KIND_unix_socket,
						.id = all->works[i].s->id,
						.fds = { TAKE_FD(all->works[i].fd), -1 } };
	}
	return 0;
}

static int make_all(const struct works *all, struct err *err)
{
	for (size_t i = 0; i < all->n_works; i++)
		if (create(all, &all->works[i], err) < 0)
			return -1;
	if (bind_all(all, err) < 0 || connect_all(all, err) < 0 || fill_all(all, err) < 0 ||
	    finish_all(all, err) < 0)
		return -1;
	return hand_over(all, err);
}

/* One that ended outside becomes what was decided; who sent to one that is left out finds it closed. */
static void plan(struct work *work, const struct restore *restore)
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
	_cleanup_(works_done) struct works all = { .restore = restore };

	(void)record;
	if (key.first != list->objects[0].key.first)
		return 0;
	all.works = calloc(list->n_objects, sizeof(*all.works));
	if (!all.works)
		return err_sys(err, "out of memory");
	for (size_t i = 0; i < list->n_objects; i++)
		all.works[all.n_works++] = (struct work){
			.s = list->objects[i].record, .fd = -1, .partner = -1, .inode = -1
		};
	for (size_t i = 0; i < all.n_works; i++)
		plan(&all.works[i], restore);
	return make_all(&all, err);
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
