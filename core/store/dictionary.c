/* SPDX-License-Identifier: Apache-2.0 */
/* The array of tags. It grows to the highest id seen, as the bus's own tables do. */
#include "core/store/dictionary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TAGS_FIRST  256u

void dictionary_fini(struct dictionary *dictionary)
{
	free(dictionary->slots);
	*dictionary = (struct dictionary){ 0 };
}

static void forget_runs(struct dictionary *dictionary)
{
	memset(dictionary->runs, 0, sizeof(dictionary->runs));
}

void dictionary_clear(struct dictionary *dictionary)
{
	dictionary->serial++;
	dictionary->count = 0;
	forget_runs(dictionary);
	if (dictionary->serial == 0) {
		/* serials have come round: old slots would look new */
		memset(dictionary->slots, 0, dictionary->room * sizeof(*dictionary->slots));
		dictionary->serial = 1;
	}
}

static int dictionary_grow(struct dictionary *dictionary, uint32_t tag)
{
	size_t room = dictionary->room == 0 ? TAGS_FIRST : dictionary->room;
	struct dictionary_slot *grown;

	while (room <= tag) {
		room *= 2;
	}
	grown = realloc(dictionary->slots, room * sizeof(*grown));
	if (grown == NULL) {
		return -ENOMEM;
	}
	memset(grown + dictionary->room, 0, (room - dictionary->room) * sizeof(*grown));
	dictionary->slots = grown;
	dictionary->room = room;
	return 0;
}

int dictionary_add(struct dictionary *dictionary, uint32_t tag, uint32_t *id_out)
{
	int error = tag < dictionary->room ? 0 : dictionary_grow(dictionary, tag);

	if (error != 0) {
		return error;
	}
	dictionary->slots[tag] = (struct dictionary_slot){
		.serial = dictionary->serial,
		.id = dictionary->count,
	};
	*id_out = dictionary->count++;
	return 0;
}

/* It goes on where another ends, or takes the place of the oldest. */
static void remember_run(struct dictionary *dictionary, struct dictionary_run run)
{
	for (unsigned i = 0; i < DICTIONARY_RUNS; i++) {
		struct dictionary_run *known = &dictionary->runs[i];

		if (known->count > 0 && run.tag == known->tag + known->count &&
		    run.id == known->id + known->count) {
			known->count += run.count;
			return;
		}
	}
	dictionary->runs[dictionary->oldest_run] = run;
	dictionary->oldest_run = (dictionary->oldest_run + 1) % DICTIONARY_RUNS;
}

bool dictionary_look_for_run(struct dictionary *dictionary, uint32_t tag, uint32_t count,
			     uint32_t *id_out)
{
	uint32_t first, i = 0;

	if (!dictionary_find(dictionary, tag, &first)) {
		return false;
	}
	while (i < count && dictionary_find(dictionary, tag + i, id_out) &&
	       *id_out == first + i) {
		i++;
	}
	*id_out = first;
	if (i < count) {
		return false;
	}
	remember_run(dictionary, (struct dictionary_run){ tag, first, count });
	return true;
}

void dictionary_forget(struct dictionary *dictionary, uint32_t tag)
{
	forget_runs(dictionary);
	if (tag < dictionary->room) {
		dictionary->slots[tag].serial = 0;
	}
}
