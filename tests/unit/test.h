/* SPDX-License-Identifier: MIT */
/* What a unit test needs: a check that prints what failed, and a count at the end. */
#ifndef PIMAGE_TEST_H
#define PIMAGE_TEST_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test_count {
	unsigned passed;
	unsigned failed;
};

/* One per test program, so that every CHECK counts; test programs are no part of the product. */
static struct test_count test_count;

/* Functions and not plain macros, so that compilers do not warn of empty formats and constant
 * pointers. */
static inline void test_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
}

static inline int test_same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

static inline const char *test_text(const char *text)
{
	return text ? text : "(null)";
}

#define CHECK(condition, ...)                                                                      \
	do {                                                                                       \
		if (condition) {                                                                   \
			test_count.passed++;                                                       \
			break;                                                                     \
		}                                                                                  \
		test_count.failed++;                                                               \
		test_say("%s:%d: not so: %s: ", __FILE__, __LINE__, #condition);                   \
		test_say("" __VA_ARGS__);                                                          \
		fputc('\n', stderr);                                                               \
	} while (0)

#define CHECK_STR(a, b)                                                                            \
	CHECK(test_same(a, b), "got \"%s\", want \"%s\"", test_text(a), test_text(b))

/* A part that cannot be tried here, and why: tests/run tells it beside the result. */
static inline void test_skip(const char *name, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("%s: skipped: ", name);
	vprintf(fmt, ap);
	putchar('\n');
	va_end(ap);
}

/* The last line of main: return test_done("record"); */
static inline int test_done(const char *name)
{
	printf("%s: %u passed, %u failed\n", name, test_count.passed, test_count.failed);
	return test_count.failed != 0;
}

#endif
