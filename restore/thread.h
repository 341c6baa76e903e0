/* SPDX-License-Identifier: MIT */
/* The steps of building threads that do not belong to one phase. */
#ifndef PIMAGE_RESTORE_THREAD_H
#define PIMAGE_RESTORE_THREAD_H

#include "restore/canvas.h"

/* All threads, under their old numbers if `keep`; they share the process but have nothing of their own yet. */
int threads_make(struct restore *restore, struct canvas *canvas, bool keep, struct err *err);

/* Pending signals, registers, masks: after this no remote call may run in them but through the engine. */
int threads_finish(struct restore *restore, struct canvas *canvas, struct err *err);

#endif
