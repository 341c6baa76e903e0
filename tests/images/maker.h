/* SPDX-License-Identifier: MIT */
/*
 * Makes a small valid image of the examples of the specification, and lets tests damage it. Every
 * word of a saved page holds its own address or offset, but for the argument and environment
 * strings.
 */
#ifndef PIMAGE_TEST_MAKER_H
#define PIMAGE_TEST_MAKER_H

#include "format/err.h"
#include "format/image_load.h"
#include "format/image_pages.h"
#include "format/image_write.h"
#include "format/memory.h"
#include "tests/images/entry_bytes.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct made {
	char *name;
	char *data;
	size_t size;
};

struct maker {
	struct made *entries; /* in the order in which they are written */
	size_t n_entries;
	struct image image; /* the records before any damage */
};

struct example {
	const char *file;
	const char *entry;
};

static const struct example examples[] = {
	{ "pimage", "pimage.json" },
	{ "process", "processes/42/process.json" },
	{ "memory", "processes/42/memory.json" },
	{ "files", "processes/42/files.json" },
	{ "signals", "processes/42/signals.json" },
	{ "timers", "processes/42/timers.json" },
	{ "thread", "processes/42/threads/42.json" },
	{ "thread-waiting", "processes/42/threads/43.json" },
	{ "file-regular", "files/1.json" },
	{ "file-terminal", "files/2.json" },
	{ "file-pipe_end-read", "files/3.json" },
	{ "file-pipe_end-write", "files/4.json" },
	{ "file-memfd", "files/5.json" },
	{ "file-eventfd", "files/6.json" },
	{ "file-chardev", "files/7.json" },
	{ "file-directory", "files/8.json" },
	{ "file-opath", "files/9.json" },
	{ "file-regular-deleted", "files/10.json" },
	{ "file-external", "files/11.json" },
	{ "file-epoll", "files/12.json" },
	{ "file-signalfd", "files/13.json" },
	{ "file-timerfd", "files/14.json" },
	{ "file-inotify", "files/15.json" },
	{ "file-unix_end", "files/16.json" },
	{ "file-pty_master", "files/17.json" },
	{ "pipe", "pipes/1.json" },
	{ "unix_socket", "sockets/unix/1.json" },
	{ "unix_socket-accepted", "sockets/unix/2.json" },
	{ "unix_socket-listening", "sockets/unix/3.json" },
	{ "unix_socket-datagram", "sockets/unix/4.json" },
	{ "unix_socket-outside", "sockets/unix/5.json" },
	{ "tty", "ttys/1.json" },
	{ "tty-pair", "ttys/2.json" },
	{ "shm", "shm/1.json" },
	{ "shm-anonymous", "shm/2.json" },
	{ "shm-deleted_file", "shm/3.json" },
	{ NULL, NULL },
};

static const char maker_strings[] = "counter\0--to\0001000000\0HOME=/home/user\0TERM=\033[0m";

/* Tests have no use for a maker that fails. */
static inline void maker_stop(const char *what, const char *why)
{
	fprintf(stderr, "maker: %s: %s\n", what, why);
	exit(2);
}

static inline struct made *maker_find(const struct maker *maker, const char *name)
{
	for (size_t i = 0; i < maker->n_entries; i++)
		if (strcmp(maker->entries[i].name, name) == 0)
			return &maker->entries[i];
	return NULL;
}

/* Takes the data over. */
static inline void maker_add(struct maker *maker, const char *name, char *data, size_t size)
{
	struct made *made = LIST_ADD(maker, entries, NULL);

	if (!made || !data)
		maker_stop(name, "out of memory");
	*made = (struct made){ strdup(name), data, size };
}

static inline void maker_drop(struct maker *maker, const char *name)
{
	struct made *made = maker_find(maker, name);

	if (!made)
		maker_stop(name, "no such entry to drop");
	free(made->name);
	free(made->data);
	maker->n_entries--;
	memmove(made, made + 1, (size_t)(maker->entries + maker->n_entries - made) * sizeof(*made));
}

/* Replaces the first `from` in an entry by `to`. */
static inline void maker_replace(struct maker *maker, const char *name, const char *from,
				 const char *to)
{
	struct made *made = maker_find(maker, name);
	char *at = made ? strstr(made->data, from) : NULL;
	char *data;

	if (!at)
		maker_stop(name, from);
	if (asprintf(&data, "%.*s%s%s", (int)(at - made->data), made->data, to, at + strlen(from)) <
	    0)
		maker_stop(name, "out of memory");
	free(made->data);
	made->data = data;
	made->size = strlen(data);
}

static inline char *maker_file(const char *path, size_t *ret_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t size = lseek(fd, 0, SEEK_END);
	char *data = size < 0 ? NULL : calloc(1, (size_t)size + 1);

	if (!data || pread(fd, data, (size_t)size, 0) != size)
		maker_stop(path, "cannot be read; tests run in the root of the project");
	close(fd);
	*ret_size = (size_t)size;
	return data;
}

/* What stands at an address of process 42 or an offset of an object. */
static inline void maker_bytes(const struct maker *maker, enum kind kind, uint64_t address,
			       uint8_t *ret_bytes, size_t size)
{
	uint64_t strings = kind == KIND_memory
				   ? IMAGE_GET(&maker->image, memory, 42, 0)->layout.arg_start
				   : UINT64_MAX;

	for (size_t i = 0; i < size; i++) {
		uint64_t at = address + i;
		uint64_t word = at & ~7UL;

		ret_bytes[i] = at - strings < sizeof(maker_strings)
				       ? (uint8_t)maker_strings[at - strings]
				       : (uint8_t)(word >> 8 * (at & 7));
	}
}

/* The page data of one entry as a source: its pages lie in several ranges. */
struct maker_pages {
	const struct maker *maker;
	const struct pages_entry *entry;
};

static inline int maker_read(void *context, uint64_t offset, void *buffer, size_t size,
			     struct err *err)
{
	const struct maker_pages *pages = context;
	struct saved_walk walk = { .image = &pages->maker->image,
				   .kind = pages->entry->kind,
				   .id = pages->entry->id };
	uint64_t position = 0;

	(void)err;
	while (size && saved_next(&walk)) {
		uint64_t start = walk.range.start;

		if (walk.range.end <= pages->entry->first)
			continue;
		start = start < pages->entry->first ? pages->entry->first : start;
		for (; size && start < walk.range.end; start += 4096, position += 4096) {
			if (position < offset)
				continue;
			maker_bytes(pages->maker, pages->entry->kind, start, buffer, 4096);
			buffer = (uint8_t *)buffer + 4096;
			size -= 4096;
		}
	}
	return 0;
}

static inline void maker_add_pages(struct maker *maker)
{
	struct pages_entry *entries;
	struct err err;
	size_t n;

	if (image_pages(&maker->image, &entries, &n, &err) < 0)
		maker_stop("pages", err.msg);
	for (size_t i = 0; i < n; i++) {
		struct maker_pages pages = { maker, &entries[i] };
		struct page_source source = { maker_read, &pages };
		char name[PAGES_NAME];
		uint8_t *data;
		size_t size;

		pages_entry_name(&entries[i], name);
		data = entry_bytes(PAGES_LEVEL_DEFAULT, &source, entries[i].size, &size, &err);
		if (!data)
			maker_stop(name, err.msg);
		maker_add(maker, name, (char *)data, size);
	}
	free(entries);
}

static inline void maker_load(struct maker *maker)
{
	struct err err;

	*maker = (struct maker){ 0 };
	for (const struct example *e = examples; e->file; e++) {
		char path[128];
		size_t size;
		char *text;
		enum kind kind;
		struct key key;

		snprintf(path, sizeof(path), "spec/examples/good/%s.json", e->file);
		text = maker_file(path, &size);
		maker_add(maker, e->entry, text, size);
		if (!kind_of_path(e->entry, &kind, &key) ||
		    image_decode(&maker->image, kind, key, text, size, &err) < 0)
			maker_stop(path, err.msg);
		if (kind == KIND_thread) {
			snprintf(path, sizeof(path), "processes/42/threads/%u.xstate", key.second);
			maker_add(maker, path, calloc(1, 833), 832);
		}
		if (kind == KIND_pipe)
			maker_add(maker, "pipes/1.data", strdup("hello"), 5);
		if (kind == KIND_unix_socket && key.first == 1)
			maker_add(maker, "sockets/unix/1.data", strdup("four"), 4);
		if (kind == KIND_unix_socket && key.first == 4)
			maker_add(maker, "sockets/unix/4.data", strdup("fives"), 5);
	}
	maker_add_pages(maker);
}

static inline void maker_done(struct maker *maker)
{
	while (maker->n_entries)
		maker_drop(maker, maker->entries[maker->n_entries - 1].name);
	free(maker->entries);
	image_done(&maker->image);
}

/* Writes everything through the real writer. */
static inline int maker_write(const struct maker *maker, int fd, struct err *err)
{
	struct image_writer *writer = NULL;
	int ret = image_writer_new(fd, 0, true, &writer, err);

	for (size_t i = 0; ret == 0 && i < maker->n_entries; i++)
		ret = image_write_entry(writer, maker->entries[i].name, maker->entries[i].data,
					maker->entries[i].size, err);
	if (ret == 0)
		ret = image_writer_close(writer, err);
	image_writer_free(writer);
	return ret;
}

#endif
