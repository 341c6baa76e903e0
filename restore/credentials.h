/* SPDX-License-Identifier: MIT */
/* Who a restored process acts as. */
#ifndef PIMAGE_CREDENTIALS_H
#define PIMAGE_CREDENTIALS_H

#include "format/process.h"
#include "restore/canvas.h"
#include "restore/restore.h"

/* Adds a problem for whatever this user may not give to a process. */
void credentials_check(struct restore *restore, const char *object,
		       const struct credentials *saved);

/* Sets in every thread what differs: also drops what only the restore needed. */
int credentials_apply(struct canvas *canvas, const struct credentials *saved, struct err *err);

#endif
