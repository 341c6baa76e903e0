/* SPDX-License-Identifier: MIT */
/* Of whom, and in which order, processes are born, so that each comes to its parent and its session. */
#ifndef PIMAGE_LINEAGE_H
#define PIMAGE_LINEAGE_H

#include "cli/problems.h"
#include "format/image.h"

#include <stdbool.h>
#include <stdint.h>

struct canvas;
struct err;
struct process;
struct zombie;

/* No node: what is outside of the image. */
#define NOBODY SIZE_MAX

/* A session that a process may be born in because it makes its own afterwards. */
#define ANY_SESSION UINT32_MAX

enum node_kind {
	NODE_PROCESS,
	NODE_ZOMBIE,
	NODE_LEADER, /* a helper with the number of a session or group whose leader has ended */
	NODE_BEARER, /* a helper whose children become orphans when it ends */
};

/* A process that is made. Helpers end before any process goes on. */
struct node {
	enum node_kind kind;
	uint32_t number;	       /* in the image; 0: any that is free there */
	const struct process *process; /* of a NODE_PROCESS */
	const struct zombie *zombie;   /* of a NODE_ZOMBIE */
	uint32_t session;	       /* in the end */
	bool leads;	  /* makes that session; of the root that is prestore's affair */
	uint32_t born_in; /* the session in which it is born, or ANY_SESSION */
	size_t parent;	  /* in the end; of a bearer: whose its children become */
	bool gives_pages; /* it has children that inherit pages of it */
	size_t bearer;	  /* of whom it is cloned; NOBODY for the root */
	uint64_t shares;  /* with its bearer: CLONE_FILES, CLONE_FS */
	uint64_t leaves;  /* of what it shares for the sake of others: given up when all are born */
	struct canvas *canvas; /* once it is made */
};

enum lineage_action { LINEAGE_BIRTH, LINEAGE_SESSION };

/* A birth, or setsid(2): who was born before is in the session before. */
struct lineage_step {
	enum lineage_action action;
	size_t node;
};

/* The root is the first node; processes follow in the order of the image. */
struct lineage {
	struct node *nodes;
	size_t n_nodes;
	struct lineage_step *steps;
	size_t n_steps;
};

/*
 * Works out all of it from an image that has passed image_check. A process in the session of a parent is its child; one in the session
 * before that which its parent leads is born before the parent makes it. All others are orphans: children of a helper that lives in
 * their session, below whoever is to have them. Adds a blocking problem for those who could come to their place in no such way.
 */
int lineage_plan(const struct image *image, struct problems *problems, struct lineage *ret_lineage,
		 struct err *err);

void lineage_done(struct lineage *lineage);

/* The node of that number in the image, or NOBODY. */
size_t lineage_find(const struct lineage *lineage, uint32_t number);

#endif
