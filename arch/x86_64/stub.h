/* SPDX-License-Identifier: MIT */
/* The call loop that runs in another process, and how a thread enters and leaves it. */
#ifndef PIMAGE_ARCH_X86_64_STUB_H
#define PIMAGE_ARCH_X86_64_STUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/x86_64/regs.h"

/* What a thread restores by itself when nobody is left to do it from outside. */
struct arch_stub_state {
	struct arch_regs
		regs; /* as ptrace showed them, with a call to be restarted not yet set up */
	uint64_t sigmask;
	int rendezvous;	  /* the signal that ends a run, sent by the thread to itself; 0: none */
	uint64_t scratch; /* unmapped on the way; size 0: nothing is */
	uint64_t scratch_size;
};

/* Bytes of code and data together, a multiple of 16. The code is position-independent, all of it only read. */
size_t arch_stub_size(void);

/* Writes code and data for one thread into buffer, arch_stub_size() bytes. */
void arch_stub_build(void *buffer, const struct arch_stub_state *state);

/*
 * Whether these bytes, which end where a mapping ends, end in a call loop: left by a tracer that was
 * killed. ret_state then tells what its data says; of the registers only the stack pointer.
 */
bool arch_stub_recognize(const void *bytes, size_t length, size_t *ret_size,
			 struct arch_stub_state *ret_state);

/*
 * Changes the registers so that the thread makes one call, or the count calls (struct remote_call)
 * at vector, and then the rendezvous.
 */
void arch_stub_enter_one(struct arch_regs *regs, uint64_t stub, const uint64_t call[7]);
void arch_stub_enter_many(struct arch_regs *regs, uint64_t stub, uint64_t vector, uint64_t count);

/*
 * Changes the registers so that the thread clones a child C (CLONE_VM|CLONE_FILES, no exit signal),
 * waits for C's end (wait4), and then makes the rendezvous; the result is C's pid or -errno. C
 * clones the copy (CLONE_FILES, no exit signal) and exits, with the errno of a failure. The copy
 * becomes leader of a session, closes all descriptors in a table of its own, and exits: a tracer
 * holds it at arch_stub_copied_ip, where it is at entry and return of the last call before.
 */
void arch_stub_enter_copy(struct arch_regs *regs, uint64_t stub);
uint64_t arch_stub_copied_ip(uint64_t stub);

/* The result of the one call, or of the clone, at the rendezvous. */
int64_t arch_stub_result(const struct arch_regs *regs);

/*
 * Where the thread is when the rendezvous signal arrives; and, for tracing by PTRACE_SYSCALL, where
 * it is on return from the first system call that follows the last of the batch.
 */
uint64_t arch_stub_rendezvous_ip(uint64_t stub);
uint64_t arch_stub_after_ip(uint64_t stub);

#endif
