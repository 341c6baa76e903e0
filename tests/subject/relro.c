/* SPDX-License-Identifier: MIT */
/* Read-only after relocation: pages that no longer are writable, but differ from their file. */
#include "tests/subject/vma.h"

#include <math.h>

/* Needs a relocation, so it lies in .data.rel.ro. */
static double (*const table[])(double) = { sin, cos, tan, exp };
static const char *const words[] = { "one", "two" };

static void look(struct view *view, void *state)
{
	double x = *(double *)state;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		x = table[i](x);
	view_num(view, "computed", (long long)(x * 1e9));
	view_str(view, "word", words[1]);
	view_vma(view, "relro", table);
	view_hash(view, "table", table, sizeof(table));
}

int main(void)
{
	volatile double x = 0.5;

	return subject_main(look, (void *)&x);
}
