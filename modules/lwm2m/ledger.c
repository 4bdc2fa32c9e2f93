/* SPDX-License-Identifier: Apache-2.0 */
/* Positions that several endpoints settle: see ledger.h. */
#include "modules/lwm2m/ledger.h"

#include <stdlib.h>
#include <string.h>

void ledger_free(struct ledger *ledger)
{
	free(ledger->at);
	memset(ledger, 0, sizeof(*ledger));
}

struct ledger_entry *ledger_find(const struct ledger *ledger, uint32_t route, uint64_t position)
{
	for (size_t i = 0; i < ledger->count; i++) {
		if (ledger->at[i].route == route && ledger->at[i].position == position) {
			return &ledger->at[i];
		}
	}
	return NULL;
}

struct ledger_entry *ledger_open(struct ledger *ledger, uint32_t route, uint64_t position)
{
	struct ledger_entry *entry = ledger_find(ledger, route, position);

	if (entry == NULL && ledger->count == ledger->room) {
		size_t room = ledger->room == 0 ? 64 : 2 * ledger->room;
		struct ledger_entry *at = realloc(ledger->at, room * sizeof(*at));

		if (at == NULL) {
			return NULL;
		}
		ledger->at = at;
		ledger->room = room;
	}
	if (entry == NULL) {
		entry = &ledger->at[ledger->count++];
		*entry = (struct ledger_entry){.route = route, .position = position};
	}
	entry->is_short = false;
	return entry;
}

bool ledger_has_taken(const struct ledger_entry *entry, size_t part)
{
	return (entry->taken[part / 64] >> part % 64 & 1) != 0;
}

void ledger_take(struct ledger_entry *entry, size_t part)
{
	entry->taken[part / 64] |= UINT64_C(1) << part % 64;
	entry->open++;
}

void ledger_close(struct ledger *ledger, struct ledger_entry *entry)
{
	size_t index = (size_t)(entry - ledger->at);

	ledger->count--;
	memmove(entry, entry + 1, (ledger->count - index) * sizeof(*entry));
}
