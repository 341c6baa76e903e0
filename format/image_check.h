/* SPDX-License-Identifier: MIT */
/* Checks of single kinds of object, for image_check(). */
#ifndef PIMAGE_IMAGE_CHECK_H
#define PIMAGE_IMAGE_CHECK_H

#include "format/image.h"

struct file;
struct pimage;
struct tty;
struct unix_socket;

/* What connects sockets to each other, and what waits in them. */
int check_unix_socket(const struct image *image, const struct unix_socket *socket, struct err *err);

/* What waits in a terminal; and that a master is one of a pair. */
int check_tty(const struct tty *tty, struct err *err);
int check_pty_master(const struct image *image, const struct file *file, struct err *err);

/* Parents of all but the root, as far as they are in the image, come before their children. All processes that are listed must be there. */
int check_parents(const struct image *image, const struct pimage *pimage, struct err *err);

/* That inherited pages are those of a parent which has them. Everything else of processes was checked. */
int check_inherited(const struct image *image, const struct pimage *pimage, struct err *err);

/* That pages which are as those of another process are so of one before that has them. Everything else of processes was checked. */
int check_same(const struct image *image, const struct pimage *pimage, struct err *err);

/* Processes that have one descriptor table or directory: each refers to the first. All that are listed must be there. */
int check_sharers(const struct image *image, struct err *err);

#endif
