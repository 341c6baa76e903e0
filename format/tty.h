/* SPDX-License-Identifier: MIT */
/* A terminal. */
#ifndef PIMAGE_TTY_H
#define PIMAGE_TTY_H

#include "format/record.h"

/* What becomes of it in a restore. */
enum tty_kind {
	TTY_OUTSIDE, /* somebody outside has its other end: it becomes prestore's own terminal */
	TTY_PAIR,    /* a process of the image has its master: a new pair */
	TTY_DEVICE,  /* a line or console that is there by itself: the same again */
	TTY_HUNG_UP, /* its other end is gone for good: a new pair whose master was closed */
};

/* What the slave of a pair is for its master. */
enum tty_slave {
	TTY_SLAVE_OPEN = 1,
	TTY_SLAVE_UNOPENED, /* nobody has ever opened it: the master may wait for that */
	TTY_SLAVE_CLOSED,   /* nobody has it any more: the master reads an error */
};

/* Who has stopped the output of the slave. */
enum tty_stopped {
	TTY_STOPPED_FLOW = 1,  /* tcflow(3) */
	TTY_STOPPED_CHARACTER, /* the stop character, ^S */
};

/* Settings that must not be changed, TIOCGLCKTRMIOS. */
struct tty_locks {
	uint64_t input_flags;
	uint64_t output_flags;
	uint64_t control_flags;
	uint64_t local_flags;
	struct bytes control_chars;
};

struct tty_pair {
	uint32_t slave;
	uint32_t mode;
	bool locked;
	bool exclusive;
	bool packet;
	uint32_t stopped;
	uint32_t session;
	uint32_t foreground;
	struct tty_locks *locks;
	struct bytes input;
	uint32_t *ends;
	size_t n_ends;
	bool pushed;
	struct bytes unprocessed;
	struct bytes output;
};

struct tty {
	uint32_t id;
	uint32_t kind;
	char *path;
	bool controlling;
	uint32_t line_discipline;
	uint64_t input_flags;
	uint64_t output_flags;
	uint64_t control_flags;
	uint32_t character_size;
	uint64_t local_flags;
	struct bytes control_chars;
	uint32_t input_speed;
	uint32_t output_speed;
	uint32_t rows;
	uint32_t columns;
	uint32_t width;
	uint32_t height;
	struct tty_pair *pair;
};

extern const struct record tty_record;

#endif
