/* SPDX-License-Identifier: MIT */
/* Zero padding at the end of executable mappings. */
#include "kernel/place.h"

#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arch/host.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/compat.h"
#include "kernel/fallback.h"
#include "kernel/freeze.h"
#include "kernel/maps_file.h"
#include "kernel/proc_auxv.h"
#include "kernel/readfile.h"

#define MAX_PAGE   65536
#define STACK_STEP 4096
#define STACK_MAX  (256 << 10)

/*
 * A thread that was in the old call loop when its tracer died may still be on its way out of it: at
 * the very moment, or in a signal handler that will return there. Any word on its stack that points
 * there is taken for such a return.
 */
static bool points_into(const struct frozen *frozen, const struct frozen_thread *thread,
			uint64_t start, uint64_t end)
{
	uint64_t words[STACK_STEP / sizeof(uint64_t)];
	uint64_t at = arch_regs_sp(&thread->regs) & ~(sizeof(uint64_t) - 1);

	if (arch_regs_ip(&thread->regs) >= start && arch_regs_ip(&thread->regs) < end)
		return true;
	for (uint64_t top = at + STACK_MAX; at < top;) {
		size_t n = STACK_STEP - at % STACK_STEP;

		if (memory_read(&frozen->memory, at, words, n, NULL) < 0)
			break;
		for (size_t i = 0; i < n / sizeof(*words); i++)
			if (words[i] >= start && words[i] < end)
				return true;
		at += n;
	}
	return false;
}

static bool is_in_use(const struct frozen *frozen, uint64_t start, uint64_t end)
{
	for (size_t i = 0; i < frozen->n_threads; i++)
		if (points_into(frozen, frozen->threads[i], start, end))
			return true;
	return false;
}

/* Whether the mapping that ends there has room; then where. */
static bool room_before(const struct frozen *frozen, uint64_t end, size_t size,
			struct place *ret_place)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), zeros = 0, left = 0;
	struct arch_stub_state state = { 0 };
	char bytes[MAX_PAGE];

	if (memory_read(&frozen->memory, end - page, bytes, page, NULL) < 0)
		return false;
	if (arch_stub_recognize(bytes, page, &left, &state) && is_in_use(frozen, end - left, end))
		return false;
	while (zeros + left < page && bytes[page - 1 - left - zeros] == 0)
		zeros++;
	if (left + zeros < size)
		return false;
	*ret_place = (struct place){ end - size, state.scratch, state.scratch_size };
	return true;
}

/* The process's own idea of where its vDSO is: right unless somebody moved it. */
static uint64_t vdso_by_auxv(const char *dir)
{
	struct proc_auxv auxv = { 0 };
	_cleanup_free_ char *blob = NULL;
	uint64_t address = 0;
	char path[64];
	size_t size;

	snprintf(path, sizeof(path), "%s/auxv", dir);
	if (read_file_at(AT_FDCWD, path, &blob, &size, NULL) == 0 &&
	    proc_auxv_parse(blob, size, &auxv, NULL) == 0)
		address = proc_auxv_get(&auxv, AT_SYSINFO_EHDR, 0);
	proc_auxv_release(&auxv);
	return address;
}

/* Asks for one mapping instead of reading a list that may be long. The end of the vDSO or 0. */
static uint64_t vdso_end_by_query(const char *dir)
{
	char path[64], name[32] = "";
	struct procmap_query query = {
		.size = sizeof(query),
		.query_addr = vdso_by_auxv(dir),
		.vma_name_addr = (uintptr_t)name,
		.vma_name_size = sizeof(name),
	};
	_cleanup_close_ int fd = -1;

	snprintf(path, sizeof(path), "%s/maps", dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (!query.query_addr || fd < 0 || ioctl(fd, PROCMAP_QUERY, &query) < 0)
		return 0;
	return strcmp(name, "[vdso]") == 0 ? query.vma_end : 0;
}

static bool fits(const struct frozen *frozen, const struct map *map, size_t size,
		 struct place *ret_place)
{
	if (map->shared || map->prot != (PROT_READ | PROT_EXEC))
		return false;
	return room_before(frozen, map->end, size, ret_place);
}

static int find_in_maps(const struct frozen *frozen, const char *dir, size_t size,
			struct place *ret_place, struct err *err)
{
	bool vdso = feature_on(frozen->features, FEATURE_VDSO_PADDING);
	_cleanup_(maps_release) struct maps maps = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "%s/maps", dir);
	if (maps_read_at(AT_FDCWD, path, &maps, err) < 0)
		return -1;
	for (size_t i = 0; vdso && i < maps.count; i++)
		if (maps.list[i].kind == MAP_KIND_VDSO &&
		    fits(frozen, &maps.list[i], size, ret_place))
			return 0;
	for (size_t i = 0; i < maps.count; i++)
		if (maps.list[i].kind == MAP_KIND_FILE &&
		    fits(frozen, &maps.list[i], size, ret_place))
			return 0;
	return err_set(err, ERR_UNSUPPORTED,
		       "process %d: no executable mapping ends in %zu unused bytes, which system "
		       "calls made in it need",
		       frozen->pid, size);
}

int place_find(const struct frozen *frozen, size_t size, uint64_t vdso_end, struct place *ret_place,
	       struct err *err)
{
	uint64_t end = feature_on(frozen->features, FEATURE_VDSO_PADDING) ? vdso_end : 0;
	char dir[32];

	snprintf(dir, sizeof(dir), "/proc/%d", frozen->memory.pid);
	if (!end && feature_on(frozen->features, FEATURE_VDSO_PADDING) &&
	    feature_on(frozen->features, FEATURE_PROCMAP_QUERY))
		end = vdso_end_by_query(dir);
	if (end && room_before(frozen, end, size, ret_place))
		return 0;
	return find_in_maps(frozen, dir, size, ret_place, err);
}
