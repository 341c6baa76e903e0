/* SPDX-License-Identifier: MIT */
#include "kernel/huge.h"

#include "format/cleanup.h"
#include "kernel/fallback.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

static bool read_setting(const char *path, char *ret_text, size_t size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, ret_text, size - 1);

	if (n <= 0)
		return false;
	ret_text[n] = '\0';
	return true;
}

uint64_t huge_page_size(const struct kernel_features *features)
{
	char text[64];
	uint64_t size;

	if (!feature_on(features, FEATURE_COLLAPSE) ||
	    !read_setting("/sys/kernel/mm/transparent_hugepage/enabled", text, sizeof(text)) ||
	    strstr(text, "[never]") ||
	    !read_setting("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", text, sizeof(text)))
		return 0;
	size = strtoull(text, NULL, 10);
	return size & (size - 1) ? 0 : size;
}
