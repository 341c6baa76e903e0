/* SPDX-License-Identifier: MIT */
/* Images that must be refused, each named after the reason, and what the message must say. */
#ifndef PIMAGE_TEST_BAD_H
#define PIMAGE_TEST_BAD_H

#include "tests/images/maker.h"

#include <stdio.h>

/* Damage to the finished tar. */
typedef void damage(char *image, size_t *size);

struct bad {
	const char *reason;
	const char *message; /* all words that the message must contain, separated by "|" */
	const char *entry;
	const char *from; /* the text that is replaced; NULL: the entry is dropped */
	const char
		*to; /* NULL and from NULL: see above; from NULL: an entry of that text is added */
	damage *damage;
};

/* The header of an entry, or of a link to it. */
static inline char *bad_header(char *image, size_t size, const char *name)
{
	for (size_t at = 0; at + 512 <= size; at += 512)
		if (strcmp(image + at, name) == 0 && memcmp(image + at + 257, "ustar", 5) == 0)
			return image + at;
	maker_stop(name, "no such header");
	return NULL;
}

static inline void bad_checksum(char *header)
{
	unsigned sum = 0;

	memset(header + 148, ' ', 8);
	for (size_t i = 0; i < 512; i++)
		sum += (unsigned char)header[i];
	snprintf(header + 148, 8, "%06o", sum);
}

static inline void bad_rename(char *image, size_t size, const char *from, const char *to)
{
	char *header = bad_header(image, size, from);

	memset(header, 0, 100);
	memcpy(header, to, strlen(to));
	bad_checksum(header);
}

static inline void damage_truncate(char *image, size_t *size)
{
	*size = (size_t)(bad_header(image, *size, "processes/42/pages/403000") - image) + 512 + 64;
}

static inline void damage_cut_index(char *image, size_t *size)
{
	char *header = bad_header(image, *size, "index.json");

	memset(header, 0, 1024);
	*size = (size_t)(header - image) + 1024;
}

static inline void damage_record_bit(char *image, size_t *size)
{
	char *header = bad_header(image, *size, "processes/42/process.json");
	char *at = strstr(header + 512, "\"umask\": 18");

	/* A digit for a digit: still JSON, and valid. */
	at[9] ^= 4;
}

static inline void damage_blob_bit(char *image, size_t *size)
{
	bad_header(image, *size, "pipes/1.data")[512] ^= 1;
}

static inline void damage_page_bit(char *image, size_t *size)
{
	bad_header(image, *size, "processes/42/pages/403000")[512 + 40] ^= 1;
}

static inline void damage_header_bit(char *image, size_t *size)
{
	bad_header(image, *size, "processes/42/timers.json")[3] ^= 1;
}

static inline void damage_absolute(char *image, size_t *size)
{
	bad_rename(image, *size, "ttys/1.json", "/ttys/1.json");
}

static inline void damage_dotdot(char *image, size_t *size)
{
	bad_rename(image, *size, "ttys/1.json", "ttys/../../1.json");
}

static inline void damage_duplicate(char *image, size_t *size)
{
	bad_rename(image, *size, "files/2.json", "files/1.json");
}

static inline void damage_no_pimage(char *image, size_t *size)
{
	bad_rename(image, *size, "pimage.json", "pipes/0.data");
}

static inline void damage_device(char *image, size_t *size)
{
	char *header = bad_header(image, *size, "ttys/1.json");

	header[156] = '3';
	bad_checksum(header);
}

static inline void damage_symlink(char *image, size_t *size)
{
	char *header = bad_header(image, *size, "ttys/1.json");

	header[156] = '2';
	memcpy(header + 157, "/etc/passwd", 12);
	bad_checksum(header);
}

static inline void damage_huge(char *image, size_t *size)
{
	char *header = bad_header(image, *size, "ttys/1.json");

	memcpy(header + 124, "77777777777", 12);
	bad_checksum(header);
}

#define P42	 "processes/42/"
#define MEMORY	 P42 "memory.json"
#define PROCESS	 P42 "process.json"
#define FILES	 P42 "files.json"
#define THREAD42 P42 "threads/42.json"

/* Rows leave out what they do not need. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

static const struct bad bad_images[] = {
	/* the container */
	{ "truncated", "processes/42/pages/403000|cut off", .damage = damage_truncate },
	{ "no-index", "index.json", .damage = damage_cut_index },
	{ "flipped-bit-in-record", PROCESS, .damage = damage_record_bit },
	{ "flipped-bit-in-data", "pipes/1.data", .damage = damage_blob_bit },
	{ "flipped-bit-in-pages", P42 "pages/403000", .damage = damage_page_bit },
	{ "flipped-bit-in-header", "", .damage = damage_header_bit },
	{ "absolute-path", "ttys/1.json", .damage = damage_absolute },
	{ "dotdot-path", "ttys/../../1.json", .damage = damage_dotdot },
	{ "duplicate-entry", "files/1.json", .damage = damage_duplicate },
	{ "device-entry", "ttys/1.json", .damage = damage_device },
	{ "symlink-entry", "ttys/1.json", .damage = damage_symlink },
	{ "huge-entry", "ttys/1.json", .damage = damage_huge },
	{ "unknown-entry", "processes/42/notes.txt", P42 "notes.txt", NULL, "hello" },
	{ "leading-zero-in-name", "files/07.json", "files/07.json", NULL, "{}" },
	{ "orphan-data", "pipes/9.data", "pipes/9.data", NULL, "hello" },
	{ "orphan-pages", P42 "pages/500000", P42 "pages/500000", NULL, "hello" },
	{ "missing-pages", P42 "pages/403000", P42 "pages/403000" },
	{ "missing-pimage", "pimage.json", .damage = damage_no_pimage },
	{ "missing-record", MEMORY, MEMORY },
	{ "missing-thread", PROCESS "|43", P42 "threads/43.json" },
	{ "missing-xstate", PROCESS "|43", P42 "threads/43.xstate" },
	{ "missing-file", FILES "|$.descriptors[6]|files/5.json", "files/5.json" },
	{ "missing-data", "pipes/1.json|$.bytes", "pipes/1.data" },

	/* JSON and field tables */
	{ "not-json", PROCESS, PROCESS, "\"pid\"", "pid" },
	{ "not-an-object", "ttys/1.json", "ttys/1.json", "{", "[{" },
	{ "unknown-key", PROCESS "|$.colour", PROCESS, "\"umask\"", "\"colour\": 1, \"umask\"" },
	{ "duplicate-key", PROCESS, PROCESS, "\"umask\"", "\"umask\": 1, \"umask\"" },
	{ "missing-key", FILES "|$.descriptors[0]|file", FILES, "{\"fd\": 0, \"file\": 2}",
	  "{\"fd\": 0}" },
	{ "wrong-type", PROCESS "|$.umask", PROCESS, "\"umask\": 18", "\"umask\": true" },
	{ "out-of-range", PROCESS "|$.umask", PROCESS, "\"umask\": 18", "\"umask\": 4294967296" },
	{ "negative", PROCESS "|$.umask", PROCESS, "\"umask\": 18", "\"umask\": -1" },
	{ "fraction", PROCESS "|$.umask", PROCESS, "\"umask\": 18", "\"umask\": 18.5" },
	{ "unknown-name", MEMORY "|$.vmas[0].prot[1]", MEMORY, "PROT_EXEC", "PROT_FLY" },
	{ "unknown-type", "files/7.json|$.type", "files/7.json", "\"type\": \"chardev\"",
	  "\"type\": \"teapot\"" },
	{ "bad-escape", PROCESS "|$.command_line[3]", PROCESS, "\\\\xff", "\\\\xfg" },
	{ "nul-in-string", PROCESS "|line 8", PROCESS, "\\\\xff", "\\u0000" },
	{ "bad-range", MEMORY "|$.vmas[0].range", MEMORY, "0x400000-0x402000", "0x400000+0x2000" },
	{ "odd-digits", P42 "signals.json|$.pending[0].data", P42 "signals.json", "efbeadde",
	  "efbeadd" },

	/* what pimage.json says of the whole */
	{ "wrong-format", "pimage.json|$.format", "pimage.json", "\"pimage\"", "\"image\"" },
	{ "unknown-version", "pimage.json|$.version", "pimage.json", "\"version\": 1",
	  "\"version\": 2" },
	{ "unknown-feature", "pimage.json|$.required_features[0]|\"teleport\"", "pimage.json",
	  "\"required_features\": []", "\"required_features\": [\"teleport\"]" },
	{ "odd-page-size", "pimage.json|$.page_size", "pimage.json", "\"page_size\": 4096",
	  "\"page_size\": 5000" },
	{ "unlisted-process", "pimage.json|$.pids", "pimage.json", "\"pids\": [42]",
	  "\"pids\": []" },
	{ "absent-process", "processes/43/process.json", "pimage.json", "\"pids\": [42]",
	  "\"pids\": [42, 43]" },
	{ "listed-twice", "pimage.json|$.pids", "pimage.json", "\"pids\": [42]",
	  "\"pids\": [42, 42]" },
	{ "root-not-first", "pimage.json|$.root", "pimage.json", "\"root\": 42", "\"root\": 41" },

	/* references between records */
	{ "shares-with-nobody", PROCESS "|$.files_of: 17", PROCESS, "\"umask\": 18,",
	  "\"umask\": 18, \"files_of\": 17," },
	{ "shares-with-itself", PROCESS "|$.fs_of: 42", PROCESS, "\"umask\": 18,",
	  "\"umask\": 18, \"fs_of\": 42," },
	{ "pid-differs", PROCESS "|$.pid", PROCESS, "\"pid\": 42", "\"pid\": 41" },
	{ "tid-differs", PROCESS "|tid", THREAD42, "\"tid\": 42", "\"tid\": 44" },
	{ "long-thread-name", PROCESS "|thread 42|$.name", THREAD42, "\"name\": \"counter\"",
	  "\"name\": \"name of 16 bytes\"" },
	{ "id-differs", "pipes/1.json|$.id", "pipes/1.json", "\"id\": 1", "\"id\": 2" },
	{ "unlisted-thread", PROCESS "|$.threads", PROCESS, "\"threads\": [42, 43]",
	  "\"threads\": [42]" },
	{ "thread-listed-twice", PROCESS "|$.threads", PROCESS, "\"threads\": [42, 43]",
	  "\"threads\": [42, 43, 43]" },
	{ "leader-not-first", PROCESS "|$.threads", PROCESS, "\"threads\": [42, 43]",
	  "\"threads\": [43, 42]" },
	{ "dangling-terminal", PROCESS "|$.terminal|ttys/7.json", PROCESS, "\"terminal\": 1",
	  "\"terminal\": 7" },
	{ "dangling-descriptor", FILES "|$.descriptors[0]|files/77.json", FILES, "\"file\": 2}",
	  "\"file\": 77}" },
	{ "descriptor-twice", FILES "|$.descriptors[1].fd", FILES, "\"fd\": 1,", "\"fd\": 0," },
	{ "dangling-pipe", "files/3.json|pipes/8.json", "files/3.json", "\"pipe\": 1",
	  "\"pipe\": 8" },
	{ "dangling-socket", "files/16.json|sockets/unix/8.json", "files/16.json", "\"socket\": 1",
	  "\"socket\": 8" },
	{ "dangling-peer", "sockets/unix/1.json|$.peer", "sockets/unix/1.json", "\"peer\": 2",
	  "\"peer\": 9" },
	{ "peer-of-another", "sockets/unix/1.json|$.peer", "sockets/unix/1.json", "\"peer\": 2",
	  "\"peer\": 4" },
	{ "socket-of-unknown-type", "sockets/unix/1.json|$.type", "sockets/unix/1.json",
	  "\"stream\"", "\"0x9\"" },
	{ "messages-too-long", "sockets/unix/4.json|$.messages", "sockets/unix/4.json",
	  "\"bytes\": 2", "\"bytes\": 3" },
	{ "bytes-from-nobody", "sockets/unix/4.json|$.bytes", "sockets/unix/4.json",
	  "\"abstract\": \"636f756e746572\",", "" },
	{ "waits-for-another", "sockets/unix/3.json|$.waiting[0]", "sockets/unix/3.json",
	  "\"backlog\": 5,", "\"backlog\": 5, \"waiting\": [1]," },
	{ "socket-with-two-names", "sockets/unix/3.json|$.abstract", "sockets/unix/3.json",
	  "\"file\"", "\"abstract\": \"61\", \"file\"" },
	{ "connected-inside-and-outside", "sockets/unix/2.json|$.peer", "sockets/unix/2.json",
	  "\"options\"", "\"outside\": {}, \"options\"" },
	{ "external-pipe-and-socket", "files/11.json|$.external", "files/11.json", "\"socket\": 5,",
	  "\"socket\": 5, \"pipe\": 1," },
	{ "external-dangling", "files/11.json|sockets/unix/8.json", "files/11.json",
	  "\"socket\": 5", "\"socket\": 8" },
	{ "external-that-ends-inside", "files/11.json|$.external.socket", "files/11.json",
	  "\"socket\": 5", "\"socket\": 3" },
	{ "end-inside-of-external", "files/16.json|ends outside", "files/16.json", "\"socket\": 1",
	  "\"socket\": 5" },
	{ "external-policy-unknown", "files/11.json|$.external.policy|forget", "files/11.json",
	  "\"reconnect\"", "\"forget\"" },
	{ "external-policy-impossible", "files/11.json|$.external.policy|reconnect",
	  "sockets/unix/5.json", "\"path\": \"/run/systemd/journal/dev-log\"", "" },
	{ "dangling-rights", "sockets/unix/4.json|$.messages[1].files[0]|files/88.json",
	  "sockets/unix/4.json", "\"files\": [1]", "\"files\": [88]" },
	{ "epoll-of-closed-descriptor", "files/12.json|$.epoll.registrations[0].fd|76",
	  "files/12.json", "\"fd\": 6,", "\"fd\": 76," },
	{ "epoll-of-another-process", "files/12.json|$.epoll.registrations[0].process|41",
	  "files/12.json", "\"process\": 42, \"fd\": 6,", "\"process\": 41, \"fd\": 6," },
	{ "dangling-contents", "files/5.json|shm/8.json", "files/5.json", "\"contents\": 1",
	  "\"contents\": 8" },
	{ "dangling-mapped-file", MEMORY "|$.vmas[0]|file 7", MEMORY,
	  "\"flags\": [],\n      \"file\": 1", "\"flags\": [],\n      \"file\": 7" },
	{ "dangling-shm", MEMORY "|$.vmas[3]|shm/8.json", MEMORY, "\"contents\": 1",
	  "\"contents\": 8" },
	{ "wrong-amount-of-data", "pipes/1.json|$.bytes", "pipes/1.json", "\"bytes\": 5",
	  "\"bytes\": 6" },
	{ "pipe-overfull", "pipes/1.json|$.bytes", "pipes/1.json", "\"capacity\": 65536",
	  "\"capacity\": 4" },

	{ "pair-without-state", "ttys/1.json|$.pair", "ttys/1.json", "\"id\": 1,",
	  "\"id\": 1, \"kind\": \"pair\"," },
	{ "state-without-pair", "ttys/1.json|$.pair", "ttys/1.json", "\"columns\": 80",
	  "\"columns\": 80, \"pair\": {\"slave\": \"open\"}" },
	{ "terminal-of-unknown-kind", "ttys/1.json|$.kind", "ttys/1.json", "\"id\": 1,",
	  "\"id\": 1, \"kind\": \"0x9\"," },
	{ "end-behind-input", "ttys/2.json|$.pair.ends[0]", "ttys/2.json", "\"ends\": [7]",
	  "\"ends\": [9]" },
	{ "master-of-no-pair", "files/17.json|$.pty_master.tty", "files/17.json", "\"tty\": 2",
	  "\"tty\": 1" },

	/* address spaces */
	{ "overlapping-vmas", MEMORY "|$.vmas[1]", MEMORY, "0x402000-0x404000",
	  "0x401000-0x404000" },
	{ "vmas-out-of-order", MEMORY "|$.vmas[1]", MEMORY, "0x400000-0x402000",
	  "0x500000-0x502000" },
	{ "kernel-address", MEMORY "|$.vmas[8]", MEMORY,
	  "0x7ffd000fc000-0x7ffd00100000\",\n      \"prot\": [\"PROT_READ\"],\n      \"kind\": "
	  "\"special\"",
	  "0xffff800000000000-0xffff800000004000\",\n      \"prot\": [\"PROT_READ\"],\n      "
	  "\"kind\": \"anonymous\"" },
	{ "empty-vma", MEMORY "|$.vmas[0]", MEMORY, "0x400000-0x402000", "0x400000-0x400000" },
	{ "unaligned-vma", MEMORY "|$.vmas[0]", MEMORY, "0x400000-0x402000", "0x400000-0x401234" },
	{ "unaligned-offset", MEMORY "|$.vmas[1]|offset", MEMORY, "\"offset\": \"0x1000\"",
	  "\"offset\": \"0x1001\"" },
	{ "huge-offset", MEMORY "|$.vmas[1]|offset", MEMORY, "\"offset\": \"0x1000\"",
	  "\"offset\": \"0xfffffffffffff000\"" },
	{ "saved-outside", MEMORY "|$.vmas[1]|saved[0]", MEMORY, "\"0x403000-0x404000\"",
	  "\"0x403000-0x405000\"" },
	{ "saved-unaligned", MEMORY "|$.vmas[1]|saved[0]", MEMORY, "\"0x403000-0x404000\"",
	  "\"0x403800-0x404000\"" },
	{ "saved-overlapping", MEMORY "|$.vmas[2]|saved[1]", MEMORY, "0x1008000-", "0x1003000-" },
	{ "saved-and-zero", MEMORY "|$.vmas[2]", MEMORY, "0x1004000-0x1006000",
	  "0x1003000-0x1006000" },
	{ "saved-and-inherited", MEMORY "|$.vmas[2]", MEMORY, "\"zero\": [\"0x1004000-0x1006000\"]",
	  "\"inherited\": [\"0x1003000-0x1006000\"]" },
	{ "inherited-and-zero", MEMORY "|$.vmas[2]", MEMORY, "\"zero\": [\"0x1004000-0x1006000\"]",
	  "\"inherited\": [\"0x1004000-0x1005000\"], \"zero\": [\"0x1004000-0x1006000\"]" },
	{ "inherited-outside", MEMORY "|$.vmas[2]|inherited[0]", MEMORY,
	  "\"zero\": [\"0x1004000-0x1006000\"]", "\"inherited\": [\"0x2000000-0x2001000\"]" },
	{ "inherited-of-nobody", MEMORY "|parent", MEMORY, "\"zero\": [\"0x1004000-0x1006000\"]",
	  "\"inherited\": [\"0x1004000-0x1006000\"]" },
	{ "inherited-shared", MEMORY "|$.vmas[3]|inherited", MEMORY, "\"contents\": 1",
	  "\"contents\": 1, \"inherited\": [\"0x7f0000000000-0x7f0000001000\"]" },
	{ "working-set-of-half-pages", MEMORY "|$.working_set[0]|no pages", MEMORY,
	  "\"working_set\": [", "\"working_set\": [\"0x405000-0x405800\", " },
	{ "working-set-of-nothing", MEMORY "|$.working_set[0]|0x405000-0x405000", MEMORY,
	  "\"working_set\": [", "\"working_set\": [\"0x405000-0x405000\", " },
	{ "working-set-twice", MEMORY "|$.working_set|0x403000|twice", MEMORY, "\"working_set\": [",
	  "\"working_set\": [\"0x402000-0x404000\", " },
	{ "previous-of-none", MEMORY "|$.vmas[2]|no image before", MEMORY,
	  "\"zero\":", "\"previous\":" },
	{ "previous-elsewhere", "pimage.json|$.previous.file", "pimage.json", "\"root\":",
	  "\"previous\": { \"file\": \"../x.tar\", \"sha256\": "
	  "\"00\" }, \"root\":" },
	{ "previous-without-digest", "pimage.json|$.previous.sha256", "pimage.json",
	  "\"root\":", "\"previous\": { \"file\": \"x.tar\", \"sha256\": \"aaaa\" }, \"root\":" },
	{ "same-of-nobody", MEMORY "|$.vmas[2]|same[0].process|41", MEMORY,
	  "\"zero\": [\"0x1004000-0x1006000\"]",
	  "\"same\": [{\"range\": \"0x1004000-0x1005000\", \"process\": 41, \"address\": "
	  "\"0x1000000\"}]" },
	{ "same-of-itself", MEMORY "|$.vmas[2]|same[0].process|42", MEMORY,
	  "\"zero\": [\"0x1004000-0x1006000\"]",
	  "\"same\": [{\"range\": \"0x1004000-0x1005000\", \"process\": 42, \"address\": "
	  "\"0x1000000\"}]" },
	{ "same-shared", MEMORY "|$.vmas[3]|same", MEMORY, "\"contents\": 1",
	  "\"contents\": 1, \"same\": [{\"range\": \"0x7f0000000000-0x7f0000001000\", \"process\": "
	  "42, "
	  "\"address\": \"0x1000000\"}]" },
	{ "shm-saved-outside", "shm/1.json|$.saved[0]", "shm/1.json", "0x0-0x2000", "0x0-0x5000" },
	{ "shm-previous-of-none", "shm/1.json|$.previous|no image before", "shm/1.json",
	  "\"saved\":", "\"before\": 1, \"previous\":" },
	{ "shm-previous-outside", "shm/1.json|$.previous[0]", "shm/1.json",
	  "\"saved\":", "\"before\": 1, \"previous\": [\"0x3000-0x5000\"], \"saved\":" },
	{ "shm-saved-and-previous", "shm/1.json|0x1000-0x2000|saved and previous", "shm/1.json",
	  "\"saved\":", "\"before\": 1, \"previous\": [\"0x1000-0x3000\"], \"saved\":" },
	{ "shm-before-for-nothing", "shm/1.json|$.before", "shm/1.json",
	  "\"saved\":", "\"before\": 1, \"saved\":" },
	{ "shm-huge", "shm/1.json|$.size", "shm/1.json", "\"size\": 16384",
	  "\"size\": \"0xffffffffffffffff\"" },
	{ "fewer-pages-than-said", P42 "pages/403000", MEMORY, "\"0x1008000-0x1009000\"",
	  "\"0x1008000-0x100a000\"" },
	{ "more-pages-than-said", P42 "pages/403000", MEMORY, "\"0x1000000-0x1004000\"",
	  "\"0x1000000-0x1003000\"" },
	{ 0 },
};

static inline const struct bad *bad_find(const char *reason)
{
	for (const struct bad *bad = bad_images; bad->reason; bad++)
		if (strcmp(bad->reason, reason) == 0)
			return bad;
	return NULL;
}

/* Writes the image to a descriptor that can be read back. */
static inline void bad_write(const struct bad *bad, int fd)
{
	struct maker maker;
	struct err err;

	maker_load(&maker);
	if (bad->from)
		maker_replace(&maker, bad->entry, bad->from, bad->to);
	else if (bad->to)
		maker_add(&maker, bad->entry, strdup(bad->to), strlen(bad->to));
	else if (bad->entry)
		maker_drop(&maker, bad->entry);
	if (maker_write(&maker, fd, &err) < 0)
		maker_stop(bad->reason, err.msg);
	if (bad->damage) {
		size_t size = (size_t)lseek(fd, 0, SEEK_END);
		char *image = calloc(1, size + 1);

		if (!image || pread(fd, image, size, 0) != (ssize_t)size)
			maker_stop(bad->reason, "cannot read it back");
		bad->damage(image, &size);
		if (pwrite(fd, image, size, 0) != (ssize_t)size || ftruncate(fd, (off_t)size) < 0)
			maker_stop(bad->reason, "cannot write it");
		free(image);
	}
	maker_done(&maker);
}

#endif
