/* SPDX-License-Identifier: MIT */
/* Memory of a process as bytes and characters. */
#include "format/cleanup.h"
#include "format/err.h"
#include "format/image_memory.h"
#include "inspect/inspect.h"
#include "inspect/print.h"

#include <inttypes.h>
#include <string.h>

enum {
	ROW = 16,
	CHUNK = 64 << 10, /* read at once; a multiple of ROW */
	LENGTH_DEFAULT = 256,
};

/* What the rows before have shown, so that repeated ones become a "*". */
struct rows {
	uint8_t last[ROW];
	bool any;
	bool starred;
};

static void print_row(uint64_t address, const uint8_t *bytes, size_t n, FILE *out)
{
	fprintf(out, "%012" PRIx64 " ", address);
	for (size_t i = 0; i < ROW; i++) {
		fputs(i == ROW / 2 ? "  " : " ", out);
		if (i < n)
			fprintf(out, "%02x", bytes[i]);
		else
			fputs("  ", out);
	}
	fputs("  |", out);
	for (size_t i = 0; i < n; i++)
		fputc(bytes[i] >= ' ' && bytes[i] <= '~' ? bytes[i] : '.', out);
	fputs("|\n", out);
}

static void add_row(struct rows *rows, uint64_t address, const uint8_t *bytes, size_t n, FILE *out)
{
	if (n == ROW && rows->any && memcmp(rows->last, bytes, ROW) == 0) {
		if (!rows->starred)
			fputs("*\n", out);
		rows->starred = true;
		return;
	}
	print_row(address, bytes, n, out);
	rows->any = n == ROW;
	rows->starred = false;
	memcpy(rows->last, bytes, n);
}

static int print_saved(struct image_memory *memory, struct range range, FILE *out, struct err *err)
{
	_cleanup_free_ uint8_t *buffer = malloc(CHUNK);
	struct rows rows = { 0 };

	if (!buffer)
		return err_sys(err, "out of memory");
	while (range.start < range.end) {
		size_t n = range.end - range.start < CHUNK ? range.end - range.start : CHUNK;

		if (image_memory_read(memory, range.start, buffer, n, err) < 0)
			return -1;
		for (size_t i = 0; i < n; i += ROW)
			add_row(&rows, range.start + i, buffer + i, n - i < ROW ? n - i : ROW, out);
		range.start += n;
	}
	return 0;
}

/* What is not in the image, and long runs of zeros, are one line. */
static int print_range(struct image_memory *memory, struct range range, FILE *out, struct err *err)
{
	while (range.start < range.end) {
		struct extent extent = image_memory_extent(memory, range.start);

		if (extent.range.end > range.end)
			extent.range.end = range.end;
		if (extent.state != EXTENT_SAVED)
			fprintf(out, "%012" PRIx64 "-%012" PRIx64 "  %s\n", extent.range.start,
				extent.range.end, extent_reason(extent.state));
		else if (print_saved(memory, extent.range, out, err) < 0)
			return -1;
		range.start = extent.range.end;
	}
	return 0;
}

static int parse_number(const char *text, int base, const char *what, uint64_t *ret,
			struct err *err)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, base);
	if (errno || end == text || *end || *text == '-')
		return err_set(err, ERR_USAGE, "hexdump: %s \"%s\" is not a number", what, text);
	return 0;
}

int hexdump_run(const void *options, int argc, char **argv, struct err *err)
{
	_cleanup_inspect_ struct inspect inspect = { 0 };
	_cleanup_image_memory_ struct image_memory *memory = NULL;
	uint64_t length = LENGTH_DEFAULT;
	struct range range;
	uint32_t pid;

	if (inspect_operands("hexdump", argc, 2, 3, err) < 0 ||
	    parse_number(argv[1], 16, "address", &range.start, err) < 0 ||
	    (argc > 2 && parse_number(argv[2], 0, "length", &length, err) < 0))
		return -1;
	range.end = range.start > UINT64_MAX - length ? UINT64_MAX : range.start + length;
	if (inspect_open(argv[0], options, true, &inspect, err) < 0 ||
	    inspect_process(&inspect, &pid, err) < 0 ||
	    image_memory_open(inspect.reader, &inspect.image, KIND_memory, pid, &memory, err) < 0)
		return -1;
	return print_range(memory, range, stdout, err);
}
