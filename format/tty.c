/* SPDX-License-Identifier: MIT */
#include "format/tty.h"

#include "format/names.h"

static const struct field tty_fields[] = {
	UINT(struct tty, id, 0, "Number of this terminal."),
	STRING(struct tty, path, FIELD_VOLATILE, "Path of the device."),
	BOOL(struct tty, controlling, 0, "It is the controlling terminal of the session."),
	UINT(struct tty, line_discipline, FIELD_OPTIONAL, "c_line."),
	FLAGS(struct tty, input_flags, 0, tty_iflag_names, "c_iflag, termios(3)."),
	FLAGS(struct tty, output_flags, 0, tty_oflag_names, "c_oflag."),
	FLAGS(struct tty, control_flags, FIELD_VOLATILE, tty_cflag_names,
	      "c_cflag but for size and speeds."),
	ENUM(struct tty, character_size, FIELD_VOLATILE, tty_size_names,
	     "Bits of a character, CSIZE."),
	FLAGS(struct tty, local_flags, 0, tty_lflag_names, "c_lflag."),
	BYTES(struct tty, control_chars, 0, "c_cc, in the order of the kernel."),
	UINT(struct tty, input_speed, FIELD_VOLATILE, "Input speed, baud."),
	UINT(struct tty, output_speed, FIELD_VOLATILE, "Output speed, baud."),
	UINT(struct tty, rows, FIELD_VOLATILE, "Lines of the window."),
	UINT(struct tty, columns, FIELD_VOLATILE, "Columns of the window."),
	UINT(struct tty, width, FIELD_OPTIONAL | FIELD_VOLATILE, "Width in pixels."),
	UINT(struct tty, height, FIELD_OPTIONAL | FIELD_VOLATILE, "Height in pixels."),
	{}
};

const struct record tty_record =
	RECORD_OF(struct tty, "tty", tty_fields, "A terminal: settings and window size.");
