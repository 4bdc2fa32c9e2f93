/* SPDX-License-Identifier: Apache-2.0 */
/* Piles and parcels: see parcel.h. */
#include "modules/http_uplink/parcel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void content_free(struct content *content)
{
	bytes_free(&content->body);
	free(content->parts);
	*content = (struct content){0};
}

/* A place for one more record of a receipt. -ENOMEM */
static int content_reserve(struct content *content, const struct receipt *receipt)
{
	size_t room = content->part_room == 0 ? 16 : content->part_room * 2;
	struct part *parts;

	if (content->part_count < content->part_room ||
	    (content->part_count > 0 &&
	     content->parts[content->part_count - 1].receipt == receipt)) {
		return 0;
	}
	parts = realloc(content->parts, room * sizeof(*parts));
	if (parts == NULL) {
		return -ENOMEM;
	}
	content->parts = parts;
	content->part_room = room;
	return 0;
}

static void content_count(struct content *content, struct receipt *receipt)
{
	struct part *last = content->part_count == 0 ? NULL :
			    &content->parts[content->part_count - 1];

	if (last == NULL || last->receipt != receipt) {
		last = &content->parts[content->part_count++];
		*last = (struct part){.receipt = receipt};
	}
	last->records++;
	content->records++;
}

int pile_add_sample(struct pile *pile, enum encode_format format, const struct shape *shape,
		    const struct ew_sample *sample, struct receipt *receipt)
{
	int error = content_reserve(&pile->content, receipt);

	if (error == 0) {
		error = encode_sample(format, &pile->content.body, shape, sample);
	}
	if (error == 0) {
		content_count(&pile->content, receipt);
	}
	return error;
}

int pile_add_event(struct pile *pile, enum encode_format format, const struct shape_names *names,
		   const struct ew_event *event, struct receipt *receipt)
{
	int error = content_reserve(&pile->content, receipt);

	if (error == 0) {
		error = encode_event(format, &pile->content.body, names, event);
	}
	if (error == 0) {
		content_count(&pile->content, receipt);
		/* an event has a receipt of its own */
		pile->content.parts[pile->content.part_count - 1].is_event = true;
		pile->content.events++;
	}
	return error;
}

static int parcel_name(struct parcel *parcel, const struct closing *closing)
{
	if (closing->device != NULL) {
		parcel->device = strdup(closing->device);
		parcel->type = strdup(closing->type != NULL ? closing->type : "");
		if (parcel->device == NULL || parcel->type == NULL) {
			return -ENOMEM;
		}
	}
	return 0;
}

int pile_close(struct pile *pile, const struct closing *closing, struct parcel **parcel_out)
{
	struct parcel *parcel = calloc(1, sizeof(*parcel));
	struct bytes *body = &pile->content.body;
	struct bytes packed = {0};
	size_t before = body->size;
	int error = parcel == NULL ? -ENOMEM : parcel_name(parcel, closing);

	if (error == 0) {
		error = encode_end(closing->format, body);
	}
	if (error == 0 && closing->level > 0) {
		error = pack_gzip(body, closing->level, &packed);
	}
	if (error != 0) {
		bytes_cut(body, before);
		parcel_free(&parcel);
		return error;
	}
	parcel->format = closing->format;
	parcel->raw_size = body->size;
	pack_key(closing->sender, body, parcel->key);
	parcel->content = pile->content;
	pile->content = (struct content){0};
	if (closing->level > 0) {
		parcel->is_gzip = true;
		/* the pile goes on in the same memory */
		pile->content.body = parcel->content.body;
		bytes_cut(&pile->content.body, 0);
		parcel->content.body = packed;
	}
	*parcel_out = parcel;
	return 0;
}

void pile_give_back(struct pile *pile)
{
	for (size_t i = 0; i < pile->content.part_count; i++) {
		receipt_shorten(pile->content.parts[i].receipt, pile->content.parts[i].records);
	}
	content_free(&pile->content);
}

void pile_free(struct pile *pile)
{
	content_free(&pile->content);
}

void parcel_settle(struct parcel *parcel, const char *refused)
{
	for (size_t i = 0; i < parcel->content.part_count; i++) {
		const struct part *part = &parcel->content.parts[i];

		receipt_settle(part->receipt, part->records, refused);
	}
}

void parcel_free(struct parcel **parcel)
{
	if (*parcel != NULL) {
		content_free(&(*parcel)->content);
		free((*parcel)->device);
		free((*parcel)->type);
		free(*parcel);
		*parcel = NULL;
	}
}
