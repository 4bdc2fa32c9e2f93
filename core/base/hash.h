/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Map from text to pointer. One owner, no locking.
 *
 * Keys are borrowed for as long as their entry is in the map (the value
 * usually owns its key). Hashing is keyed by a secret of the process, because
 * names arrive from networks. The number of entries has a limit.
 */
#ifndef CORE_BASE_HASH_H
#define CORE_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_slot {
	const char *key; /* NULL: free */
	void *value;
	uint32_t key_size;
	uint32_t code;
};

struct hash {
	struct hash_slot *slots;
	size_t room; /* a power of two, or 0 */
	size_t count;
	size_t limit;
};

/* The keyed hash of a text; another in every process. Any thread. */
uint32_t hash_code(const char *key, size_t size);

void hash_init(struct hash *hash, size_t limit);

/* Free the table; values and keys are the caller's business. */
void hash_fini(struct hash *hash);

/* -EEXIST: key is there already (unchanged); -EMSGSIZE: limit; -ENOMEM. */
int hash_put(struct hash *hash, const char *key, void *value);

/* NULL when not there. */
void *hash_find(const struct hash *hash, const char *key);
void *hash_find_sized(const struct hash *hash, const char *key, size_t size);

/* Remove and return; NULL when not there. */
void *hash_take(struct hash *hash, const char *key);

/* Walk in no order: start with *cursor = 0; NULL at the end. Put and take
 * during a walk are not allowed. */
void *hash_next(const struct hash *hash, size_t *cursor);

#endif
