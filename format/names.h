/* SPDX-License-Identifier: MIT */
/* Names of kernel numbers, for ENUM and FLAGS fields. */
#ifndef PIMAGE_NAMES_H
#define PIMAGE_NAMES_H

#include "format/record.h"

/*
 * The values are those of the generic Linux ABI as x86_64 has it, written as numbers: an image is
 * decoded on any host. The *names* are what stands in an image and what is portable; where another
 * architecture numbers a name differently (open flags on arm64), its image still reads and prints
 * right. All FLAGS tables name single bits. All tables end with a NULL name.
 */

/*
 * Signals. 1..31 by their names; 32..64 are "SIGRT32".."SIGRT64", by number, because where SIGRTMIN
 * is depends on the C library. In a set (FLAGS), bit n-1 is signal n.
 */
extern const struct name signal_names[];	   /* ENUM */
extern const struct name signal_set_names[];	   /* FLAGS */
extern const struct name sigaction_flag_names[];   /* FLAGS: SA_ */
extern const struct name sigaltstack_flag_names[]; /* FLAGS: SS_ */
extern const struct name sigev_notify_names[];	   /* ENUM: SIGEV_; SIGEV_THREAD_ID is 4 */

/*
 * Open files. The access mode is a field of its own, because O_RDONLY has no bit: an ENUM of
 * flags & mask (read_only write_only read_write ioctl_only), and FLAGS of flags & ~mask.
 * O_SYNC and O_TMPFILE are two bits each in the ABI: here __O_SYNC (beside O_DSYNC) and __O_TMPFILE
 * (beside O_DIRECTORY) are the second one. O_LARGEFILE, which 64-bit kernels set on every file that
 * open(2) made, is named too.
 */
#define NAMES_OPEN_ACCESS_MASK 3u
extern const struct name open_access_names[];
extern const struct name open_flag_names[];
extern const struct name seal_names[]; /* FLAGS: F_SEAL_ */

/* Memory. vm_flag_names are the two letters of smaps on the bits of kernel/proc_maps.h. */
extern const struct name mmap_prot_names[]; /* FLAGS: PROT_ */
extern const struct name vm_flag_names[];   /* FLAGS */
extern const struct name auxv_names[];	    /* ENUM: AT_ types */

/*
 * Processes. clone_flag_names is without the signal in the low byte; personality_flag_names without
 * the domain in the low byte, so that one shows as a number.
 */
extern const struct name clone_flag_names[];	   /* FLAGS: CLONE_ */
extern const struct name rlimit_names[];	   /* ENUM: RLIMIT_ */
extern const struct name capability_names[];	   /* FLAGS: bit n is capability n */
extern const struct name securebit_names[];	   /* FLAGS: SECBIT_ */
extern const struct name personality_flag_names[]; /* FLAGS */
extern const struct name dumpable_names[];	   /* ENUM: SUID_DUMP_ of PR_GET_DUMPABLE */
extern const struct name seccomp_mode_names[];	   /* ENUM: SECCOMP_MODE_ */

/* Time and scheduling. */
extern const struct name clock_names[];	       /* ENUM: CLOCK_ */
extern const struct name itimer_names[];       /* ENUM: ITIMER_ */
extern const struct name sched_policy_names[]; /* ENUM: SCHED_ */
extern const struct name sched_flag_names[];   /* FLAGS: SCHED_FLAG_ */
extern const struct name ioprio_class_names[]; /* ENUM of ioprio >> 13: IOPRIO_CLASS_ */

/*
 * Terminals: the words of struct termios2.
 * c_oflag: delays of two bits are their two bits: CR1 and CR2 together are CR3, TAB1 and TAB2 are
 * TAB3 (XTABS).
 * c_cflag is three numbers and some bits: the character size, c_cflag & size mask; the output
 * speed, c_cflag & speed mask; the input speed, (c_cflag >> shift) & speed mask (B0: as the
 * output); FLAGS for the rest. With BOTHER the speeds are in c_ospeed and c_ispeed.
 */
#define NAMES_TTY_SIZE_MASK   0x30u
#define NAMES_TTY_SPEED_MASK  0x100fu
#define NAMES_TTY_INPUT_SHIFT 16
#define NAMES_TTY_CFLAG_MASK                                                                       \
	(~(NAMES_TTY_SIZE_MASK | NAMES_TTY_SPEED_MASK |                                            \
	   NAMES_TTY_SPEED_MASK << NAMES_TTY_INPUT_SHIFT))
extern const struct name tty_iflag_names[];	   /* FLAGS */
extern const struct name tty_oflag_names[];	   /* FLAGS */
extern const struct name tty_cflag_names[];	   /* FLAGS of c_cflag & cflag mask */
extern const struct name tty_lflag_names[];	   /* FLAGS */
extern const struct name tty_size_names[];	   /* ENUM: CS5..CS8 */
extern const struct name tty_speed_names[];	   /* ENUM: B0..B4000000 */
extern const struct name tty_control_char_names[]; /* ENUM: indexes of c_cc: VINTR .. */

#endif
