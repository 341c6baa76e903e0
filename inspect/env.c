/* SPDX-License-Identifier: MIT */
/* Arguments and environment of each process, as they stand in its memory. */
#include "format/cleanup.h"
#include "format/err.h"
#include "format/image_memory.h"
#include "format/memory.h"
#include "inspect/inspect.h"
#include "inspect/print.h"

#include <inttypes.h>
#include <string.h>

/* The kernel allows 6 MiB for both, fs/exec.c; a program may have named another place. */
enum { STRINGS_MAX = 16 << 20 };

static void print_strings(const char *strings, size_t size, FILE *out)
{
	while (size) {
		size_t length = strnlen(strings, size);

		fputs("  ", out);
		put_bytes(strings, length, out);
		fputc('\n', out);
		length += length < size;
		strings += length;
		size -= length;
	}
}

static int print_block(struct image_memory *memory, const char *title, uint64_t start, uint64_t end,
		       FILE *out, struct err *err)
{
	_cleanup_free_ char *strings = NULL;
	struct err why = { 0 };

	fprintf(out, "%s\n", title);
	if (end <= start)
		return 0;
	if (end - start > STRINGS_MAX) {
		fprintf(out, "  (0x%" PRIx64 "-0x%" PRIx64 ": too large)\n", start, end);
		return 0;
	}
	strings = malloc(end - start);
	if (!strings)
		return err_sys(err, "out of memory");
	if (image_memory_read(memory, start, strings, end - start, &why) == 0) {
		print_strings(strings, end - start, out);
		return 0;
	}
	if (why.code == ERR_IMAGE) {
		*err = why;
		return -1;
	}
	fprintf(out, "  (%s)\n", why.msg);
	return 0;
}

int env_print(struct inspect *inspect, FILE *out, struct err *err)
{
	const struct objects *list = &inspect->image.kinds[KIND_memory];

	for (size_t i = 0; i < list->n_objects; i++) {
		const struct layout *layout =
			&((const struct memory *)list->objects[i].record)->layout;
		_cleanup_image_memory_ struct image_memory *memory = NULL;
		uint32_t pid = list->objects[i].key.first;

		if (!inspect_wants(inspect, pid))
			continue;
		inspect_heading(inspect, pid, out);
		if (image_memory_open(inspect->reader, &inspect->image, KIND_memory, pid, &memory,
				      err) < 0 ||
		    print_block(memory, "arguments", layout->arg_start, layout->arg_end, out, err) <
			    0 ||
		    print_block(memory, "environment", layout->env_start, layout->env_end, out,
				err) < 0)
			return -1;
	}
	return 0;
}
