/* SPDX-License-Identifier: MIT */
/* Births one after the other: nobody before who bears it, and in the session that it belongs to. */
#ifndef PIMAGE_LINEAGE_ORDER_H
#define PIMAGE_LINEAGE_ORDER_H

#include "restore/lineage.h"

/* Fills in the steps, when every node has its bearer. Adds a blocking problem for a node that would have to be born before itself. */
int lineage_order(struct lineage *lineage, struct problems *problems, struct err *err);

/*
 * What nodes share with their bearers, so that those who have one descriptor table or directory are connected. Adds a problem where
 * others stand between them who share it with somebody else, or who execute another program, which gives them a table of their own.
 */
int lineage_share(struct lineage *lineage, struct problems *problems, struct err *err);

/* The problem that a node cannot come to its place. */
void lineage_refuse(const struct lineage *lineage, size_t node, struct problems *problems);

#endif
