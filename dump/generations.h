/* SPDX-License-Identifier: MIT */
/* The folder of a history: which images are in it, which lead to which, and which nobody needs any more. */
#ifndef PIMAGE_DUMP_GENERATIONS_H
#define PIMAGE_DUMP_GENERATIONS_H

#include <stddef.h>

struct err;

enum { GENERATION_NAME = 32 };

/* "000123.tar" */
void generation_name(unsigned number, char ret_name[GENERATION_NAME]);

/*
 * The highest number in use; 0: none. The folder is made if there is none. Returns a descriptor of it, which keeps
 * others from writing to it.
 */
int generations_open(const char *folder, unsigned *ret_last, struct err *err);

/* latest.tar leads to that one from now on. */
int generation_publish(const char *folder, unsigned number, struct err *err);

/* Removes all but the newest `keep` and those that they lead to. What cannot be read stays. */
int generations_prune(const char *folder, unsigned keep, struct err *err);

#endif
