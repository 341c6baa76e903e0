/* SPDX-License-Identifier: MIT */
#include "dump/flights.h"

#include "dump/file_table.h"
#include "dump/socket_options.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/unix_socket.h"

#include <poll.h>

/* A socket in which descriptors wait. */
struct carrier {
	struct unix_queue queue;
	uint32_t socket; /* 0: not yet in the image */
};

struct flights {
	struct target *target;
	struct carrier *carriers;
	size_t n_carriers;
};

void flights_free(struct flights *flights)
{
	if (!flights)
		return;
	for (size_t i = 0; i < flights->n_carriers; i++)
		unix_queue_done(&flights->carriers[i].queue);
	if (flights->target)
		target_done(flights->target);
	free(flights->target);
	free(flights->carriers);
	free(flights);
}

static struct flights *flights_of(struct dump *dump, struct err *err)
{
	struct dump_files *files = dump_files(dump, err);

	if (!files)
		return NULL;
	if (!files->flights)
		files->flights = calloc(1, sizeof(*files->flights));
	if (!files->flights)
		err_sys(err, "out of memory");
	return files->flights;
}

struct target *flights_target(struct dump *dump, struct err *err)
{
	struct flights *flights = flights_of(dump, err);
	struct target *target;

	if (!flights || flights->target)
		return flights ? flights->target : NULL;
	target = calloc(1, sizeof(*target));
	if (!target) {
		err_sys(err, "out of memory");
		return NULL;
	}
	if (target_look(getpid(), target, err) < 0) {
		free(target);
		return NULL;
	}
	/* Which terminal is its own, it is asked on behalf of those for whom they are. */
	target->stat = dump->targets[0].stat;
	target->own_pid = 0;
	flights->target = target;
	return target;
}

bool flights_is_target(const struct dump *dump, const struct target *target)
{
	return dump->files && dump->files->flights && dump->files->flights->target == target;
}

static bool is_listening(int fd)
{
	int value = 0;
	socklen_t size = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 && value;
}

static int shape_of(int fd, struct unix_shape *ret_shape, struct err *err)
{
	struct pollfd poller = { .fd = fd, .events = POLLRDHUP };
	struct socket_options options;
	socklen_t size = sizeof(int);
	int type;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
		return err_sys(err, "getsockopt SO_TYPE");
	if (dump_socket_options(fd, &options, err) < 0)
		return -1;
	poll(&poller, 1, 0);
	*ret_shape = (struct unix_shape){ .type = (uint8_t)type,
					  .peek_offset = (int)options.peek_offset - 1,
					  .pass_credentials = options.pass_credentials,
					  .has_rights = true,
					  .ended = poller.revents & POLLRDHUP,
					  .reset = poller.revents & POLLERR };
	record_release(&socket_options_record, &options);
	return 0;
}

int flights_look(struct dump *dump, struct target *target, uint32_t number, struct err *err)
{
	_cleanup_(dump_fd_close) struct dump_fd fd = { .copy = -1 };
	struct flights *flights = flights_of(dump, err);
	int there = flights ? dump_fd_open(dump, target, number, &fd, err) : -1;
	struct unix_shape shape;
	struct carrier *carrier;
	uint64_t n;
	bool seen;

	if (there <= 0)
		return there;
	if (proc_fdinfo_number(fd.info_text, "scm_fds", 10, &n) < 0 || !n)
		return 0;
	seen = dump->settings.frozen && fd.same && !is_listening(fd.copy);
	dump->files->unseen |= !seen;
	if (!seen || flights_queue(dump, (uint32_t)fd.stat.st_ino))
		return 0;
	carrier = LIST_ADD(flights, carriers, err);
	if (!carrier)
		return -1;
	if (shape_of(fd.copy, &shape, err) < 0 ||
	    unix_peek(fd.copy, &shape, &carrier->queue, err) < 0)
		return err_prefix(err, "%s fd %u %s", target->name, number, fd.link);
	carrier->queue.ino = (uint32_t)fd.stat.st_ino;
	return 0;
}

struct unix_queue *flights_queue(const struct dump *dump, uint32_t ino)
{
	const struct flights *flights = dump->files->flights;

	for (size_t i = 0; flights && i < flights->n_carriers; i++)
		if (flights->carriers[i].queue.ino == ino)
			return &flights->carriers[i].queue;
	return NULL;
}

/* Lists may move while they grow. */
static const struct peeked *message_at(const struct flights *flights, size_t carrier,
				       size_t message)
{
	return carrier < flights->n_carriers &&
			       message < flights->carriers[carrier].queue.n_messages
		       ? &flights->carriers[carrier].queue.messages[message]
		       : NULL;
}

int flights_each(struct dump *dump, flight_visitor *visit, struct err *err)
{
	const struct flights *flights = dump->files->flights;
	struct target *target = flights ? flights_target(dump, err) : NULL;

	if (flights && !target)
		return -1;
	for (size_t c = 0; flights && c < flights->n_carriers; c++)
		for (size_t m = 0; message_at(flights, c, m); m++)
			for (size_t i = 0; i < message_at(flights, c, m)->n_fds; i++)
				if (visit(dump, target, (uint32_t)message_at(flights, c, m)->fds[i],
					  err) < 0)
					return -1;
	return 0;
}

void flights_assign(struct dump *dump, uint32_t ino, uint32_t socket)
{
	struct flights *flights = dump->files->flights;

	for (size_t i = 0; flights && i < flights->n_carriers; i++)
		if (flights->carriers[i].queue.ino == ino)
			flights->carriers[i].socket = socket;
}

static int collect_one(struct dump *dump, int number, uint32_t *ret_id, struct err *err)
{
	_cleanup_(dump_fd_close) struct dump_fd fd = { .copy = -1 };

	if (dump_fd_open(dump, flights_target(dump, err), (uint32_t)number, &fd, err) < 0)
		return -1;
	return dump_file(dump, &fd, ret_id, err);
}

/* A carrier that is only in flight itself gets its record when the message that carries it does. */
static int collect_carrier(struct dump *dump, const struct flights *flights, size_t c, bool *done,
			   struct err *err)
{
	uint32_t socket = flights->carriers[c].socket;

	if (!socket || *done)
		return 0;
	*done = true;
	for (size_t m = 0; message_at(flights, c, m); m++)
		for (size_t i = 0; i < message_at(flights, c, m)->n_fds; i++) {
			struct unix_socket *record;
			uint32_t id, *slot;

			if (collect_one(dump, message_at(flights, c, m)->fds[i], &id, err) < 0)
				return -1;
			record = IMAGE_GET(&dump->image, unix_socket, socket, 0);
			slot = LIST_ADD(&record->messages[m], files, err);
			if (!slot)
				return -1;
			*slot = id;
		}
	return 1;
}

int flights_collect(struct dump *dump, struct err *err)
{
	const struct flights *flights = dump->files ? dump->files->flights : NULL;
	_cleanup_free_ bool *done = NULL;
	int more = flights && flights->n_carriers;

	if (more)
		done = calloc(flights->n_carriers, sizeof(*done));
	if (more && !done)
		return err_sys(err, "out of memory");
	while (more > 0) {
		more = 0;
		for (size_t c = 0; c < flights->n_carriers; c++) {
			int ret = collect_carrier(dump, flights, c, &done[c], err);

			if (ret < 0)
				return -1;
			more |= ret;
		}
	}
	return 0;
}
