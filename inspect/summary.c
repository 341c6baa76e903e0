/* SPDX-License-Identifier: MIT */
/* The image at a glance: what was dumped, when, where, and what is not saved exactly. */
#include "cli/problems.h"
#include "format/err.h"
#include "format/file.h"
#include "format/memory.h"
#include "format/names.h"
#include "format/pimage.h"
#include "format/process.h"
#include "format/shm.h"
#include "format/thread.h"
#include "format/working_set.h"
#include "inspect/inspect.h"
#include "inspect/print.h"
#include "inspect/table.h"

#include <inttypes.h>
#include <string.h>

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void print_origin(const struct inspect *inspect, FILE *out)
{
	const struct pimage *pimage = IMAGE_GET(&inspect->image, pimage, 0, 0);
	size_t n_threads = inspect->image.kinds[KIND_thread].n_objects;
	char when[TIME_TEXT];

	put_string(inspect->file, out);
	fprintf(out, ": %zu process%s, %zu thread%s, ", pimage->n_pids,
		pimage->n_pids == 1 ? "" : "es", n_threads, plural(n_threads));
	put_string(pimage->arch, out);
	fprintf(out, "\n  dumped %s by ", time_text(pimage->clocks.realtime, when));
	put_string(pimage->tool, out);
	fputs("\n  on ", out);
	put_string(pimage->host.name, out);
	fputs(", Linux ", out);
	put_string(pimage->host.kernel, out);
	fputs(", ", out);
	put_string(pimage->host.cpu, out);
	if (pimage->previous) {
		fputs("\n  pages that did not change since are in ", out);
		put_string(pimage->previous->file, out);
	}
	fputc('\n', out);
	if (working_set_size(&inspect->image)) {
		char size[SIZE_TEXT];

		fprintf(out, "  its working set of %s comes first in a lazy restore\n",
			size_text(working_set_size(&inspect->image), size));
	}
}

/* What comes after the pid and parent: "running" or what stopped it. */
static void print_state(const struct process *process, FILE *out)
{
	const char *signal = process->stopped ? name_of(signal_names, process->stopped) : NULL;

	if (process->stopped)
		fprintf(out, ", stopped by %s", signal ? signal : "a signal");
	if (process->terminal)
		fprintf(out, ", %s of terminal %u",
			process->foreground ? "in the foreground" : "in the background",
			process->terminal);
	fputc('\n', out);
}

/* Whether an earlier thread of the process has the same name. */
static bool is_repeated(const struct image *image, const struct process *process, size_t index)
{
	const struct thread *thread =
		IMAGE_GET(image, thread, process->pid, process->threads[index]);

	for (size_t i = index; i-- > 0;)
		if (strcmp(IMAGE_GET(image, thread, process->pid, process->threads[i])->name,
			   thread->name) == 0)
			return true;
	return false;
}

enum { THREAD_NAMES = 8 };

/* Threads by name: two hundred workers are one word to a reader. */
static void print_threads(const struct image *image, const struct process *process, FILE *out)
{
	const char *before = "  threads: ";
	size_t names = 0;

	if (process->n_threads < 2)
		return;
	for (size_t i = 0; i < process->n_threads && names <= THREAD_NAMES; i++) {
		const struct thread *thread =
			IMAGE_GET(image, thread, process->pid, process->threads[i]);
		size_t count = 0;

		if (is_repeated(image, process, i))
			continue;
		for (size_t k = i; k < process->n_threads; k++)
			count += strcmp(IMAGE_GET(image, thread, process->pid, process->threads[k])
						->name,
					thread->name) == 0;
		fputs(before, out);
		before = ", ";
		if (++names > THREAD_NAMES) {
			fputs("and others", out);
			break;
		}
		if (count > 1)
			fprintf(out, "%zu ", count);
		put_string(thread->name, out);
	}
	fputc('\n', out);
}

struct amount {
	size_t vmas;
	uint64_t size, saved, inherited, same, zero;
};

static const struct column memory_columns[] = {
	{ "MEMORY", false }, { "VMAS", true }, { "SIZE", true },
	{ "SAVED", true },   { "ZERO", true }, {},
};

/* With the pages that the image has as the parent's, or as another one's. */
static const struct column sharing_columns[] = {
	{ "MEMORY", false }, { "VMAS", true },	 { "SIZE", true }, { "SAVED", true },
	{ "PARENT", true },  { "OTHERS", true }, { "ZERO", true }, {},
};

static void add_range(uint64_t *size, const struct range *ranges, size_t n)
{
	for (size_t i = 0; i < n; i++)
		*size += ranges[i].end - ranges[i].start;
}

static void add_amount(struct table *table, const char *what, const struct amount *amount)
{
	table_add(table, "%s", what);
	table_add(table, "%zu", amount->vmas);
	table_add_size(table, amount->size);
	table_add_size(table, amount->saved);
	if (table->columns == sharing_columns) {
		table_add_size(table, amount->inherited);
		table_add_size(table, amount->same);
	}
	table_add_size(table, amount->zero);
}

static int print_memory(const struct memory *memory, FILE *out, struct err *err)
{
	_cleanup_table_ struct table table = {
		.columns = memory_shares(memory) ? sharing_columns : memory_columns,
		.indent = 2,
	};
	struct amount all = { 0 };

	for (const struct name *kind = vma_kind_names; kind->name; kind++) {
		struct amount amount = { 0 };

		for (size_t i = 0; i < memory->n_vmas; i++) {
			const struct vma *vma = &memory->vmas[i];

			if (vma->kind != kind->value)
				continue;
			amount.vmas++;
			amount.size += vma->range.end - vma->range.start;
			add_range(&amount.saved, vma->saved, vma->n_saved);
			add_range(&amount.inherited, vma->inherited, vma->n_inherited);
			amount.same += vma_same_size(vma);
			add_range(&amount.zero, vma->zero, vma->n_zero);
		}
		if (amount.vmas)
			add_amount(&table, kind->name, &amount);
		all.vmas += amount.vmas;
		all.size += amount.size;
		all.saved += amount.saved;
		all.inherited += amount.inherited;
		all.same += amount.same;
		all.zero += amount.zero;
	}
	add_amount(&table, "all", &all);
	return table_print(&table, out, err);
}

static int print_process(struct inspect *inspect, const struct process *process, FILE *out,
			 struct err *err)
{
	fprintf(out, "\nprocess %u: ", process->pid);
	put_command(process->command_line, process->n_command_line, out);
	fputs("\n  program ", out);
	put_string(process->exe.path, out);
	fputs(", in ", out);
	put_string(process->cwd, out);
	if (process->parent &&
	    image_get(&inspect->image, KIND_process, (struct key){ process->parent, 0 }))
		fprintf(out, "\n  child of %u", process->parent);
	else
		fputs("\n  parent outside", out);
	fprintf(out, ", group %u, session %u, user %u, group id %u", process->group,
		process->session, process->credentials.uids.effective,
		process->credentials.gids.effective);
	print_state(process, out);
	print_threads(&inspect->image, process, out);
	return print_memory(IMAGE_GET(&inspect->image, memory, process->pid, 0), out, err);
}

/* Open file descriptions by type, and the objects behind them. */
static void print_objects(const struct image *image, FILE *out)
{
	static const struct {
		enum kind kind;
		const char *name;
	} objects[] = { { KIND_pipe, "pipe" },
			{ KIND_unix_socket, "unix socket" },
			{ KIND_tty, "terminal" },
			{ KIND_shm, "shared memory object" } };
	const struct objects *files = &image->kinds[KIND_file];
	const char *before = "\nopen files: ";

	for (const struct record *const *type = file_types; *type; type++) {
		size_t n = 0;

		for (size_t i = 0; i < files->n_objects; i++)
			n += ((const struct file *)files->objects[i].record)->type.type == *type;
		if (n)
			fprintf(out, "%s%zu %s", before, n, (*type)->name);
		before = n ? ", " : before;
	}
	if (files->n_objects)
		fputc('\n', out);
	before = "objects: ";
	for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++) {
		size_t n = image->kinds[objects[i].kind].n_objects;

		if (n)
			fprintf(out, "%s%zu %s%s", before, n, objects[i].name, plural(n));
		before = n ? ", " : before;
	}
	if (before[0] == ',')
		fputc('\n', out);
}

static void print_notes(const struct pimage *pimage, FILE *out)
{
	const struct problems problems = { .notes = pimage->notes, .n_notes = pimage->n_notes };

	fputs(pimage->n_notes ? "\n" : "\neverything is saved exactly\n", out);
	problems_print(&problems, out);
}

static void print_edits(const struct inspect *inspect, FILE *out)
{
	const struct image_report *report = &inspect->report;

	if (report->original)
		return;
	fputs("  repacked since\n", out);
	for (size_t i = 0; i < report->n_edited; i++)
		fprintf(out, "  edited since: %s\n", report->edited[i]);
	for (size_t i = 0; i < report->n_added; i++)
		fprintf(out, "  added since: %s\n", report->added[i]);
}

int summary_print(struct inspect *inspect, FILE *out, struct err *err)
{
	print_origin(inspect, out);
	print_edits(inspect, out);
	IMAGE_EACH (&inspect->image, process, process)
		if (inspect_wants(inspect, process->pid) &&
		    print_process(inspect, process, out, err) < 0)
			return -1;
	print_objects(&inspect->image, out);
	print_notes(IMAGE_GET(&inspect->image, pimage, 0, 0), out);
	return 0;
}
