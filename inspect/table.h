/* SPDX-License-Identifier: MIT */
/* Aligned columns: cells are collected, then printed as wide as the widest of each column. */
#ifndef PIMAGE_INSPECT_TABLE_H
#define PIMAGE_INSPECT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct err;

struct column {
	const char *title;
	bool right; /* numbers */
};

/* Zero it, set columns (ends with a NULL title) and indent; table_done releases. */
struct table {
	const struct column *columns;
	unsigned indent;
	char **cells;
	size_t n_cells;
	bool failed; /* out of memory; told by table_print */
};

/* The next cell of the row, or the first of the next row. */
void table_add(struct table *table, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same for bytes that come from an image: escaped, so that a terminal is safe from them. */
void table_add_bytes(struct table *table, const char *bytes);
/* "12.3 MiB", "-" for 0. */
void table_add_size(struct table *table, uint64_t size);

/* Columns that are empty in every row are left out, and a table without rows altogether. */
int table_print(const struct table *table, FILE *out, struct err *err);
void table_done(struct table *table);

#define _cleanup_table_ __attribute__((cleanup(table_done)))

#endif
