/* SPDX-License-Identifier: MIT */
/* What waits in unix sockets, put there through their peers; and what comes after that. */
#include "format/cleanup.h"
#include "format/err.h"
#include "restore/canvas.h"
#include "restore/descriptors.h"
#include "restore/socket_options.h"
#include "restore/tree.h"
#include "restore/unix_give.h"
#include "restore/unix_names.h"
#include "restore/unix_send.h"
#include "restore/unix_work.h"

#include <string.h>

static const struct unix_work *sender_of(const struct unix_works *all,
					 const struct unix_message *message)
{
	for (size_t i = 0; i < all->n_works; i++)
		if (all->works[i].s->type == UNIX_DATAGRAM && all->works[i].fd >= 0 &&
		    unix_has_name(all->works[i].s, message->path, &message->abstract))
			return &all->works[i];
	return NULL;
}

/* Who sent it has to send it again, since the kernel notes who does. */
static struct canvas *sender_process(const struct restore *restore,
				     const struct unix_message *message)
{
	return message->credentials && message->credentials->pid
		       ? tree_canvas(restore, message->credentials->pid)
		       : NULL;
}

static bool has_name(const struct unix_socket *s)
{
	return s->path || s->abstract.size;
}

/* Nobody but its peer of once can have sent to one without a name. */
static const struct unix_work *one_way_sender(const struct unix_works *all,
					      const struct unix_work *work)
{
	for (size_t i = 0; !has_name(work->s) && i < all->n_works; i++)
		if (all->works[i].s->peer == work->s->id)
			return &all->works[i];
	return NULL;
}

/* A name that is not that of anybody here is that of nobody; then the sender needs no name either. */
static int sending_end(const struct unix_works *all, const struct unix_work *work,
		       const struct unix_message *message)
{
	const struct unix_work *peer = unix_work_of(all, work->s->peer), *sender;

	if (unix_is_mutual(work, peer))
		return peer->fd;
	if (work->partner >= 0)
		return work->partner;
	sender = has_name(work->s) ? sender_of(all, message) : one_way_sender(all, work);
	return sender ? sender->fd : -1;
}

static int take_files(const struct restore *restore, const struct unix_message *message,
		      struct unix_parcel *parcel, struct err *err)
{
	for (size_t i = 0; i < message->n_files; i++) {
		int fd = descriptors_file(restore, message->files[i], err);

		if (fd < 0)
			return err_prefix(err, "files/%u", message->files[i]);
		parcel->fds[parcel->n_fds++] = fd;
	}
	return 0;
}

/* It has inherited them, but some may have been made anew since. */
static int equip(struct restore *restore, struct canvas *sender, const struct unix_parcel *parcel,
		 struct err *err)
{
	const int *transport = restore->unix_works->transport;

	if (parcel->from >= 0 && unix_give(sender, transport, parcel->from, err) < 0)
		return -1;
	for (size_t i = 0; i < parcel->n_fds; i++)
		if (unix_give(sender, transport, parcel->fds[i], err) < 0)
			return -1;
	return 0;
}

static int deliver(struct restore *restore, const struct unix_work *work,
		   struct unix_parcel *parcel, struct canvas *sender, struct err *err)
{
	int unnamed = -1, ret;

	if (parcel->from >= 0) {
		restore_socket_room(parcel->from);
		if (sender && equip(restore, sender, parcel, err) < 0)
			return -1;
		return sender ? unix_send_by(sender, parcel, err) : unix_send(parcel, err);
	}
	if (!sender) {
		unnamed = unix_new_socket(work->s, err);
		parcel->from = unnamed;
		ret = unnamed < 0 ? -1 : deliver(restore, work, parcel, NULL, err);
		cleanup_close(&unnamed);
		return ret;
	}
	if (equip(restore, sender, parcel, err) < 0)
		return -1;
	parcel->from = (int)CANVAS_CALL(sender, err, socket, AF_UNIX, work->s->type, 0);
	if (parcel->from < 0)
		return -1;
	ret = unix_send_by(sender, parcel, err);
	if (CANVAS_CALL(sender, err, close, (uint64_t)parcel->from) < 0)
		return -1;
	return ret;
}

static void note_unclaimed(struct restore *restore, const struct unix_work *work)
{
	char title[256];

	unix_title(work->s, title, sizeof(title));
	problems_add(&restore->problems, VERDICT_APPROXIMATED, title,
		     "a message in it carries other credentials than the saved ones (SO_PASSCRED), "
		     "which take privileges");
}

static int send_message(struct restore *restore, const struct unix_work *work,
			const struct unix_message *message, const uint8_t *data, struct err *err)
{
	const struct unix_credentials *credentials = message->credentials;
	struct unix_parcel parcel = { .from = sending_end(restore->unix_works, work, message),
				      .data = data,
				      .size = message->bytes,
				      .credentials = { .pid = -1 } };
	int ret;

	if (credentials)
		parcel.credentials = (struct ucred){ getpid(), credentials->uid, credentials->gid };
	if (has_name(work->s) &&
	    !unix_is_mutual(work, unix_work_of(restore->unix_works, work->s->peer)) &&
	    work->partner < 0)
		parcel.address_size = unix_name_address(work->s, work->inode, &parcel.address);
	if (take_files(restore, message, &parcel, err) < 0)
		return -1;
	ret = deliver(restore, work, &parcel, sender_process(restore, message), err);
	if (ret > 0)
		note_unclaimed(restore, work);
	return ret;
}

/* What needs processes that send waits until there are some. */
static bool needs_processes(const struct unix_work *work)
{
	for (size_t i = 0; i < work->s->n_messages; i++)
		if (work->s->messages[i].credentials && work->s->messages[i].credentials->pid)
			return true;
	return false;
}

static int fill(struct restore *restore, const struct unix_work *work, struct err *err)
{
	const struct unix_message whole = { .bytes = work->s->bytes };
	const struct blob *blob;
	const uint8_t *data;
	char name[64];

	snprintf(name, sizeof(name), "sockets/unix/%u.data", work->s->id);
	blob = image_blob(&restore->image, name);
	data = blob ? blob->data : (const void *)"";
	if (!work->s->n_messages && work->s->bytes)
		return send_message(restore, work, &whole, data, err);
	for (size_t i = 0; i < work->s->n_messages; i++) {
		if (send_message(restore, work, &work->s->messages[i], data, err) < 0)
			return -1;
		data += work->s->messages[i].bytes;
	}
	return 0;
}

static int fill_all(struct restore *restore, struct err *err)
{
	const struct unix_works *all = restore->unix_works;

	for (size_t i = 0; i < all->n_works; i++) {
		const struct unix_work *work = &all->works[i];

		if (!work->left_out && !work->s->outside && fill(restore, work, err) < 0)
			return err_prefix(err, "unix socket %u", work->s->id);
	}
	return 0;
}

/*
 * One way: to one that is not connected to it. Those that lead to it go first, since one that is connected accepts only its
 * own peer: unix_may_send() of net/unix/af_unix.c. So there are no circles, but in an image there may be.
 */
static int lead(const struct unix_works *all, struct unix_work *work, struct err *err)
{
	const struct unix_work *peer = unix_work_of(all, work->s->peer);

	if (work->led || work->left_out || !peer || unix_is_mutual(work, peer) ||
	    !has_name(peer->s))
		return 0;
	work->led = true;
	for (size_t i = 0; i < all->n_works; i++)
		if (all->works[i].s->peer == work->s->id && lead(all, &all->works[i], err) < 0)
			return -1;
	if (unix_connect_to(work->fd, peer, err) < 0)
		return err_prefix(err, "unix socket %u", work->s->id);
	return 0;
}

static int lead_all(const struct unix_works *all, struct err *err)
{
	for (size_t i = 0; i < all->n_works; i++)
		if (lead(all, &all->works[i], err) < 0)
			return -1;
	return 0;
}

/* A peer that is closed with something unread makes the next call fail with ECONNRESET. */
static int finish_connection(struct unix_work *work, struct err *err)
{
	if (work->s->reset && work->partner >= 0 && send(work->fd, "", 1, MSG_NOSIGNAL) < 0)
		return err_sys(err, "make it fail with ECONNRESET");
	cleanup_close(&work->partner);
	work->partner = -1;
	if (work->s->shutdown && shutdown(work->fd, (int)work->s->shutdown - 1) < 0)
		return err_sys(err, "shutdown");
	return 0;
}

static int finish_all(struct restore *restore, struct err *err)
{
	const struct unix_works *all = restore->unix_works;

	for (size_t i = 0; i < all->n_works; i++) {
		struct unix_work *work = &all->works[i];
		char title[256];

		if (work->left_out)
			continue;
		unix_title(work->s, title, sizeof(title));
		if (finish_connection(work, err) < 0 ||
		    restore_socket_options(restore, title, work->fd, &work->s->options, err) < 0)
			return err_prefix(err, "%s", title);
	}
	return 0;
}

static int keep(const struct restore *restore, int *fd, struct err *err)
{
	if (*fd < 0)
		return 0;
	*fd = restore_keep_fd(restore, *fd, err);
	return *fd < 0 ? -1 : 0;
}

/* Processes that send inherit what they need for it, and close it with all else that is not theirs. */
static int keep_all(const struct restore *restore, struct err *err)
{
	const struct unix_works *all = restore->unix_works;

	for (size_t i = 0; i < all->n_works; i++)
		if (keep(restore, &all->works[i].fd, err) < 0 ||
		    keep(restore, &all->works[i].partner, err) < 0 ||
		    keep(restore, &all->works[i].inode, err) < 0)
			return -1;
	return 0;
}

static bool any_needs_processes(const struct unix_works *all)
{
	for (size_t i = 0; i < all->n_works; i++)
		if (needs_processes(&all->works[i]))
			return true;
	return unix_wants_introduction(all);
}

/* Options and shutdown(2) come last: they may stand in the way of what is sent. */
static int finish(struct restore *restore, struct err *err)
{
	int ret = -1;

	if (unix_settle_listeners(restore, err) == 0 && fill_all(restore, err) == 0 &&
	    lead_all(restore->unix_works, err) == 0)
		ret = finish_all(restore, err);
	if (ret == 0)
		unix_note_strangers(restore);
	unix_works_free(restore->unix_works);
	restore->unix_works = NULL;
	return ret;
}

int unix_fill(struct restore *restore, struct err *err)
{
	struct unix_works *all = restore->unix_works;

	if (!all)
		return 0;
	if (!any_needs_processes(all))
		return finish(restore, err);
	if (unix_give_open(restore, all->transport, err) < 0)
		return -1;
	return keep_all(restore, err);
}

int unix_fill_by_processes(struct restore *restore, struct err *err)
{
	if (!restore->unix_works)
		return 0;
	return unix_introduce(restore, err) < 0 ? -1 : finish(restore, err);
}
