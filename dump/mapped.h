/* SPDX-License-Identifier: MIT */
/* What is behind a mapping that is not anonymous. */
#ifndef PIMAGE_MAPPED_H
#define PIMAGE_MAPPED_H

#include "dump/dump.h"
#include "format/memory.h"

/*
 * A mapped file: kind file with an id in mapped_files of the process when its path still leads to it, else its contents
 * go into the image. Devices are refused but /dev/zero, which is anonymous memory under another name.
 */
int mapped_file(struct dump *dump, struct target *target, const struct map *map, struct vma *vma,
		struct err *err);

/* Memory without a path: a memfd, a deleted file, anonymous shared memory. */
int mapped_contents(struct dump *dump, struct target *target, const struct map *map,
		    struct vma *vma, struct err *err);

#endif
