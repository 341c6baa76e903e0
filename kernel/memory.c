/* SPDX-License-Identifier: MIT */
/* process_vm_readv and writev in large vectors, /proc/PID/mem where they cannot, ptrace at last. */
#include "kernel/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/denied.h"
#include "kernel/fallback.h"
#include "kernel/pagemap_file.h"

#define VECTOR	    1024		/* UIO_MAXIOV */
#define CALL_MAX    (UINT64_C(1) << 30) /* one call moves less than 2 GiB (MAX_RW_COUNT) */
#define FORCED_STEP (UINT64_C(256) << 10)
#define FEW_RANGES  8

int memory_open(pid_t pid, const struct kernel_features *features,
		struct process_memory *ret_memory, struct err *err)
{
	char path[48];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return explain_denied(pid, "cannot open the memory of process", err);
	*ret_memory = (struct process_memory){ .pid = pid, .fd = fd, .features = features };
	return 0;
}

int memory_share(const struct process_memory *memory, struct process_memory *ret_memory,
		 struct err *err)
{
	int fd = fcntl(memory->fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return err_sys(err, "process %d: another descriptor of its memory", memory->pid);
	*ret_memory = *memory;
	ret_memory->fd = fd;
	return 0;
}

void memory_close(struct process_memory *memory)
{
	cleanup_close(&memory->fd);
	memory->fd = -1;
}

/* How far a transfer over many ranges has come. */
struct cursor {
	const struct memory_range *ranges;
	size_t count;
	size_t index;  /* of the range that is next */
	uint64_t done; /* bytes of that range */
	char *buffer;  /* where its next byte is, or goes */
};

static uint64_t cursor_address(const struct cursor *cursor)
{
	return cursor->ranges[cursor->index].start + cursor->done;
}

static uint64_t cursor_left(const struct cursor *cursor)
{
	const struct memory_range *range = &cursor->ranges[cursor->index];

	return range->end - range->start - cursor->done;
}

static void cursor_advance(struct cursor *cursor, uint64_t bytes)
{
	cursor->buffer += bytes;
	while (cursor->index < cursor->count && bytes >= cursor_left(cursor)) {
		bytes -= cursor_left(cursor);
		cursor->index++;
		cursor->done = 0;
	}
	cursor->done += bytes;
}

/* The next ranges as a vector of the other process; how many bytes they are together. */
static uint64_t cursor_vector(const struct cursor *cursor, struct iovec *iov, size_t *ret_count)
{
	struct cursor ahead = *cursor;
	uint64_t total = 0;
	size_t n = 0;

	while (ahead.index < ahead.count && n < VECTOR && total < CALL_MAX) {
		uint64_t bytes = cursor_left(&ahead);

		if (bytes > CALL_MAX - total)
			bytes = CALL_MAX - total;
		iov[n].iov_base = (void *)(uintptr_t)cursor_address(&ahead);
		iov[n++].iov_len = bytes;
		total += bytes;
		cursor_advance(&ahead, bytes);
	}
	*ret_count = n;
	return total;
}

typedef ssize_t vm_fn(pid_t, const struct iovec *, unsigned long, const struct iovec *,
		      unsigned long, unsigned long);

/* As far as one process_vm call gets; 0 or <0 if it gets nowhere. */
static ssize_t move_vector(const struct process_memory *memory, struct cursor *cursor, vm_fn *move)
{
	struct iovec remote[VECTOR], local;
	size_t count;
	ssize_t n;

	if (!feature_on(memory->features, FEATURE_PROCESS_VM)) {
		errno = ENOSYS;
		return -1;
	}
	local.iov_base = cursor->buffer;
	local.iov_len = cursor_vector(cursor, remote, &count);
	n = move(memory->pid, &local, 1, remote, count, 0);
	if (n > 0)
		cursor_advance(cursor, (uint64_t)n);
	return n;
}

static int unreadable(const struct process_memory *memory, uint64_t address, ssize_t n,
		      struct err *err)
{
	/* A read of nothing: the address space is gone (mm_users is 0). */
	if (n == 0)
		return err_set(err, ERR_GONE, "process %d has ended", memory->pid);
	return err_sys(err, "process %d: reading memory at 0x%llx", memory->pid,
		       (unsigned long long)address);
}

/* Part of the present range, by force: also where the mapping has no PROT_READ. */
static int read_forced(const struct process_memory *memory, struct cursor *cursor, struct err *err)
{
	uint64_t address = cursor_address(cursor), bytes = cursor_left(cursor);
	ssize_t n;

	if (bytes > FORCED_STEP)
		bytes = FORCED_STEP;
	n = pread(memory->fd, cursor->buffer, bytes, (off_t)address);
	if (n <= 0)
		return unreadable(memory, address, n, err);
	cursor_advance(cursor, (uint64_t)n);
	return 0;
}

/* Of many small ranges the look costs less than to read each by itself. */
static bool must_force(const struct process_memory *memory, const struct memory_range *ranges,
		       size_t count)
{
	return memory->keep_shared &&
	       (count < FEW_RANGES || !pagemap_file_own(memory->pid, ranges, count));
}

int memory_read_ranges(const struct process_memory *memory, const struct memory_range *ranges,
		       size_t count, void *buffer, struct err *err)
{
	struct cursor cursor = { .ranges = ranges, .count = count, .buffer = buffer };
	bool force = must_force(memory, ranges, count);

	cursor_advance(&cursor, 0);
	while (cursor.index < cursor.count)
		if ((force || move_vector(memory, &cursor, process_vm_readv) <= 0) &&
		    read_forced(memory, &cursor, err) < 0)
			return -1;
	return 0;
}

int memory_read(const struct process_memory *memory, uint64_t address, void *buffer, size_t length,
		struct err *err)
{
	struct memory_range range = { address, address + length };

	return memory_read_ranges(memory, &range, 1, buffer, err);
}

/* Word by word, as debuggers do it: needs a stopped tracee, but no permission of the mapping. */
static int poke(pid_t pid, uint64_t address, const char *bytes, uint64_t length)
{
	while (length > 0) {
		uint64_t at = address & ~(sizeof(long) - 1), skip = address - at;
		uint64_t n = sizeof(long) - skip < length ? sizeof(long) - skip : length;
		long word;

		errno = 0;
		word = ptrace(PTRACE_PEEKDATA, pid, at, 0);
		if (errno)
			return -1;
		memcpy((char *)&word + skip, bytes, n);
		if (ptrace(PTRACE_POKEDATA, pid, at, word) < 0)
			return -1;
		address += n;
		bytes += n;
		length -= n;
	}
	return 0;
}

static int write_forced(const struct process_memory *memory, struct cursor *cursor, struct err *err)
{
	uint64_t address = cursor_address(cursor), bytes = cursor_left(cursor);
	ssize_t n = -1;
	int error;

	if (bytes > FORCED_STEP)
		bytes = FORCED_STEP;
	errno = EIO;
	if (feature_on(memory->features, FEATURE_PROC_MEM_FORCE))
		n = pwrite(memory->fd, cursor->buffer, bytes, (off_t)address);
	error = errno;
	if (n == 0)
		return err_set(err, ERR_GONE, "process %d has ended", memory->pid);
	if (n < 0) {
		n = (ssize_t)bytes;
		if (poke(memory->pid, address, cursor->buffer, bytes) < 0) {
			errno = error;
			return err_sys(err, "process %d: writing memory at 0x%llx", memory->pid,
				       (unsigned long long)address);
		}
	}
	cursor_advance(cursor, (uint64_t)n);
	return 0;
}

int memory_write_ranges(const struct process_memory *memory, const struct memory_range *ranges,
			size_t count, const void *buffer, struct err *err)
{
	struct cursor cursor = { .ranges = ranges, .count = count, .buffer = (char *)buffer };

	cursor_advance(&cursor, 0);
	while (cursor.index < cursor.count)
		if (move_vector(memory, &cursor, process_vm_writev) <= 0 &&
		    write_forced(memory, &cursor, err) < 0)
			return -1;
	return 0;
}

int memory_write(const struct process_memory *memory, uint64_t address, const void *buffer,
		 size_t length, struct err *err)
{
	struct memory_range range = { address, address + length };

	return memory_write_ranges(memory, &range, 1, buffer, err);
}

int memory_write_forced(const struct process_memory *memory, uint64_t address, const void *buffer,
			size_t length, struct err *err)
{
	struct memory_range range = { address, address + length };
	struct cursor cursor = { .ranges = &range, .count = 1, .buffer = (char *)buffer };

	cursor_advance(&cursor, 0);
	while (cursor.index < cursor.count)
		if (write_forced(memory, &cursor, err) < 0)
			return -1;
	return 0;
}
