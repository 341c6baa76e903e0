/* SPDX-License-Identifier: MIT */
/* The other processes of the image: children of canvases, each with its own program, session and group. */
#ifndef PIMAGE_RESTORE_TREE_H
#define PIMAGE_RESTORE_TREE_H

#include "format/shm.h"
#include "restore/canvas.h"
#include "restore/restore.h"

/* Works out restore->lineage; adds a problem for every place in the tree that cannot be built again. */
int tree_check(struct restore *restore, struct err *err);

/*
 * Makes all processes but the root, which stands at its exec stop as restore->canvases[0]: each is cloned by its parent, in the
 * session that it belongs to, and has executed its own program. restore->canvases must have room for all. Afterwards
 * remotes are open in all of them, root included, and their address spaces are laid out.
 */
int tree_make(struct restore *restore, struct err *err);

/* Process groups, when every process exists; then zombies and helpers end, and orphans come to their parents. */
int tree_finish(struct restore *restore, struct err *err);

/* Whether several processes map it, so that it has to be the same memory for all. */
bool tree_shares(const struct restore *restore, const struct shm *shm);

/* Whether children inherit pages of a process: then all of its memory is there before they are born. */
bool tree_gives_pages(const struct restore *restore, uint32_t own_pid);

/* The canvas of a process of the image, or NULL. */
struct canvas *tree_canvas(const struct restore *restore, uint32_t own_pid);

#endif
