/* SPDX-License-Identifier: MIT */
/* Pages that several processes have, at whatever address and for whatever reason: the image holds them once. */
#ifndef PIMAGE_DUMP_SAME_PAGES_H
#define PIMAGE_DUMP_SAME_PAGES_H

#include "dump/dump.h"

struct err;

/*
 * When everything else of which pages are stored is settled: what is saved, and equal to a page that a process before has saved, or has in
 * the image before by the hashes in dump->hashes, becomes one of `same`. Nothing is looked at where there is only one process.
 */
int same_pages_find(struct dump *dump, struct err *err);

#endif
