/* SPDX-License-Identifier: MIT */
#include "format/page_source.h"

#include "format/err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The source of one entry. */
struct run_source {
	struct run_pages *pages;
	uint64_t base; /* where the entry begins in all runs */
};

struct piece {
	const struct run_pages *pages;
	char *buffer;
};

static int read_piece(void *context, uint64_t address, size_t done, size_t size, struct err *err)
{
	const struct piece *piece = context;

	return piece->pages->read(piece->pages->context, address, piece->buffer + done, size, err);
}

static int read_runs(void *context, uint64_t offset, void *buffer, size_t size, struct err *err)
{
	const struct run_source *source = context;
	struct piece piece = { source->pages, buffer };

	return runs_each(&source->pages->runs, source->base + offset, size, read_piece, &piece,
			 err);
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

void run_pages_free(struct run_pages *pages)
{
	if (!pages || --pages->users)
		return;
	runs_done(&pages->runs);
	if (pages->release)
		pages->release(pages->context);
	free(pages);
}

struct run_pages *run_pages_new(run_read *read, void *context, void (*release)(void *context),
				struct err *err)
{
	struct run_pages *pages = calloc(1, sizeof(*pages));

	if (!pages) {
		if (release)
			release(context);
		err_sys(err, "out of memory");
		return NULL;
	}
	*pages = (struct run_pages){
		.read = read, .context = context, .release = release, .users = 1
	};
	return pages;
}

static void release_source(void *context)
{
	struct run_source *source = context;

	run_pages_free(source->pages);
	free(source);
}

static int add_entry(struct page_writer *writer, const char *folder, struct run_pages *pages,
		     uint64_t base, struct err *err)
{
	struct run_source *source = malloc(sizeof(*source));
	const struct page_source from = { read_runs, source };
	uint64_t size = pages->runs.size - base;
	char name[128];

	if (!source)
		return err_sys(err, "out of memory");
	*source = (struct run_source){ pages, base };
	pages->users++;
	snprintf(name, sizeof(name), "%s/%lx", folder, runs_address(&pages->runs, base));
	return page_writer_add(writer, name, &from, size < PAGES_DATA_MAX ? size : PAGES_DATA_MAX,
			       release_source, err);
}

int write_runs(struct page_writer *writer, const char *folder, struct run_pages *pages,
	       struct err *err)
{
	for (uint64_t base = 0; base < pages->runs.size; base += PAGES_DATA_MAX)
		if (add_entry(writer, folder, pages, base, err) < 0)
			return -1;
	return 0;
}
