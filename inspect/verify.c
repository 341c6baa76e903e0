/* SPDX-License-Identifier: MIT */
/* `verify`: everything in an image that can be checked without restoring it. */
#include "format/err.h"
#include "format/image_load.h"
#include "inspect/inspect.h"
#include "inspect/pages_check.h"
#include "inspect/print.h"

struct pages_total {
	size_t entries;
	uint64_t size;
};

static int verify_pages(struct inspect *inspect, struct pages_total *ret_total, struct err *err)
{
	_cleanup_image_pages_ struct image_pages_walk walk = { 0 };
	struct page_stream stream = image_reader_stream(inspect->reader);
	struct page_reader *pages = NULL;
	const struct image_entry *entry;
	struct pages_entry expected;
	int more;

	if (image_pages_start(inspect->reader, &inspect->image, &walk, err) < 0 ||
	    page_reader_new(&pages, err) < 0)
		return -1;
	while ((more = image_pages_next(&walk, &entry, &expected, err)) > 0) {
		if (pages_check(pages, &stream, expected.size, err) < 0) {
			err_prefix(err, "%s", entry->name);
			more = -1;
			break;
		}
		ret_total->entries++;
		ret_total->size += expected.size;
	}
	page_reader_free(pages);
	return more;
}

static void print_names(const char *title, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		printf("%s ", title);
		put_string(names[i], stdout);
		putchar('\n');
	}
}

static void print_result(const struct inspect *inspect, const struct pages_total *pages)
{
	size_t records = 0;
	char size[SIZE_TEXT];

	for (enum kind kind = 0; kind < KIND_COUNT; kind++)
		records += inspect->image.kinds[kind].n_objects;
	printf("records    %zu: each is as its table says, and all references lead somewhere\n"
	       "raw data   %zu\n"
	       "page data  %zu, %s of pages: every frame, checksum and seek table is right\n"
	       "index      every entry that it lists is there%s\n",
	       records, inspect->image.n_blobs, pages->entries, size_text(pages->size, size),
	       !inspect->report.original ? "; the image was repacked"
	       : inspect->report.digests ? ", in its place, with its SHA-256"
					 : ", in its place");
	if (!inspect->report.digests)
		puts("digests    none: but for page data nothing tells whether an entry was "
		     "changed; "
		     "pinspect pack adds them");
	else if (inspect->report.original)
		puts("OCI tail   every blob is what its name says");
	print_names("edited    ", inspect->report.edited, inspect->report.n_edited);
	print_names("added     ", inspect->report.added, inspect->report.n_added);
}

int verify_run(const void *options, int argc, char **argv, struct err *err)
{
	_cleanup_inspect_ struct inspect inspect = { 0 };
	struct pages_total pages = { 0 };

	(void)options;
	if (inspect_operands("verify", argc, 1, 1, err) < 0 ||
	    inspect_read(argv[0], IMAGE_READ_VERIFY, &inspect, err) < 0)
		return -1;
	if (image_load(inspect.reader, &inspect.image, err) < 0 ||
	    verify_pages(&inspect, &pages, err) < 0 ||
	    image_finish(inspect.reader, &inspect.image, &inspect.report, err) < 0)
		return err_prefix(err, "%s", argv[0]);
	print_result(&inspect, &pages);
	return 0;
}
