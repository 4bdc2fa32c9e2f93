/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples and events as text of a request. What is the same for all samples of
 * a tag, names above all, is made once as its shape; a sample is then two
 * copies and three numbers. Pure, any thread. README.md describes the forms.
 */
#ifndef HTTP_UPLINK_ENCODE_H
#define HTTP_UPLINK_ENCODE_H

#include <edgeway/module.h>

#include "proto/json/bytes.h"

enum encode_format {
	FORMAT_NDJSON,
	FORMAT_JSON,
	FORMAT_INFLUX
};

/* Begin and end of each record of a tag. Freed by shape_free(). */
struct shape {
	char *text;             /* up to the value */
	uint32_t size;
	uint32_t head;          /* of these: up to the first field; influx only */
	uint16_t type;          /* of the tag */
};

/* What a shape is made of. */
struct shape_names {
	const char *device;
	const char *measurement;        /* influx only */
	const struct ew_property *extra;        /* constant fields, or tags of influx */
	size_t extra_count;
};

const char *encode_content_type(enum encode_format format);

/* -ENOMEM */
int shape_make(enum encode_format format, const struct shape_names *names,
	       const struct ew_tag_spec *tag, struct shape *shape_out) EW_CHECKED;

/* Accepts one of zeros. */
void shape_free(struct shape *shape);

/*
 * Add a record. Without memory the body is as before.
 * -ENOMEM
 */
int encode_sample(enum encode_format format, struct bytes *body, const struct shape *shape,
		  const struct ew_sample *sample) EW_CHECKED;

/* device: of the event, or NULL in names. -ENOMEM as above. */
int encode_event(enum encode_format format, struct bytes *body, const struct shape_names *names,
		 const struct ew_event *event) EW_CHECKED;

/* What a body ends with when it has all its records. -ENOMEM */
int encode_end(enum encode_format format, struct bytes *body) EW_CHECKED;

#endif
