/* SPDX-License-Identifier: MIT */
/* The address space of each process, a line per VMA. */
#include "format/cleanup.h"
#include "format/err.h"
#include "format/memory.h"
#include "format/shm.h"
#include "format/text.h"
#include "inspect/inspect.h"
#include "inspect/print.h"
#include "inspect/table.h"

#include <inttypes.h>

static const struct column columns[] = {
	{ "ADDRESS", false }, { "PROT", false }, { "SIZE", true },
	{ "SAVED", true },    { "ZERO", true },	 { "OFFSET", true },
	{ "FLAGS", false },   { "WHAT", false }, {},
};

/* With the pages that the image has as the parent's, or as another one's. */
static const struct column sharing_columns[] = {
	{ "ADDRESS", false },
	{ "PROT", false },
	{ "SIZE", true },
	{ "SAVED", true },
	{ "PARENT", true },
	{ "OTHERS", true },
	{ "ZERO", true },
	{ "OFFSET", true },
	{ "FLAGS", false },
	{ "WHAT", false },
	{},
};

static bool holds(const struct vma *vma, uint64_t address)
{
	return vma->range.start <= address && address < vma->range.end;
}

/* What the kernel prints in brackets in /proc/PID/maps is no name: here it stands in parentheses.
 */
static void add_what(struct table *table, const struct image *image, const struct memory *memory,
		     const struct vma *vma)
{
	const struct layout *layout = &memory->layout;
	const struct shm *shm;

	for (size_t i = 0; vma->kind == VMA_FILE && i < memory->n_mapped_files; i++) {
		if (memory->mapped_files[i].id == vma->file) {
			table_add_bytes(table, memory->mapped_files[i].file.path);
			return;
		}
	}
	shm = vma->kind == VMA_SHM ? IMAGE_GET(image, shm, vma->contents, 0) : NULL;
	if (shm)
		table_add(table, "(shm %u, %s)", shm->id, name_of(shm_kind_names, shm->kind));
	else if (vma->name)
		table_add_bytes(table, vma->name);
	else if (vma->range.start < layout->brk && layout->start_brk < vma->range.end)
		table_add(table, "(heap)");
	else
		table_add(table, "%s", holds(vma, layout->start_stack) ? "(stack)" : "-");
}

static void add_word(struct text *text, const char *word)
{
	if (text->size && *word)
		text_char(text, ' ');
	text_string(text, word);
}

static void add_flags(struct table *table, const struct vma *vma)
{
	/* shared shows in the protection, and may_write is the rule. */
	uint32_t flags = vma->flags & ~(uint32_t)(VMA_SHARED | VMA_MAY_WRITE);
	_cleanup_free_ char *flag_names = flags_text(vma_flag_names, flags, " ");
	_cleanup_free_ char *advice = flags_text(vma_advice_names, vma->advice, " ");
	_cleanup_text_ struct text text = { 0 };
	char *cell = NULL;

	add_word(&text, flag_names ? flag_names : "");
	add_word(&text, advice ? advice : "");
	add_word(&text, vma->n_guard ? "guard" : "");
	if (vma->protection_key)
		text_printf(&text, "%skey %u", text.size ? " " : "", vma->protection_key);
	if (text_take(&text, &cell, NULL, NULL) < 0) {
		table->failed = true;
		return;
	}
	table_add(table, "%s", cell);
	free(cell);
}

static uint64_t sum(const struct range *ranges, size_t n)
{
	uint64_t size = 0;

	for (size_t i = 0; i < n; i++)
		size += ranges[i].end - ranges[i].start;
	return size;
}

static void add_vma(struct table *table, const struct image *image, const struct memory *memory,
		    const struct vma *vma)
{
	table_add(table, "%" PRIx64 "-%" PRIx64, vma->range.start, vma->range.end);
	table_add(table, "%c%c%c%c", vma->prot & 1 ? 'r' : '-', vma->prot & 2 ? 'w' : '-',
		  vma->prot & 4 ? 'x' : '-', vma->flags & VMA_SHARED ? 's' : 'p');
	table_add_size(table, vma->range.end - vma->range.start);
	table_add_size(table, sum(vma->saved, vma->n_saved));
	if (table->columns == sharing_columns) {
		table_add_size(table, sum(vma->inherited, vma->n_inherited));
		table_add_size(table, vma_same_size(vma));
	}
	table_add_size(table, sum(vma->zero, vma->n_zero));
	if (vma->kind == VMA_FILE || vma->kind == VMA_SHM)
		table_add(table, "0x%" PRIx64, vma->offset);
	else
		table_add(table, "%s", "");
	add_flags(table, vma);
	add_what(table, image, memory, vma);
}

int maps_print(struct inspect *inspect, FILE *out, struct err *err)
{
	const struct objects *list = &inspect->image.kinds[KIND_memory];

	for (size_t i = 0; i < list->n_objects; i++) {
		const struct memory *memory = list->objects[i].record;
		_cleanup_table_ struct table table = { .columns = columns };

		if (!inspect_wants(inspect, list->objects[i].key.first))
			continue;
		if (memory_shares(memory))
			table.columns = sharing_columns;
		inspect_heading(inspect, list->objects[i].key.first, out);
		for (size_t v = 0; v < memory->n_vmas; v++)
			add_vma(&table, &inspect->image, memory, &memory->vmas[v]);
		if (table_print(&table, out, err) < 0)
			return -1;
	}
	return 0;
}
