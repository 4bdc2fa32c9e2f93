/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding things by their names. The key is part of the thing that it finds;
 * one table has the keys of all kinds, told apart by who owns the name: a
 * metric's name is unique in its device, an alias in its node. Pure.
 */
#ifndef MODULES_SPARKPLUG_HOST_INDEX_H
#define MODULES_SPARKPLUG_HOST_INDEX_H

#include "proto/sparkplug/type.h"

struct index_key {
	struct index_key *next;
	uint64_t hash;
	const void *owner;
	struct sp_bytes name;   /* borrowed from the thing; at NULL: not in the table */
	void *thing;
};

struct index {
	struct index_key **buckets;
	size_t size;            /* a power of two */
	size_t count;
	uint64_t seed;          /* so that nobody outside can choose names that collide */
};

/* Errors: -ENOMEM */
int index_init(struct index *index, uint64_t seed);
void index_fini(struct index *index);

/* Add a key whose owner, name and thing are set; not in it yet. Never fails. */
void index_add(struct index *index, struct index_key *key);

/* Take a key out; one that is not in it is fine. */
void index_remove(struct index *index, struct index_key *key);

/* NULL: nothing has this name. */
void *index_find(const struct index *index, const void *owner, struct sp_bytes name);

#endif
