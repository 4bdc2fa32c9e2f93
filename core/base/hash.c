/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open addressing with linear probing, at most three quarters full, deletion
 * by shifting back (no tombstones). SipHash-1-3 with a per-process key, so
 * that a peer cannot choose names that collide. Values are never looked at.
 */
#include "core/base/hash.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/base/check.h"
#include "core/base/clock.h"

enum { HASH_FIRST_ROOM = 16 };

static pthread_once_t hash_once = PTHREAD_ONCE_INIT;
static uint64_t hash_secret[2];

static void hash_make_secret(void)
{
	if (getrandom(hash_secret, sizeof(hash_secret), GRND_NONBLOCK) !=
	    (ssize_t)sizeof(hash_secret)) {
		hash_secret[0] = (uint64_t)clock_mono();
		hash_secret[1] = (uint64_t)clock_utc();
	}
}

static uint64_t hash_turn(uint64_t word, unsigned by)
{
	return word << by | word >> (64 - by);
}

static void hash_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = hash_turn(v[1], 13) ^ v[0];
	v[0] = hash_turn(v[0], 32);
	v[2] += v[3];
	v[3] = hash_turn(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = hash_turn(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = hash_turn(v[1], 17) ^ v[2];
	v[2] = hash_turn(v[2], 32);
}

uint32_t hash_code(const char *key, size_t size)
{
	uint64_t v[4], word;
	size_t left = size;

	(void)pthread_once(&hash_once, hash_make_secret); /* fails only for a bad argument */
	v[0] = hash_secret[0] ^ 0x736f6d6570736575;
	v[1] = hash_secret[1] ^ 0x646f72616e646f6d;
	v[2] = hash_secret[0] ^ 0x6c7967656e657261;
	v[3] = hash_secret[1] ^ 0x7465646279746573;
	for (; left >= sizeof(word); left -= sizeof(word), key += sizeof(word)) {
		memcpy(&word, key, sizeof(word));
		v[3] ^= word;
		hash_round(v);
		v[0] ^= word;
	}
	word = 0;
	memcpy(&word, key, left);
	word |= (uint64_t)size << 56;
	v[3] ^= word;
	hash_round(v);
	v[0] ^= word;
	v[2] ^= 0xff;
	hash_round(v);
	hash_round(v);
	hash_round(v);
	word = v[0] ^ v[1] ^ v[2] ^ v[3];
	return (uint32_t)(word ^ word >> 32);
}

void hash_init(struct hash *hash, size_t limit)
{
	check(limit <= SIZE_MAX / sizeof(struct hash_slot) / 4);
	memset(hash, 0, sizeof(*hash));
	hash->limit = limit;
}

void hash_fini(struct hash *hash)
{
	free(hash->slots);
	memset(hash, 0, sizeof(*hash));
}

/* The slot that holds the key, or the free one where it belongs. */
static struct hash_slot *hash_slot_of(const struct hash *hash, const char *key, size_t size,
				      uint32_t code)
{
	size_t at = code & (hash->room - 1);

	for (;;) {
		struct hash_slot *slot = &hash->slots[at];

		if (slot->key == NULL) {
			return slot;
		}
		if (slot->code == code && slot->key_size == size &&
		    memcmp(slot->key, key, size) == 0) {
			return slot;
		}
		at = (at + 1) & (hash->room - 1);
	}
}

static int hash_grow(struct hash *hash)
{
	struct hash bigger = *hash;
	size_t i;

	bigger.room = hash->room == 0 ? HASH_FIRST_ROOM : hash->room * 2;
	bigger.slots = calloc(bigger.room, sizeof(struct hash_slot));
	if (bigger.slots == NULL) {
		return -ENOMEM;
	}
	for (i = 0; i < hash->room; i++) {
		const struct hash_slot *old = &hash->slots[i];

		if (old->key != NULL) {
			*hash_slot_of(&bigger, old->key, old->key_size, old->code) = *old;
		}
	}
	free(hash->slots);
	*hash = bigger;
	return 0;
}

int hash_put(struct hash *hash, const char *key, void *value)
{
	size_t size = strlen(key);
	uint32_t code = hash_code(key, size);
	struct hash_slot *slot;
	int ret;

	check(value != NULL);
	if (size > UINT32_MAX) {
		return -EMSGSIZE;
	}
	if (hash->room > 0 && hash_slot_of(hash, key, size, code)->key != NULL) {
		return -EEXIST;
	}
	if (hash->count >= hash->limit) {
		return -EMSGSIZE;
	}
	if ((hash->count + 1) * 4 > hash->room * 3) {
		ret = hash_grow(hash);
		if (ret < 0) {
			return ret;
		}
	}
	slot = hash_slot_of(hash, key, size, code);
	*slot = (struct hash_slot){key, value, (uint32_t)size, code};
	hash->count++;
	return 0;
}

void *hash_find_sized(const struct hash *hash, const char *key, size_t size)
{
	if (hash->count == 0) {
		return NULL;
	}
	return hash_slot_of(hash, key, size, hash_code(key, size))->value;
}

void *hash_find(const struct hash *hash, const char *key)
{
	return hash_find_sized(hash, key, strlen(key));
}

void *hash_take(struct hash *hash, const char *key)
{
	size_t mask = hash->room - 1, size = strlen(key), hole, at;
	struct hash_slot *slot;
	void *value;

	if (hash->count == 0) {
		return NULL;
	}
	slot = hash_slot_of(hash, key, size, hash_code(key, size));
	if (slot->key == NULL) {
		return NULL;
	}
	value = slot->value;
	hole = (size_t)(slot - hash->slots);
	for (at = (hole + 1) & mask; hash->slots[at].key != NULL; at = (at + 1) & mask) {
		size_t home = hash->slots[at].code & mask;

		/* An entry may fill the hole unless its home lies behind it. */
		if (((at - home) & mask) >= ((at - hole) & mask)) {
			hash->slots[hole] = hash->slots[at];
			hole = at;
		}
	}
	memset(&hash->slots[hole], 0, sizeof(hash->slots[hole]));
	hash->count--;
	return value;
}

void *hash_next(const struct hash *hash, size_t *cursor)
{
	while (*cursor < hash->room) {
		const struct hash_slot *slot = &hash->slots[(*cursor)++];

		if (slot->key != NULL) {
			return slot->value;
		}
	}
	return NULL;
}
