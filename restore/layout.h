/* SPDX-License-Identifier: MIT */
/* The marks of an address space that only the kernel keeps. */
#ifndef PIMAGE_LAYOUT_H
#define PIMAGE_LAYOUT_H

#include "format/memory.h"
#include "restore/canvas.h"

/* PR_SET_MM_MAP of prctl(2): brk, stack, arguments, environment, auxiliary vector: pushes the call. */
int layout_apply(const struct memory *memory, struct remote_batch *batch, struct err *err);

#endif
