/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a DataSet: columns, rows, cells. Its types may come packed into one
 * field or one by one, whichever the writer's protobuf does.
 */
#include "proto/sparkplug/message.h"

#include "proto/sparkplug/read.h"

/* Where columns go, and how many there were. */
struct sp_columns {
	size_t room;            /* of both arrays; 0: only count */
	struct sp_bytes *names;
	unsigned *types;
	size_t name_count;
	size_t type_count;
	uint64_t said;
	size_t rows;
};

static bool sp_column_type(struct sp_columns *columns, const uint8_t **at, const uint8_t *end)
{
	uint64_t type;

	if (!wire_get_varint(at, end, &type)) {
		return false;
	}
	if (columns->type_count < columns->room) {
		columns->types[columns->type_count] = (uint32_t)type;
	}
	columns->type_count++;
	return true;
}

static bool sp_column_types(struct sp_columns *columns, struct sp_bytes packed)
{
	const uint8_t *at = packed.at;
	const uint8_t *end = at + packed.size;

	while (at < end) {
		if (!sp_column_type(columns, &at, end)) {
			return false;
		}
	}
	return true;
}

static bool sp_dataset_field(struct sp_columns *columns, uint32_t tag, const uint8_t **at,
			     const uint8_t *end)
{
	struct sp_bytes bytes;

	switch (tag) {
	case WIRE_TAG(1, WIRE_VARINT):
		return wire_get_varint(at, end, &columns->said);
	case WIRE_TAG(2, WIRE_BYTES):
		if (!wire_get_bytes(at, end, &bytes)) {
			return false;
		}
		if (columns->name_count < columns->room) {
			columns->names[columns->name_count] = bytes;
		}
		columns->name_count++;
		return true;
	case WIRE_TAG(3, WIRE_VARINT):
		return sp_column_type(columns, at, end);
	case WIRE_TAG(3, WIRE_BYTES):
		return wire_get_bytes(at, end, &bytes) && sp_column_types(columns, bytes);
	case WIRE_TAG(4, WIRE_BYTES):
		columns->rows++;
		return wire_get_bytes(at, end, &bytes);
	default:
		return tag >> 3 > 4 && wire_skip(at, end, tag);
	}
}

static int sp_dataset_read(struct sp_bytes bytes, struct sp_columns *columns)
{
	const uint8_t *at = bytes.at;
	const uint8_t *end = at + bytes.size;
	uint32_t tag;

	while (at < end) {
		if (!wire_get_tag(&at, end, &tag) || !sp_dataset_field(columns, tag, &at, end)) {
			return -EPROTO;
		}
	}
	return 0;
}

int sp_dataset_decode(struct sp_bytes bytes, struct sp_dataset *dataset_out,
		      struct sp_reader *rows_out)
{
	struct sp_columns columns = { 0 };
	int error = sp_dataset_read(bytes, &columns);

	if (error != 0) {
		return error;
	}
	dataset_out->column_count = columns.said;
	dataset_out->names = columns.name_count;
	dataset_out->types = columns.type_count;
	dataset_out->rows = columns.rows;
	sp_reader_open(rows_out, bytes, 4);
	return 0;
}

int sp_dataset_columns(struct sp_bytes bytes, size_t count, struct sp_bytes *names_out,
		       unsigned *types_out)
{
	struct sp_columns columns = { .room = count, .names = names_out, .types = types_out };
	int error = sp_dataset_read(bytes, &columns);

	if (error == 0 && (columns.name_count != count || columns.type_count != count ||
			   columns.said != count)) {
		error = -EPROTO;
	}
	return error;
}

int sp_row_next(struct sp_reader *rows, struct sp_reader *cells_out)
{
	struct sp_bytes row;
	int more = sp_reader_next(rows, &row);

	if (more > 0) {
		sp_reader_open(cells_out, row, 1);
	}
	return more;
}

static bool sp_cell_field(struct sp_cursor *c, uint32_t tag, struct sp_value *value)
{
	int plain;

	if (tag == WIRE_TAG(7, WIRE_BYTES)) {
		return sp_get_slice(c, SP_EXTENSION, value);
	}
	plain = sp_get_plain(c, tag, 0, value);
	return plain != 0 ? plain > 0 : sp_get_other(c, tag, 7);
}

int sp_cell_next(struct sp_reader *cells, struct sp_value *value_out)
{
	struct sp_value value = { 0 };
	struct sp_bytes bytes;
	int more = sp_reader_next(cells, &bytes);
	struct sp_cursor c;
	uint32_t tag;

	if (more <= 0) {
		return more;
	}
	c = sp_cursor_of(bytes);
	while (c.at < c.end) {
		if (!wire_get_tag(&c.at, c.end, &tag) || !sp_cell_field(&c, tag, &value)) {
			return -EPROTO;
		}
	}
	*value_out = value;
	return 1;
}
