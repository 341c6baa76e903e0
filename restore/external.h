/* SPDX-License-Identifier: MIT */
/* What becomes of ends of something outside. */
#ifndef PIMAGE_RESTORE_EXTERNAL_H
#define PIMAGE_RESTORE_EXTERNAL_H

#include "format/external_policy.h"
#include "restore/restore.h"

/* Refuses rules (--external) that cannot be understood, or are for nothing in the image. */
int external_check_rules(const struct restore *restore, struct err *err);

/*
 * What becomes of a pipe or unix socket: EXTERNAL_ASK: it is none of those that end outside; EXTERNAL_NULL:
 * nothing that is made refers to it. After all open file descriptions were checked.
 */
enum external_policy external_object(const struct restore *restore, enum kind kind, uint32_t id);

#endif
