/* SPDX-License-Identifier: MIT */
#include "dump/siginfo.h"

#include "format/err.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>

/* si_signo, si_errno, si_code and padding; then the union, include/uapi/asm-generic/siginfo.h on 64 bits. */
enum { SIGINFO_HEAD = 16, PEEK = 32 };

static int add(const siginfo_t *info, struct siginfo_record **pending, size_t *n_pending,
	       struct err *err)
{
	struct siginfo_record *record = list_add((void **)pending, n_pending, sizeof(*record), err);
	const uint8_t *data = (const uint8_t *)info + SIGINFO_HEAD;
	size_t size = sizeof(*info) - SIGINFO_HEAD;

	if (!record)
		return -1;
	record->signal = (uint32_t)info->si_signo;
	record->error = info->si_errno;
	record->code = info->si_code;
	while (size && !data[size - 1])
		size--;
	if (!size)
		return 0;
	record->data.data = malloc(size);
	if (!record->data.data)
		return err_sys(err, "out of memory");
	memcpy(record->data.data, data, size);
	record->data.size = size;
	return 0;
}

int siginfo_peek(pid_t tid, bool shared, struct siginfo_record **pending, size_t *n_pending,
		 struct err *err)
{
	struct __ptrace_peeksiginfo_args args = { .nr = PEEK,
						  .flags = shared ? PTRACE_PEEKSIGINFO_SHARED : 0 };
	siginfo_t infos[PEEK];
	long n;

	do {
		n = ptrace(PTRACE_PEEKSIGINFO, tid, &args, infos);
		if (n < 0)
			return err_sys(err, "cannot read the pending signals of thread %d", tid);
		for (long i = 0; i < n; i++)
			if (add(&infos[i], pending, n_pending, err) < 0)
				return -1;
		args.off += (uint64_t)n;
	} while (n == PEEK);
	return 0;
}
