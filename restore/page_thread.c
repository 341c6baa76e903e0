/* SPDX-License-Identifier: MIT */
#include "restore/page_thread.h"

#include "format/cleanup.h"
#include "format/together.h"
#include "kernel/fork_limit.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static void *serve(void *argument)
{
	struct page_thread *thread = argument;

	thread->result = page_server_run(thread->server, &thread->err);
	if (thread->result < 0)
		page_server_kill(thread->server);
	return NULL;
}

int page_thread_start(struct page_thread *thread, struct page_server *server, struct err *err)
{
	int error;

	*thread = (struct page_thread){ .server = server };
	if (pipe2(thread->halt, O_CLOEXEC) < 0)
		return err_sys(err, "pipe");
	server->halt = thread->halt[0];
	error = together_start(&thread->thread, serve, thread);
	if (!error) {
		thread->runs = true;
		return 0;
	}
	server->halt = -1;
	close(thread->halt[0]);
	close(thread->halt[1]);
	errno = error;
	return err_sys(err, "cannot make a thread that gives pages%s", fork_limit(error));
}

int page_thread_end(struct page_thread *thread, struct err *err)
{
	if (!thread->runs)
		return 0;
	thread->runs = false;
	close(thread->halt[1]);
	pthread_join(thread->thread, NULL);
	close(thread->halt[0]);
	thread->server->halt = -1;
	if (thread->result >= 0)
		return 0;
	if (err)
		*err = thread->err;
	return -1;
}
