/* SPDX-License-Identifier: MIT */
#include "kernel/elf_build_id.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "format/err.h"

/* Bounds for a file that says anything: usual are a dozen headers, some hundred bytes of notes. */
#define MOST_HEADERS 512
#define MOST_NOTES   (64 * 1024)
#define MOST_ID	     64

/* Linkers put program headers and notes at the beginning: one call reads all that is wanted. */
#define HEAD 4096

/* Where the ELF file is: a descriptor, of which the beginning is in memory, or all in memory when fd is -1. */
struct source {
	int fd;
	const uint8_t *memory;
	size_t size;
};

/* What of the header is needed, and where the fields of a program header are in this class. */
struct elf {
	bool wide;	  /* 64-bit */
	bool big;	  /* big-endian */
	uint64_t headers; /* file offset */
	uint32_t count;
};

struct segment {
	uint64_t offset;
	uint64_t size;
	uint64_t align;
};

static ssize_t read_at(int fd, uint64_t offset, void *buffer, size_t size)
{
	size_t done = 0;

	if (offset > INT64_MAX - size)
		return 0;
	while (done < size) {
		ssize_t n = pread(fd, (char *)buffer + done, size - done, offset + done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += n;
	}
	return done;
}

/* Bytes read, fewer at the end of the file; <0 on failure. */
static ssize_t read_source(const struct source *source, uint64_t offset, void *buffer, size_t size)
{
	bool there = offset <= source->size && size <= source->size - offset;

	if (source->fd >= 0 && !there)
		return read_at(source->fd, offset, buffer, size);
	if (offset >= source->size)
		return 0;
	if (size > source->size - offset)
		size = source->size - offset;
	memcpy(buffer, source->memory + offset, size);
	return size;
}

static uint64_t number(const uint8_t *at, unsigned width, bool big)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < width; i++)
		value |= (uint64_t)at[big ? width - 1 - i : i] << 8 * i;
	return value;
}

#define MEMBER(elf, base, type, member)                                                            \
	((elf)->wide ? number((base) + offsetof(Elf64_##type, member),                             \
			      sizeof(((Elf64_##type *)0)->member), (elf)->big)                     \
		     : number((base) + offsetof(Elf32_##type, member),                             \
			      sizeof(((Elf32_##type *)0)->member), (elf)->big))

/* 1: an ELF file with program headers that are worth reading. */
static int read_header(const struct source *source, struct elf *elf)
{
	uint8_t header[sizeof(Elf64_Ehdr)] = {};
	ssize_t size = read_source(source, 0, header, sizeof(header));

	if (size < 0)
		return -1;
	if ((size_t)size < sizeof(Elf32_Ehdr) || memcmp(header, ELFMAG, SELFMAG) != 0 ||
	    (header[EI_CLASS] != ELFCLASS32 && header[EI_CLASS] != ELFCLASS64) ||
	    (header[EI_DATA] != ELFDATA2LSB && header[EI_DATA] != ELFDATA2MSB))
		return 0;
	elf->wide = header[EI_CLASS] == ELFCLASS64;
	elf->big = header[EI_DATA] == ELFDATA2MSB;
	elf->headers = MEMBER(elf, header, Ehdr, e_phoff);
	elf->count = MEMBER(elf, header, Ehdr, e_phnum);
	return elf->count <= MOST_HEADERS &&
	       MEMBER(elf, header, Ehdr, e_phentsize) ==
		       (elf->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr));
}

static void hex_of(const uint8_t *id, size_t size, char *hex)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < size; i++) {
		*hex++ = digits[id[i] >> 4];
		*hex++ = digits[id[i] & 15];
	}
	*hex = '\0';
}

static bool find_note(const struct elf *elf, const uint8_t *notes, size_t size, uint64_t align,
		      char *hex)
{
	size_t at = 0;

	while (size - at >= sizeof(Elf64_Nhdr)) {
		/* Notes have the same head in both classes. */
		uint32_t name_size = number(notes + at, 4, elf->big);
		uint32_t id_size = number(notes + at + 4, 4, elf->big);
		uint32_t type = number(notes + at + 8, 4, elf->big);
		uint64_t name = at + sizeof(Elf64_Nhdr);
		uint64_t id = (name + name_size + align - 1) & -align;

		if (id + id_size > size)
			return false;
		if (type == NT_GNU_BUILD_ID && name_size == 4 && id_size > 0 &&
		    id_size <= MOST_ID && memcmp(notes + name, "GNU", 4) == 0) {
			hex_of(notes + id, id_size, hex);
			return true;
		}
		at = (id + id_size + align - 1) & -align;
		if (at > size)
			return false;
	}
	return false;
}

static int read_segment(const struct source *source, const struct elf *elf,
			const struct segment *segment, char *hex)
{
	uint8_t notes[MOST_NOTES];
	ssize_t size;

	size = read_source(source, segment->offset, notes,
			   segment->size < sizeof(notes) ? segment->size : sizeof(notes));
	if (size <= 0)
		return size;
	return find_note(elf, notes, size, segment->align == 8 ? 8 : 4, hex);
}

static int find_build_id(const struct source *source, char *hex)
{
	struct elf elf;
	int status = read_header(source, &elf);
	size_t step;

	if (status <= 0)
		return status;
	step = elf.wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	for (uint32_t i = 0; i < elf.count; i++) {
		uint8_t header[sizeof(Elf64_Phdr)];
		struct segment segment;
		ssize_t size = read_source(source, elf.headers + i * step, header, step);

		if (size != (ssize_t)step)
			return size < 0 ? -1 : 0;
		if (MEMBER(&elf, header, Phdr, p_type) != PT_NOTE)
			continue;
		segment.offset = MEMBER(&elf, header, Phdr, p_offset);
		segment.size = MEMBER(&elf, header, Phdr, p_filesz);
		segment.align = MEMBER(&elf, header, Phdr, p_align);
		status = read_segment(source, &elf, &segment, hex);
		if (status != 0)
			return status;
	}
	return 0;
}

int elf_build_id_of_fd(int fd, char ret_hex[ELF_BUILD_ID_MAX], struct err *err)
{
	uint8_t head[HEAD];
	ssize_t size = read_at(fd, 0, head, sizeof(head));
	const struct source source = { fd, head, size < 0 ? 0 : (size_t)size };
	int status = size < 0 ? -1 : find_build_id(&source, ret_hex);

	/* A directory, a pipe, a device: no ELF file. */
	if (status < 0 && (errno == EISDIR || errno == ESPIPE || errno == EINVAL))
		return 0;
	return status < 0 ? err_sys(err, "read the ELF headers of descriptor %d", fd) : status;
}

int elf_build_id_of_memory(const void *image, size_t size, char ret_hex[ELF_BUILD_ID_MAX])
{
	const struct source source = { .fd = -1, .memory = image, .size = size };

	return find_build_id(&source, ret_hex);
}
