/* SPDX-License-Identifier: MIT */
/* The kernel's own pages in a process: moved to where the image has them, or led to from there. */
#ifndef PIMAGE_VDSO_H
#define PIMAGE_VDSO_H

#include "format/memory.h"
#include "kernel/proc_maps.h"
#include "restore/canvas.h"

/*
 * Called when everything else is unmapped. If this kernel's vDSO is the saved one (same build-id, same parts), its parts go to the
 * saved addresses; else it goes out of the way and canvas->redirect_vdso is set: then the saved code is mapped like
 * anonymous memory, and vdso_redirect leads it here once it is filled.
 */
int vdso_place(const struct restore *restore, struct canvas *canvas, const struct memory *memory,
	       const struct maps *maps, struct err *err);

/* Whether a VMA of the image is mapped like anonymous memory because of that. */
bool vdso_is_code(const struct canvas *canvas, const struct vma *vma);

/* Whether a VMA, saved or now, is that code. */
bool vdso_was_at(const struct canvas *canvas, const struct vma *vma);

int vdso_redirect(struct canvas *canvas, const struct memory *memory, struct err *err);

#endif
