/* SPDX-License-Identifier: MIT */
/* Reading and writing the memory of another process. */
#ifndef PIMAGE_PROCESS_MEMORY_H
#define PIMAGE_PROCESS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct kernel_features;

/* A half-open range of addresses. */
struct memory_range {
	uint64_t start;
	uint64_t end;
};

/* A growing list of ranges; zeroed is empty. */
struct memory_ranges {
	struct memory_range *list; /* malloc'd */
	size_t count;
	size_t room;
};

/* Appends, or makes the last one longer when they touch. */
int memory_ranges_add(struct memory_ranges *ranges, uint64_t start, uint64_t end, struct err *err);
/*
 * The parts of ranges that lie in `by`, and those that do not; all ascending. Either result may be NULL.
 */
int memory_ranges_split(const struct memory_ranges *ranges, const struct memory_ranges *by,
			struct memory_ranges *ret_in, struct memory_ranges *ret_out,
			struct err *err);
/* Puts ranges that do not overlap into order, and joins those that touch. */
void memory_ranges_sort(struct memory_ranges *ranges);
/* Accepts and leaves an empty one; for _cleanup_. */
void memory_ranges_release(struct memory_ranges *ranges);
#define _cleanup_ranges_ _cleanup_(memory_ranges_release)

/*
 * An address space that may be read and written. Neither needs the process to stand still, but what
 * is read from a running one is of no single moment. Any thread of the caller may use it at the
 * same time. It needs the right to trace the process (ptrace(2), "Ptrace access mode checking").
 */
struct process_memory {
	pid_t pid;
	int fd; /* /proc/PID/mem: bound to this address space, not to a later process of that pid */
	const struct kernel_features *features;
	/*
	 * Reading leaves pages shared that are so since a fork. process_vm_readv(2) is faster, but
	 * gives the process copies of its own of them (since 5.19: FOLL_PIN unshares), so it is taken for many pages only of which
	 * the page tables say that nobody else has them.
	 */
	bool keep_shared;
};

/* Address space of a process, or of a thread of it when its main thread has ended. */
int memory_open(pid_t pid, const struct kernel_features *features,
		struct process_memory *ret_memory, struct err *err);
/* Accepts one whose fd is -1; for _cleanup_. */
/* The same with a descriptor of its own, for less than opening it costs. */
int memory_share(const struct process_memory *memory, struct process_memory *ret_memory,
		 struct err *err);
void memory_close(struct process_memory *memory);

/*
 * All of length bytes, or an error that names the first address that cannot be read. Unreadable
 * (PROT_NONE) private mappings can be read all the same; device mappings and guard pages cannot.
 */
int memory_read(const struct process_memory *memory, uint64_t address, void *buffer, size_t length,
		struct err *err);

/* The same for many ranges; their bytes come one after another into the buffer. */
int memory_read_ranges(const struct process_memory *memory, const struct memory_range *ranges,
		       size_t count, void *buffer, struct err *err);

/*
 * Writes to any private mapping, also to read-only ones (the page becomes a copy of its own, like
 * with a debugger's breakpoint), and to shared ones that are writable. Where the kernel forbids
 * forced writes (proc_mem.force_override, since 6.12) only writable mappings can be written,
 * unless the process is a ptrace-stopped tracee of the calling thread: then word by word.
 */
int memory_write(const struct process_memory *memory, uint64_t address, const void *buffer,
		 size_t length, struct err *err);

/* The same for many ranges, whose bytes stand one after another in the buffer. Writable mappings
 * go fast (process_vm_writev), the rest is forced as above. */
int memory_write_ranges(const struct process_memory *memory, const struct memory_range *ranges,
			size_t count, const void *buffer, struct err *err);

/* memory_write for a mapping that is known not to be writable: does not try the fast way first. */
int memory_write_forced(const struct process_memory *memory, uint64_t address, const void *buffer,
			size_t length, struct err *err);

/*
 * Adds to ret_zero the pages within the ranges that hold nothing but zero bytes, and to ret_other
 * those that do not, both ascending and merged. Looks at the first 64 bytes of every page, and
 * reads whole only those where they are zero. Ranges are multiples of the page size, ascending,
 * readable.
 */
int memory_zero_pages(const struct process_memory *memory, const struct memory_range *ranges,
		      size_t count, struct memory_ranges *ret_zero, struct memory_ranges *ret_other,
		      struct err *err);

/*
 * Divides ranges into parts in which memory_zero_pages is worth while and others, of which it may leave some pages of zeros
 * undiscovered: a few bytes of every 64th page are looked at, at places that depend on nothing but addresses. Reading everything
 * for what most programs do not have takes as long as saving it. Both lists are ascending if the ranges are.
 */
int memory_zero_suspects(const struct process_memory *memory, const struct memory_range *ranges,
			 size_t count, struct memory_ranges *ret_suspect,
			 struct memory_ranges *ret_other, struct err *err);

/* Both with up to so many threads, this one included, where there is much to look at. Both lists are wanted. */
int memory_zero_suspects_by(unsigned threads, const struct process_memory *memory,
			    const struct memory_range *ranges, size_t count,
			    struct memory_ranges *ret_suspect, struct memory_ranges *ret_other,
			    struct err *err);
int memory_zero_pages_by(unsigned threads, const struct process_memory *memory,
			 const struct memory_range *ranges, size_t count,
			 struct memory_ranges *ret_zero, struct memory_ranges *ret_other,
			 struct err *err);

#endif
