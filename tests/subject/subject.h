/* SPDX-License-Identifier: MIT */
/* What every subject shares: a program that builds one kind of object and tells what it sees of it.
 *
 * A subject builds its object, prints its view of it as one line of JSON to stdout, then the line
 * `ready`, and waits for SIGUSR1. Then it looks again, prints the second view, the line `done`, and
 * exits 0. The runner (tests/run) dumps, kills and restores it in between. Both views must be
 * equal, but for keys that begin with `_`, which are for people. So:
 *
 *  - A view holds what the process can see and what must survive; nothing that moves with time.
 *    Process ids do not belong into it (they differ under --pids=new): print whether
 *    `getpid() == what was there before` makes sense, or a key with `_`.
 *  - What cannot be said as "the same value again" is checked by the subject itself after the wait:
 *    subject_fail() prints why on stderr and exits 1.
 *  - What this kernel or user cannot do: subject_skip() prints why and exits 77.
 *  - stdin is /dev/null, stdout and stderr are regular files opened for appending, the current
 *    directory is private to the test, writable and empty.
 *  - `argv[1]`, where present, is a variant of the test (see tests/run).
 *
 * Most subjects are `return subject_main(look, &state)`. Those that test the waiting itself call
 * subject_show() and subject_wait() on their own.
 */
#ifndef PIMAGE_TESTS_SUBJECT_H
#define PIMAGE_TESTS_SUBJECT_H

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VIEW_SIZE 65536

struct view {
	size_t length;
	char text[VIEW_SIZE];
};

/* Fills in what it sees: calls of view_num() and so on. */
typedef void look_fn(struct view *view, void *state);

__attribute__((noreturn, format(printf, 1, 2))) static inline void subject_fail(const char *fmt,
										...)
{
	va_list args;

	va_start(args, fmt);
	dprintf(2, "failed: ");
	vdprintf(2, fmt, args);
	dprintf(2, " (errno %d: %s)\n", errno, strerror(errno));
	va_end(args);
	_exit(1);
}

__attribute__((noreturn, format(printf, 1, 2))) static inline void subject_skip(const char *fmt,
										...)
{
	va_list args;

	va_start(args, fmt);
	dprintf(2, "skip: ");
	vdprintf(2, fmt, args);
	dprintf(2, "\n");
	va_end(args);
	_exit(77);
}

/* What must hold. Not assert(): the message has errno, and nothing is flushed or raised. */
#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition))                                                                  \
			subject_fail("%s:%d: %s", __FILE__, __LINE__, #condition);                 \
	} while (0)

__attribute__((format(printf, 2, 3))) static inline void view_raw(struct view *view,
								  const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(view->text + view->length, VIEW_SIZE - view->length, fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= VIEW_SIZE - view->length)
		subject_fail("the view is longer than %d bytes", VIEW_SIZE);
	view->length += (size_t)n;
}

static inline void view_key(struct view *view, const char *key)
{
	view_raw(view, "%s\"%s\": ", view->length > 1 ? ", " : "", key);
}

static inline void view_num(struct view *view, const char *key, long long value)
{
	view_key(view, key);
	view_raw(view, "%lld", value);
}

static inline void view_hex(struct view *view, const char *key, unsigned long long value)
{
	view_key(view, key);
	view_raw(view, "\"0x%llx\"", value);
}

static inline void view_bool(struct view *view, const char *key, bool value)
{
	view_key(view, key);
	view_raw(view, value ? "true" : "false");
}

static inline void view_bytes(struct view *view, const char *key, const void *data, size_t size)
{
	const unsigned char *at = data;

	view_key(view, key);
	view_raw(view, "\"");
	for (size_t i = 0; i < size; i++)
		if (at[i] < 0x20 || at[i] > 0x7e || at[i] == '"' || at[i] == '\\')
			view_raw(view, "\\u%04x", at[i]);
		else
			view_raw(view, "%c", at[i]);
	view_raw(view, "\"");
}

static inline void view_str(struct view *view, const char *key, const char *value)
{
	view_bytes(view, key, value, strlen(value));
}

/* FNV-1a, for contents that are too long to print. */
static inline void view_hash(struct view *view, const char *key, const void *data, size_t size)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ ((const unsigned char *)data)[i]) * 0x100000001b3;
	view_hex(view, key, hash);
}

/* One write: what follows a dump must not sit in a buffer of stdio's. */
static inline void subject_print(const char *text, size_t size)
{
	while (size > 0) {
		ssize_t n = write(1, text, size);

		if (n < 0)
			subject_fail("write to stdout");
		text += n;
		size -= (size_t)n;
	}
}

static inline void subject_say(const char *line)
{
	subject_print(line, strlen(line));
	subject_print("\n", 1);
}

static inline void subject_show(look_fn *look, void *state)
{
	struct view view = { .length = 0 };

	view_raw(&view, "{");
	look(&view, state);
	view_raw(&view, "}\n");
	subject_print(view.text, view.length);
}

/* Before anything else, so that threads inherit it: SIGUSR1 stays pending until it is waited for.
 */
static inline void subject_block(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* Stopping a thread makes rt_sigtimedwait(2) fail with EINTR on its own (signal(7)): waits on. */
static inline void subject_wait(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	subject_say("ready");
	while (sigwaitinfo(&set, NULL) != SIGUSR1)
		if (errno != EINTR)
			subject_fail("sigwaitinfo");
}

static inline int subject_main(look_fn *look, void *state)
{
	subject_block();
	subject_show(look, state);
	subject_wait();
	subject_show(look, state);
	subject_say("done");
	return 0;
}

#endif
