/* SPDX-License-Identifier: MIT */
/* Descriptors in flight: sent through unix sockets (SCM_RIGHTS) and not yet received. */
#ifndef PIMAGE_DUMP_FLIGHTS_H
#define PIMAGE_DUMP_FLIGHTS_H

#include "dump/file.h"
#include "dump/unix_peek.h"

struct flights;

/*
 * Duplicates of them are descriptors of this program, so a target stands for it: everything that is asked of the
 * descriptor of a target can be asked of them. NULL with err set. Made when it is first asked for.
 */
struct target *flights_target(struct dump *dump, struct err *err);
bool flights_is_target(const struct dump *dump, const struct target *target);

/*
 * A target's descriptor of a socket in which others wait: looks what is in it; 0 if there are none, or if it cannot be
 * looked at since it listens or runs. The result is kept, and taken by flights_take.
 */
int flights_look(struct dump *dump, struct target *target, uint32_t number, struct err *err);

/* Calls `visit` for every descriptor in flight, with its number in this program; for those that come up meanwhile, too. */
typedef int flight_visitor(struct dump *dump, struct target *flying, uint32_t fd, struct err *err);
int flights_each(struct dump *dump, flight_visitor *visit, struct err *err);

/* What was found in the socket of that inode; NULL: nothing was looked for. */
struct unix_queue *flights_queue(const struct dump *dump, uint32_t ino);

/* Says in which record the messages of that socket have become items of the same number. */
void flights_assign(struct dump *dump, uint32_t ino, uint32_t socket);

/* When all tables of descriptors are collected: gives every descriptor in flight its open file description. */
int flights_collect(struct dump *dump, struct err *err);

void flights_free(struct flights *flights);

#endif
