/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The view: the last sample of each tag as it was delivered to one receiver.
 * On the receiver's loop; historical samples do not touch it. Text is copied
 * to a cell of the tag's own, which grows to what was seen.
 */
#include <stdlib.h>
#include <string.h>

#include "core/bus/inside.h"

struct view_text {
	uint32_t room;
	char bytes[];
};

/* False: no memory; the view then says that there is no value. */
static bool store_text(struct endpoint *receiver, struct ew_sample *cell,
		       const struct ew_sample *sample)
{
	struct view_text **at = page_table_make(&receiver->view_text, sample->tag);
	uint32_t size = sample->v.x.size;

	if (at == NULL) {
		return false;
	}
	if (*at == NULL || (*at)->room < size) {
		struct view_text *text = realloc(*at, sizeof(*text) + size);

		if (text == NULL) {
			return false;
		}
		text->room = size;
		*at = text;
	}
	memcpy((*at)->bytes, sample->v.x.at, size);
	*cell = *sample;
	cell->v.x.at = (*at)->bytes;
	return true;
}

void view_store(struct endpoint *receiver, const struct ew_sample *samples, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct ew_sample *sample = &samples[i];
		struct ew_sample *cell;

		if ((sample->flags & EW_HISTORICAL) != 0) {
			continue;
		}
		cell = page_table_make(&receiver->view, sample->tag);
		if (cell == NULL) {
			continue;
		}
		if (!ew_sample_has_bytes(sample)) {
			*cell = *sample;
		} else if (!store_text(receiver, cell, sample)) {
			cell->tag = EW_NO_ID;
		}
	}
}

void view_forget(struct endpoint *receiver, uint32_t tag)
{
	struct ew_sample *cell = page_table_find(&receiver->view, tag);
	struct view_text **text = page_table_find(&receiver->view_text, tag);

	if (cell != NULL) {
		cell->tag = EW_NO_ID;
	}
	if (text != NULL) {
		free(*text);
		*text = NULL;
	}
}

int endpoint_view(struct endpoint *endpoint, uint32_t tag, struct ew_sample *sample_out)
{
	const struct seen *seen = page_table_find(&endpoint->seen_tags, tag);
	const struct ew_sample *cell;

	if (!endpoint_has_view(endpoint)) {
		return -ENOTSUP;
	}
	if (seen == NULL || seen->version == NULL) {
		return -ENOENT;
	}
	cell = page_table_find(&endpoint->view, tag);
	if (cell == NULL || cell->tag == EW_NO_ID) {
		return -ENODATA;
	}
	*sample_out = *cell;
	return 0;
}

void view_fini(struct endpoint *receiver)
{
	for (uint32_t id = 1; id <= receiver->seen_tag_ids; id++) {
		view_forget(receiver, id);
	}
	page_table_fini(&receiver->view);
	page_table_fini(&receiver->view_text);
}
