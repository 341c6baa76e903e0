/* SPDX-License-Identifier: MIT */
/* Who a restored process acts as. */
#ifndef PIMAGE_CREDENTIALS_H
#define PIMAGE_CREDENTIALS_H

#include "format/process.h"
#include "kernel/proc_status.h"
#include "restore/canvas.h"
#include "restore/restore.h"

/* Adds a problem for whatever this user may not give to a process. */
void credentials_check(struct restore *restore, const char *object,
		       const struct credentials *saved);

/* What differs from what is wanted: looked up in the main thread, of which all others are clones. */
struct credentials_change {
	struct proc_status now;
	uint32_t securebits;
	bool none;
};
int credentials_look(struct canvas *canvas, const struct credentials *saved,
		     struct credentials_change *ret, struct err *err);
void credentials_look_done(struct credentials_change *change);

/*
 * The calls that set it in a thread, and drop what only the restore needed; whether a call with so many bytes of data suffices
 * for them. They clear the signal for the parent's death, and may make the process undumpable.
 */
void credentials_push(struct remote_batch *batch, const struct credentials *saved,
		      const struct credentials_change *change);
bool credentials_fit(const struct credentials *saved, size_t bytes);

/* Sets it in the main thread, and in all others unless they have theirs from birth. */
int credentials_apply(struct canvas *canvas, const struct credentials *saved, struct err *err);

#endif
