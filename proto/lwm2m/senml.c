/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SenML (RFC 8428) as CBOR and JSON have it in common: base names and times
 * resolved, and chosen. See format.h.
 */
#include "proto/lwm2m/format.h"

#include <math.h>
#include <string.h>

#define SECOND       INT64_C(1000000000)
#define SECONDS_MAX  INT64_C(9000000000)        /* year 2255: fits into ns */

/* ---- reading ---- */

int lwm2m_senml_seconds(const struct lwm2m_value *value, int64_t *time_out)
{
	if (value->type == LWM2M_INTEGER && value->v.i <= SECONDS_MAX &&
	    value->v.i >= -SECONDS_MAX) {
		*time_out = value->v.i * SECOND;
		return 0;
	}
	if (value->type == LWM2M_FLOAT && fabs(value->v.f) <= (double)SECONDS_MAX) {
		double whole = trunc(value->v.f);

		/* the parts on their own: a double has no room for both in ns */
		*time_out = (int64_t)whole * SECOND + llround((value->v.f - whole) * 1e9);
		return 0;
	}
	return -EPROTO;
}

int lwm2m_senml_base(struct lwm2m_decoder *decoder, const char *name, size_t size)
{
	struct lwm2m_path path;

	if (size >= LWM2M_PATH_MAX) {
		return -EPROTO;
	}
	decoder->base_name = name;
	decoder->base_size = size;
	decoder->base_is_path = lwm2m_path_parse(name, size, &path) == 0;
	if (decoder->base_is_path) {
		decoder->base_path = path;
	}
	return 0;
}

/* A name that continues a segment of the base name: put together as text first. */
static int senml_joined(struct lwm2m_decoder *decoder, const struct lwm2m_senml *senml,
			struct lwm2m_path *path_out)
{
	size_t size = decoder->base_size + senml->name_size;

	if (size == 0 || size > sizeof(decoder->name)) {
		return -EPROTO;
	}
	if (decoder->base_size > 0) {
		memcpy(decoder->name, decoder->base_name, decoder->base_size);
	}
	if (senml->name_size > 0) {
		memcpy(decoder->name + decoder->base_size, senml->name, senml->name_size);
	}
	return lwm2m_path_parse(decoder->name, size, path_out);
}

static int senml_path(struct lwm2m_decoder *decoder, const struct lwm2m_senml *senml,
		      struct lwm2m_path *path_out)
{
	const char *base = decoder->base_name;

	if (senml->name_size == 0 && decoder->base_is_path) {
		*path_out = decoder->base_path;
		return 0;
	}
	if (decoder->base_size == 0) {
		return senml->name_size == 0 ? -EPROTO :
		       lwm2m_path_parse(senml->name, senml->name_size, path_out);
	}
	if (decoder->base_is_path && base[decoder->base_size - 1] == '/') {
		*path_out = decoder->base_path;
		return lwm2m_path_descend(path_out, senml->name, senml->name_size);
	}
	return senml_joined(decoder, senml, path_out);
}

int lwm2m_senml_resolve(struct lwm2m_decoder *decoder, const struct lwm2m_senml *senml,
			struct lwm2m_record *record_out)
{
	int64_t time;

	if (senml->name == NULL && !senml->has_value && senml->has_base && !senml->has_time) {
		return 0;
	}
	if (senml_path(decoder, senml, &record_out->path) != 0) {
		return -EPROTO;
	}
	record_out->value = senml->value;
	record_out->time = 0;
	if (!senml->has_time && !decoder->has_time) {
		return 1;
	}
	if (__builtin_add_overflow(decoder->base_time, senml->time, &time)) {
		return -EPROTO;
	}
	if (time < LWM2M_ABSOLUTE_TIME * SECOND &&
	    __builtin_add_overflow(decoder->source.now, time, &time)) {
		return -EPROTO;
	}
	record_out->time = time;
	return 1;
}

/* ---- writing ---- */

static size_t senml_rest(const struct lwm2m_path *path, unsigned from, char *out)
{
	struct lwm2m_path rest = {.depth = (uint8_t)(path->depth - from)};
	size_t size;

	memcpy(rest.ids, path->ids + from, rest.depth * sizeof(rest.ids[0]));
	size = lwm2m_path_format(&rest, out);
	memmove(out, out + 1, size);    /* without the slash, with the NUL */
	return size - 1;
}

static void senml_name(struct lwm2m_encoder *encoder, const struct lwm2m_record *record,
		       struct lwm2m_senml_labels *labels)
{
	const struct lwm2m_path *path = &record->path;
	bool whole = encoder->target.series || path->depth < LWM2M_RESOURCE;

	if (encoder->has_base && lwm2m_path_is_below(path, &encoder->path)) {
		if (path->depth == encoder->path.depth) {
			return;
		}
		if (encoder->base_is_open && !whole) {
			labels->name_size = senml_rest(path, encoder->path.depth, labels->name);
			return;
		}
	}
	lwm2m_encoder_keep(encoder, path);
	encoder->has_base = true;
	encoder->base_is_open = !whole;
	if (whole) {
		labels->base_size = lwm2m_path_format(path, labels->base_name);
		return;
	}
	encoder->path.depth = LWM2M_INSTANCE;
	labels->base_size = lwm2m_path_format(&encoder->path, labels->base_name);
	labels->base_name[labels->base_size++] = '/';
	labels->name_size = senml_rest(path, LWM2M_INSTANCE, labels->name);
}

static void senml_time(struct lwm2m_encoder *encoder, int64_t time,
		       struct lwm2m_senml_labels *labels)
{
	if (time == 0 && !encoder->has_time) {
		return;
	}
	if (!encoder->has_time) {
		if (encoder->target.base_time == 0) {
			encoder->target.base_time = time - time % SECOND;
		}
		encoder->has_time = true;
		labels->has_base_time = true;
		labels->base_time = encoder->target.base_time / SECOND;
	}
	/* a record without a time among others: relative to now by 0 seconds */
	labels->time = time - encoder->target.base_time;
	labels->has_time = labels->time != 0;
}

void lwm2m_senml_label(struct lwm2m_encoder *encoder, const struct lwm2m_record *record,
		       struct lwm2m_senml_labels *labels_out)
{
	labels_out->base_size = 0;
	labels_out->name_size = 0;
	labels_out->has_base_time = false;
	labels_out->has_time = false;
	senml_name(encoder, record, labels_out);
	senml_time(encoder, record->time, labels_out);
}

void lwm2m_etch_label(const struct lwm2m_record *record, struct lwm2m_senml_labels *labels_out)
{
	labels_out->base_size = 0;
	labels_out->name_size = lwm2m_path_format(&record->path, labels_out->name);
	labels_out->has_base_time = false;
	labels_out->has_time = false;
}
