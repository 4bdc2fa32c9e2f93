/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of a Sparkplug B payload, written and read without allocating.
 *
 * Every message is a flat struct. What is nested in it stays encoded: a slice,
 * which is opened when it is wanted. So a writer makes the inner messages
 * first, in memory of its own, and puts the slice into the outer one; a reader
 * walks repeated parts one at a time.
 *
 *	struct sp_metric m = { .has = SP_HAS_ALIAS | SP_HAS_TIMESTAMP };
 *
 *	sp_writer_init(&w, memory, sizeof(memory));
 *	m.alias = 7; m.timestamp = now; m.value = sp_value_whole(SP_TYPE_INT16, 42);
 *	error = sp_metric_put(&w, &m);
 *	error = sp_payload_put(&w, &(struct sp_payload){ .has = SP_HAS_SEQ, .seq = 3 });
 *
 *	error = sp_payload_decode(bytes, &limits, &payload, &metrics);
 *	while ((more = sp_metric_next(&metrics, &m)) > 0) ...
 *
 * What is read: protobuf's rules, fields in any order, the last one of a value
 * wins, unknown fields and extensions are passed over, a known field of the
 * wrong wire type is malformed. Text is not looked at: who keeps it checks it.
 *
 * Thread: any; no state. Owner: slices are borrowed from the bytes read, which
 * must outlive them.
 */
#ifndef PROTO_SPARKPLUG_MESSAGE_H
#define PROTO_SPARKPLUG_MESSAGE_H

#include "proto/sparkplug/type.h"

/* `has` of a message: which of its plain fields are there. */
#define SP_HAS_NAME        0x01u
#define SP_HAS_ALIAS       0x02u
#define SP_HAS_TIMESTAMP   0x04u
#define SP_HAS_DATATYPE    0x08u
#define SP_HAS_METADATA    0x10u
#define SP_HAS_PROPERTIES  0x20u
#define SP_HAS_SEQ         0x40u
#define SP_HAS_UUID        0x80u
#define SP_HAS_BODY        0x100u
#define SP_HAS_VERSION     0x200u
#define SP_HAS_REFERENCE   0x400u
#define SP_HAS_DEFINITION  0x800u

/* What one payload may hold; more is -EMSGSIZE. */
struct sp_limits {
	size_t bytes;
	size_t metrics;         /* at the top */
	size_t items;           /* metrics, properties, cells, parameters on all levels */
	unsigned depth;         /* of templates and property sets in one another */
};

/* What Payload says beside its metrics. */
struct sp_payload {
	unsigned has;           /* TIMESTAMP SEQ UUID BODY */
	uint64_t timestamp;     /* ms UTC */
	uint64_t seq;
	struct sp_bytes uuid;
	struct sp_bytes body;
};

/* A member that `has` does not name, and the value without a carrier, is not set. */
struct sp_metric {
	unsigned has;           /* NAME ALIAS TIMESTAMP DATATYPE METADATA PROPERTIES */
	unsigned datatype;      /* enum sp_type */
	uint64_t alias;
	uint64_t timestamp;     /* ms UTC */
	struct sp_bytes name;
	bool is_historical;
	bool is_transient;
	bool is_null;
	struct sp_bytes metadata;       /* MetaData */
	struct sp_bytes properties;     /* PropertySet */
	struct sp_value value;
};

struct sp_metadata {
	bool has_multi_part, has_size, has_seq;
	bool is_multi_part;
	uint64_t size;
	uint64_t seq;
	struct sp_bytes content_type;   /* these: at NULL when not given */
	struct sp_bytes file_name;
	struct sp_bytes file_type;
	struct sp_bytes md5;
	struct sp_bytes description;
};

/* A key of a PropertySet with its value, or a parameter of a Template. */
struct sp_item {
	struct sp_bytes name;
	unsigned type;          /* 0: not given */
	bool is_null;           /* properties only */
	struct sp_value value;
};

struct sp_template {
	unsigned has;           /* VERSION REFERENCE DEFINITION */
	struct sp_bytes version;
	struct sp_bytes reference;      /* name of the definition */
	bool is_definition;
};

struct sp_dataset {
	uint64_t column_count;  /* as it says itself */
	size_t names;           /* how many there are */
	size_t types;
	size_t rows;
};

/* ---- writing ---- */

/* Into memory of the caller. A put that does not fit leaves what was there. */
struct sp_writer {
	uint8_t *begin;
	uint8_t *at;
	uint8_t *end;
};

void sp_writer_init(struct sp_writer *writer, void *memory, size_t size);

/* What was written so far. */
struct sp_bytes sp_written(const struct sp_writer *writer);

/*
 * Append one message or field. A bit more room than the result takes is asked
 * for: SP_SLACK bytes beside the lengths of all texts and slices.
 *
 * Errors: -EMSGSIZE  no room: nothing was written
 *         -EINVAL    a carrier that this message does not have
 */
#define SP_SLACK  160u
int sp_payload_put(struct sp_writer *writer, const struct sp_payload *payload);
/* of Payload and of Template alike */
int sp_metric_put(struct sp_writer *writer, const struct sp_metric *metric);
int sp_metadata_put(struct sp_writer *writer, const struct sp_metadata *metadata);
/* one more of a PropertySet */
int sp_property_put(struct sp_writer *writer, const struct sp_item *property);
/* one more of a PropertySetList */
int sp_set_put(struct sp_writer *writer, struct sp_bytes set);
/* one more of a Template */
int sp_parameter_put(struct sp_writer *writer, const struct sp_item *parameter);
/* what a Template says beside its metrics and parameters */
int sp_template_put(struct sp_writer *writer, const struct sp_template *template_);
/* one more column of a DataSet */
int sp_column_put(struct sp_writer *writer, struct sp_bytes name, unsigned type);
int sp_column_count_put(struct sp_writer *writer, uint64_t count);
/* one more of a Row; SP_NONE: an empty cell */
int sp_cell_put(struct sp_writer *writer, const struct sp_value *value);
/* one more of a DataSet */
int sp_row_put(struct sp_writer *writer, struct sp_bytes row);

/* ---- reading ---- */

/* A walk over the occurrences of one field. */
struct sp_reader {
	const uint8_t *at;
	const uint8_t *end;
	unsigned field;
};

/*
 * Read a payload: its plain fields, and where its metrics are.
 *
 * Errors: -EMSGSIZE  over a limit (bytes, metrics);  -EPROTO  malformed
 */
int sp_payload_decode(struct sp_bytes bytes, const struct sp_limits *limits,
		      struct sp_payload *payload_out, struct sp_reader *metrics_out);

/*
 * The next one. Returns 1, 0 at the end, -EPROTO for one that is malformed.
 */
int sp_metric_next(struct sp_reader *metrics, struct sp_metric *metric_out);

/*
 * Open a slice.
 *
 * Errors: -EPROTO  malformed
 */
int sp_metadata_decode(struct sp_bytes bytes, struct sp_metadata *metadata_out);
int sp_template_decode(struct sp_bytes bytes, struct sp_template *template_out,
		       struct sp_reader *metrics_out, struct sp_reader *parameters_out);
int sp_dataset_decode(struct sp_bytes bytes, struct sp_dataset *dataset_out,
		      struct sp_reader *rows_out);

/* Two walks side by side: keys and values. */
struct sp_properties {
	struct sp_reader keys;
	struct sp_reader values;
};
void sp_properties_open(struct sp_bytes bytes, struct sp_properties *properties_out);
/* 1, 0, or -EPROTO: malformed, or not as many keys as values */
int sp_property_next(struct sp_properties *properties, struct sp_item *property_out);

void sp_sets_open(struct sp_bytes bytes, struct sp_reader *sets_out);
int sp_set_next(struct sp_reader *sets, struct sp_bytes *set_out);

int sp_parameter_next(struct sp_reader *parameters, struct sp_item *parameter_out);

/*
 * The columns of a DataSet into arrays of the caller, `count` long.
 *
 * Errors: -EPROTO  not as many names, types and announced columns as count
 */
int sp_dataset_columns(struct sp_bytes bytes, size_t count, struct sp_bytes *names_out,
		       unsigned *types_out);
int sp_row_next(struct sp_reader *rows, struct sp_reader *cells_out);
int sp_cell_next(struct sp_reader *cells, struct sp_value *value_out);

/*
 * Walk all of a payload: is every level of it well formed and within limits?
 * After this no reader of it or of its slices meets an error.
 *
 * Errors: -EMSGSIZE  over a limit;  -EPROTO  malformed
 */
int sp_payload_check(struct sp_bytes bytes, const struct sp_limits *limits);

/* The same of one value, which may hold a DataSet, a Template or property sets. */
int sp_value_check(const struct sp_value *value, const struct sp_limits *limits);

#endif
