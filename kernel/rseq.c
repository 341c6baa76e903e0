/* SPDX-License-Identifier: MIT */
/* What the kernel does in rseq_ip_fixup (kernel/rseq.c, 5.10 to 6.18), done from outside. */
#include "kernel/rseq.h"

#include <linux/rseq.h>
#include <stdlib.h>
#include <sys/ptrace.h>

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/compat.h"
#include "kernel/fallback.h"
#include "kernel/freeze.h"

void rseq_find(struct frozen_thread *thread, const struct kernel_features *features)
{
	struct __ptrace_rseq_configuration rseq = { 0 };

	thread->rseq_known =
		feature_on(features, FEATURE_RSEQ_CONFIGURATION) &&
		ptrace(PTRACE_GET_RSEQ_CONFIGURATION, thread->tid, sizeof(rseq), &rseq) >= 0;
	if (!thread->rseq_known)
		return;
	thread->rseq_address = rseq.rseq_abi_pointer;
	thread->rseq_size = rseq.rseq_abi_pointer ? rseq.rseq_abi_size : 0;
	thread->rseq_signature = rseq.signature;
}

static int abort_one(struct frozen *frozen, struct frozen_thread *thread, uint64_t sequence,
		     struct err *err)
{
	struct rseq_cs cs;

	/* Unreadable: the kernel would end the process for it, by and by. Not for us to judge. */
	if (!sequence || memory_read(&frozen->memory, sequence, &cs, sizeof(cs), NULL) < 0)
		return 0;
	if (arch_regs_ip(&thread->regs) - cs.start_ip >= cs.post_commit_offset)
		return 0;
	arch_regs_set_ip(&thread->regs, cs.abort_ip);
	return arch_regs_set(thread->tid, &thread->regs, err);
}

/* There is none with a system call in it (rseq(2)), and reading what may be takes 1 us for each thread. */
static bool may_be_cut(const struct frozen_thread *thread)
{
	return thread->rseq_size && arch_regs_syscall(&thread->regs) < 0;
}

static struct memory_range pointer_of(const struct frozen_thread *thread)
{
	uint64_t address = thread->rseq_address + offsetof(struct rseq, rseq_cs);

	return (struct memory_range){ address, address + sizeof(uint64_t) };
}

/* One by one, when the area of some thread cannot be read. */
static void read_singly(struct frozen *frozen, const struct memory_range *ranges, size_t count,
			uint64_t *sequences)
{
	for (size_t i = 0; i < count; i++)
		if (memory_read_ranges(&frozen->memory, &ranges[i], 1, &sequences[i], NULL) < 0)
			sequences[i] = 0;
}

int rseq_abort_all(struct frozen *frozen, struct err *err)
{
	_cleanup_free_ struct memory_range *ranges = calloc(frozen->n_threads, sizeof(*ranges));
	_cleanup_free_ uint64_t *sequences = calloc(frozen->n_threads, sizeof(*sequences));
	size_t count = 0;

	if (!ranges || !sequences)
		return err_sys(err, "restartable sequences of %zu threads", frozen->n_threads);
	for (size_t i = 0; i < frozen->n_threads; i++)
		if (may_be_cut(frozen->threads[i]))
			ranges[count++] = pointer_of(frozen->threads[i]);
	if (memory_read_ranges(&frozen->memory, ranges, count, sequences, NULL) < 0)
		read_singly(frozen, ranges, count, sequences);
	count = 0;
	for (size_t i = 0; i < frozen->n_threads; i++) {
		struct frozen_thread *thread = frozen->threads[i];

		if (may_be_cut(thread) && abort_one(frozen, thread, sequences[count++], err) < 0)
			return -1;
	}
	return 0;
}
