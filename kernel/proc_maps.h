/* SPDX-License-Identifier: MIT */
/* The mappings of an address space, from the text of /proc/PID/maps or /proc/PID/smaps. */
#ifndef PIMAGE_PROC_MAPS_H
#define PIMAGE_PROC_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/* What a mapping is, judged by what the kernel shows as its name. */
enum map_kind {
	MAP_KIND_ANON,	  /* private anonymous memory, unnamed or named by PR_SET_VMA_ANON_NAME */
	MAP_KIND_HEAP,	  /* [heap]: private anonymous, within the brk area */
	MAP_KIND_STACK,	  /* [stack]: private anonymous, holds the initial stack pointer */
	MAP_KIND_FILE,	  /* a file, or a device */
	MAP_KIND_SHMEM,	  /* anonymous shared memory: "/dev/zero (deleted)" or [anon_shmem:] */
	MAP_KIND_HUGETLB, /* anonymous MAP_HUGETLB, private or shared: "/anon_hugepage (deleted)" */
	MAP_KIND_SYSV,	  /* shmget(2): "/SYSV%08x (deleted)"; the inode is the shmid */
	MAP_KIND_MEMFD,	  /* memfd_create(2): "/memfd:NAME (deleted)", hugetlb ones too */
	MAP_KIND_AIO,	  /* io_setup(2): "/[aio] (deleted)" */
	MAP_KIND_SECRETMEM,   /* memfd_secret(2): "/secretmem (deleted)"; no one else can read it */
	MAP_KIND_ANON_INODE,  /* anon_inode:[...], socket:[...]: io_uring, perf, packet rings */
	MAP_KIND_VDSO,	      /* [vdso] */
	MAP_KIND_VVAR,	      /* [vvar] */
	MAP_KIND_VVAR_VCLOCK, /* [vvar_vclock], since 6.13 */
	MAP_KIND_VSYSCALL,    /* [vsyscall]: not a mapping of the process, the same everywhere */
	MAP_KIND_UPROBES,     /* [uprobes] */
	MAP_KIND_SPECIAL,     /* any other [name] of the kernel */
};

/*
 * VmFlags of smaps: bits of our own, named by the two letters of Documentation/filesystems/proc.rst
 * (6.18). The image names them with format/names.h vm_flag_names, the same table.
 */
enum map_flag {
	MAP_FLAG_RD,	  /* readable */
	MAP_FLAG_WR,	  /* writable */
	MAP_FLAG_EX,	  /* executable */
	MAP_FLAG_SH,	  /* shared */
	MAP_FLAG_MR,	  /* may be made readable */
	MAP_FLAG_MW,	  /* may be made writable */
	MAP_FLAG_ME,	  /* may be made executable */
	MAP_FLAG_MS,	  /* may be shared */
	MAP_FLAG_GD,	  /* grows down */
	MAP_FLAG_PF,	  /* pure PFN range */
	MAP_FLAG_LO,	  /* locked */
	MAP_FLAG_IO,	  /* memory-mapped I/O */
	MAP_FLAG_SR,	  /* MADV_SEQUENTIAL */
	MAP_FLAG_RR,	  /* MADV_RANDOM */
	MAP_FLAG_DC,	  /* MADV_DONTFORK */
	MAP_FLAG_DE,	  /* does not grow by mremap */
	MAP_FLAG_AC,	  /* counts against the commit limit */
	MAP_FLAG_NR,	  /* MAP_NORESERVE */
	MAP_FLAG_HT,	  /* huge TLB pages */
	MAP_FLAG_SF,	  /* synchronous page faults (MAP_SYNC) */
	MAP_FLAG_NL,	  /* non-linear (until 4.0) */
	MAP_FLAG_AR,	  /* architecture specific */
	MAP_FLAG_WF,	  /* MADV_WIPEONFORK */
	MAP_FLAG_DD,	  /* MADV_DONTDUMP */
	MAP_FLAG_SD,	  /* soft dirty; volatile */
	MAP_FLAG_MM,	  /* mixed map */
	MAP_FLAG_HG,	  /* MADV_HUGEPAGE */
	MAP_FLAG_NH,	  /* MADV_NOHUGEPAGE */
	MAP_FLAG_MG,	  /* MADV_MERGEABLE */
	MAP_FLAG_UM,	  /* userfaultfd: missing pages */
	MAP_FLAG_UW,	  /* userfaultfd: write protection */
	MAP_FLAG_UI,	  /* userfaultfd: minor faults, since 5.13 */
	MAP_FLAG_SS,	  /* shadow stack, since 6.6 */
	MAP_FLAG_SL,	  /* sealed by mseal(2) */
	MAP_FLAG_GU,	  /* may hold guard regions, since 6.19 (regions themselves: 6.13) */
	MAP_FLAG_LF,	  /* MLOCK_ONFAULT */
	MAP_FLAG_DP,	  /* MAP_DROPPABLE, since 6.11 */
	MAP_FLAG_BT,	  /* arm64: branch targets guarded */
	MAP_FLAG_MT,	  /* arm64: memory tags */
	MAP_FLAG_UNKNOWN, /* at least one that this table does not have */
	MAP_FLAG_COUNT,
};

#define MAP_FLAG(letters) (UINT64_C(1) << MAP_FLAG_##letters)

/* "rd" for MAP_FLAG_RD and so on; "??" for MAP_FLAG_UNKNOWN. */
extern const char map_flag_letters[MAP_FLAG_COUNT][3];

struct map {
	uint64_t start; /* [start, end), addresses */
	uint64_t end;
	uint64_t offset;    /* bytes, in the file; for anonymous memory 0 as shown */
	uint64_t inode;	    /* 0: no file */
	uint32_t dev_major; /* of the superblock; stat(2) says otherwise on btrfs, overlayfs */
	uint32_t dev_minor;
	uint8_t prot; /* PROT_READ | PROT_WRITE | PROT_EXEC */
	bool shared;
	/*
	 * The name had " (deleted)" behind it, which is not part of .name. A file may really be
	 * called so: maps_settle_deleted tells by the file system.
	 */
	bool deleted;
	enum map_kind kind;
	/*
	 * As shown, with the kernel's \012 turned into the newline that it stands for (the kernel
	 * escapes only the newline and not the backslash, so a name that really has "\012" in it
	 * cannot be told apart: compare device and inode before trusting a name). NULL: none.
	 * malloc'd.
	 */
	char *name;
	/*
	 * PR_SET_VMA_ANON_NAME: the xx of [anon:xx] (since 5.17) or [anon_shmem:xx] (since 6.2).
	 * The kernel hides it on [heap] and [stack]. NULL: none. malloc'd.
	 */
	char *anon_name;

	/* From smaps only; all zero from maps. */
	uint64_t flags;	     /* MAP_FLAG(xx) bits */
	uint64_t rss_kb;     /* present in the page table, without hugetlb */
	uint64_t anon_kb;    /* present and anonymous (copied, for a private file mapping) */
	uint64_t swap_kb;    /* anonymous or shmem, in swap */
	uint64_t huge_kb;    /* transparent huge pages of anonymous memory */
	uint64_t hugetlb_kb; /* hugetlb pages present, shared and private */
	uint64_t page_kb;    /* page size of the mapping: 4, or that of its hugetlb pages */
	uint32_t
		protection_key; /* 0 (the default key) where the kernel or the processor has none */
};

struct maps {
	struct map *list; /* ascending addresses, no overlap */
	size_t count;
	bool detailed; /* the smaps fields are filled */
};

/*
 * Parses the text of maps or of smaps (told by itself). An empty text gives an empty list: the
 * process has no address space (any more). Refuses, naming line and reason: malformed lines, ranges
 * that are empty or go backwards.
 */
int maps_parse(const char *text, size_t size, struct maps *ret_maps, struct err *err);

/* maps_parse by pieces of whole lines. Zeroed at first; maps_reader_end leaves it so, on failure too. */
struct maps_reader {
	struct maps maps;
	size_t number; /* of the line */
	bool open;     /* details of the last mapping have begun, and its VmFlags line is to come */
};
int maps_reader_add(struct maps_reader *reader, const char *text, size_t size, struct err *err);
int maps_reader_end(struct maps_reader *reader, struct maps *ret_maps, struct err *err);
void maps_reader_release(struct maps_reader *reader);

/*
 * Settles .deleted where a file may be called "x (deleted)": looks, under the directory rootfd (the
 * root of the process, /proc/PID/root), whether a file of the full name exists and is the mapped
 * one; if so the name gets its end back and the flag goes. Kinds other than MAP_KIND_FILE are left
 * alone.
 */
void maps_settle_deleted(struct maps *maps, int rootfd);

/* The mapping that contains the address, or NULL. */
const struct map *maps_find(const struct maps *maps, uint64_t address);

/* Takes the mapping of exactly that range off the list; nothing when there is none. */
void maps_drop(struct maps *maps, uint64_t start, uint64_t end);

/* Accepts a zeroed struct; leaves a zeroed one. */
void maps_release(struct maps *maps);

#endif
