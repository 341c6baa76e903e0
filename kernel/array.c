/* SPDX-License-Identifier: MIT */
#include "kernel/array.h"

#include <stdlib.h>
#include <string.h>

#include "format/err.h"

void *array_add(void *list, size_t *count, size_t size, struct err *err)
{
	size_t n = *count;
	char *items;

	/* Copied, not cast: the caller's pointer is of another type. */
	memcpy(&items, list, sizeof(items));
	if ((n & (n - 1)) == 0) {
		items = reallocarray(items, n ? 2 * n : 1, size);
		if (!items) {
			err_sys(err, "memory for %zu items", n ? 2 * n : 1);
			return NULL;
		}
		memcpy(list, &items, sizeof(items));
	}
	memset(items + n * size, 0, size);
	*count = n + 1;
	return items + n * size;
}
