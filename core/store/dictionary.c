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

void dictionary_clear(struct dictionary *dictionary)
{
	dictionary->serial++;
	dictionary->count = 0;
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

void dictionary_forget(struct dictionary *dictionary, uint32_t tag)
{
	if (tag < dictionary->room) {
		dictionary->slots[tag].serial = 0;
	}
}
