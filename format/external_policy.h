/* SPDX-License-Identifier: MIT */
/* What can become of an end of something outside, and how that is written: --external. */
#ifndef PIMAGE_EXTERNAL_POLICY_H
#define PIMAGE_EXTERNAL_POLICY_H

#include "format/external.h"

struct err;
struct image;

enum external_policy {
	EXTERNAL_ASK,	    /* "ask": restore has to be told */
	EXTERNAL_NULL,	    /* "null": /dev/null */
	EXTERNAL_EOF,	    /* "eof": a pipe or socket whose other end was closed */
	EXTERNAL_RESET,	    /* "reset": a socket whose other end was closed without reading all */
	EXTERNAL_RECONNECT, /* "reconnect": connected or opened again by the name of the other end */
	EXTERNAL_FD,	    /* "fd:N": prestore's own descriptor N */
	EXTERNAL_PATH,	    /* a path, with a slash in it */
};

struct external_choice {
	enum external_policy policy;
	int fd;		  /* EXTERNAL_FD */
	const char *path; /* EXTERNAL_PATH: the text itself */
};

/* Fails with ERR_USAGE. */
int external_choice_parse(const char *text, struct external_choice *ret_choice, struct err *err);

/* A set of bits 1 << policy: those that make sense for it. The image holds its pipe and socket. */
unsigned external_possible(const struct image *image, const struct external *external);

/* "null, eof, fd:N, a path", for messages. */
void external_possible_text(unsigned possible, char *ret_text, size_t size);

/*
 * Of rules "ID=POLICY" or "POLICY", the text of the policy for this one: that of its name or of the address of its
 * other end (a path, or @NAME); else, if `general`, that without ID; else NULL. The last that fits counts.
 */
const char *external_rule(const char *const *rules, size_t n_rules, const struct image *image,
			  const struct external *external, bool general);

/* Whether all of the rules can be understood; fails with ERR_USAGE. */
int external_rules_check(const char *const *rules, size_t n_rules, struct err *err);

/* Whether the rule names this one. */
bool external_rule_names(const char *rule, const struct image *image,
			 const struct external *external);

#endif
