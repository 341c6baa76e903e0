/* SPDX-License-Identifier: MIT */
#include "dump/page_source.h"

#include "cli/progress.h"
#include "dump/dump.h"
#include "format/err.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

struct run_source {
	const struct runs *runs;
	uint64_t base; /* where the entry begins in all runs */
	run_read *read;
	void *context;
};

struct piece {
	const struct run_source *source;
	char *buffer;
};

static int read_piece(void *context, uint64_t address, size_t done, size_t size, struct err *err)
{
	const struct piece *piece = context;

	return piece->source->read(piece->source->context, address, piece->buffer + done, size,
				   err);
}

static int read_runs(void *context, uint64_t offset, void *buffer, size_t size, struct err *err)
{
	const struct run_source *source = context;
	struct piece piece = { source, buffer };

	return runs_each(source->runs, source->base + offset, size, read_piece, &piece, err);
}

int fd_run_read(void *context, uint64_t offset, void *buffer, size_t size, struct err *err)
{
	const int *fd = context;
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(*fd, (char *)buffer + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "reading file contents at 0x%lx", offset + done);
		if (n == 0)
			break;
		done += (size_t)n;
	}
	/* The rest of a last page that is only partly in the file. */
	for (; done < size; done++)
		((char *)buffer)[done] = 0;
	return 0;
}

int write_runs(struct dump *dump, struct image_writer *writer, struct page_writer *pages,
	       const char *folder, const struct runs *runs, run_read *read, void *context,
	       struct err *err)
{
	for (uint64_t base = 0; base < runs->size; base += PAGES_DATA_MAX) {
		struct run_source source = { runs, base, read, context };
		const struct page_source from = { read_runs, &source };
		uint64_t size = runs->size - base;
		const void *data;
		size_t data_size;
		char name[128];

		if (size > PAGES_DATA_MAX)
			size = PAGES_DATA_MAX;
		snprintf(name, sizeof(name), "%s/%lx", folder, runs_address(runs, base));
		if (page_writer_entry(pages, &from, size, &data, &data_size, err) < 0 ||
		    image_write_entry(writer, name, data, data_size, err) < 0)
			return err_prefix(err, "%s", name);
		dump->written += size;
		if (dump->progress)
			progress_update(dump->progress, dump->written);
	}
	return 0;
}
