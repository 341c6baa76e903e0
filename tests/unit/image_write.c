/* SPDX-License-Identifier: MIT */
/* The tar as it is written: exact bytes, exact places, and errors that name the entry. */
#include "tests/unit/image_sample.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static char *slurp(int fd, size_t *ret_size)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *data = malloc((size_t)size + 1);

	CHECK(pread(fd, data, (size_t)size, 0) == size);
	data[size] = '\0';
	*ret_size = (size_t)size;
	return data;
}

/*
 * ustar only: magic, owner 0, mode 0600, the time given, and no other header types than file and
 * hard link.
 */
static void check_headers(const char *tar, size_t size, const char *mtime)
{
	unsigned files = 0, links = 0, folders = 0;
	size_t at = 0;

	while (at < size && tar[at]) {
		unsigned long length = strtoul(tar + at + 124, NULL, 8);

		CHECK(memcmp(tar + at + 257, "ustar\00000", 8) == 0, "at %zu", at);
		CHECK(strncmp(tar + at + 100, tar[at + 156] == '5' ? "000700 " : "000600 ", 7) == 0,
		      "%.8s", tar + at + 100);
		CHECK(strtoul(tar + at + 108, NULL, 8) == 0 &&
		      strtoul(tar + at + 116, NULL, 8) == 0);
		CHECK(tar[at + 265] == '\0' && tar[at + 297] == '\0');
		CHECK(strncmp(tar + at + 136, mtime, 11) == 0, "%.12s", tar + at + 136);
		files += tar[at + 156] == '0';
		links += tar[at + 156] == '1';
		folders += tar[at + 156] == '5';
		CHECK(tar[at + 156] == '0' || tar[at + 156] == '1' || tar[at + 156] == '5');
		at += 512 + (length + 511) / 512 * 512;
	}
	CHECK(at + 1024 == size, "end of archive at %zu of %zu", at, size);
	CHECK(files == 11 && links == 7 && folders == 11, "%u files, %u links, %u directories",
	      files, links, folders);
	CHECK(strcmp(tar, "pimage.json") == 0);
}

/* The places in the index are those of the data, and index.json is the last entry. */
static void check_index(const char *tar, size_t size)
{
	const char *at = tar;
	unsigned n = 0;

	while ((at = memmem(at, size - (size_t)(at - tar), "\"offset\": ", 10))) {
		unsigned long offset = strtoul(at + 10, NULL, 10);

		CHECK(offset % 512 == 0 && offset < size);
		CHECK(memcmp(tar + offset - 512 + 257, "ustar", 5) == 0);
		at++;
		n++;
	}
	CHECK(n == 8, "%u", n);
}

static void check_bytes(void)
{
	int a = file_of("", 0), b = file_of("", 0);
	struct err err = { 0 };
	size_t size, other_size;
	char *tar, *other;

	CHECK(sample_write(a, 0, SAMPLE_PAGES, &err) == 0, "%s", err.msg);
	CHECK(sample_write(b, 0, SAMPLE_PAGES, &err) == 0, "%s", err.msg);
	tar = slurp(a, &size);
	other = slurp(b, &other_size);
	CHECK(size == other_size && memcmp(tar, other, size) == 0);
	check_headers(tar, size, "00000000000");
	check_index(tar, size);
	free(tar);
	free(other);
	CHECK(ftruncate(b, 0) == 0 && lseek(b, 0, SEEK_SET) == 0);
	CHECK(sample_write(b, 1700000000, SAMPLE_PAGES, &err) == 0, "%s", err.msg);
	tar = slurp(b, &size);
	check_headers(tar, size, "14524770400");
	free(tar);
	close(a);
	close(b);
}

static void check_refused(void)
{
	static const char *const bad[] = { "/etc/passwd", "../x", "a/../b",	"a//b",
					   "./a",	  "a/",	  "",		"a\nb",
					   "a\x7f",	  "\xc3", "index.json", "blobs/sha256/00",
					   "oci-layout" };
	struct image_writer *writer = NULL;
	int fd = file_of("", 0);
	struct err err = { 0 };
	char name[300];

	CHECK(image_writer_new(fd, 0, true, &writer, &err) == 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(image_write_entry(writer, bad[i], "x", 1, &err) < 0, "%s", bad[i]);
	memset(name, 'a', sizeof(name));
	name[256] = '\0';
	CHECK(image_write_entry(writer, name, "x", 1, &err) < 0);
	CHECK(image_write_entry(writer, "a.json", "x", 1, &err) == 0, "%s", err.msg);
	CHECK(image_write_entry(writer, "a.json", "x", 1, &err) < 0 && strstr(err.msg, "a.json"));
	CHECK(image_writer_close(writer, &err) < 0 && strstr(err.msg, "pimage.json"), "%s",
	      err.msg);
	image_writer_free(writer);
	close(fd);
}

/* Every size at which the disk can be full: always an error, never a whole image. */
static void check_full_disk(void)
{
	int whole = file_of("", 0);
	struct rlimit before, limit;
	struct err err = { 0 };
	off_t size;

	CHECK(sample_write(whole, 0, SAMPLE_PAGES, &err) == 0);
	size = lseek(whole, 0, SEEK_END);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	for (off_t n = 0; n < size; n += 511) {
		char path[] = "/tmp/pimage-test-XXXXXX";
		int fd = mkstemp(path);

		unlink(path);
		limit = before;
		limit.rlim_cur = (rlim_t)n;
		setrlimit(RLIMIT_FSIZE, &limit);
		CHECK(sample_write(fd, 0, SAMPLE_PAGES, &err) < 0 && err.code == ERR_IO, "%d %s",
		      (int)n, err.msg);
		CHECK(strstr(err.msg, "image entry "), "%s", err.msg);
		setrlimit(RLIMIT_FSIZE, &before);
		close(fd);
	}
	close(whole);
}

static void check_pipe(void)
{
	struct err err = { 0 };
	int fds[2];

	signal(SIGPIPE, SIG_IGN);
	CHECK(pipe(fds) == 0);
	close(fds[0]);
	CHECK(sample_write(fds[1], 0, SAMPLE_PAGES, &err) < 0 && err.code == ERR_IO, "%s", err.msg);
	CHECK(strstr(err.msg, "Broken pipe"), "%s", err.msg);
	close(fds[1]);
	CHECK(sample_write(open("/dev/full", O_WRONLY), 0, 10 << 20, &err) < 0);
	CHECK(strstr(err.msg, "image entry shm/2/pages/0: write: No space left"), "%s", err.msg);
}

int main(void)
{
	check_bytes();
	check_refused();
	check_full_disk();
	check_pipe();
	return test_done("image_write");
}
