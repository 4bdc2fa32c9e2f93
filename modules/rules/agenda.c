/* SPDX-License-Identifier: Apache-2.0 */
/* A binary heap that knows where each number is. */
#include "modules/rules/agenda.h"

#include <errno.h>
#include <stdlib.h>

int agenda_init(struct agenda *agenda, uint32_t count)
{
	*agenda = (struct agenda){
		.heap = calloc((size_t)count + 1, sizeof(*agenda->heap)),
		.places = calloc((size_t)count + 1, sizeof(*agenda->places)),
		.times = calloc((size_t)count + 1, sizeof(*agenda->times)),
	};
	if (agenda->heap == NULL || agenda->places == NULL || agenda->times == NULL) {
		agenda_fini(agenda);
		return -ENOMEM;
	}
	return 0;
}

void agenda_fini(struct agenda *agenda)
{
	free(agenda->heap);
	free(agenda->places);
	free(agenda->times);
	*agenda = (struct agenda){ 0 };
}

static void agenda_put(struct agenda *agenda, uint32_t place, uint32_t number)
{
	agenda->heap[place] = number;
	agenda->places[number] = place + 1;
}

static void agenda_rise(struct agenda *agenda, uint32_t place, uint32_t number)
{
	ew_dur time = agenda->times[number];

	while (place > 0 && agenda->times[agenda->heap[(place - 1) / 2]] > time) {
		agenda_put(agenda, place, agenda->heap[(place - 1) / 2]);
		place = (place - 1) / 2;
	}
	agenda_put(agenda, place, number);
}

static void agenda_sink(struct agenda *agenda, uint32_t place, uint32_t number)
{
	ew_dur time = agenda->times[number];

	for (;;) {
		uint32_t child = 2 * place + 1;

		if (child >= agenda->used) {
			break;
		}
		if (child + 1 < agenda->used && agenda->times[agenda->heap[child + 1]] <
		    agenda->times[agenda->heap[child]]) {
			child++;
		}
		if (agenda->times[agenda->heap[child]] >= time) {
			break;
		}
		agenda_put(agenda, place, agenda->heap[child]);
		place = child;
	}
	agenda_put(agenda, place, number);
}

static void agenda_remove(struct agenda *agenda, uint32_t number)
{
	uint32_t place = agenda->places[number] - 1, last;

	agenda->places[number] = 0;
	last = agenda->heap[--agenda->used];
	if (last == number) {
		return;
	}
	if (place > 0 && agenda->times[agenda->heap[(place - 1) / 2]] > agenda->times[last]) {
		agenda_rise(agenda, place, last);
	} else {
		agenda_sink(agenda, place, last);
	}
}

void agenda_set(struct agenda *agenda, uint32_t number, ew_dur time)
{
	if (agenda->places[number] != 0) {
		if (agenda->times[number] == time) {
			return;
		}
		agenda_remove(agenda, number);
	}
	if (time == AGENDA_NEVER) {
		return;
	}
	agenda->times[number] = time;
	agenda_rise(agenda, agenda->used++, number);
}

ew_dur agenda_next(const struct agenda *agenda)
{
	return agenda->used == 0 ? AGENDA_NEVER : agenda->times[agenda->heap[0]];
}

bool agenda_take(struct agenda *agenda, ew_dur now, uint32_t *number_out)
{
	if (agenda_next(agenda) > now) {
		return false;
	}
	*number_out = agenda->heap[0];
	agenda_remove(agenda, *number_out);
	return true;
}
