/* SPDX-License-Identifier: MIT */
#include "format/tty.h"

#include "format/names.h"

static const struct name kind_names[] = {
	{ "outside", TTY_OUTSIDE },
	{ "pair", TTY_PAIR },
	{ "device", TTY_DEVICE },
	{ "hung_up", TTY_HUNG_UP },
	{},
};

static const struct name slave_names[] = {
	{ "open", TTY_SLAVE_OPEN },
	{ "unopened", TTY_SLAVE_UNOPENED },
	{ "closed", TTY_SLAVE_CLOSED },
	{},
};

static const struct name stopped_names[] = {
	{ "flow", TTY_STOPPED_FLOW },
	{ "character", TTY_STOPPED_CHARACTER },
	{},
};

static const struct field locks_fields[] = {
	FLAGS(struct tty_locks, input_flags, 0, tty_iflag_names, "Of c_iflag."),
	FLAGS(struct tty_locks, output_flags, 0, tty_oflag_names, "Of c_oflag."),
	FLAGS(struct tty_locks, control_flags, 0, tty_cflag_names, "Of c_cflag."),
	FLAGS(struct tty_locks, local_flags, 0, tty_lflag_names, "Of c_lflag."),
	BYTES(struct tty_locks, control_chars, 0, "Of c_cc: not 0 where locked."),
	{}
};
static const struct record locks_record = RECORD_OF(struct tty_locks, "tty_locks", locks_fields,
						    "Settings that are locked, ioctl_tty(2).");

static const struct field pair_fields[] = {
	ENUM(struct tty_pair, slave, 0, slave_names,
	     "`unopened`: never opened yet; `closed`: the master sees a hangup."),
	UINT(struct tty_pair, mode, FIELD_OPTIONAL | FIELD_VOLATILE,
	     "Permission bits of the slave's device."),
	BOOL(struct tty_pair, locked, FIELD_OPTIONAL, "The slave cannot be opened, TIOCGPTLCK."),
	BOOL(struct tty_pair, exclusive, FIELD_OPTIONAL,
	     "The slave cannot be opened again, TIOCGEXCL."),
	BOOL(struct tty_pair, packet, FIELD_OPTIONAL, "The master is in packet mode, TIOCGPKT."),
	ENUM(struct tty_pair, stopped, FIELD_OPTIONAL, stopped_names,
	     "Output is stopped, by tcflow(3) or by the stop character."),
	UINT(struct tty_pair, session, FIELD_OPTIONAL | FIELD_VOLATILE,
	     "Session whose controlling terminal it is."),
	UINT(struct tty_pair, foreground, FIELD_OPTIONAL | FIELD_VOLATILE,
	     "Process group in the foreground."),
	RECORD_AT(struct tty_pair, locks, 0, locks_record, "What is locked."),
	BYTES(struct tty_pair, input, FIELD_OPTIONAL, "Input that was not read yet."),
	LIST(struct tty_pair, ends, FIELD_OPTIONAL, item_uint32,
	     "Offsets in input at which an end of file was typed."),
	BOOL(struct tty_pair, pushed, FIELD_OPTIONAL,
	     "Input came before canonical mode: it can be read although its last line has no end."),
	BYTES(struct tty_pair, unprocessed, FIELD_OPTIONAL,
	      "Input behind that, which the line discipline has not looked at."),
	BYTES(struct tty_pair, output, FIELD_OPTIONAL, "Output that the master did not read yet."),
	{}
};
static const struct record pair_record =
	RECORD_OF(struct tty_pair, "tty_pair", pair_fields,
		  "A pseudo-terminal whose master a process of the image has.");

static const struct field tty_fields[] = {
	UINT(struct tty, id, 0, "Number of this terminal."),
	ENUM(struct tty, kind, FIELD_OPTIONAL, kind_names,
	     "What becomes of it; absent: `outside`, its other end is somebody else's."),
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
	RECORD_AT(struct tty, pair, 0, pair_record,
		  "Of kind `pair`: its state and what waits in it."),
	{}
};

const struct record tty_record =
	RECORD_OF(struct tty, "tty", tty_fields, "A terminal: settings and window size.");
