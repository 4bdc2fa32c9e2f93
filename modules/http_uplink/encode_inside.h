/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The forms behind encode.h: JSON objects, and line protocol. Writers add to
 * the body and leave want of memory to its mark; encode.c asks once a record.
 */
#ifndef HTTP_UPLINK_ENCODE_INSIDE_H
#define HTTP_UPLINK_ENCODE_INSIDE_H

#include <math.h>

#include "modules/http_uplink/encode.h"

/* A value that neither JSON nor influx has a number for is none. */
static inline bool encode_has_value(const struct ew_sample *sample)
{
	return sample->type != EW_NONE && (sample->flags & EW_NULL) == 0 &&
	       (sample->type != EW_F64 || isfinite(sample->v.f));
}

/* What one piece of a record may take beside text of its own: numbers, words, keys. */
#define ENCODE_SLACK  160u

void object_shape(struct bytes *to, const struct shape_names *names,
		  const struct ew_tag_spec *tag);
void object_sample(struct bytes *body, const struct shape *shape, const struct ew_sample *sample);
void object_event(struct bytes *body, const struct shape_names *names,
		  const struct ew_event *event);

/* Also says where the first field begins. */
void influx_shape(struct bytes *to, const struct shape_names *names, const struct ew_tag_spec *tag,
		  uint32_t *head_out);
void influx_sample(struct bytes *body, const struct shape *shape, const struct ew_sample *sample);
void influx_event(struct bytes *body, const struct shape_names *names,
		  const struct ew_event *event);

#endif
