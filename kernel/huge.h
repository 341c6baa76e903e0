/* SPDX-License-Identifier: MIT */
/* Transparent huge pages. */
#ifndef PIMAGE_HUGE_H
#define PIMAGE_HUGE_H

#include <stdint.h>

struct kernel_features;

/*
 * Bytes of a page that MADV_COLLAPSE (since 6.1) makes of a block of ordinary ones; 0 where the kernel has none, or where the administrator
 * has switched transparent huge pages off (transhuge.rst: "never", which MADV_COLLAPSE by itself does not heed).
 */
uint64_t huge_page_size(const struct kernel_features *features);

#endif
