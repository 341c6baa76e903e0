/* SPDX-License-Identifier: MIT */
/* In words, why a descriptor cannot be saved as what it is. */
#ifndef PIMAGE_DUMP_DESCRIBE_H
#define PIMAGE_DUMP_DESCRIBE_H

#include <stddef.h>

struct dump_fd;

/* "a TCP socket that listens is not supported yet", "the other end of the pipe is in none of the
 * dumped processes". */
void describe_fd(const struct dump_fd *fd, char *ret_text, size_t size);

#endif
