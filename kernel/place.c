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

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/compat.h"
#include "kernel/fallback.h"
#include "kernel/freeze.h"
#include "kernel/proc_auxv.h"
#include "kernel/proc_maps.h"
#include "kernel/readfile.h"

#define ALIGN	 16
#define MAX_PAGE 65536

/* Whether the mapping that ends there has room; then where. */
static bool room_before(const struct frozen *frozen, uint64_t end, size_t size,
			uint64_t *ret_address)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), zeros = 0;
	char bytes[MAX_PAGE];

	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (memory_read(&frozen->memory, end - page, bytes, page, NULL) < 0)
		return false;
	while (zeros < page && bytes[page - 1 - zeros] == 0)
		zeros++;
	if (zeros < size)
		return false;
	*ret_address = end - size;
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
		 uint64_t *ret_address)
{
	if (map->shared || map->prot != (PROT_READ | PROT_EXEC))
		return false;
	return room_before(frozen, map->end, size, ret_address);
}

static int find_in_maps(const struct frozen *frozen, const char *dir, size_t size,
			uint64_t *ret_address, struct err *err)
{
	bool vdso = feature_on(frozen->features, FEATURE_VDSO_PADDING);
	_cleanup_(maps_release) struct maps maps = { 0 };
	_cleanup_free_ char *text = NULL;
	char path[64];
	size_t length;

	snprintf(path, sizeof(path), "%s/maps", dir);
	if (read_file_at(AT_FDCWD, path, &text, &length, err) < 0 ||
	    maps_parse(text, length, &maps, err) < 0)
		return -1;
	for (size_t i = 0; vdso && i < maps.count; i++)
		if (maps.list[i].kind == MAP_KIND_VDSO &&
		    fits(frozen, &maps.list[i], size, ret_address))
			return 0;
	for (size_t i = 0; i < maps.count; i++)
		if (maps.list[i].kind == MAP_KIND_FILE &&
		    fits(frozen, &maps.list[i], size, ret_address))
			return 0;
	return err_set(err, ERR_UNSUPPORTED,
		       "process %d: no executable mapping ends in %zu unused bytes, which system "
		       "calls made in it need",
		       frozen->pid, size);
}

int place_find(const struct frozen *frozen, size_t size, uint64_t *ret_address, struct err *err)
{
	uint64_t end = 0;
	char dir[32];

	snprintf(dir, sizeof(dir), "/proc/%d", frozen->memory.pid);
	if (feature_on(frozen->features, FEATURE_VDSO_PADDING))
		end = vdso_end_by_query(dir);
	if (end && room_before(frozen, end, size, ret_address))
		return 0;
	return find_in_maps(frozen, dir, size, ret_address, err);
}
