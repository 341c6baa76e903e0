/* SPDX-License-Identifier: MIT */
/* How it is written what becomes of ends of something outside, and what is possible for which. */
#include "format/external_policy.h"

#include "format/err.h"
#include "format/image.h"
#include "format/pipe.h"
#include "format/unix_socket.h"
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

static void check_choices(void)
{
	static const struct {
		const char *text;
		enum external_policy policy;
	} good[] = {
		{ "ask", EXTERNAL_ASK },
		{ "null", EXTERNAL_NULL },
		{ "eof", EXTERNAL_EOF },
		{ "reset", EXTERNAL_RESET },
		{ "reconnect", EXTERNAL_RECONNECT },
		{ "fd:0", EXTERNAL_FD },
		{ "fd:2147483647", EXTERNAL_FD },
		{ "/tmp/x", EXTERNAL_PATH },
		{ "./null", EXTERNAL_PATH },
	};
	static const char *const bad[] = { "",	    "nul",
					   "null ", "fd:",
					   "fd:-1", "fd:1x",
					   "fd: 1", "fd:99999999999999999999",
					   "log",   "fd:2147483648" };
	struct external_choice choice;
	struct err err;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		CHECK(external_choice_parse(good[i].text, &choice, &err) == 0 &&
			      choice.policy == good[i].policy,
		      "%s", good[i].text);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(external_choice_parse(bad[i], &choice, &err) < 0 && err.code == ERR_USAGE,
		      "%s", bad[i]);
	CHECK(external_choice_parse("fd:17", &choice, &err) == 0 && choice.fd == 17);
}

static void check_possible(const struct image *image)
{
	struct external other = { .what = (char *)"/dev/snd" };
	struct external pipe = { .what = (char *)"pipe:[1]", .pipe = 1 };
	struct external fifo = { .what = (char *)"/fifo", .pipe = 2 };
	struct external unnamed = { .what = (char *)"socket:[1]", .socket = 1 };
	struct external named = { .what = (char *)"socket:[2]", .socket = 2 };
	char text[128];

	external_possible_text(external_possible(image, &other), text, sizeof(text));
	CHECK(strcmp(text, "null, fd:N, or a path") == 0, "%s", text);
	external_possible_text(external_possible(image, &pipe), text, sizeof(text));
	CHECK(strcmp(text, "null, eof, fd:N, or a path") == 0, "%s", text);
	external_possible_text(external_possible(image, &fifo), text, sizeof(text));
	CHECK(strcmp(text, "null, eof, reconnect, fd:N, or a path") == 0, "%s", text);
	external_possible_text(external_possible(image, &unnamed), text, sizeof(text));
	CHECK(strcmp(text, "null, eof, reset, fd:N, or a path") == 0, "%s", text);
	external_possible_text(external_possible(image, &named), text, sizeof(text));
	CHECK(strcmp(text, "null, eof, reset, reconnect, fd:N, or a path") == 0, "%s", text);
	external_possible_text(external_possible(image, &named), text, 8);
	CHECK(strlen(text) == 7);
}

static const char *rule(const struct image *image, uint32_t socket, bool general, const char *a,
			const char *b)
{
	const struct external external = { .what = (char *)"socket:[2]", .socket = socket };
	const char *rules[] = { a, b };

	return external_rule(rules, 2, image, &external, general);
}

static void check_rules(const struct image *image)
{
	static const char *const good[] = { "eof", "ask", "pipe:[1]=fd:3", "/dev/log=./a=b" };
	static const char *const bad[] = { "fd:3", "/tmp/x", "pipe:[1]=", "pipe:[1]", "a=b" };
	struct err err;

	CHECK(external_rules_check(good, 4, &err) == 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(external_rules_check(&bad[i], 1, &err) < 0 && err.code == ERR_USAGE, "%s",
		      bad[i]);
	CHECK(strcmp(rule(image, 2, true, "socket:[2]=eof", "null"), "eof") == 0);
	CHECK(strcmp(rule(image, 2, true, "null", "socket:[2]=eof"), "eof") == 0);
	CHECK(strcmp(rule(image, 2, true, "null", "reset"), "reset") == 0);
	CHECK(strcmp(rule(image, 2, true, "socket:[2]=eof", "socket:[2]=reset"), "reset") == 0);
	CHECK(!rule(image, 2, false, "null", "socket:[22]=eof"));
	CHECK(strcmp(rule(image, 2, false, "null", "/dev/log=reconnect"), "reconnect") == 0);
	CHECK(strcmp(rule(image, 3, false, "@a b=eof", "@a=null"), "eof") == 0);
	CHECK(!rule(image, 1, false, "/dev/log=eof", "@a b=null"));
}

static struct unix_socket *add_socket(struct image *image, uint32_t id)
{
	struct unix_socket *socket = IMAGE_ADD(image, unix_socket, id, 0, NULL);

	socket->id = id;
	socket->outside = calloc(1, sizeof(*socket->outside));
	return socket;
}

int main(void)
{
	struct image image = { 0 };
	struct bytes *abstract;

	IMAGE_ADD(&image, pipe, 1, 0, NULL);
	((struct pipe *)IMAGE_ADD(&image, pipe, 2, 0, NULL))->path = strdup("/fifo");
	add_socket(&image, 1);
	add_socket(&image, 2)->outside->path = strdup("/dev/log");
	abstract = &add_socket(&image, 3)->outside->abstract;
	abstract->data = (uint8_t *)strdup("a b");
	abstract->size = 3;
	check_choices();
	check_possible(&image);
	check_rules(&image);
	image_done(&image);
	return test_done("external_policy");
}
