/* SPDX-License-Identifier: MIT */
/* Going on with a system call that only the kernel knew how to continue. */
#ifndef PIMAGE_RESTORE_SYSTEM_CALL_H
#define PIMAGE_RESTORE_SYSTEM_CALL_H

#include "format/thread.h"
#include "restore/canvas.h"

/*
 * Makes the call again in the thread with the time that was left, and interrupts it at once: then the kernel has a restart
 * block for it as it had when it was saved. *regs are the saved registers; their result becomes what the kernel says (the
 * call may have come to an end). To be called last, since the time is running.
 */
int system_call_enter(struct canvas *canvas, struct frozen_thread *thread,
		      const struct system_call *call, struct arch_regs *regs, struct err *err);

#endif
