/* SPDX-License-Identifier: MIT */
/* The names of entries. */
#include "format/entry.h"

#include "format/err.h"

#include <string.h>

bool entry_is_pages(const char *name)
{
	return strstr(name, "/pages/") != NULL;
}

bool entry_is_tail(const char *name)
{
	return strcmp(name, ENTRY_INDEX) == 0 || strcmp(name, ENTRY_OCI_LAYOUT) == 0 ||
	       strncmp(name, ENTRY_BLOBS, strlen(ENTRY_BLOBS)) == 0;
}

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), n = strlen(end);

	return length >= n && strcmp(name + length - n, end) == 0;
}

const char *entry_media_type(const char *name)
{
	if (strcmp(name, ENTRY_PIMAGE) == 0)
		return "application/vnd.pimage.config.v1+json";
	if (entry_is_pages(name))
		return "application/vnd.pimage.pages.v1+zstd";
	if (ends_with(name, ".json"))
		return "application/vnd.pimage.json.v1+json";
	return "application/vnd.pimage.data.v1";
}

int entry_check_name(const char *name, struct err *err)
{
	size_t start = 0, i = 0;

	for (;; i++) {
		size_t length = i - start;

		if (i > ENTRY_NAME_MAX)
			return err_set(err, ERR_IMAGE,
				       "an entry has a name of more than %d bytes: %.60s...",
				       ENTRY_NAME_MAX, name);
		if (name[i] != '/' && name[i] != '\0') {
			if (name[i] < ' ' || name[i] > '~')
				return err_set(
					err, ERR_IMAGE,
					"an entry has a name with the byte 0x%02x after \"%.*s\"",
					(unsigned char)name[i], (int)i, name);
			continue;
		}
		if (length == 0 || (length == 1 && name[start] == '.') ||
		    (length == 2 && name[start] == '.' && name[start + 1] == '.'))
			return err_set(err, ERR_IMAGE,
				       "an entry is named \"%.*s\": not a plain path",
				       ENTRY_NAME_MAX, name);
		if (name[i] == '\0')
			return 0;
		start = i + 1;
	}
}
