/* SPDX-License-Identifier: MIT */
#include "inspect/table.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/record.h"
#include "format/text.h"
#include "inspect/print.h"

#include <stdarg.h>
#include <string.h>

static void add_cell(struct table *table, char *cell)
{
	char **place = cell ? LIST_ADD(table, cells, NULL) : NULL;

	if (!place) {
		free(cell);
		table->failed = true;
		return;
	}
	*place = cell;
}

void table_add(struct table *table, const char *fmt, ...)
{
	char *cell = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&cell, fmt, ap) < 0)
		cell = NULL;
	va_end(ap);
	add_cell(table, cell);
}

void table_add_bytes(struct table *table, const char *bytes)
{
	_cleanup_text_ struct text text = { 0 };
	char *cell = NULL;

	text_escape(&text, bytes, strlen(bytes));
	if (text_take(&text, &cell, NULL, NULL) < 0)
		cell = NULL;
	add_cell(table, cell);
}

void table_add_size(struct table *table, uint64_t size)
{
	char text[SIZE_TEXT];

	table_add(table, "%s", size ? size_text(size, text) : "-");
}

/* Characters, which is near enough to columns of a terminal. */
static size_t width_of(const char *utf8)
{
	size_t width = 0;

	for (; *utf8; utf8++)
		width += (*utf8 & 0xc0) != 0x80;
	return width;
}

/* 0 when there is nothing in the whole column. */
static size_t column_width(const struct table *table, size_t column, size_t n_columns)
{
	size_t width = 0;

	for (size_t i = column; i < table->n_cells; i += n_columns) {
		size_t cell = width_of(table->cells[i]);

		width = cell > width ? cell : width;
	}
	if (width && width_of(table->columns[column].title) > width)
		width = width_of(table->columns[column].title);
	return width;
}

static void print_row(const struct table *table, const size_t *widths, size_t last,
		      const char *const *cells, FILE *out)
{
	const char *gap = "";

	/* No blanks behind the last cell that has something in it. */
	while (last && (!widths[last] || !*cells[last]))
		last--;
	fprintf(out, "%*s", (int)table->indent, "");
	for (size_t c = 0; c <= last; c++) {
		int fill = (int)(widths[c] - (widths[c] ? width_of(cells[c]) : 0));

		if (!widths[c])
			continue;
		fprintf(out, "%s%*s%s", gap, table->columns[c].right ? fill : 0, "", cells[c]);
		if (c < last && !table->columns[c].right)
			fprintf(out, "%*s", fill, "");
		gap = "  ";
	}
	fputc('\n', out);
}

int table_print(const struct table *table, FILE *out, struct err *err)
{
	const char *titles[16] = { 0 };
	size_t widths[16] = { 0 }, last = 0, n = 0;

	if (table->failed)
		return err_set(err, ERR_FAILED, "out of memory");
	for (; n < 16 && table->columns[n].title; n++)
		titles[n] = table->columns[n].title;
	if (!table->n_cells)
		return 0;
	for (size_t c = 0; c < n; c++) {
		widths[c] = column_width(table, c, n);
		last = widths[c] ? c : last;
	}
	print_row(table, widths, last, titles, out);
	for (size_t i = 0; i + n <= table->n_cells; i += n)
		print_row(table, widths, last, (const char *const *)&table->cells[i], out);
	return 0;
}

void table_done(struct table *table)
{
	for (size_t i = 0; i < table->n_cells; i++)
		free(table->cells[i]);
	free(table->cells);
	*table = (struct table){ 0 };
}
