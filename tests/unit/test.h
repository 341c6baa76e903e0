/* SPDX-License-Identifier: MIT */
/* What a unit test needs: a check that prints what failed, and a count at the end. */
#ifndef PIMAGE_TEST_H
#define PIMAGE_TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test_count {
	unsigned passed;
	unsigned failed;
};

/* One per test program, so that every CHECK counts; test programs are no part of the product. */
static struct test_count test_count;

#define CHECK(condition, ...)                                                                      \
	do {                                                                                       \
		if (condition) {                                                                   \
			test_count.passed++;                                                       \
			break;                                                                     \
		}                                                                                  \
		test_count.failed++;                                                               \
		fprintf(stderr, "%s:%d: not so: %s: ", __FILE__, __LINE__, #condition);            \
		fprintf(stderr, "" __VA_ARGS__);                                                   \
		fputc('\n', stderr);                                                               \
	} while (0)

#define CHECK_STR(a, b)                                                                            \
	CHECK((a) && (b) && strcmp(a, b) == 0, "got \"%s\", want \"%s\"", (a) ? (a) : "(null)",    \
	      (b) ? (b) : "(null)")

/* The last line of main: return test_done("record"); */
static inline int test_done(const char *name)
{
	printf("%s: %u passed, %u failed\n", name, test_count.passed, test_count.failed);
	return test_count.failed != 0;
}

#endif
