/* SPDX-License-Identifier: MIT */
/* Binary search in any ascending list. */
#ifndef PIMAGE_SEARCH_H
#define PIMAGE_SEARCH_H

#include <stddef.h>

/*
 * How many of `count` elements come first: those for which `before`, an expression with the index `i`, is true, and which
 * stand before all others. It is also the index of the first one for which it is not.
 *
 *     size_t at = SEARCH(n, i, list[i].end <= address);
 */
#define SEARCH(count, i, before)                                                                   \
	({                                                                                         \
		size_t search_low = 0, search_high = (count);                                      \
                                                                                                   \
		while (search_low < search_high) {                                                 \
			size_t i = search_low + (search_high - search_low) / 2;                    \
                                                                                                   \
			if (before)                                                                \
				search_low = i + 1;                                                \
			else                                                                       \
				search_high = i;                                                   \
		}                                                                                  \
		search_low;                                                                        \
	})

#endif
