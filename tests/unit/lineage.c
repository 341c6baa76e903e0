/* SPDX-License-Identifier: MIT */
/* Plans of births: who is born of whom, and which trees are refused. */
#include "tests/unit/test.h"

#include "format/err.h"
#include "format/image_check.h"
#include "format/pimage.h"
#include "format/process.h"
#include "restore/lineage.h"

#include <stdint.h>

struct fixture {
	struct image image;
	struct problems problems;
	struct lineage lineage;
	struct err err;
};

static void begin(struct fixture *f)
{
	*f = (struct fixture){ 0 };
	IMAGE_ADD(&f->image, pimage, 0, 0, &f->err);
}

static void add(struct fixture *f, uint32_t pid, uint32_t parent, uint32_t session)
{
	struct pimage *pimage = IMAGE_GET(&f->image, pimage, 0, 0);
	struct process *process = IMAGE_ADD(&f->image, process, pid, 0, &f->err);
	uint32_t *slot = LIST_ADD(pimage, pids, &f->err);

	*slot = pid;
	if (pimage->n_pids == 1)
		pimage->root = pid;
	process->pid = pid;
	process->parent = parent;
	process->session = process->group = session;
}

/* "12<10": 12 is born of 10, of a bearer below 10 for 5: "12<10:5"; "12+": it makes its session. In the order of steps. */
static const char *plan(struct fixture *f)
{
	static char text[1024];
	const struct lineage *lineage = &f->lineage;
	size_t n = 0;

	CHECK(lineage_plan(&f->image, &f->problems, &f->lineage, &f->err) == 0, "%s", f->err.msg);
	text[0] = '\0';
	for (size_t i = 0; i < lineage->n_steps; i++) {
		const struct node *node = &lineage->nodes[lineage->steps[i].node];
		const struct node *of =
			node->bearer == NOBODY ? NULL : &lineage->nodes[node->bearer];

		if (node->kind == NODE_BEARER)
			continue;
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%u", n ? " " : "",
				      node->number);
		if (lineage->steps[i].action == LINEAGE_SESSION)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "+");
		else if (of && of->kind == NODE_BEARER)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "<%u:%u",
					      lineage->nodes[of->bearer].number,
					      of->parent == NOBODY
						      ? 0
						      : lineage->nodes[of->parent].number);
		else if (of)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "<%u", of->number);
	}
	return text;
}

static void check(struct fixture *f, const char *expected, size_t refused)
{
	const char *found = plan(f);
	size_t n = problems_count(&f->problems, VERDICT_BLOCKING);

	CHECK(!expected || strcmp(found, expected) == 0, "%s (not: %s)", found, expected);
	CHECK(n == refused, "%zu", n);
	lineage_done(&f->lineage);
	problems_done(&f->problems);
	image_done(&f->image);
}

static void test_children(void)
{
	struct fixture f;

	begin(&f);
	add(&f, 10, 0, 5);
	add(&f, 11, 10, 5);
	add(&f, 12, 10, 12);
	add(&f, 13, 12, 12);
	add(&f, 14, 12, 5);
	check(&f, "10 11<10 12<10 14<12 12+ 13<12", 0);
}

/* Two leaders one below the other, and one who is left behind in the session before both. */
static void test_left_twice(void)
{
	struct fixture f;

	begin(&f);
	add(&f, 10, 0, 5);
	add(&f, 11, 10, 11);
	add(&f, 12, 11, 12);
	add(&f, 13, 12, 5);
	check(&f, "10 11<10 12<11 13<12 11+ 12+", 0);
}

static void test_orphans(void)
{
	struct fixture f;

	/* Of a leader who lives, of one who has ended, and of one for whom the lower of two parents has to bear a leader. */
	begin(&f);
	add(&f, 10, 0, 5);
	add(&f, 11, 10, 11);
	add(&f, 12, 10, 11);
	add(&f, 13, 10, 99);
	add(&f, 14, 10, 98);
	add(&f, 15, 11, 98);
	check(&f, "10 11<10 11+ 12<11:10 99<10 99+ 13<99:10 98<11 98+ 14<98:10 15<98:11", 0);
}

/* Beside the root: a daemon, its child, and a member of the root's session. */
static void test_roots(void)
{
	struct fixture f;

	begin(&f);
	add(&f, 10, 0, 5);
	add(&f, 11, 0, 11);
	add(&f, 12, 11, 11);
	add(&f, 13, 0, 5);
	add(&f, 14, 0, 99);
	check(&f, "10 11<10:0 11+ 12<11 13<10:0 99<10 99+ 14<99:0", 0);
}

/* Two leaders who were in one session, of which something is left to both. */
static void test_two_leavers(void)
{
	struct fixture f;

	begin(&f);
	add(&f, 10, 0, 5);
	add(&f, 11, 10, 11);
	add(&f, 12, 10, 12);
	add(&f, 13, 11, 99);
	add(&f, 14, 12, 99);
	check(&f, NULL, 0);
}

static void test_refused(void)
{
	struct fixture f;

	/* Its leader is no descendant of its parent. */
	begin(&f);
	add(&f, 10, 0, 5);
	add(&f, 11, 10, 11);
	add(&f, 12, 10, 5);
	add(&f, 13, 12, 11);
	check(&f, NULL, 1);
	/* Each is in the session that the other leads. */
	begin(&f);
	add(&f, 10, 0, 5);
	add(&f, 11, 10, 12);
	add(&f, 12, 11, 12);
	check(&f, NULL, 1);
}

static void test_parents(void)
{
	static const uint32_t parents[] = { 10, 12, 13, 99 };
	struct fixture f;

	for (size_t i = 0; i < sizeof(parents) / sizeof(*parents); i++) {
		begin(&f);
		add(&f, 10, 7, 5);
		add(&f, 12, parents[i], 5);
		add(&f, 13, 12, 5);
		CHECK((check_parents(&f.image, IMAGE_GET(&f.image, pimage, 0, 0), &f.err) < 0) ==
		      (i > 0));
		CHECK(!i || strstr(f.err.msg, "processes/12/process.json: $.parent"), "%s",
		      f.err.msg);
		image_done(&f.image);
	}
}

int main(void)
{
	test_children();
	test_left_twice();
	test_orphans();
	test_roots();
	test_two_leavers();
	test_refused();
	test_parents();
	return test_done("lineage");
}
