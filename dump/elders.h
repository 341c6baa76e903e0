/* SPDX-License-Identifier: MIT */
/* Brothers and sisters in the order in which they were born, also where process ids have begun anew at the lowest in between. */
#ifndef PIMAGE_DUMP_ELDERS_H
#define PIMAGE_DUMP_ELDERS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct processes;

/*
 * Of a list of processes, of which `all` knows parents and times of birth, which of them (by its place) is to stand at each place: children of one parent
 * that are numbered after pid_max was reached change places with those before. Nobody else is moved. It is the order of an image, in which they are
 * born again. Fails when there is no memory.
 */
int elders_first(const pid_t *pids, size_t n, const struct processes *all, uint32_t pid_max,
		 size_t *ret_order);

#endif
