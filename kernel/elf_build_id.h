/* SPDX-License-Identifier: MIT */
/* The build-id of an ELF file: the linker's digest, which tells two builds apart. */
#ifndef PIMAGE_ELF_BUILD_ID_H
#define PIMAGE_ELF_BUILD_ID_H

#include <stddef.h>

struct err;

/*
 * Room for the longest that is accepted, 64 bytes as hex digits, and the NUL; usual are 20 or 16
 * bytes.
 */
#define ELF_BUILD_ID_MAX (2 * 64 + 1)

/*
 * Return 1 with the lower-case hex digits in ret_hex, 0 when there is none (no ELF file, no note, a
 * damaged one: a file is anyone's, so that is no failure), <0 when reading failed. Any class and
 * byte order. Reads with pread: the offset of the descriptor stays; bounded to 64 KiB per note
 * segment whatever the headers say.
 */
int elf_build_id_of_fd(int fd, char ret_hex[ELF_BUILD_ID_MAX], struct err *err);

/*
 * The same from memory that holds the file from its first byte on, such as its first mapping.
 * Returns 1 or 0.
 */
int elf_build_id_of_memory(const void *image, size_t size, char ret_hex[ELF_BUILD_ID_MAX]);

#endif
