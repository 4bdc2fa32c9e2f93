/* SPDX-License-Identifier: Apache-2.0 */
/* Header, footer, trailer and name of a segment. */
#include "core/store/segment.h"

#include <errno.h>
#include <stdio.h>

#include "core/store/crc.h"

#define AT_FORMAT    8
#define AT_FIRST     16
#define AT_MONO      24
#define AT_UTC       32
#define AT_BOOT      40
#define AT_FLAGS     80
#define AT_THINNED   84
#define AT_SUM       92
#define FLAG_CLOCK   0x01u
#define FLAG_CLEAN   0x02u
#define THINNED_MAX  32u

static const unsigned char header_magic[8] = { 'E', 'W', 'S', 'T', 'O', 'R', 'E', '\n' };
static const unsigned char trailer_magic[4] = { 'E', 'W', 'S', 'F' };

void segment_header_put(unsigned char at[SEGMENT_HEADER_BYTES],
			const struct segment_header *header)
{
	memset(at, 0, SEGMENT_HEADER_BYTES);
	memcpy(at, header_magic, sizeof(header_magic));
	wire_put_u32(at + AT_FORMAT, SEGMENT_FORMAT);
	wire_put_u32(at + AT_FORMAT + 4, SEGMENT_HEADER_BYTES);
	wire_put_u64(at + AT_FIRST, header->first);
	wire_put_u64(at + AT_MONO, (uint64_t)header->base.mono);
	wire_put_u64(at + AT_UTC, (uint64_t)header->base.utc);
	memcpy(at + AT_BOOT, header->boot, strnlen(header->boot, BOOT_ID_SIZE - 1));
	wire_put_u32(at + AT_FLAGS, header->is_clock_good ? FLAG_CLOCK : 0);
	wire_put_u32(at + AT_THINNED, header->thinned);
	wire_put_u32(at + AT_SUM, crc32c(at, AT_SUM));
}

static int header_get(const unsigned char at[SEGMENT_HEADER_BYTES],
			struct segment_header *header_out)
{
	struct segment_header header = { 0 };

	if (wire_get_u32(at + AT_FORMAT + 4) != SEGMENT_HEADER_BYTES ||
	    wire_get_u32(at + AT_SUM) != crc32c(at, AT_SUM)) {
		return -EBADMSG;
	}
	header.first = wire_get_u64(at + AT_FIRST);
	header.base.mono = (ew_dur)wire_get_u64(at + AT_MONO);
	header.base.utc = (ew_time)wire_get_u64(at + AT_UTC);
	memcpy(header.boot, at + AT_BOOT, BOOT_ID_SIZE - 1);
	header.is_clock_good = (wire_get_u32(at + AT_FLAGS) & FLAG_CLOCK) != 0;
	header.thinned = wire_get_u32(at + AT_THINNED);
	if (header.first == 0 || header.thinned > THINNED_MAX) {
		return -EBADMSG;
	}
	*header_out = header;
	return 0;
}

int segment_header_get(const unsigned char at[SEGMENT_HEADER_BYTES],
		       struct segment_header *header_out, uint32_t *format_out)
{
	uint32_t format = wire_get_u32(at + AT_FORMAT);

	if (memcmp(at, header_magic, sizeof(header_magic)) != 0) {
		return -EBADMSG;
	}
	switch (format) {
	case 1: /* had no runs of samples: all else is the same */
	case SEGMENT_FORMAT:
		return header_get(at, header_out);
	case 0:
		return -EBADMSG;
	default:
		/* a flipped bit in the number is damage, not the future */
		if (wire_get_u32(at + AT_SUM) != crc32c(at, AT_SUM)) {
			return -EBADMSG;
		}
		*format_out = format;
		return -ENOTSUP;
	}
}

unsigned char *segment_head_put(unsigned char *at, const struct segment_header *header)
{
	unsigned char *body = at + SEGMENT_HEADER_BYTES + RECORD_HEADER_BYTES;

	segment_header_put(at, header);
	segment_header_put(body, header);
	(void)record_frame(at + SEGMENT_HEADER_BYTES, RECORD_HEADER, header->first - 1,
			   body + SEGMENT_HEADER_BYTES);
	return body + SEGMENT_HEADER_BYTES;
}

int segment_header_again(const unsigned char at[SEGMENT_HEADER_BYTES + RECORD_HEADER_BYTES],
			 struct segment_header *header_out)
{
	uint32_t format;

	if (record_bytes(at) != SEGMENT_HEADER_BYTES + RECORD_HEADER_BYTES ||
	    record_at(at).kind != RECORD_HEADER || !record_is_whole(at)) {
		return -EBADMSG;
	}
	return segment_header_get(at + RECORD_HEADER_BYTES, header_out, &format);
}

unsigned char *segment_footer_put(unsigned char *at, const struct segment_index *index,
				  uint64_t first)
{
	at = wire_put_varint(at, index->last + 1 - first);
	at = wire_put_varint(at, index->records);
	at = wire_put_varint(at, index->samples);
	at = wire_put_varint(at, index->events);
	at = wire_put_signed(at, index->min_time);
	at = wire_put_signed(at, index->max_time);
	at = wire_put_signed(at, index->ended);
	at = wire_put_varint(at, (index->has_clock ? FLAG_CLOCK : 0) |
					 (index->is_clean ? FLAG_CLEAN : 0));
	if (index->has_clock) {
		at = wire_put_signed(at, index->clock.mono);
		at = wire_put_signed(at, index->clock.utc);
	}
	return at;
}

bool segment_footer_get(const struct record *record, uint64_t first,
			struct segment_index *index_out)
{
	struct wire wire = wire_of(record->body, record->size);
	struct segment_index index = { 0 };
	uint64_t flags;

	index.last = first + wire_bounded(&wire, INT64_MAX) - 1;
	index.records = wire_varint(&wire);
	index.samples = wire_varint(&wire);
	index.events = wire_varint(&wire);
	index.min_time = wire_signed(&wire);
	index.max_time = wire_signed(&wire);
	index.ended = wire_signed(&wire);
	flags = wire_varint(&wire);
	index.has_clock = (flags & FLAG_CLOCK) != 0;
	index.is_clean = (flags & FLAG_CLEAN) != 0;
	if (index.has_clock) {
		index.clock.mono = wire_signed(&wire);
		index.clock.utc = wire_signed(&wire);
	}
	if (record->kind != RECORD_FOOTER || wire.is_bad || wire_left(&wire) != 0) {
		return false;
	}
	*index_out = index;
	return true;
}

void segment_trailer_put(unsigned char at[SEGMENT_TRAILER_BYTES], uint32_t closing)
{
	wire_put_u32(at, closing);
	memcpy(at + 4, trailer_magic, sizeof(trailer_magic));
}

uint32_t segment_trailer_get(const unsigned char at[SEGMENT_TRAILER_BYTES])
{
	uint32_t closing = wire_get_u32(at);

	return memcmp(at + 4, trailer_magic, sizeof(trailer_magic)) == 0 &&
			       closing <= SEGMENT_CLOSING_MAX
		       ? closing
		       : 0;
}

void segment_index_time(struct segment_index *index, ew_time time)
{
	if (index->min_time == 0 && index->max_time == 0) {
		index->min_time = time;
		index->max_time = time;
	}
	index->min_time = time < index->min_time ? time : index->min_time;
	index->max_time = time > index->max_time ? time : index->max_time;
}

void segment_name(uint64_t first, const char *suffix, char name_out[SEGMENT_NAME_SIZE + 8])
{
	(void)snprintf(name_out, SEGMENT_NAME_SIZE + 8, "%016llx%s", (unsigned long long)first,
		       suffix);
}

bool segment_name_parse(const char *name, const char *suffix, uint64_t *first_out)
{
	uint64_t first = 0;

	for (int i = 0; i < 16; i++) {
		char c = name[i];
		unsigned digit = c >= '0' && c <= '9'	? (unsigned)(c - '0')
				 : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
							: 16;

		if (digit == 16) {
			return false;
		}
		first = first << 4 | digit;
	}
	if (strcmp(name + 16, suffix) != 0) {
		return false;
	}
	*first_out = first;
	return true;
}
