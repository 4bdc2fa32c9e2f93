/* SPDX-License-Identifier: Apache-2.0 */
#include "modules/sparkplug_host/index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define INDEX_FIRST  256u       /* buckets */

static uint64_t index_hash(const struct index *index, const void *owner, struct sp_bytes name)
{
	const uint8_t *at = name.at;
	uint64_t hash = index->seed ^ (uint64_t)(uintptr_t)owner * 0x9e3779b97f4a7c15;

	for (size_t i = 0; i < name.size; i++) {
		hash = (hash ^ at[i]) * 0x100000001b3;
		hash ^= hash >> 29;
	}
	return hash * 0xff51afd7ed558ccd;
}

static struct index_key **index_bucket(const struct index *index, uint64_t hash)
{
	return &index->buckets[hash >> 32 & (index->size - 1)];
}

int index_init(struct index *index, uint64_t seed)
{
	index->buckets = calloc(INDEX_FIRST, sizeof(struct index_key *));
	index->size = INDEX_FIRST;
	index->count = 0;
	index->seed = seed;
	return index->buckets != NULL ? 0 : -ENOMEM;
}

void index_fini(struct index *index)
{
	free(index->buckets);
	index->buckets = NULL;
}

/* Without memory it stays as it is, and is slower. */
static void index_grow(struct index *index)
{
	struct index old = *index;

	index->size *= 2;
	index->buckets = calloc(index->size, sizeof(struct index_key *));
	if (index->buckets == NULL) {
		*index = old;
		return;
	}
	for (size_t i = 0; i < old.size; i++) {
		struct index_key *next;

		for (struct index_key *key = old.buckets[i]; key != NULL; key = next) {
			struct index_key **bucket = index_bucket(index, key->hash);

			next = key->next;
			key->next = *bucket;
			*bucket = key;
		}
	}
	free(old.buckets);
}

void index_add(struct index *index, struct index_key *key)
{
	struct index_key **bucket;

	if (index->count >= index->size) {
		index_grow(index);
	}
	key->hash = index_hash(index, key->owner, key->name);
	bucket = index_bucket(index, key->hash);
	key->next = *bucket;
	*bucket = key;
	index->count++;
}

void index_remove(struct index *index, struct index_key *key)
{
	struct index_key **at;

	if (key->name.at == NULL) {
		return;
	}
	at = index_bucket(index, key->hash);
	while (*at != key) {
		at = &(*at)->next;
	}
	*at = key->next;
	key->name.at = NULL;
	index->count--;
}

void *index_find(const struct index *index, const void *owner, struct sp_bytes name)
{
	uint64_t hash = index_hash(index, owner, name);
	const struct index_key *key = *index_bucket(index, hash);

	while (key != NULL && (key->hash != hash || key->owner != owner ||
			       key->name.size != name.size ||
			       memcmp(key->name.at, name.at, name.size) != 0)) {
		key = key->next;
	}
	return key != NULL ? key->thing : NULL;
}
