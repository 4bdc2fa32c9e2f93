/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which tags the open segment's dictionary has, by the tag's id on the bus.
 * An array by id, so that a sample costs one load; a new segment forgets all
 * by counting its serial up. Under the log's lock.
 */
#ifndef CORE_STORE_DICTIONARY_H
#define CORE_STORE_DICTIONARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DICTIONARY_RUNS  4u     /* remembered: one a publisher, and where its tags begin anew */

struct dictionary_slot {
	uint32_t serial;        /* of the segment that knows the tag */
	uint32_t id;            /* there */
};

struct dictionary {
	struct dictionary_slot *slots;
	size_t room;
	uint32_t serial;        /* of the open segment, from 1 */
	uint32_t count;         /* entries that it has */
	struct dictionary_run {
		uint32_t tag, id, count;
	} runs[DICTIONARY_RUNS]; /* tags known one after the other, as last found */
	unsigned oldest_run;
};

void dictionary_fini(struct dictionary *dictionary);

/* A new segment: nothing is known. */
void dictionary_clear(struct dictionary *dictionary);

/* Whether the tag is known, and as which number. */
static inline bool dictionary_find(const struct dictionary *dictionary, uint32_t tag,
				   uint32_t *id_out)
{
	if (tag >= dictionary->room || dictionary->slots[tag].serial != dictionary->serial) {
		return false;
	}
	*id_out = dictionary->slots[tag].id;
	return true;
}

/* What dictionary_find_run() does when it does not remember. */
bool dictionary_look_for_run(struct dictionary *dictionary, uint32_t tag, uint32_t count,
			     uint32_t *id_out);

/* Whether so many tags from here are known, numbered one after the other: the first one's. */
static inline bool dictionary_find_run(struct dictionary *dictionary, uint32_t tag,
				       uint32_t count, uint32_t *id_out)
{
	for (unsigned i = 0; i < DICTIONARY_RUNS; i++) {
		const struct dictionary_run *run = &dictionary->runs[i];
		uint32_t from = tag - run->tag;

		if (from < run->count && count <= run->count - from) {
			*id_out = run->id + from;
			return true;
		}
	}
	return dictionary_look_for_run(dictionary, tag, count, id_out);
}

/* The next number goes to this tag. -ENOMEM. */
int dictionary_add(struct dictionary *dictionary, uint32_t tag, uint32_t *id_out);

/* The tag's entry is out of date. */
void dictionary_forget(struct dictionary *dictionary, uint32_t tag);

#endif
