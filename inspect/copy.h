/* SPDX-License-Identifier: MIT */
/* The bytes of an entry, elsewhere. */
#ifndef PIMAGE_INSPECT_COPY_H
#define PIMAGE_INSPECT_COPY_H

#include <stdio.h>

struct err;
struct image_entry;

int copy_entry(const struct image_entry *entry, FILE *out, struct err *err);

#endif
