/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A parcel in two: see split.h. In all forms a record is a line, so a body is
 * cut behind the line that ends its first half.
 */
#include "modules/http_uplink/split.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_BEGIN  "[\n"
#define ARRAY_NEXT   ",\n"
#define ARRAY_END    "\n]\n"

#define LENGTH(text)  (sizeof(text) - 1)

/* The records without the frame of the form. */
struct lines {
	const char *at;
	size_t size;
};

static struct lines split_lines(const struct bytes *body, enum encode_format format)
{
	struct lines lines = {body->at, body->size};

	if (format == FORMAT_JSON) {
		lines.at += LENGTH(ARRAY_BEGIN);
		lines.size -= LENGTH(ARRAY_BEGIN) + LENGTH(ARRAY_END);
	}
	return lines;
}

/* Where the line after so many begins. */
static size_t split_at(const struct lines *lines, uint32_t count)
{
	const char *at = lines->at;

	for (; count > 0; count--) {
		at = (const char *)memchr(at, '\n', lines->size - (size_t)(at - lines->at)) + 1;
	}
	return (size_t)(at - lines->at);
}

static void split_fill(struct pile *pile, enum encode_format format, const char *at, size_t size)
{
	if (format == FORMAT_JSON) {
		bytes_text(&pile->content.body, ARRAY_BEGIN);
	}
	bytes_add(&pile->content.body, at, size);
}

/* `count` records of the parcel, from the `from`-th on, and whose they are. -ENOMEM */
static int split_parts(struct pile *pile, const struct content *whole, uint32_t from,
		       uint32_t count)
{
	struct content *content = &pile->content;
	uint32_t to = from + count, at = 0;

	content->parts = calloc(whole->part_count, sizeof(*content->parts));
	if (content->parts == NULL) {
		return -ENOMEM;
	}
	content->part_room = whole->part_count;
	content->records = count;
	for (size_t i = 0; i < whole->part_count; i++) {
		struct part part = whole->parts[i];
		uint32_t begin = at > from ? at : from;
		uint32_t end = at + part.records < to ? at + part.records : to;

		at += part.records;
		if (begin < end) {
			part.records = end - begin;
			content->parts[content->part_count++] = part;
			content->events += part.is_event ? part.records : 0;
		}
	}
	return 0;
}

/* Fill both piles. -ENOMEM, -EPROTO */
static int split_piles(const struct parcel *parcel, struct pile piles[2])
{
	const struct content *whole = &parcel->content;
	uint32_t half = whole->records / 2;
	struct bytes raw = {0};
	struct lines lines;
	size_t cut;
	int error = 0;

	if (parcel->is_gzip) {
		error = pack_gunzip(&whole->body, parcel->raw_size, &raw);
	}
	if (error != 0) {
		return error;
	}
	lines = split_lines(parcel->is_gzip ? &raw : &whole->body, parcel->format);
	cut = split_at(&lines, half);
	split_fill(&piles[0], parcel->format, lines.at,
		   cut - (parcel->format == FORMAT_JSON ? LENGTH(ARRAY_NEXT) : 0));
	split_fill(&piles[1], parcel->format, lines.at + cut, lines.size - cut);
	bytes_free(&raw);
	if (piles[0].content.body.failed || piles[1].content.body.failed) {
		return -ENOMEM;
	}
	error = split_parts(&piles[0], whole, 0, half);
	return error != 0 ? error : split_parts(&piles[1], whole, half, whole->records - half);
}

int parcel_split(const struct parcel *parcel, int level, const char *sender,
		 struct parcel *halves_out[2])
{
	const struct closing closing = {
		.format = parcel->format,
		.level = level,
		.sender = sender,
		.device = parcel->device,
		.type = parcel->type,
	};
	struct pile piles[2] = {{.is_open = false}};
	struct parcel *halves[2] = {NULL, NULL};
	int error = split_piles(parcel, piles);

	for (size_t i = 0; i < 2 && error == 0; i++) {
		error = pile_close(&piles[i], &closing, &halves[i]);
	}
	pile_free(&piles[0]);
	pile_free(&piles[1]);
	if (error != 0) {
		parcel_free(&halves[0]);
		parcel_free(&halves[1]);
		return error;
	}
	halves_out[0] = halves[0];
	halves_out[1] = halves[1];
	return 0;
}
