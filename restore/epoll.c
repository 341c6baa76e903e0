/* SPDX-License-Identifier: MIT */
/* The set is made in prestore; its registrations are made by the process, whose descriptors they name. */
#include "format/epoll.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "restore/canvas.h"
#include "restore/descriptors.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>

static int check(struct restore *restore, const struct file *file, const void *state,
		 struct err *err)
{
	(void)restore;
	(void)file;
	(void)state;
	(void)err;
	return 0;
}

static int open_it(struct restore *restore, const struct file *file, const void *state, int *ret_fd,
		   struct err *err)
{
	_cleanup_close_ int fd = epoll_create1(EPOLL_CLOEXEC);

	(void)state;
	if (fd < 0)
		return err_sys(err, "epoll_create1");
	if (file_set_flags(restore, file, fd, err) < 0)
		return -1;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* The work in one process. */
struct adding {
	struct restore *restore;
	struct canvas *canvas;
	uint32_t epoll; /* the descriptor */
	const struct file *file;
	const struct epoll *saved;
};

/* Whether there is something to report at once: canvases have the same open file descriptions as prestore. */
static bool is_ready(const struct adding *a, const struct epoll_registration *r)
{
	const struct files *files = IMAGE_GET(&a->restore->image, files, a->canvas->own_pid, 0);
	struct pollfd poller = { .events = POLLIN | POLLOUT };

	for (size_t i = 0; i < files->n_descriptors; i++)
		if (files->descriptors[i].fd == r->fd) {
			poller.fd = descriptors_source(a->restore, &files->descriptors[i], NULL);
			return poller.fd >= 0 && poll(&poller, 1, 0) == 1;
		}
	return false;
}

static void push_add(struct remote_batch *batch, const struct adding *a,
		     const struct epoll_registration *r, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.u64 = r->data };

	remote_push(batch, REMOTE_CALL(epoll_ctl, a->epoll, EPOLL_CTL_ADD, r->fd,
				       remote_data(batch, &event, sizeof(event))));
}

static int check_add(const struct adding *a, const struct epoll_registration *r,
		     const struct remote_batch *batch, size_t index, struct err *err)
{
	/* What --fd gave it, or prestore's own, may be a file, for which nobody can wait. */
	if (remote_result(batch, index) == -EPERM) {
		file_problem(
			a->restore, a->file, VERDICT_LOST, NULL,
			"descriptor %u is registered in it, but has become something that cannot "
			"be waited for",
			r->fd);
		return 0;
	}
	if (remote_check(batch, index, err) < 0)
		return err_prefix(err, "register descriptor %u", r->fd);
	if (r->disarmed)
		file_problem(a->restore, a->file, VERDICT_APPROXIMATED, NULL,
			     "descriptor %u is registered with EPOLLONESHOT and was reported "
			     "already: EPOLLERR and EPOLLHUP, if they come, are reported again",
			     r->fd);
	return 0;
}

/*
 * The kernel disarms a registration only by reporting an event of it, and so the only thing to do is to
 * take one. Done while there are no others in the set. Where none is due, the registration is made
 * later, without events.
 */
static int add_reported(const struct adding *a, bool *done, struct err *err)
{
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(&a->canvas->remote);
	struct epoll_event events[64];
	size_t due = 0;

	for (size_t i = 0; i < a->saved->n_registrations; i++) {
		const struct epoll_registration *r = &a->saved->registrations[i];

		if (r->process != a->canvas->own_pid || !r->disarmed || !is_ready(a, r))
			continue;
		push_add(batch, a, r, r->events | EPOLLIN | EPOLLOUT);
		remote_push(batch, REMOTE_CALL(epoll_wait, a->epoll,
					       remote_out(batch, events, sizeof(events)),
					       sizeof(events) / sizeof(*events), 0));
		due += 2;
		done[i] = true;
	}
	if (!due)
		return 0;
	return canvas_run_all(a->canvas, batch, err);
}

static int add_others(const struct adding *a, const bool *done, struct err *err)
{
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(&a->canvas->remote);
	size_t index = 0;

	for (size_t i = 0; i < a->saved->n_registrations; i++)
		if (a->saved->registrations[i].process == a->canvas->own_pid && !done[i])
			push_add(batch, a, &a->saved->registrations[i],
				 a->saved->registrations[i].events);
	if (canvas_run(a->canvas, batch, err) < 0)
		return -1;
	for (size_t i = 0; i < a->saved->n_registrations; i++)
		if (a->saved->registrations[i].process == a->canvas->own_pid && !done[i] &&
		    check_add(a, &a->saved->registrations[i], batch, index++, err) < 0)
			return -1;
	return 0;
}

/* Sets within sets need no order: a set that becomes ready wakes those that it is in. */
static int apply(struct restore *restore, struct canvas *canvas,
		 const struct descriptor *descriptor, const struct file *file, const void *state,
		 struct err *err)
{
	const struct adding a = { restore, canvas, descriptor->fd, file, state };
	_cleanup_free_ bool *done = calloc(a.saved->n_registrations + 1, sizeof(*done));

	if (!done)
		return err_sys(err, "out of memory");
	if (add_reported(&a, done, err) < 0)
		return -1;
	return add_others(&a, done, err);
}

const struct file_type_restorer epoll_type_restorer = {
	.record = &epoll_record, .check = check, .open = open_it, .apply = apply
};
