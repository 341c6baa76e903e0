/* SPDX-License-Identifier: MIT */
/* Restartable sequences of stopped threads. */
#ifndef PIMAGE_RSEQ_H
#define PIMAGE_RSEQ_H

struct err;
struct frozen;
struct frozen_thread;
struct kernel_features;

/* Fills the .rseq_ members of a stopped thread; size 0 when it has none or the kernel is silent. */
void rseq_find(struct frozen_thread *thread, const struct kernel_features *features);

/*
 * Threads that were stopped in the middle of a restartable sequence go on at its abort handler, as
 * after any preemption. Left to itself the kernel would do that on the way back; but a thread that
 * runs remote calls first is outside of the sequence then, so the kernel forgets it, and the
 * sequence would be completed on another processor than it began on.
 */
int rseq_abort_all(struct frozen *frozen, struct err *err);

#endif
