/* SPDX-License-Identifier: MIT */
#include "inspect/copy.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/image_read.h"

enum { CHUNK = 256 << 10 };

int copy_entry(const struct image_entry *entry, FILE *out, struct err *err)
{
	_cleanup_free_ void *buffer = malloc(CHUNK);
	size_t n;

	if (!buffer)
		return err_sys(err, "out of memory");
	for (uint64_t at = 0; at < entry->size; at += n) {
		n = entry->size - at < CHUNK ? (size_t)(entry->size - at) : CHUNK;
		if (image_entry_read(entry, at, buffer, n, err) < 0)
			return -1;
		if (fwrite(buffer, 1, n, out) != n)
			return err_sys(err, "write %s", entry->name);
	}
	return 0;
}
