/* SPDX-License-Identifier: MIT */
#include "restore/page_server.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/image_memory.h"
#include "format/pages.h"
#include "format/record.h"
#include "kernel/fallback.h"
#include "kernel/monotonic.h"
#include "kernel/processes.h"
#include "kernel/uffd.h"
#include "restore/recorder.h"

#include <poll.h>
#include <signal.h>
#include <string.h>

#define NS_PER_MS UINT64_C(1000000)

enum {
	PAGE = 4096,
	/* Untouched memory that is asked for is given in pieces of so much, where nothing else is to come. */
	ZERO_AHEAD = 16 * PAGE,
	/* How long to wait for a thread whose event was read to go on. */
	RETRY_MS = 1,
	/* Without FEATURE_FILL_AHEAD. */
	IDLE_MS = 100,
	/* When all may go on, they and the end of prestore come first: whoever decodes frames meanwhile has the processor that they want. */
	REST_MS = 3,
};

/* What came of giving pages. */
enum given {
	GIVEN,
	GIVEN_LATER, /* an event has to be read first */
	GIVEN_GONE,  /* the address space is no more */
};

static void client_done(struct page_client *client)
{
	cleanup_close(&client->uffd);
	client->uffd = -1;
	pending_done(&client->pending);
	wanted_done(&client->wanted);
	free(client->retries);
	client->retries = NULL;
	client->n_retries = 0;
}

void page_server_done(struct page_server *server)
{
	for (size_t i = 0; i < server->n_clients; i++) {
		client_done(&server->clients[i]);
		if (server->clients[i].pid) {
			image_memory_free(server->clients[i].memory);
			runs_done(&server->clients[i].runs);
		}
	}
	free(server->clients);
	cleanup_close(&server->go);
	*server = (struct page_server){ .go = -1 };
}

/* Returns enum given, or <0. */
static int copy(struct page_client *client, uint64_t to, const uint8_t *pages, size_t size,
		struct err *err)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = uffd_copy(client->uffd, to + done, pages + done, size - done);

		/* A mapping ends on the way: mprotect(2) and the like have made several of one. */
		if (n == -ENOENT && size - done > PAGE)
			n = uffd_copy(client->uffd, to + done, pages + done, PAGE);
		if (n == -EAGAIN)
			return GIVEN_LATER;
		if (n == -ESRCH)
			return GIVEN_GONE;
		if (n < 0 && n != -EEXIST && n != -ENOENT) {
			errno = (int)-n;
			return err_sys(err, "process %u: a page at 0x%llx", client->own_pid,
				       (unsigned long long)(to + done));
		}
		/* Something is there already, or nobody wants it any more. */
		if (n < 0) {
			n = PAGE;
			uffd_wake(client->uffd, to + done, PAGE);
		}
		if (pending_remove(&client->pending, to + done, to + done + (uint64_t)n, err) < 0)
			return -1;
		done += (uint64_t)n;
	}
	return GIVEN;
}

/* What is to come at an address together with all around it that is in the same frame: one decoding for all. */
static struct pending_run around(const struct page_client *client, size_t index, uint64_t address)
{
	struct pending_run run = client->pending.runs[index];
	uint64_t offset = run.offset + (address - run.start);
	uint64_t frame = offset / PAGES_FRAME_SIZE * PAGES_FRAME_SIZE;

	if (frame > run.offset) {
		run.start += frame - run.offset;
		run.offset = frame;
	}
	if (run.end - run.start > frame + PAGES_FRAME_SIZE - run.offset)
		run.end = run.start + (frame + PAGES_FRAME_SIZE - run.offset);
	return run;
}

/* Gives what is to come at an address, and what is around it after that. Returns enum given, or <0. */
static int give(struct page_client *client, size_t index, uint64_t address, struct err *err)
{
	const struct pending_run run = around(client, index, address);
	uint8_t pages[PAGES_FRAME_SIZE];
	const size_t before = address - run.start;
	const size_t after = before + PAGE;
	int ret;

	if (image_memory_read(client->memory, runs_address(&client->runs, run.offset), pages,
			      run.end - run.start, err) < 0)
		return -1;
	ret = copy(client, address, pages + before, PAGE, err);
	if (ret == GIVEN)
		ret = copy(client, address + PAGE, pages + after, run.end - run.start - after, err);
	if (ret == GIVEN)
		ret = copy(client, run.start, pages, before, err);
	return ret;
}

/* Memory that was never touched, or that was given back: zeros, as far as nothing else is to come. */
static int give_zeros(const struct page_client *client, size_t index, uint64_t address,
		      struct err *err)
{
	uint64_t size = ZERO_AHEAD;
	ssize_t n;

	if (index < client->pending.n_runs && client->pending.runs[index].start - address < size)
		size = client->pending.runs[index].start - address;
	n = uffd_zero(client->uffd, address, size);
	/* The mapping ends before that. */
	if (n < 0 && n != -EAGAIN && n != -ESRCH && n != -EEXIST)
		n = uffd_zero(client->uffd, address, PAGE);
	if (n == -EAGAIN)
		return GIVEN_LATER;
	if (n == -ESRCH)
		return GIVEN_GONE;
	if (n < 0 && n != -EEXIST && n != -ENOENT) {
		errno = (int)-n;
		return err_sys(err, "process %u: an empty page at 0x%llx", client->own_pid,
			       (unsigned long long)address);
	}
	if (n < 0)
		uffd_wake(client->uffd, address, PAGE);
	return GIVEN;
}

static int try_again_later(struct page_client *client, uint64_t address, struct err *err)
{
	uint64_t *slot = LIST_ADD(client, retries, err);

	if (!slot)
		return -1;
	*slot = address;
	return 0;
}

static void client_gone(struct page_server *server, struct page_client *client)
{
	server->lost |= !pending_is_empty(&client->pending);
	client_done(client);
}

/* Of what is to come at an address and was asked for: with all that is given with it, because that is how it comes the next time, too. */
static int note(const struct page_server *server, const struct page_client *client, size_t index,
		uint64_t address, struct err *err)
{
	struct pending_run run;
	uint64_t start;

	if (!server->recorder)
		return 0;
	run = around(client, index, address);
	start = runs_address(&client->runs, run.offset);
	return recorder_note(server->recorder, client->own_pid, start, start + run.end - run.start,
			     err);
}

static int give_asked(const struct page_server *server, struct page_client *client, size_t index,
		      uint64_t address, struct err *err)
{
	uint64_t next = around(client, index, address).end;

	if (note(server, client, index, address, err) < 0)
		return -1;
	client->next = next;
	return give(client, index, address, err);
}

static int answer(struct page_server *server, struct page_client *client, uint64_t address,
		  struct err *err)
{
	size_t i = pending_find(&client->pending, address);
	bool comes = i < client->pending.n_runs && client->pending.runs[i].start <= address;
	int ret = comes ? give_asked(server, client, i, address, err)
			: give_zeros(client, i, address, err);

	if (ret == GIVEN_LATER)
		return try_again_later(client, address, err);
	if (ret == GIVEN_GONE)
		client_gone(server, client);
	return ret < 0 ? -1 : 0;
}

/* Invalidates pointers to clients. */
static int on_fork(struct page_server *server, size_t parent, int uffd, struct err *err)
{
	struct page_client *child = LIST_ADD(server, clients, err);
	const struct page_client *from;

	if (!child) {
		close(uffd);
		return -1;
	}
	from = &server->clients[parent];
	*child = (struct page_client){ .uffd = uffd,
				       .own_pid = from->own_pid,
				       .memory = from->memory,
				       .runs = from->runs,
				       .next = from->next };
	return pending_copy(&from->pending, &child->pending, err);
}

static int on_event(struct page_server *server, size_t index, const struct uffd_msg *message,
		    struct err *err)
{
	struct page_client *client = &server->clients[index];
	struct pending *pending = &client->pending;

	switch (message->event) {
	case UFFD_EVENT_PAGEFAULT:
		return answer(server, client, message->arg.pagefault.address & -(uint64_t)PAGE,
			      err);
	case UFFD_EVENT_FORK:
		return on_fork(server, index, (int)message->arg.fork.ufd, err);
	case UFFD_EVENT_REMAP:
		return pending_move(pending, message->arg.remap.from, message->arg.remap.to,
				    message->arg.remap.len, err);
	case UFFD_EVENT_REMOVE:
	case UFFD_EVENT_UNMAP:
		return pending_remove(pending, message->arg.remove.start, message->arg.remove.end,
				      err);
	default:
		return err_set(err, ERR_FAILED, "userfaultfd: event %u is not known",
			       message->event);
	}
}

/* All that has happened. Returns how much, or <0. */
static int read_events(struct page_server *server, size_t index, struct err *err)
{
	struct uffd_msg message;
	int n = 0, ret;

	while (server->clients[index].uffd >= 0) {
		ret = uffd_read(server->clients[index].uffd, &message, err);
		if (ret == 0)
			break;
		if (ret < 0 || on_event(server, index, &message, err) < 0)
			return -1;
		server->last = index;
		n++;
	}
	return n;
}

/* Faults that were read before an event that came first. */
static int retry(struct page_server *server, struct page_client *client, struct err *err)
{
	_cleanup_free_ uint64_t *addresses = TAKE_PTR(client->retries);
	size_t n = client->n_retries;

	client->n_retries = 0;
	for (size_t i = 0; i < n && client->uffd >= 0; i++)
		if (answer(server, client, addresses[i], err) < 0)
			return -1;
	return 0;
}

/* The rest, from the last fault on and then from the beginning. */
static uint64_t next_of_rest(struct page_client *client)
{
	const struct pending *pending = &client->pending;
	size_t i = pending_find(pending, client->next);

	if (i == pending->n_runs)
		i = pending_find(pending, 0);
	if (pending->runs[i].start > client->next || client->next >= pending->runs[i].end)
		client->next = pending->runs[i].start;
	return client->next;
}

/* A frame of what nobody has asked for yet. Returns enum given, or <0. */
static int give_ahead(struct page_server *server, struct page_client *client, struct err *err)
{
	uint64_t at;
	int ret;

	if (!wanted_next(&client->wanted, &client->pending, &at))
		at = next_of_rest(client);
	ret = give(client, pending_find(&client->pending, at), at, err);
	if (ret == GIVEN_GONE)
		client_gone(server, client);
	return ret;
}

static bool misses(struct page_client *client, bool wanted)
{
	uint64_t at;

	if (client->uffd < 0 || pending_is_empty(&client->pending))
		return false;
	return !wanted || wanted_next(&client->wanted, &client->pending, &at);
}

/*
 * Of those that miss something that they want, and then of all that miss something, the one that asked last, else the next.
 * Returns enum given, or <0.
 */
static int work_ahead(struct page_server *server, struct err *err)
{
	for (size_t i = 0; i < 2 * server->n_clients; i++) {
		size_t index = (server->last + i) % server->n_clients;

		if (misses(&server->clients[index], i < server->n_clients)) {
			server->last = index;
			return give_ahead(server, &server->clients[index], err);
		}
	}
	return GIVEN;
}

/* Closes those that have everything: the kernel does the rest alone, also for whoever waits just now. Returns how many are left. */
static size_t close_complete(struct page_server *server)
{
	size_t left = 0;

	for (size_t i = 0; i < server->n_clients; i++) {
		struct page_client *client = &server->clients[i];

		if (client->uffd >= 0 && pending_is_empty(&client->pending))
			client_done(client);
		left += client->uffd >= 0;
	}
	return left;
}

static int open_sources(struct page_server *server, struct err *err)
{
	for (size_t i = 0; i < server->n_clients; i++)
		if (!server->clients[i].memory &&
		    image_memory_open(server->reader, server->image, KIND_memory,
				      server->clients[i].own_pid, &server->clients[i].memory,
				      err) < 0)
			return -1;
	return 0;
}

/* Returns whether anything is still to be tried again. */
static int look_at_all(struct page_server *server, struct err *err)
{
	bool waits = false;

	/* Those that are born meanwhile are looked at, too. */
	for (size_t i = 0; i < server->n_clients; i++) {
		if (read_events(server, i, err) < 0 || retry(server, &server->clients[i], err) < 0)
			return -1;
		waits |= server->clients[i].n_retries > 0;
	}
	return waits;
}

/* Waits until somebody asks, or all may go on. Returns 0 when nothing has happened. */
static int wait_for_events(const struct page_server *server, int timeout_ms, struct err *err)
{
	_cleanup_free_ struct pollfd *polls = calloc(server->n_clients + 2, sizeof(*polls));
	int n;

	if (!polls)
		return err_sys(err, "out of memory");
	for (size_t i = 0; i < server->n_clients; i++)
		polls[i] = (struct pollfd){ server->clients[i].uffd, POLLIN, 0 };
	polls[server->n_clients] = (struct pollfd){ server->go, POLLIN, 0 };
	polls[server->n_clients + 1] = (struct pollfd){ server->halt, POLLIN, 0 };
	n = poll(polls, server->n_clients + 2, timeout_ms);
	return n < 0 && errno != EINTR ? err_sys(err, "poll") : n;
}

/* Of a restore that came to nothing there is nothing to be recorded, and what was recorded of another one stays. */
static void look_whether_to_go(struct page_server *server)
{
	struct pollfd go = { server->go, POLLIN, 0 };
	bool began;
	char byte;

	if (server->go < 0 || poll(&go, 1, 0) <= 0)
		return;
	began = read(server->go, &byte, 1) == 1;
	cleanup_close(&server->go);
	server->go = -1;
	server->rests_until = monotonic_ns() + REST_MS * NS_PER_MS;
	if (!began)
		server->recorder = NULL;
	else if (server->recorder)
		recorder_begin(server->recorder);
}

/* When nothing is given, nothing else tells that nobody is left to ask. */
static void look_for_gone(struct page_server *server)
{
	for (size_t i = 0; i < server->n_clients; i++) {
		struct page_client *client = &server->clients[i];

		if (client->uffd >= 0 && !pending_is_empty(&client->pending) &&
		    uffd_is_gone(client->uffd,
				 client->pending.runs[pending_find(&client->pending, 0)].start,
				 PAGE))
			client_gone(server, client);
	}
}

static bool is_to_halt(const struct page_server *server)
{
	struct pollfd halt = { server->halt, POLLIN, 0 };

	return server->halt >= 0 && poll(&halt, 1, 0) > 0;
}

/* While the processes are still made, every page that nobody needs would be in the way; what came unasked would not be asked for. */
static bool only_answers(const struct page_server *server)
{
	return server->go >= 0 || server->recorder;
}

static int rest_left_ms(const struct page_server *server)
{
	uint64_t now = monotonic_ns();

	return now < server->rests_until
		       ? (int)((server->rests_until - now + NS_PER_MS - 1) / NS_PER_MS)
		       : 0;
}

int page_server_run(struct page_server *server, struct err *err)
{
	bool ahead = feature_on(server->features, FEATURE_FILL_AHEAD);

	if (open_sources(server, err) < 0)
		return -1;
	while (close_complete(server)) {
		bool answers = only_answers(server);
		int timeout = ahead && !answers ? rest_left_ms(server) : IDLE_MS;
		int asked = timeout ? wait_for_events(server, timeout, err) : 0;
		int waits = asked < 0 ? -1 : look_at_all(server, err);
		int given = waits < 0 ? -1 : GIVEN;

		look_whether_to_go(server);
		if (given == GIVEN && server->recorder && !recorder_goes_on(server->recorder))
			return SERVED_RECORDED;
		if (given == GIVEN && is_to_halt(server))
			return SERVED_HALTED;
		if (given == GIVEN && !asked && answers)
			look_for_gone(server);
		else if (given == GIVEN && !asked)
			given = work_ahead(server, err);
		if (given < 0)
			return -1;
		if (waits || given == GIVEN_LATER)
			poll(NULL, 0, RETRY_MS);
	}
	return SERVED_ALL;
}

static void poison(const struct page_client *client)
{
	for (size_t i = 0; client->uffd >= 0 && i < client->pending.n_runs; i++)
		uffd_poison(client->uffd, client->pending.runs[i].start,
			    client->pending.runs[i].end);
}

/* Whether a process is one of the clients, or was born of one. */
static bool is_ours(const struct page_server *server, const struct processes *all, pid_t pid)
{
	for (size_t depth = 0; pid > 1 && depth < all->count; depth++) {
		pid_t parent = 0;

		for (size_t i = 0; i < server->n_clients; i++)
			if (server->clients[i].pid == pid)
				return true;
		for (size_t i = 0; i < all->count; i++)
			if (all->list[i].pid == pid)
				parent = all->list[i].parent;
		pid = parent;
	}
	return false;
}

void page_server_kill(const struct page_server *server)
{
	struct processes all = { 0 };

	for (size_t i = 0; i < server->n_clients; i++)
		poison(&server->clients[i]);
	processes_read(&all, NULL);
	/* Children first: they are no longer known as such when their parent has ended. */
	for (size_t i = all.count; i-- > 0;)
		if (is_ours(server, &all, all.list[i].pid))
			kill(all.list[i].pid, SIGKILL);
	processes_release(&all);
}
