/* SPDX-License-Identifier: MIT */
/* A user and pid namespace of our own, in which any user may choose the numbers of his processes. */
#ifndef PIMAGE_NAMESPACE_H
#define PIMAGE_NAMESPACE_H

#include "restore/newborn.h"
#include "restore/spawn.h"

/*
 * Makes the namespaces, an init process in them with a /proc of its own, and there the new process under its old number.
 * Fills job->init, ->control and ->status.
 */
int namespace_start(const struct newborn *newborn, struct job *job, struct err *err);

/*
 * The same without the process, which comes from elsewhere and will be `root` there. Fills job->init_fd, too, with a descriptor from
 * `base` on that is inherited.
 */
int namespace_prepare(uint32_t root, bool new_session, int base, struct job *job, struct err *err);

/*
 * Into the namespaces of job->init, of which its children are members then; it has what a process that was started there would have
 * of capabilities. It has inherited job->init_fd, and no others share its current directory.
 */
int namespace_enter(struct canvas *canvas, const struct job *job, uint64_t bounding,
		    struct err *err);

/* Whether this user may make them here; tries it with a process that ends at once. */
int namespace_check(struct err *err);

#endif
