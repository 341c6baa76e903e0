/* SPDX-License-Identifier: MIT */
/* Build-ids of real and of made-up ELF files, and the facts by which files are compared. */
#include "kernel/elf_build_id.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/filestat.h"
#include "kernel/readfile.h"
#include "tests/unit/test.h"

/* A file of one class with one note segment that holds another note and then a build-id. */
static size_t make_elf64(unsigned char *out)
{
	static const unsigned char notes[] = {
		4, 0, 0, 0, 5,	 0,   0,   0, 1,    0,	  0,	0,    'G',  'N',  'U', 0,
		9, 9, 9, 9, 9,	 0,   0,   0, 4,    0,	  0,	0,    6,    0,	  0,   0,
		3, 0, 0, 0, 'G', 'N', 'U', 0, 0xde, 0xad, 0xbe, 0xef, 0x01, 0x23, 0,   0,
	};
	Elf64_Ehdr header = { .e_phoff = sizeof(header),
			      .e_phnum = 2,
			      .e_phentsize = sizeof(Elf64_Phdr) };
	Elf64_Phdr load = { .p_type = PT_LOAD };
	Elf64_Phdr note = { .p_type = PT_NOTE,
			    .p_offset = sizeof(header) + 2 * sizeof(note),
			    .p_filesz = sizeof(notes),
			    .p_align = 4 };

	memcpy(header.e_ident, ELFMAG, SELFMAG);
	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	memcpy(out, &header, sizeof(header));
	memcpy(out + sizeof(header), &load, sizeof(load));
	memcpy(out + sizeof(header) + sizeof(load), &note, sizeof(note));
	memcpy(out + note.p_offset, notes, sizeof(notes));
	return note.p_offset + sizeof(notes);
}

/* Big-endian and 32-bit: written by hand, since this host's structures are neither. */
static size_t make_elf32_big(unsigned char *out)
{
	memset(out, 0, 200);
	memcpy(out, ELFMAG, SELFMAG);
	out[EI_CLASS] = ELFCLASS32;
	out[EI_DATA] = ELFDATA2MSB;
	out[31] = 52; /* e_phoff */
	out[43] = 32; /* e_phentsize */
	out[45] = 1;  /* e_phnum */
	out[52 + 3] = PT_NOTE;
	out[52 + 7] = 84;  /* p_offset */
	out[52 + 19] = 18; /* p_filesz */
	out[52 + 31] = 4;  /* p_align */
	out[84 + 3] = 4;
	out[84 + 7] = 2;
	out[84 + 11] = NT_GNU_BUILD_ID;
	memcpy(out + 84 + 12, "GNU", 4);
	out[84 + 16] = 0xca;
	out[84 + 17] = 0xfe;
	return 84 + 18;
}

static void test_made(void)
{
	unsigned char elf[300];
	char hex[ELF_BUILD_ID_MAX] = "";
	size_t size = make_elf64(elf);

	CHECK(elf_build_id_of_memory(elf, size, hex) == 1);
	CHECK_STR(hex, "deadbeef0123");
	size = make_elf32_big(elf);
	CHECK(elf_build_id_of_memory(elf, size, hex) == 1);
	CHECK_STR(hex, "cafe");
}

/* Copies that end where the file ends, so that the sanitizer sees a step too far. */
static void check_damaged(const unsigned char *elf, size_t size)
{
	char hex[ELF_BUILD_ID_MAX];

	for (size_t cut = 0; cut < size; cut++) {
		_cleanup_free_ unsigned char *copy = malloc(cut ? cut : 1);

		memcpy(copy, elf, cut);
		elf_build_id_of_memory(copy, cut, hex);
	}
	for (size_t at = 0; at < size; at++) {
		static const unsigned char values[] = { 0, 1, 0x7f, 0x80, 0xff };
		_cleanup_free_ unsigned char *copy = malloc(size);

		for (size_t i = 0; i < sizeof(values); i++) {
			memcpy(copy, elf, size);
			copy[at] = values[i];
			elf_build_id_of_memory(copy, size, hex);
			memset(copy + at, values[i], size - at < 8 ? size - at : 8);
			elf_build_id_of_memory(copy, size, hex);
		}
	}
}

static void test_damaged(void)
{
	unsigned char elf[300];
	char hex[ELF_BUILD_ID_MAX];
	size_t size = make_elf64(elf);

	check_damaged(elf, size);
	elf[size - 19] = 1; /* the size of the id: 262 bytes */
	CHECK(elf_build_id_of_memory(elf, size, hex) == 0);
	size = make_elf32_big(elf);
	check_damaged(elf, size);
	CHECK(elf_build_id_of_memory("", 0, hex) == 0);
	CHECK(elf_build_id_of_memory("#!/bin/sh\n", 10, hex) == 0);
}

static int first_object(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size;
	*(struct dl_phdr_info *)data = *info;
	return 1;
}

/* The notes of this program as the loader sees them must hold what was found in the file. */
static void test_self(void)
{
	_cleanup_close_ int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	char hex[ELF_BUILD_ID_MAX] = "", again[ELF_BUILD_ID_MAX] = "";
	struct dl_phdr_info info = {};
	_cleanup_free_ char *file = NULL;
	struct err err = {};
	size_t size;
	int status = elf_build_id_of_fd(fd, hex, &err);

	CHECK(status >= 0, "%s", err.msg);
	CHECK(lseek(fd, 0, SEEK_CUR) == 0);
	CHECK(read_file_at(AT_FDCWD, "/proc/self/exe", &file, &size, &err) == 0, "%s", err.msg);
	CHECK(elf_build_id_of_memory(file, size, again) == status);
	if (status == 0) {
		test_skip("elf_build_id", "this program was linked without a build-id");
		return;
	}
	CHECK_STR(again, hex);
	dl_iterate_phdr(first_object, &info);
	CHECK(elf_build_id_of_memory((void *)info.dlpi_addr, 4096, again) == 1 ||
	      info.dlpi_addr == 0);
	CHECK_STR(again, hex);
}

static void test_other_files(void)
{
	_cleanup_close_ int dir = open("/", O_RDONLY | O_DIRECTORY),
			    null = open("/dev/null", O_RDONLY);
	char hex[ELF_BUILD_ID_MAX];
	struct err err = {};
	int ends[2];

	CHECK(pipe(ends) == 0);
	CHECK(elf_build_id_of_fd(dir, hex, &err) == 0);
	CHECK(elf_build_id_of_fd(null, hex, &err) == 0);
	CHECK(elf_build_id_of_fd(ends[0], hex, &err) == 0);
	close(ends[0]);
	close(ends[1]);
	CHECK(elf_build_id_of_fd(ends[0], hex, &err) < 0);
	CHECK(strstr(err.msg, "Bad file descriptor"), "%s", err.msg);
}

static void test_filestat(void)
{
	struct filestat a, b, c = { .size = 10, .mtime_ns = 1000000001, .mode = 0100644 };
	struct filestat d = { .size = 20, .mtime_ns = -1, .mode = 0100755 };
	struct stat far = { .st_mtim = { .tv_sec = INT64_MAX } };
	struct err err = {};
	char text[200], small[10];

	CHECK(filestat_at(AT_FDCWD, "/proc/self/exe", 0, &a, &err) == 0, "%s", err.msg);
	CHECK(filestat_at(AT_FDCWD, "/dev/null", 0, &b, &err) == 0, "%s", err.msg);
	CHECK(filestat_compare(&a, &a) == 0);
	CHECK(filestat_compare(&a, &b) & FILESTAT_TYPE &&
	      filestat_compare(&a, &b) & FILESTAT_INODE);
	CHECK(a.links > 0 && a.size > 0 && S_ISREG(a.mode) && S_ISCHR(b.mode));
	CHECK(filestat_compare(&c, &d) == (FILESTAT_SIZE | FILESTAT_MTIME | FILESTAT_PERMISSIONS));
	CHECK_STR(filestat_explain(~0u & ~(FILESTAT_DEV | FILESTAT_INODE), &c, &d, text,
				   sizeof(text)),
		  "size 10, expected 20; mtime 1.000000001, expected -0.000000001; "
		  "mode 0100644, expected 0100755");
	CHECK_STR(filestat_explain(FILESTAT_SIZE, &c, &d, small, sizeof(small)), "size 10, ");
	CHECK_STR(filestat_explain(0, &c, &d, text, sizeof(text)), "");
	CHECK(filestat_of(&far).mtime_ns == INT64_MAX);
	CHECK(filestat_at(AT_FDCWD, "/nothing", 0, &a, &err) < 0);
	CHECK_STR(err.msg, "stat /nothing: No such file or directory");
	CHECK(filestat_at(-1, "", AT_EMPTY_PATH, &a, &err) < 0);
	CHECK_STR(err.msg, "stat of descriptor -1: Bad file descriptor");
}

int main(void)
{
	test_made();
	test_damaged();
	test_self();
	test_other_files();
	test_filestat();
	return test_done("elf_build_id");
}
