/* SPDX-License-Identifier: MIT */
/* Ends of something outside of the dumped processes. */
#ifndef PIMAGE_DUMP_EXTERNAL_H
#define PIMAGE_DUMP_EXTERNAL_H

#include "dump/dump.h"
#include "dump/tree.h"

/*
 * Finds what ends outside and has no rule, while the processes run, so that nothing has to be stopped to tell it; each is a
 * problem, and with any it fails. The tree is what the options ask for; it may be looked for again. What cannot be looked at now is passed over: it is looked at again when all stands still.
 */
int externals_survey(struct dump *dump, const struct dump_options *options, const struct tree *tree,
		     struct err *err);

/* Whether the user has said that what ends outside, here of this name, may come back as something else. */
bool external_accepted(const struct dump *dump, const char *what);

#endif
