/* SPDX-License-Identifier: MIT */
#include "kernel/proc_maps.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "format/cleanup.h"
#include "format/err.h"
#include "format/search.h"
#include "kernel/array.h"
#include "kernel/scan.h"

#define DELETED " (deleted)"

const char map_flag_letters[MAP_FLAG_COUNT][3] = {
	[MAP_FLAG_RD] = "rd", [MAP_FLAG_WR] = "wr", [MAP_FLAG_EX] = "ex", [MAP_FLAG_SH] = "sh",
	[MAP_FLAG_MR] = "mr", [MAP_FLAG_MW] = "mw", [MAP_FLAG_ME] = "me", [MAP_FLAG_MS] = "ms",
	[MAP_FLAG_GD] = "gd", [MAP_FLAG_PF] = "pf", [MAP_FLAG_LO] = "lo", [MAP_FLAG_IO] = "io",
	[MAP_FLAG_SR] = "sr", [MAP_FLAG_RR] = "rr", [MAP_FLAG_DC] = "dc", [MAP_FLAG_DE] = "de",
	[MAP_FLAG_AC] = "ac", [MAP_FLAG_NR] = "nr", [MAP_FLAG_HT] = "ht", [MAP_FLAG_SF] = "sf",
	[MAP_FLAG_NL] = "nl", [MAP_FLAG_AR] = "ar", [MAP_FLAG_WF] = "wf", [MAP_FLAG_DD] = "dd",
	[MAP_FLAG_SD] = "sd", [MAP_FLAG_MM] = "mm", [MAP_FLAG_HG] = "hg", [MAP_FLAG_NH] = "nh",
	[MAP_FLAG_MG] = "mg", [MAP_FLAG_UM] = "um", [MAP_FLAG_UW] = "uw", [MAP_FLAG_UI] = "ui",
	[MAP_FLAG_SS] = "ss", [MAP_FLAG_SL] = "sl", [MAP_FLAG_GU] = "gu", [MAP_FLAG_LF] = "lf",
	[MAP_FLAG_DP] = "dp", [MAP_FLAG_BT] = "bt", [MAP_FLAG_MT] = "mt", [MAP_FLAG_UNKNOWN] = "??",
};

/* Names that the kernel gives; a path cannot look so, because it starts with a slash. */
static const struct {
	const char *name;
	enum map_kind kind;
} special_kinds[] = {
	{ "[heap]", MAP_KIND_HEAP },
	{ "[stack]", MAP_KIND_STACK },
	{ "[vdso]", MAP_KIND_VDSO },
	{ "[vvar]", MAP_KIND_VVAR },
	{ "[vvar_vclock]", MAP_KIND_VVAR_VCLOCK },
	{ "[vsyscall]", MAP_KIND_VSYSCALL },
	{ "[uprobes]", MAP_KIND_UPROBES },
};

/* Files of the kernel's own, which no path leads to; always shown as deleted. */
static const struct {
	const char *prefix;
	bool whole;
	enum map_kind kind;
} hidden_kinds[] = {
	{ "/memfd:", false, MAP_KIND_MEMFD },
	{ "/dev/zero", true, MAP_KIND_SHMEM },
	{ "/anon_hugepage", true, MAP_KIND_HUGETLB },
	{ "/SYSV", false, MAP_KIND_SYSV },
	{ "/[aio]", true, MAP_KIND_AIO },
	{ "/secretmem", true, MAP_KIND_SECRETMEM },
};

static const struct {
	const char *key;
	size_t offset;
} detail_keys[] = {
	{ "Rss:", offsetof(struct map, rss_kb) },
	{ "Anonymous:", offsetof(struct map, anon_kb) },
	{ "Swap:", offsetof(struct map, swap_kb) },
	{ "AnonHugePages:", offsetof(struct map, huge_kb) },
	{ "Shared_Hugetlb:", offsetof(struct map, hugetlb_kb) },
	{ "Private_Hugetlb:", offsetof(struct map, hugetlb_kb) },
	{ "KernelPageSize:", offsetof(struct map, page_kb) },
};

static void map_done(struct map *map)
{
	free(map->name);
	free(map->anon_name);
	*map = (struct map){};
}

void maps_release(struct maps *maps)
{
	for (size_t i = 0; i < maps->count; i++)
		map_done(&maps->list[i]);
	free(maps->list);
	*maps = (struct maps){};
}

void maps_drop(struct maps *maps, uint64_t start, uint64_t end)
{
	for (size_t i = 0; i < maps->count; i++) {
		struct map *map = &maps->list[i];

		if (map->start != start || map->end != end)
			continue;
		map_done(map);
		memmove(map, map + 1, (--maps->count - i) * sizeof(*map));
		return;
	}
}

static bool ends_in(const struct scan *text, const char *end)
{
	size_t length = strlen(end);

	return scan_left(text) >= length && memcmp(text->end - length, end, length) == 0;
}

/* The kernel's seq_path escapes the newline and nothing else. */
static char *unescape_name(const struct scan *text)
{
	char *name = malloc(scan_left(text) + 1);
	struct scan in = *text;
	char *out = name;

	if (!name)
		return NULL;
	while (!scan_done(&in))
		*out++ = *in.at == '\\' && scan_literal(&in, "\\012") ? '\n' : *in.at++;
	*out = '\0';
	return name;
}

/* 1: it is such a name, and .anon_name is set; 0: it is not. */
static int take_anon_name(struct map *map, struct scan text, enum map_kind kind, const char *prefix,
			  struct err *err)
{
	if (!scan_literal(&text, prefix) || !ends_in(&text, "]"))
		return 0;
	text.end--;
	map->anon_name = unescape_name(&text);
	if (!map->anon_name)
		return err_sys(err, "memory for the name of a mapping");
	map->kind = kind;
	return 1;
}

static int take_special_name(struct map *map, struct scan text, struct err *err)
{
	int taken;

	map->kind = MAP_KIND_SPECIAL;
	for (size_t i = 0; i < sizeof(special_kinds) / sizeof(*special_kinds); i++) {
		if (strcmp(map->name, special_kinds[i].name) == 0)
			map->kind = special_kinds[i].kind;
	}
	taken = take_anon_name(map, text, MAP_KIND_ANON, "[anon:", err);
	if (taken == 0)
		taken = take_anon_name(map, text, MAP_KIND_SHMEM, "[anon_shmem:", err);
	return taken < 0 ? -1 : 0;
}

static int take_name(struct map *map, struct scan text, struct err *err)
{
	map->deleted = text.at != text.end && *text.at == '/' && ends_in(&text, DELETED);
	if (map->deleted)
		text.end -= strlen(DELETED);
	map->name = unescape_name(&text);
	if (!map->name)
		return err_sys(err, "memory for the name of a mapping");
	if (map->name[0] == '[')
		return take_special_name(map, text, err);
	map->kind = map->name[0] == '/' ? MAP_KIND_FILE : MAP_KIND_ANON_INODE;
	if (!map->deleted)
		return 0;
	for (size_t i = 0; i < sizeof(hidden_kinds) / sizeof(*hidden_kinds); i++) {
		size_t length = strlen(hidden_kinds[i].prefix);

		if (strncmp(map->name, hidden_kinds[i].prefix, length) == 0 &&
		    (!hidden_kinds[i].whole || map->name[length] == '\0'))
			map->kind = hidden_kinds[i].kind;
	}
	return 0;
}

static bool take_permission(struct scan *line, char letter, uint8_t bit, uint8_t *prot)
{
	if (scan_char(line, '-'))
		return true;
	*prot |= bit;
	return scan_char(line, letter);
}

/* "start-end rwxp offset major:minor inode": fs/proc/task_mmu.c show_vma_header_prefix. */
static bool take_numbers(struct map *map, struct scan *line)
{
	uint64_t major, minor;

	if (!scan_unsigned(line, 16, UINT64_MAX, &map->start) || !scan_char(line, '-') ||
	    !scan_unsigned(line, 16, UINT64_MAX, &map->end) || !scan_char(line, ' '))
		return false;
	if (!take_permission(line, 'r', PROT_READ, &map->prot) ||
	    !take_permission(line, 'w', PROT_WRITE, &map->prot) ||
	    !take_permission(line, 'x', PROT_EXEC, &map->prot))
		return false;
	map->shared = scan_char(line, 's');
	if (!map->shared && !scan_char(line, 'p'))
		return false;
	if (!scan_char(line, ' ') || !scan_unsigned(line, 16, UINT64_MAX, &map->offset) ||
	    !scan_char(line, ' ') || !scan_unsigned(line, 16, UINT32_MAX, &major) ||
	    !scan_char(line, ':') || !scan_unsigned(line, 16, UINT32_MAX, &minor) ||
	    !scan_char(line, ' ') || !scan_unsigned(line, 10, UINT64_MAX, &map->inode))
		return false;
	map->dev_major = major;
	map->dev_minor = minor;
	return scan_done(line) || *line->at == ' ';
}

static int add_map(struct maps *maps, struct scan line, size_t number, struct err *err)
{
	const struct scan whole = line;
	uint64_t last_end = maps->count ? maps->list[maps->count - 1].end : 0;
	struct map *map = ARRAY_ADD(&maps->list, &maps->count, err);

	if (!map)
		return -1;
	if (!take_numbers(map, &line))
		return scan_failed(&whole, "maps", number, "a mapping", err);
	if (map->start < last_end || map->end <= map->start)
		return scan_failed(&whole, "maps", number, "ascending addresses", err);
	scan_blanks(&line);
	return scan_done(&line) ? 0 : take_name(map, line, err);
}

static uint64_t flag_of(const char *letters)
{
	for (int i = 0; i < MAP_FLAG_COUNT; i++) {
		if (map_flag_letters[i][0] == letters[0] && map_flag_letters[i][1] == letters[1])
			return UINT64_C(1) << i;
	}
	return MAP_FLAG(UNKNOWN);
}

static int take_flags(struct map *map, struct scan line, size_t number, struct err *err)
{
	const struct scan whole = line;

	for (scan_blanks(&line); !scan_done(&line); scan_blanks(&line)) {
		if (scan_left(&line) < 2 || line.at[1] == ' ' ||
		    (scan_left(&line) > 2 && line.at[2] != ' '))
			return scan_failed(&whole, "smaps", number, "two letters per flag", err);
		map->flags |= flag_of(line.at);
		line.at += 2;
	}
	return 0;
}

/* One "Key:   number kB" line; keys that are not wanted are passed over. */
static int take_detail(struct map *map, struct scan line, size_t number, struct err *err)
{
	const struct scan whole = line;
	uint64_t value;

	if (scan_literal(&line, "ProtectionKey:")) {
		scan_blanks(&line);
		if (!scan_unsigned(&line, 10, UINT32_MAX, &value))
			return scan_failed(&whole, "smaps", number, "a number", err);
		map->protection_key = value;
		return 0;
	}
	for (size_t i = 0; i < sizeof(detail_keys) / sizeof(*detail_keys); i++) {
		if (*line.at != *detail_keys[i].key || !scan_literal(&line, detail_keys[i].key))
			continue;
		scan_blanks(&line);
		if (!scan_unsigned(&line, 10, UINT64_MAX / 4, &value) ||
		    !scan_literal(&line, " kB"))
			return scan_failed(&whole, "smaps", number, "a number of kB", err);
		*(uint64_t *)((char *)map + detail_keys[i].offset) += value;
		return 0;
	}
	return 0;
}

/* True for a line "Key: ...": keys start with a capital letter, addresses are lower-case hex. */
static bool is_detail(const struct scan *line)
{
	return !scan_done(line) && *line->at >= 'A' && *line->at <= 'Z' &&
	       memchr(line->at, ':', scan_left(line));
}

static int read_line(struct maps_reader *reader, struct scan line, struct err *err)
{
	struct maps *maps = &reader->maps;
	const struct scan whole = line;
	struct map *last;

	if (!is_detail(&line)) {
		/* Else a mapping would be left without its details. */
		if (reader->open)
			return scan_failed(&whole, "smaps", reader->number, "VmFlags", err);
		reader->open = maps->detailed;
		return add_map(maps, line, reader->number, err);
	}
	if (!maps->detailed) {
		if (maps->count != 1)
			return scan_failed(&whole, "maps", reader->number, "a mapping", err);
		maps->detailed = reader->open = true;
	}
	last = &maps->list[maps->count - 1];
	if (!scan_literal(&line, "VmFlags:"))
		return take_detail(last, line, reader->number, err);
	reader->open = false;
	return take_flags(last, line, reader->number, err);
}

int maps_reader_add(struct maps_reader *reader, const char *text, size_t size, struct err *err)
{
	struct scan in = scan_text(text, size), line;
	bool cut = false;

	while (scan_line(&in, &line, &cut)) {
		reader->number++;
		if (read_line(reader, line, err) < 0)
			return -1;
	}
	if (cut)
		return err_set(err, ERR_FAILED, "%s line %zu: the text is cut off",
			       reader->maps.detailed ? "smaps" : "maps", reader->number);
	return 0;
}

int maps_reader_end(struct maps_reader *reader, struct maps *ret_maps, struct err *err)
{
	if (reader->open) {
		err_set(err, ERR_FAILED, "smaps line %zu: the text is cut off", reader->number);
		maps_reader_release(reader);
		return -1;
	}
	*ret_maps = reader->maps;
	*reader = (struct maps_reader){};
	return 0;
}

void maps_reader_release(struct maps_reader *reader)
{
	maps_release(&reader->maps);
	*reader = (struct maps_reader){};
}

int maps_parse(const char *text, size_t size, struct maps *ret_maps, struct err *err)
{
	_cleanup_(maps_reader_release) struct maps_reader reader = {};

	if (maps_reader_add(&reader, text, size, err) < 0)
		return -1;
	return maps_reader_end(&reader, ret_maps, err);
}

/*
 * Only the inode is compared: where stat(2) invents device numbers (btrfs, overlayfs) the device
 * never fits, and no other file of this odd name can have the same inode number by chance.
 */
static void settle(struct map *map, int rootfd)
{
	_cleanup_free_ char *full = NULL;
	struct stat st;

	if (asprintf(&full, "%s%s", map->name, DELETED) < 0) {
		full = NULL;
		return;
	}
	if (fstatat(rootfd, full + 1, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_ino != map->inode)
		return;
	free(map->name);
	map->name = TAKE_PTR(full);
	map->deleted = false;
}

void maps_settle_deleted(struct maps *maps, int rootfd)
{
	for (size_t i = 0; i < maps->count; i++) {
		if (maps->list[i].deleted && maps->list[i].kind == MAP_KIND_FILE)
			settle(&maps->list[i], rootfd);
	}
}

const struct map *maps_find(const struct maps *maps, uint64_t address)
{
	size_t low = SEARCH(maps->count, i, address >= maps->list[i].end);

	if (low == maps->count || address < maps->list[low].start)
		return NULL;
	return &maps->list[low];
}
