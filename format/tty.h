/* SPDX-License-Identifier: MIT */
/* A terminal. */
#ifndef PIMAGE_TTY_H
#define PIMAGE_TTY_H

#include "format/record.h"

struct tty {
	uint32_t id;
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
};

extern const struct record tty_record;

#endif
