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

/* Whether this user may make them here; tries it with a process that ends at once. */
int namespace_check(struct err *err);

#endif
