/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From rows of text to samples. What stays is in the record's arena; cells are
 * forgotten with their row.
 */
#include "core/rehearsal/record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/base/type.h"
#include "core/bus/settable.h"
#include "core/conf/csv_cells.h"
#include "core/conf/file.h"

#define CELL_BYTES_MAX  65536
#define ARENA_MAX       ((size_t)2 << 30)
/* what seconds from the beginning begin at: 2026-01-01 00:00 UTC */
#define FIRST_TIME      INT64_C(1767225600000000000)

enum column {
	COLUMN_TIME,
	COLUMN_TAG,
	COLUMN_VALUE,
	COLUMN_QUALITY,
	COLUMN_TYPE,
	COLUMN_UNIT,
	COLUMN_MAX_AGE,
	COLUMN_COUNT
};

static const char *const column_names[COLUMN_COUNT + 1] = {
	"time", "tag", "value", "quality", "type", "unit", "max_age", NULL
};

struct reading {
	struct record *record;
	struct diag *diag;
	struct csv_cells cells;
	struct arena scratch;           /* of the row */
	size_t places[COLUMN_COUNT];    /* of a column in a row; CSV_COLUMNS: not there */
	struct hash devices, tags;      /* to their place, from 1 */
	size_t device_room, tag_room, row_room;
	bool is_relative;               /* times are seconds; set by the first row */
};

/* The cell of a column, NULL: empty. */
static const char *reading_cell(const struct reading *reading, enum column column,
				struct conf_place *place_out)
{
	size_t at = reading->places[column];
	const struct csv_cell *cell = &reading->cells.row[at < reading->cells.cells ? at : 0];

	*place_out = cell->place;
	return at < reading->cells.cells ? cell->text : NULL;
}

static int reading_columns(struct reading *reading)
{
	const struct csv_cells *cells = &reading->cells;

	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		reading->places[i] = CSV_COLUMNS;
	}
	for (size_t i = 0; i < cells->columns; i++) {
		const struct csv_cell *cell = &cells->header[i];
		const char *near;
		size_t column = 0;

		while (column < COLUMN_COUNT && strcmp(column_names[column], cell->text) != 0) {
			column++;
		}
		if (column == COLUMN_COUNT) {
			near = text_suggest(cell->text, column_names, COLUMN_COUNT);
			return diag_error(reading->diag, &cell->place, "no column is called '%s'"
					  "%s%s%s", cell->text, near ? ": did you mean '" : "",
					  near ? near : "", near ? "'?" : "");
		}
		reading->places[column] = i;
	}
	for (size_t i = COLUMN_TIME; i <= COLUMN_VALUE; i++) {
		if (reading->places[i] == CSV_COLUMNS) {
			return diag_error(reading->diag, &cells->header[0].place, "no column '%s';"
					  " the first line names the columns", column_names[i]);
		}
	}
	return 0;
}

/* ---- cells ---- */

/* "2026-11-24T13:08:57.25Z" */
static int parse_date(const char *text, ew_time *time_out)
{
	const char *point = strchr(text, '.');
	size_t size = point != NULL ? (size_t)(point - text) : 0, digits = 0;
	int64_t fraction = 0, unit = 1000000000;
	char whole[32];
	ew_time time;
	int error;

	if (point == NULL) {
		return text_parse_time(text, time_out);
	}
	digits = strspn(point + 1, "0123456789");
	if (size + 2 > sizeof(whole) || digits == 0 || strcmp(point + 1 + digits, "Z") != 0) {
		return -EINVAL;
	}
	(void)snprintf(whole, sizeof(whole), "%.*sZ", (int)size, text);
	error = text_parse_time(whole, &time);
	for (size_t i = 0; i < digits && unit > 1; i++) {
		unit /= 10;
		fraction += (point[1 + i] - '0') * unit;
	}
	*time_out = error == 0 ? time + fraction : *time_out;
	return error;
}

static int reading_time(struct reading *reading, ew_time *time_out)
{
	bool is_first = reading->record->row_count == 0;
	struct conf_place place;
	const char *text = reading_cell(reading, COLUMN_TIME, &place);
	bool is_relative;
	double seconds;

	if (text == NULL) {
		return diag_error(reading->diag, &place, "a row without a time");
	}
	is_relative = text_parse_float(text, &seconds) == 0;
	if (is_relative ? !(seconds >= 0 && seconds < 3e9) : parse_date(text, time_out) != 0) {
		return diag_error(reading->diag, &place, "'%s' is no time: write "
				  "2026-11-24T13:08:57.25Z, or seconds from the beginning", text);
	}
	if (is_first) {
		reading->is_relative = is_relative;
	} else if (reading->is_relative != is_relative) {
		return diag_error(reading->diag, &place, "'%s' is %s, and the first row has %s",
				  text, is_relative ? "seconds" : "a date",
				  is_relative ? "a date" : "seconds");
	}
	if (is_relative) {
		*time_out = FIRST_TIME + (ew_time)(seconds * 1e9 + 0.5);
	}
	return 0;
}

static int parse_reason(const char *text, uint16_t *reason_out)
{
	for (uint16_t i = EW_REASON_NO_VALUE; i <= EW_REASON_NOT_CONFIGURED; i++) {
		if (strcmp(ew_reason_name(i), text) == 0) {
			*reason_out = i;
			return 0;
		}
	}
	return -EINVAL;
}

/* is_kept_out false: the row only declares. */
static int reading_quality(struct reading *reading, uint16_t *quality_out, bool *is_kept_out)
{
	static const uint16_t classes[] = { EW_GOOD, EW_UNCERTAIN, EW_BAD };
	struct conf_place place;
	const char *text = reading_cell(reading, COLUMN_QUALITY, &place);
	size_t size = text == NULL ? 0 : strcspn(text, "/");
	uint16_t reason = 0;

	*quality_out = EW_GOOD;
	*is_kept_out = text == NULL || strcmp(text, "none") != 0;
	if (text == NULL || !*is_kept_out) {
		return 0;
	}
	for (size_t i = 0; i < 3; i++) {
		const char *name = ew_quality_name(classes[i]);

		if (strlen(name) == size && strncmp(name, text, size) == 0 &&
		    (text[size] == '\0' || parse_reason(text + size + 1, &reason) == 0)) {
			*quality_out = (uint16_t)(classes[i] | reason);
			return 0;
		}
	}
	return diag_error(reading->diag, &place, "'%s' is no quality: write good, uncertain, bad "
			  "or none, with a reason as in bad/stale", text);
}

static enum ew_carrier carrier_of_text(const char *text)
{
	double number;
	bool truth;

	return text == NULL || text_parse_float(text, &number) == 0 ? EW_F64
	     : text_parse_bool(text, &truth) == 0 ? EW_BOOL : EW_TEXT;
}

/* Of a row without a value, or with one of the tag's type. */
static int reading_value(struct reading *reading, const struct record_tag *tag,
			 struct ew_sample *sample_out)
{
	struct conf_place place;
	const char *text = reading_cell(reading, COLUMN_VALUE, &place);

	*sample_out = ew_sample_none(0, 0);
	if (text == NULL) {
		return 0;
	}
	if (tag->carrier == EW_TEXT) {
		text = arena_text(&reading->record->arena, text, strlen(text));
	}
	if (text == NULL) {
		return diag_no_memory(reading->diag, &place);
	}
	if (settable_parse(tag->carrier, text, sample_out) != 0) {
		return diag_error(reading->diag, &place, "'%s' is not a value of type %s", text,
				  ew_type_name(tag->spec.type));
	}
	if (tag->spec.type == EW_TYPE_F32) {
		/* as the bus carries it: 27.33 of 32 bits is a little less */
		sample_out->v.f = (double)(float)sample_out->v.f;
	}
	return 0;
}

/* ---- devices and tags ---- */

/* Room for one more; what is there is copied. -ENOMEM. */
static int make_room(void **at, size_t count, size_t *room, size_t size, size_t most)
{
	size_t wanted = *room == 0 ? 64 : *room * 2;
	void *grown;

	if (count < *room) {
		return 0;
	}
	grown = count >= most ? NULL : realloc(*at, wanted * size);
	if (grown == NULL) {
		return -ENOMEM;
	}
	*at = grown;
	*room = wanted;
	return 0;
}

static int reading_device(struct reading *reading, const char *name, size_t size,
			  uint32_t *device_out)
{
	struct record *record = reading->record;
	uintptr_t found = (uintptr_t)hash_find_sized(&reading->devices, name, size);
	const char *path;

	if (found != 0) {
		*device_out = (uint32_t)found - 1;
		return 0;
	}
	path = arena_text(&record->arena, name, size);
	if (path == NULL ||
	    make_room((void **)&record->devices, record->device_count, &reading->device_room,
		      sizeof(*record->devices), RECORD_TAGS_MAX) != 0 ||
	    hash_put(&reading->devices, path, (void *)(uintptr_t)(record->device_count + 1)) != 0) {
		return diag_no_memory(reading->diag, &reading->cells.row[0].place);
	}
	record->devices[record->device_count] =
		(struct record_device){ .path = path, .state = EW_DEVICE_UP };
	*device_out = (uint32_t)record->device_count++;
	return 0;
}

/* What the first row of a tag says of it. */
static int reading_describe(struct reading *reading, struct record_tag *tag)
{
	struct conf_place place;
	const char *text = reading_cell(reading, COLUMN_TYPE, &place);

	if (text != NULL && (type_parse(text, &tag->spec.type) != 0 ||
			     ew_type_carrier(tag->spec.type) == EW_BYTES ||
			     ew_type_carrier(tag->spec.type) == EW_NONE)) {
		return diag_error(reading->diag, &place, "'%s' is no type of a value in a record: "
				  "write bool, i8 to u64, f32, f64, time or text", text);
	}
	if (text != NULL) {
		tag->carrier = ew_type_carrier(tag->spec.type);
	} else {
		tag->carrier = carrier_of_text(reading_cell(reading, COLUMN_VALUE, &place));
		tag->spec.type = tag->carrier == EW_BOOL ? EW_TYPE_BOOL
			       : tag->carrier == EW_F64 ? EW_TYPE_F64 : EW_TYPE_TEXT;
	}
	text = reading_cell(reading, COLUMN_UNIT, &place);
	if (text != NULL) {
		tag->spec.unit = arena_text(&reading->record->arena, text, strlen(text));
		if (tag->spec.unit == NULL) {
			return diag_no_memory(reading->diag, &place);
		}
	}
	text = reading_cell(reading, COLUMN_MAX_AGE, &place);
	if (text != NULL && text_parse_duration(text, &tag->spec.max_age) != 0) {
		return diag_error(reading->diag, &place, "'%s' is not a duration such as 500ms, "
				  "10s or 1h", text);
	}
	return 0;
}

static int reading_add_tag(struct reading *reading, const char *text, uint32_t *tag_out)
{
	struct record *record = reading->record;
	size_t device_size = strcspn(text, ":");
	struct record_tag tag = {
		.name = arena_text(&record->arena, text, strlen(text)),
		.spec = { .size = sizeof(tag.spec), .max_bytes = CELL_BYTES_MAX,
			  .access = EW_ACCESS_READ | EW_ACCESS_WRITE },
	};
	int error;

	if (tag.name == NULL ||
	    make_room((void **)&record->tags, record->tag_count, &reading->tag_room,
		      sizeof(*record->tags), RECORD_TAGS_MAX) != 0 ||
	    hash_put(&reading->tags, tag.name, (void *)(uintptr_t)(record->tag_count + 1)) != 0) {
		return diag_no_memory(reading->diag, &reading->cells.row[0].place);
	}
	tag.spec.name = tag.name + device_size + 1;
	error = reading_device(reading, text, device_size, &tag.device);
	if (error == 0) {
		error = reading_describe(reading, &tag);
	}
	record->tags[record->tag_count] = tag;
	*tag_out = (uint32_t)record->tag_count++;
	return error;
}

static int reading_tag(struct reading *reading, const char *text, uint32_t *tag_out)
{
	uintptr_t found = (uintptr_t)hash_find(&reading->tags, text);

	if (found != 0) {
		*tag_out = (uint32_t)found - 1;
		return 0;
	}
	return reading_add_tag(reading, text, tag_out);
}

/* ---- rows ---- */

static int reading_state(struct reading *reading, const char *path, struct record_row *row)
{
	static const enum ew_state states[] = { EW_DEVICE_DOWN, EW_DEVICE_UP, EW_DEVICE_STALE };
	struct conf_place place;
	const char *text = reading_cell(reading, COLUMN_VALUE, &place);
	int error = reading_device(reading, path, strlen(path), &row->device);

	if (error != 0) {
		return error;
	}
	for (size_t i = 0; i < 3; i++) {
		if (text == NULL || strcmp(ew_state_name(states[i]), text) != 0) {
			continue;
		}
		row->state = states[i];
		return 0;
	}
	return diag_error(reading->diag, &place, "'%s' is no state of a device: write up, down or "
			  "stale; a tag is DEVICE:TAG", text != NULL ? text : "");
}

static int reading_sample(struct reading *reading, const char *name, struct record_row *row,
			  bool *is_kept_out)
{
	uint16_t quality;
	uint32_t tag = 0;
	int error = reading_quality(reading, &quality, is_kept_out);

	if (error == 0) {
		error = reading_tag(reading, name, &tag);
	}
	if (error == 0) {
		error = reading_value(reading, &reading->record->tags[tag], &row->sample);
		row->sample.tag = tag;
		row->sample.quality = quality;
		row->sample.time = row->time;
	}
	return error;
}

static int reading_row(struct reading *reading)
{
	struct record *record = reading->record;
	struct record_row row = { .number = (uint32_t)record->row_count, .device = RECORD_NONE };
	struct conf_place place;
	const char *tag = reading_cell(reading, COLUMN_TAG, &place);
	bool is_kept = true;
	int error;

	if (reading->cells.cells > reading->cells.columns) {
		return diag_error(reading->diag,
				  &reading->cells.row[reading->cells.columns].place,
				  "%zu cells, but the first line names %zu columns",
				  reading->cells.cells, reading->cells.columns);
	}
	if (tag == NULL || *tag == ':' || tag[strlen(tag) - 1] == ':') {
		return diag_error(reading->diag, &place, "a row without a tag, DEVICE:TAG");
	}
	if (record->row_count == RECORD_ROWS_MAX) {
		return diag_error(reading->diag, &place, "more than %u rows", RECORD_ROWS_MAX);
	}
	error = reading_time(reading, &row.time);
	if (error == 0) {
		error = strchr(tag, ':') == NULL ? reading_state(reading, tag, &row)
						 : reading_sample(reading, tag, &row, &is_kept);
	}
	if (error != 0 || !is_kept) {
		return error;
	}
	if (make_room((void **)&record->rows, record->row_count, &reading->row_room,
		      sizeof(*record->rows), RECORD_ROWS_MAX) != 0) {
		return diag_no_memory(reading->diag, &place);
	}
	record->rows[record->row_count++] = row;
	return 0;
}

/* Rows of the first time say how it begins. */
static void begin_states(struct record *record)
{
	for (size_t i = record->row_count; i-- > 0;) {
		const struct record_row *row = &record->rows[i];

		if (row->device != RECORD_NONE && row->time == record->rows[0].time) {
			record->devices[row->device].state = row->state;
		}
	}
}

static int compare_rows(const void *a, const void *b)
{
	const struct record_row *x = a, *y = b;

	if (x->time != y->time) {
		return x->time < y->time ? -1 : 1;
	}
	return x->number < y->number ? -1 : x->number > y->number;
}

/* All rows are looked at, so that all that is wrong is told. */
static int reading_run(struct reading *reading)
{
	size_t errors = reading->diag->errors;
	int error = reading_columns(reading);

	while (error == 0 && (error = csv_cells_next(&reading->cells)) == 0) {
		error = reading_row(reading);
		error = error == -EINVAL ? 0 : error;
		arena_fini(&reading->scratch);
		arena_init(&reading->scratch, ARENA_MAX);
	}
	error = error == 1 ? 0 : error;
	if (error == 0 && reading->diag->errors > errors) {
		error = -EINVAL;
	}
	if (error == 0 && reading->record->row_count == 0) {
		error = diag_error(reading->diag, &reading->cells.place, "no row with a sample");
	}
	if (error == 0) {
		qsort(reading->record->rows, reading->record->row_count,
		      sizeof(*reading->record->rows), compare_rows);
		begin_states(reading->record);
	}
	return error;
}

int record_read(const char *file, const char *text, size_t size, struct diag *diag,
		struct record **record_out)
{
	struct record *record = calloc(1, sizeof(*record));
	struct reading *reading = calloc(1, sizeof(*reading));
	struct arena header;
	int error;

	if (record == NULL || reading == NULL) {
		free(record);
		free(reading);
		return diag_no_memory(diag, NULL);
	}
	arena_init(&record->arena, ARENA_MAX);
	arena_init(&reading->scratch, ARENA_MAX);
	arena_init(&header, ARENA_MAX);
	hash_init(&reading->devices, RECORD_TAGS_MAX);
	hash_init(&reading->tags, RECORD_TAGS_MAX);
	reading->record = record;
	reading->diag = diag;
	reading->cells = (struct csv_cells){
		.arena = &header, .diag = diag, .cell_bytes = CELL_BYTES_MAX,
	};
	error = csv_cells_begin(&reading->cells, file, text, size);
	if (error == 0) {
		reading->cells.arena = &reading->scratch;
		error = reading_run(reading);
	}
	arena_fini(&reading->scratch);
	arena_fini(&header);
	hash_fini(&reading->devices);
	hash_fini(&reading->tags);
	free(reading);
	if (error != 0) {
		record_free(&record);
		return error;
	}
	*record_out = record;
	return 0;
}

int record_load(const char *path, struct diag *diag, struct record **record_out)
{
	const struct conf_place place = { .file = path };
	struct buf text;
	int error;

	buf_init(&text, RECORD_BYTES_MAX);
	error = conf_file_read(diag, &place, path, &text);
	if (error == 0) {
		error = record_read(path, buf_text(&text), text.size, diag, record_out);
	}
	buf_fini(&text);
	return error;
}

void record_free(struct record **record)
{
	if (*record == NULL) {
		return;
	}
	arena_fini(&(*record)->arena);
	free((*record)->devices);
	free((*record)->tags);
	free((*record)->rows);
	free(*record);
	*record = NULL;
}
