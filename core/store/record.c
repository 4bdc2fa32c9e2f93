/* SPDX-License-Identifier: Apache-2.0 */
/* Header and bodies, each kind a pair of functions. */
#include "core/store/record.h"

#include "core/store/crc.h"

#define KIND_SHIFT     24
#define CURSOR_GONE    0x01u
#define HEAD_WALL      0x01u

size_t record_frame(unsigned char *at, enum record_kind kind, uint64_t lsn,
		    const unsigned char *end)
{
	size_t bytes = (size_t)(end - at);

	wire_put_u32(at, 0);
	wire_put_u32(at + 4,
		     (uint32_t)kind << KIND_SHIFT | (uint32_t)(bytes - RECORD_HEADER_BYTES));
	wire_put_u64(at + 8, lsn);
	return bytes;
}

size_t record_bytes(const unsigned char *header)
{
	uint32_t word = wire_get_u32(header + 4);
	uint32_t kind = word >> KIND_SHIFT;
	size_t bytes = RECORD_HEADER_BYTES + (word & ((1u << KIND_SHIFT) - 1));

	return kind >= 1 && kind <= RECORD_KIND_LAST && bytes <= STORE_RECORD_MAX ? bytes : 0;
}

struct record record_at(const unsigned char *at)
{
	return (struct record){
		.kind = (enum record_kind)(wire_get_u32(at + 4) >> KIND_SHIFT),
		.lsn = wire_get_u64(at + 8),
		.body = at + RECORD_HEADER_BYTES,
		.size = record_bytes(at) - RECORD_HEADER_BYTES,
	};
}

uint32_t record_sum(const unsigned char *at)
{
	return crc32c(at + 4, record_bytes(at) - 4);
}

void record_seal(unsigned char *at, uint32_t sum)
{
	wire_put_u32(at, sum);
}

bool record_is_whole(const unsigned char *at)
{
	return wire_get_u32(at) == record_sum(at);
}

/* ---- texts: with their zero byte, so that they can be used where they lie ---- */

static unsigned char *put_string(unsigned char *at, const char *text)
{
	return wire_put_bytes(at, text, text == NULL ? 0 : strlen(text) + 1);
}

static size_t string_bound(const char *text)
{
	return WIRE_VARINT_MAX + (text == NULL ? 0 : strlen(text) + 1);
}

/* NULL when there is none, or after a failure. */
static const char *get_string(struct wire *wire)
{
	size_t size;
	const unsigned char *at = wire_bytes(wire, &size);

	if (size == 0) {
		return NULL;
	}
	if (at[size - 1] != '\0') {
		(void)wire_fail(wire);
		return NULL;
	}
	return (const char *)at;
}

static const char *get_name(struct wire *wire)
{
	const char *name = get_string(wire);

	if (name == NULL || name[0] == '\0' || strlen(name) > STORE_NAME_MAX) {
		(void)wire_fail(wire);
		return "";
	}
	return name;
}

static const char *get_word(struct wire *wire)
{
	const char *text = get_string(wire);

	return text == NULL ? "" : text;
}

static bool is_all(const struct wire *wire)
{
	return !wire->is_bad && wire_left(wire) == 0;
}

/* ---- owner, tag, clock ---- */

unsigned char *record_owner_put(unsigned char *at, const struct record_owner *owner)
{
	at = wire_put_varint(at, owner->id);
	at = wire_put_varint(at, owner->samples);
	at = wire_put_varint(at, owner->events);
	return put_string(at, owner->name);
}

bool record_owner_get(const struct record *record, struct record_owner *owner_out)
{
	struct wire wire = wire_of(record->body, record->size);
	struct record_owner owner;

	owner.id = wire_bounded(&wire, STORE_OWNERS_MAX - 1);
	owner.samples = wire_varint(&wire);
	owner.events = wire_varint(&wire);
	owner.name = get_name(&wire);
	if (!is_all(&wire)) {
		return false;
	}
	*owner_out = owner;
	return true;
}

size_t record_tag_bound(const struct store_tag *tag)
{
	return RECORD_HEADER_BYTES + RECORD_NUMBER_MAX + string_bound(tag->device) +
	       string_bound(tag->device_type) + string_bound(tag->name) + string_bound(tag->unit);
}

unsigned char *record_tag_put(unsigned char *at, uint32_t id, const struct store_tag *tag)
{
	at = wire_put_varint(at, id);
	at = wire_put_varint(at, tag->type);
	at = put_string(at, tag->device);
	at = put_string(at, tag->device_type);
	at = put_string(at, tag->name);
	return put_string(at, tag->unit);
}

bool record_tag_get(const struct record *record, uint32_t *id_out, struct store_tag *tag_out)
{
	struct wire wire = wire_of(record->body, record->size);
	uint32_t id = (uint32_t)wire_bounded(&wire, RECORD_TAGS_MAX - 1);
	struct store_tag tag;

	tag.type = (unsigned)wire_bounded(&wire, 0xff);
	tag.device = get_name(&wire);
	tag.device_type = get_word(&wire);
	tag.name = get_name(&wire);
	tag.unit = get_word(&wire);
	if (!is_all(&wire)) {
		return false;
	}
	*id_out = id;
	*tag_out = tag;
	return true;
}

unsigned char *record_clock_put(unsigned char *at, const struct record_base *pair)
{
	at = wire_put_signed(at, pair->mono);
	return wire_put_signed(at, pair->utc);
}

bool record_clock_get(const struct record *record, struct record_base *pair_out)
{
	struct wire wire = wire_of(record->body, record->size);
	struct record_base pair;

	pair.mono = wire_signed(&wire);
	pair.utc = wire_signed(&wire);
	if (!is_all(&wire)) {
		return false;
	}
	*pair_out = pair;
	return true;
}

/* ---- cursor ---- */

unsigned char *record_cursor_put(unsigned char *at, const struct record_cursor *cursor)
{
	uint64_t before = cursor->at.lsn;

	at = put_string(at, cursor->name);
	at = wire_put_varint(at, cursor->is_gone ? CURSOR_GONE : 0);
	at = wire_put_varint(at, cursor->at.lsn);
	at = wire_put_varint(at, cursor->at.range_count);
	for (uint32_t i = 0; i < cursor->at.range_count; i++) {
		const struct store_range *range = &cursor->at.ranges[i];

		at = wire_put_varint(at, range->from - before);
		at = wire_put_varint(at, range->to - range->from);
		before = range->to;
	}
	at = wire_put_varint(at, (uint64_t)cursor->why);
	return wire_put_varint(at, cursor->total_count);
}

bool record_cursor_get(const struct record *record, struct record_cursor *cursor_out)
{
	struct wire wire = wire_of(record->body, record->size);
	struct record_cursor cursor = { 0 };
	uint64_t before;

	cursor.name = get_name(&wire);
	cursor.is_gone = (wire_varint(&wire) & CURSOR_GONE) != 0;
	cursor.at.lsn = wire_varint(&wire);
	cursor.at.range_count = (uint32_t)wire_bounded(&wire, STORE_RANGES_MAX);
	before = cursor.at.lsn;
	for (uint32_t i = 0; i < cursor.at.range_count; i++) {
		struct store_range *range = &cursor.at.ranges[i];

		range->from = before + wire_varint(&wire);
		range->to = range->from + wire_varint(&wire);
		if (range->from <= before || range->to < range->from) {
			return false;
		}
		before = range->to;
	}
	cursor.why = (enum store_loss)wire_bounded(&wire, STORE_LOSS_COUNT - 1);
	cursor.total_count = (uint32_t)wire_bounded(&wire, STORE_OWNERS_MAX);
	cursor.totals = wire;
	if (wire.is_bad) {
		return false;
	}
	*cursor_out = cursor;
	return true;
}

unsigned char *record_total_put(unsigned char *at, const struct record_total *total)
{
	at = put_string(at, total->name);
	at = wire_put_varint(at, total->samples);
	return wire_put_varint(at, total->events);
}

bool record_total_get(struct wire *wire, struct record_total *total_out)
{
	struct record_total total;

	total.name = get_name(wire);
	total.samples = wire_varint(wire);
	total.events = wire_varint(wire);
	if (wire->is_bad) {
		return false;
	}
	*total_out = total;
	return true;
}

/* ---- data ---- */

unsigned char *record_head_put(unsigned char *at, const struct record_head *head,
			       const struct record_base *base)
{
	at = wire_put_varint(at, head->owner);
	at = wire_put_varint(at, head->number);
	at = wire_put_signed(at, wire_minus(head->stamped, base->mono));
	at = wire_put_varint(at, head->samples);
	at = wire_put_varint(at, head->events);
	at = wire_put_varint(at, head->has_wall ? HEAD_WALL : 0);
	if (head->has_wall) {
		at = wire_put_signed(at, wire_minus(head->wall, base->utc));
	}
	return at;
}

bool record_head_get(struct wire *wire, const struct record_base *base,
		     struct record_head *head_out)
{
	struct record_head head;

	head.owner = wire_varint(wire);
	head.number = wire_varint(wire);
	head.stamped = wire_plus(wire_signed(wire), base->mono);
	head.samples = wire_varint(wire);
	head.events = wire_varint(wire);
	head.has_wall = (wire_varint(wire) & HEAD_WALL) != 0;
	head.wall = head.has_wall ? wire_plus(wire_signed(wire), base->utc) : 0;
	if (wire->is_bad) {
		return false;
	}
	*head_out = head;
	return true;
}

size_t record_event_bound(const struct store_event *event)
{
	return RECORD_HEADER_BYTES + 2 * RECORD_NUMBER_MAX + string_bound(event->device) +
	       string_bound(event->event->kind) + string_bound(event->event->key) +
	       string_bound(event->event->body);
}

unsigned char *record_event_put(unsigned char *at, const struct store_event *event,
				const struct record_base *base)
{
	at = wire_put_signed(at, wire_minus(event->event->time, base->utc));
	at = wire_put_varint(at, (uint64_t)event->event->severity);
	at = put_string(at, event->device);
	at = put_string(at, event->event->kind);
	at = put_string(at, event->event->key);
	return put_string(at, event->event->body);
}

bool record_event_get(struct wire *wire, const struct record_base *base,
		      struct ew_event *event_out, const char **device_out)
{
	struct ew_event event = { .size = sizeof(event), .device = EW_NO_ID };
	const char *device;

	event.time = wire_plus(wire_signed(wire), base->utc);
	event.severity = (enum ew_severity)wire_bounded(wire, EW_SEVERITY_CRITICAL);
	device = get_string(wire);
	event.kind = get_name(wire);
	event.key = get_string(wire);
	event.body = get_string(wire);
	if (!is_all(wire)) {
		return false;
	}
	*event_out = event;
	*device_out = device;
	return true;
}

size_t record_entry_bound(const struct store_entry *entry)
{
	return RECORD_HEADER_BYTES + 2 * RECORD_NUMBER_MAX + string_bound(entry->key) + entry->size;
}

unsigned char *record_entry_put(unsigned char *at, const struct store_entry *entry,
				const struct record_base *base)
{
	at = wire_put_signed(at, wire_minus(entry->time, base->utc));
	at = put_string(at, entry->key);
	return wire_put_bytes(at, entry->bytes, entry->size);
}

bool record_entry_get(struct wire *wire, const struct record_base *base,
		      struct store_entry *entry_out)
{
	struct store_entry entry;

	entry.time = wire_plus(wire_signed(wire), base->utc);
	entry.key = get_string(wire);
	entry.bytes = wire_bytes(wire, &entry.size);
	if (!is_all(wire)) {
		return false;
	}
	*entry_out = entry;
	return true;
}
