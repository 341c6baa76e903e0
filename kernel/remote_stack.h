/* SPDX-License-Identifier: MIT */
/* Room below the stack of a thread instead of memory that has to be mapped: neither costs a run of its own, nor page tables that every processor must forget. */
#ifndef PIMAGE_REMOTE_STACK_H
#define PIMAGE_REMOTE_STACK_H

#include "kernel/memory.h"

struct err;
struct frozen_thread;
struct maps;
struct remote;

/*
 * Where there is some: below the red zone of the main thread, in the stack that the kernel made, if the thread stands in a system call and thus has a
 * stack there and not another one of its own making. Handlers of signals could run there at any time. Empty: nowhere.
 */
struct memory_range remote_stack_room(const struct maps *maps, const struct frozen_thread *thread);

/* For remote_open: takes options.stack for scratch memory, for little data, and keeps what is there. */
int remote_stack_take(struct remote *remote, struct err *err);

/*
 * Puts that back, without a run: what was there is there again. There is no scratch memory then. Nothing if it is not in use. Fails, and leaves it as it is, while a
 * thread makes calls that lie there.
 */
int remote_stack_return(struct remote *remote, struct err *err);

/* Scratch memory that is mapped, for more data: nothing if it is already. Batches made before can only be looked at. */
int remote_map_scratch(struct remote *remote, struct frozen_thread *thread, struct err *err);

#endif
