/* SPDX-License-Identifier: MIT */
#include "restore/siginfo.h"

#include "format/err.h"

#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

enum { SIGINFO_HEAD = 16, SIGNALS = 64 };

int siginfo_check(const struct siginfo_record *pending, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (!pending[i].signal || pending[i].signal > SIGNALS ||
		    pending[i].data.size > sizeof(siginfo_t) - SIGINFO_HEAD)
			return err_set(err, ERR_IMAGE, "$.pending[%zu] is no siginfo", i);
	return 0;
}

static void build(const struct siginfo_record *from, siginfo_t *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->si_signo = (int)from->signal;
	ret->si_errno = from->error;
	ret->si_code = from->code;
	if (from->data.size)
		memcpy((char *)ret + SIGINFO_HEAD, from->data.data, from->data.size);
}

/* A process may send itself any siginfo, also one that claims to come from the kernel; kernel/signal.c do_rt_sigqueueinfo. */
int siginfo_queue(struct canvas *canvas, struct frozen_thread *thread, uint32_t own_tid,
		  const struct siginfo_record *pending, size_t n, struct err *err)
{
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(&canvas->remote);
	uint32_t own_pid = canvas->threads[0].own;

	if (!n)
		return 0;
	for (size_t i = 0; i < n; i++) {
		siginfo_t info;
		uint64_t at;

		build(&pending[i], &info);
		at = remote_data(batch, &info, sizeof(info));
		remote_push(batch,
			    own_tid ? REMOTE_CALL(rt_tgsigqueueinfo, own_pid, own_tid,
						  pending[i].signal, at)
				    : REMOTE_CALL(rt_sigqueueinfo, own_pid, pending[i].signal, at));
	}
	return remote_run_all(&canvas->remote, thread, batch, err);
}
