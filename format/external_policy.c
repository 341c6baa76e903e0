/* SPDX-License-Identifier: MIT */
#include "format/external_policy.h"

#include "format/err.h"
#include "format/image.h"
#include "format/pipe.h"
#include "format/unix_socket.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const struct name words[] = {
	{ "ask", EXTERNAL_ASK },     { "null", EXTERNAL_NULL },		  { "eof", EXTERNAL_EOF },
	{ "reset", EXTERNAL_RESET }, { "reconnect", EXTERNAL_RECONNECT }, {},
};

static bool parse_fd(const char *text, int *ret_fd)
{
	static const char prefix[] = "fd:";
	unsigned long number;
	char *end;

	if (strncmp(text, prefix, strlen(prefix)) != 0 || text[strlen(prefix)] < '0' ||
	    text[strlen(prefix)] > '9')
		return false;
	number = strtoul(text + strlen(prefix), &end, 10);
	*ret_fd = (int)number;
	return !*end && number <= INT_MAX;
}

int external_choice_parse(const char *text, struct external_choice *ret_choice, struct err *err)
{
	struct external_choice choice = { .fd = -1 };
	uint64_t value;

	if (name_value(words, text, &value) == 0) {
		choice.policy = (enum external_policy)value;
	} else if (parse_fd(text, &choice.fd)) {
		choice.policy = EXTERNAL_FD;
	} else if (strchr(text, '/')) {
		choice.policy = EXTERNAL_PATH;
		choice.path = text;
	} else {
		return err_set(err, ERR_USAGE,
			       "\"%s\" is no policy: null, eof, reset, reconnect, ask, fd:N or a "
			       "path with a slash in it is expected",
			       text);
	}
	*ret_choice = choice;
	return 0;
}

static bool has_address(const struct unix_outside *outside)
{
	return outside && (outside->path || outside->abstract.size);
}

unsigned external_possible(const struct image *image, const struct external *external)
{
	const struct pipe *pipe = IMAGE_GET(image, pipe, external->pipe, 0);
	const struct unix_socket *socket = IMAGE_GET(image, unix_socket, external->socket, 0);
	unsigned possible = 1u << EXTERNAL_NULL | 1u << EXTERNAL_FD | 1u << EXTERNAL_PATH;

	if (pipe || socket)
		possible |= 1u << EXTERNAL_EOF;
	if (socket)
		possible |= 1u << EXTERNAL_RESET;
	if ((pipe && pipe->path) || (socket && has_address(socket->outside)))
		possible |= 1u << EXTERNAL_RECONNECT;
	return possible;
}

void external_possible_text(unsigned possible, char *ret_text, size_t size)
{
	size_t length = 0;

	for (size_t i = 0; words[i].name && length < size; i++)
		if (possible & 1u << words[i].value)
			length += (size_t)snprintf(ret_text + length, size - length, "%s, ",
						   words[i].name);
	if (length < size)
		snprintf(ret_text + length, size - length, "fd:N, or a path");
}

static bool is_address(const char *id, size_t length, const struct unix_outside *outside)
{
	if (!outside)
		return false;
	if (outside->path)
		return strlen(outside->path) == length && memcmp(outside->path, id, length) == 0;
	return outside->abstract.size && length == outside->abstract.size + 1 && *id == '@' &&
	       memcmp(outside->abstract.data, id + 1, length - 1) == 0;
}

bool external_rule_names(const char *rule, const struct image *image,
			 const struct external *external)
{
	const struct unix_socket *socket = IMAGE_GET(image, unix_socket, external->socket, 0);
	const char *equals = strchr(rule, '=');
	size_t length = equals ? (size_t)(equals - rule) : 0;

	return equals &&
	       ((strlen(external->what) == length && memcmp(external->what, rule, length) == 0) ||
		(socket && is_address(rule, length, socket->outside)));
}

const char *external_rule(const char *const *rules, size_t n_rules, const struct image *image,
			  const struct external *external, bool general)
{
	const char *found = NULL;
	bool named = false;

	for (size_t i = 0; i < n_rules; i++)
		if (external_rule_names(rules[i], image, external)) {
			found = strchr(rules[i], '=') + 1;
			named = true;
		} else if (general && !named && !strchr(rules[i], '=')) {
			found = rules[i];
		}
	return found;
}

int external_rules_check(const char *const *rules, size_t n_rules, struct err *err)
{
	for (size_t i = 0; i < n_rules; i++) {
		const char *equals = strchr(rules[i], '=');
		struct external_choice choice;

		if (external_choice_parse(equals ? equals + 1 : rules[i], &choice, err) < 0)
			return err_prefix(err, "--external=%s", rules[i]);
		if (!equals && (choice.policy == EXTERNAL_FD || choice.policy == EXTERNAL_PATH))
			return err_set(err, ERR_USAGE,
				       "--external=%s: expected ID=%s; only null, eof, reset, "
				       "reconnect and ask may be for all",
				       rules[i], rules[i]);
	}
	return 0;
}
