/* SPDX-License-Identifier: MIT */
/* What /proc/self says of memory, for the views of subjects. */
#ifndef PIMAGE_TESTS_VMA_H
#define PIMAGE_TESTS_VMA_H

#include "tests/subject/subject.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>

#define PAGE 4096UL

/* A whole file of /proc into a buffer, NUL at the end. Allocates nothing: that would show in what
 * is read. */
static inline size_t read_proc(const char *path, char *buffer, size_t size)
{
	size_t got = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		subject_fail("open %s", path);
	while ((n = read(fd, buffer + got, size - got - 1)) > 0)
		got += (size_t)n;
	if (n < 0 || got == size - 1)
		subject_fail("read %s", path);
	close(fd);
	buffer[got] = '\0';
	return got;
}

/* The VMA that holds the address: its line of /proc/self/maps and its flags, without the soft-dirty
 * bit (sd), which a page table scan may clear, and without the inode of anonymous memory. */
static inline void view_vma(struct view *view, const char *key, const void *address)
{
	static char smaps[1 << 20];
	char flags[256] = "", flags_key[64], *line, *at;
	unsigned long start, end;

	read_proc("/proc/self/smaps", smaps, sizeof(smaps));
	for (line = smaps; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2 && (uintptr_t)address >= start &&
		    (uintptr_t)address < end)
			break;
	}
	if (!line || !*line)
		subject_fail("no VMA at %p", address);
	at = strstr(line, "VmFlags:");
	if (at)
		snprintf(flags, sizeof(flags), "%.*s", (int)strcspn(at, "\n"), at);
	at = strstr(flags, " sd");
	if (at)
		memmove(at, at + 3, strlen(at + 3) + 1);
	line[strcspn(line, "\n")] = '\0';
	at = strstr(line, " 00:");
	if (at && (strstr(at, "/dev/zero (deleted)") || strstr(at, "/anon_hugepage (deleted)")))
		memmove(at, strchr(at, '/'), strlen(strchr(at, '/')) + 1);
	view_str(view, key, line);
	snprintf(flags_key, sizeof(flags_key), "%s flags", key);
	view_str(view, flags_key, flags);
}

static inline char *map_pages(size_t pages, int prot, int flags)
{
	void *at = mmap(NULL, pages * PAGE, prot, flags, -1, 0);

	if (at == MAP_FAILED)
		subject_fail("mmap of %zu pages, flags 0x%x", pages, flags);
	return at;
}

static inline char *map_private(size_t pages)
{
	return map_pages(pages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
}

/* A page that cannot be mistaken for another: its number in a running pattern. */
static inline void fill_page(char *page, uint64_t seed)
{
	uint64_t *at = (uint64_t *)page;

	for (size_t i = 0; i < PAGE / 8; i++)
		at[i] = (seed + 1) * 0x9e3779b97f4a7c15 + i * 0x100000001b3;
}

static inline void fill_pages(char *at, size_t pages, uint64_t seed)
{
	for (size_t i = 0; i < pages; i++)
		fill_page(at + i * PAGE, seed + i);
}

static inline bool is_zero(const char *at, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (at[i])
			return false;
	return true;
}

/* Whether a byte can be read, without a signal when it cannot. */
static inline bool is_readable(const void *at)
{
	char byte;
	struct iovec to = { &byte, 1 }, from = { (void *)at, 1 };

	return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == 1;
}

/* One bit per page: 1 present or swapped, by /proc/self/pagemap. */
static inline void view_present(struct view *view, const char *key, const char *at, size_t pages)
{
	uint64_t entry;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	view_key(view, key);
	view_raw(view, "\"");
	for (size_t i = 0; i < pages; i++) {
		MUST(pread(fd, &entry, 8, (off_t)(((uintptr_t)at / PAGE + i) * 8)) == 8);
		view_raw(view, entry >> 62 ? "1" : "0");
	}
	view_raw(view, "\"");
	close(fd);
}

/* A file in the current directory with that many pages of fill_page(). */
static inline int make_file(const char *name, size_t pages)
{
	char page[PAGE];
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	MUST(fd >= 0);
	for (size_t i = 0; i < pages; i++) {
		fill_page(page, 1000 + i);
		MUST(write(fd, page, PAGE) == (ssize_t)PAGE);
	}
	return fd;
}

#endif
