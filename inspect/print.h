/* SPDX-License-Identifier: MIT */
/* Values as people read them. */
#ifndef PIMAGE_INSPECT_PRINT_H
#define PIMAGE_INSPECT_PRINT_H

#include "format/record.h"

#include <stdint.h>
#include <stdio.h>

struct err;

enum {
	SIZE_TEXT = 24,
	TIME_TEXT = 40,
};

/* "12.3 MiB", "512 B"; returns ret_text. */
const char *size_text(uint64_t size, char ret_text[SIZE_TEXT]);

/* "2026-01-31 12:00:00 UTC" from nanoseconds since 1970; returns ret_text. */
const char *time_text(uint64_t nanoseconds, char ret_text[TIME_TEXT]);

/* Bytes from an image, escaped, so that a terminal is safe from them. */
void put_bytes(const char *bytes, size_t size, FILE *out);
void put_string(const char *string, FILE *out);

/* The arguments of a command as a shell would take them: those that need it in single quotes. */
void put_command(char *const *arguments, size_t n, FILE *out);

/* The names of the bits that are set, with `between` between them; malloc'd, NULL without memory. */
char *flags_text(const struct name *names, uint64_t value, const char *between);

/*
 * A record in one line for people: the path where it holds one, then "name value" of its other
 * members that are single values. malloc'd, NULL without memory; not escaped.
 */
char *record_line(const struct record *record, const void *object);

#endif
