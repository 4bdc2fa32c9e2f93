/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payloads: records out of bytes and bytes out of records, the same way for
 * every content format. Pure functions, any thread.
 *
 *	struct lwm2m_decoder decoder;
 *	struct lwm2m_record record;
 *
 *	rc = lwm2m_decoder_begin(&decoder, content, &source);
 *	while (rc >= 0 && (rc = lwm2m_decoder_next(&decoder, &record)) > 0) {
 *		...
 *	}
 *
 * Nothing is allocated; records borrow their text from the payload, from the
 * scratch memory or, for a prefix that is put together of two names, from the
 * decoder until the next record. What a sender may repeat or leave out is the
 * business of who reads the records: the same path twice is two records.
 *
 * A format is one row of the table in format.c and one file.
 */
#ifndef PROTO_LWM2M_FORMAT_H
#define PROTO_LWM2M_FORMAT_H

#include "proto/cbor/cbor.h"
#include "proto/json/json_in.h"
#include "proto/lwm2m/path.h"
#include "proto/lwm2m/value.h"

/* Content-format numbers, as IANA has them. */
enum lwm2m_content {
	LWM2M_CONTENT_TEXT = 0,
	LWM2M_CONTENT_LINKS = 40,               /* not of records: see link.h */
	LWM2M_CONTENT_OPAQUE = 42,
	LWM2M_CONTENT_CBOR = 60,                /* one value */
	LWM2M_CONTENT_SENML_JSON = 110,
	LWM2M_CONTENT_SENML_CBOR = 112,
	LWM2M_CONTENT_ETCH_JSON = 320,
	LWM2M_CONTENT_ETCH_CBOR = 322,
	LWM2M_CONTENT_TLV = 11542,
	LWM2M_CONTENT_LWM2M_CBOR = 11544
};

#define LWM2M_RECORD_ROOM  192          /* bytes an encoder wants beside a record's text */

/* SenML takes less as relative to now (RFC 8428, 4.5.3); seconds. */
#define LWM2M_ABSOLUTE_TIME  (INT64_C(1) << 28)

struct lwm2m_record {
	struct lwm2m_path path;
	struct lwm2m_value value;
	int64_t time;                   /* ns UTC; 0: none is stated */
};

/* What is decoded. */
struct lwm2m_source {
	const void *bytes;
	size_t size;
	struct lwm2m_path base;         /* target of the request, for formats without names */
	int64_t now;                    /* ns UTC: where relative times count from */
	char *scratch;                  /* JSON: for text with escapes, and base64 */
	size_t scratch_size;            /* `size` bytes are always enough */
};

/* Where to encode to, and how. */
struct lwm2m_target {
	void *bytes;
	size_t room;
	struct lwm2m_path base;         /* target of the request, for formats without names */
	int64_t base_time;              /* SenML: whole seconds in ns; 0: of the first record */
	bool series;                    /* SenML: records come in runs of one path */
};

struct lwm2m_format;

/* A container of LwM2M CBOR, and how much of the path was there before its keys. */
struct lwm2m_frame {
	uint64_t left;                  /* entries, or CBOR_INDEFINITE */
	uint8_t depth;
	uint8_t prefix_size;
};

#define LWM2M_FRAMES_MAX  6             /* each key adds a prefix or an id to the path */

struct lwm2m_decoder {
	const struct lwm2m_format *format;
	struct lwm2m_source source;
	struct cbor_in in;
	struct json_in json;
	uint64_t left;                  /* records, or CBOR_INDEFINITE */
	struct lwm2m_path path;
	bool done;

	/* SenML */
	const char *base_name;
	size_t base_size;
	struct lwm2m_path base_path;    /* of base_name, when it is a path as it stands */
	bool base_is_path;
	bool has_time;
	int64_t base_time;              /* ns */
	char name[LWM2M_PATH_MAX];      /* of two parts */

	/* LwM2M CBOR */
	struct lwm2m_frame frames[LWM2M_FRAMES_MAX];
	unsigned frame_count;

	/* TLV */
	const uint8_t *instance_end;    /* NULL: not in one */
	const uint8_t *multiple_end;
};

struct lwm2m_encoder {
	const struct lwm2m_format *format;
	struct lwm2m_target target;
	struct cbor_out out;
	uint8_t *begin;                 /* of the content; heads are put before it at the end */
	uint64_t count;                 /* records, or entries of the outermost map */
	struct lwm2m_path path;         /* SenML: of the base name; LwM2M CBOR: of the group */
	char prefix[LWM2M_PREFIX_MAX + 1];      /* of path */
	bool has_base;
	bool base_is_open;              /* the base name ends in a slash */
	bool has_time;

	/* LwM2M CBOR */
	uint8_t *key;                   /* array with the path of the last entry */
	uint8_t *map;                   /* NULL: the entry is a value */
	uint64_t map_count;

	/* TLV: begin of what is open; NULL: nothing is */
	uint8_t *instance;
	uint8_t *multiple;
};

/* -ENOTSUP no such format; -EPROTO it does not begin as one. */
int lwm2m_decoder_begin(struct lwm2m_decoder *decoder, unsigned content,
			const struct lwm2m_source *source);

/* 1: a record; 0: the end; -EPROTO not of this format. After 0 or an error: no more calls. */
int lwm2m_decoder_next(struct lwm2m_decoder *decoder, struct lwm2m_record *record_out);

/* -ENOTSUP no such format; -EMSGSIZE no room at all. */
int lwm2m_encoder_begin(struct lwm2m_encoder *encoder, unsigned content,
			const struct lwm2m_target *target);

/*
 * Add a record. -EMSGSIZE: fewer than LWM2M_RECORD_ROOM and its text are left,
 * nothing was added. -EINVAL: the format cannot say it, or the value is raw.
 */
int lwm2m_encoder_push(struct lwm2m_encoder *encoder, const struct lwm2m_record *record);

/* Bytes so far, heads not counted: to stop in time. */
size_t lwm2m_encoder_size(const struct lwm2m_encoder *encoder);

/* Where the payload lies in the target. -ENODATA: the format cannot say nothing. */
int lwm2m_encoder_end(struct lwm2m_encoder *encoder, const uint8_t **bytes_out,
		      size_t *size_out);

/* What can be asked of a format. */
#define LWM2M_FORMAT_ONE    0x01u       /* exactly one value, named by the target */
#define LWM2M_FORMAT_TIMED  0x02u       /* records have times */
#define LWM2M_FORMAT_NAMED  0x04u       /* records have whole paths, prefixes too */

struct lwm2m_format {
	unsigned content;
	unsigned flags;
	const char *media_type;
	int (*decode_begin)(struct lwm2m_decoder *decoder);
	int (*decode_next)(struct lwm2m_decoder *decoder, struct lwm2m_record *record_out);
	int (*encode_begin)(struct lwm2m_encoder *encoder);
	int (*encode_push)(struct lwm2m_encoder *encoder, const struct lwm2m_record *record);
	int (*encode_end)(struct lwm2m_encoder *encoder);
};

/* NULL: not a format of records. */
const struct lwm2m_format *lwm2m_format_find(unsigned content);

/* ---- for the files of formats ---- */

extern const struct lwm2m_format lwm2m_format_text;
extern const struct lwm2m_format lwm2m_format_opaque;
extern const struct lwm2m_format lwm2m_format_cbor;
extern const struct lwm2m_format lwm2m_format_senml_json;
extern const struct lwm2m_format lwm2m_format_senml_cbor;
extern const struct lwm2m_format lwm2m_format_etch_json;
extern const struct lwm2m_format lwm2m_format_etch_cbor;
extern const struct lwm2m_format lwm2m_format_tlv;
extern const struct lwm2m_format lwm2m_format_lwm2m_cbor;

/* A CBOR item that is a value; -EPROTO: it is none. */
int lwm2m_value_of_item(const struct cbor_item *item, struct lwm2m_value *value_out);

/* Write a value as a CBOR item, links as text; -EINVAL for raw ones. */
int lwm2m_value_put(struct cbor_out *out, const struct lwm2m_value *value);

/* Remember a path whose prefix may go away. */
void lwm2m_encoder_keep(struct lwm2m_encoder *encoder, const struct lwm2m_path *path);

/* ---- of SenML, for JSON and CBOR ---- */

#define LWM2M_SENML_VERSION  10

/* What one record said, before names and times are put together. */
struct lwm2m_senml {
	const char *name;               /* NULL: none */
	size_t name_size;
	struct lwm2m_value value;
	int64_t time;                   /* ns, relative to the base time */
	bool has_time;
	bool has_value;
	bool has_base;                  /* a base name or time */
};

/* Take a base name. -EPROTO: it cannot become a path. */
int lwm2m_senml_base(struct lwm2m_decoder *decoder, const char *name, size_t size);

/* 1: a record; 0: it said only what is base for the next ones; -EPROTO. */
int lwm2m_senml_resolve(struct lwm2m_decoder *decoder, const struct lwm2m_senml *senml,
			struct lwm2m_record *record_out);

/* Seconds to ns; -EPROTO: out of range. */
int lwm2m_senml_seconds(const struct lwm2m_value *value, int64_t *time_out);

/* The names and times of a record that is written; sizes of 0: left out. */
struct lwm2m_senml_labels {
	char base_name[LWM2M_PATH_MAX];
	size_t base_size;
	char name[LWM2M_PATH_MAX];
	size_t name_size;
	bool has_base_time;
	bool has_time;
	int64_t base_time;              /* seconds */
	int64_t time;                   /* ns, relative to the base time */
};

void lwm2m_senml_label(struct lwm2m_encoder *encoder, const struct lwm2m_record *record,
		       struct lwm2m_senml_labels *labels_out);

/* The same for SenML-ETCH: whole names, and neither bases nor times. */
void lwm2m_etch_label(const struct lwm2m_record *record, struct lwm2m_senml_labels *labels_out);

#endif
