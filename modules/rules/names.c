/* SPDX-License-Identifier: Apache-2.0 */
/* FNV-1a and linear probing, at most half full. */
#include "modules/rules/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct names_slot {
	const char *name;       /* NULL: free */
	uint32_t size;
	uint32_t number;
};

int names_init(struct names *names, size_t count)
{
	size_t room = 8;

	while (room < 2 * count) {
		room *= 2;
	}
	names->slots = calloc(room, sizeof(*names->slots));
	names->mask = room - 1;
	return names->slots == NULL ? -ENOMEM : 0;
}

void names_fini(struct names *names)
{
	free(names->slots);
	names->slots = NULL;
}

static struct names_slot *names_slot(const struct names *names, const char *name, size_t size)
{
	uint64_t hash = 0xcbf29ce484222325u;
	size_t at;

	for (size_t i = 0; i < size; i++) {
		hash = (hash ^ (unsigned char)name[i]) * 0x100000001b3u;
	}
	for (at = (size_t)hash & names->mask; names->slots[at].name != NULL;
	     at = (at + 1) & names->mask) {
		if (names->slots[at].size == size &&
		    memcmp(names->slots[at].name, name, size) == 0) {
			break;
		}
	}
	return &names->slots[at];
}

int names_add(struct names *names, const char *name, uint32_t number, uint32_t *other_out)
{
	size_t size = strlen(name);
	struct names_slot *slot = names_slot(names, name, size);

	if (slot->name != NULL) {
		*other_out = slot->number;
		return -EEXIST;
	}
	*slot = (struct names_slot){ name, (uint32_t)size, number };
	return 0;
}

uint32_t names_find(const struct names *names, const char *name, size_t size)
{
	const struct names_slot *slot = names_slot(names, name, size);

	return slot->name == NULL ? NAMES_NONE : slot->number;
}
