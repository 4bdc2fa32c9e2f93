/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LwM2M CBOR (content format 11544): maps in maps, whose keys put together are
 * the path. See format.h.
 *
 * Any grouping is read. Written is: an entry with its whole path as key; when
 * the next record shares the instance, that entry becomes a group, in place.
 */
#include "proto/lwm2m/format.h"

#include <string.h>

#define HEAD_MAX  5             /* bytes of the head of the outermost map */

/* ---- reading ---- */

static int group_enter(struct lwm2m_decoder *decoder, uint64_t entries)
{
	struct lwm2m_frame *frame;

	if (entries == 0 || decoder->frame_count == LWM2M_FRAMES_MAX) {
		return -EPROTO;
	}
	frame = &decoder->frames[decoder->frame_count++];
	frame->left = entries;
	frame->depth = decoder->path.depth;
	frame->prefix_size = decoder->path.prefix_size;
	return 0;
}

static int lwm2m_cbor_begin(struct lwm2m_decoder *decoder)
{
	struct cbor_item item;

	if (cbor_next(&decoder->in, &item) != 0 || item.kind != CBOR_MAP) {
		return -EPROTO;
	}
	return group_enter(decoder, item.v.u);
}

static int key_part(struct lwm2m_path *path, const struct cbor_item *item)
{
	if (item->kind == CBOR_UINT && item->v.u <= UINT16_MAX &&
	    path->depth < LWM2M_PATH_IDS) {
		path->ids[path->depth++] = (uint16_t)item->v.u;
		return 0;
	}
	if (item->kind != CBOR_TEXT || path->depth > 0 || path->prefix_size > 0 ||
	    !lwm2m_prefix_is_valid((const char *)item->v.x.at, item->v.x.size)) {
		return -EPROTO;
	}
	path->prefix = (const char *)item->v.x.at;
	path->prefix_size = (uint8_t)item->v.x.size;
	return 0;
}

static int key_array(struct lwm2m_decoder *decoder, uint64_t parts)
{
	struct lwm2m_path *path = &decoder->path;
	struct cbor_item item;
	uint64_t id;

	if (parts == 0) {
		return -EPROTO;
	}
	for (uint64_t i = 0; i < parts; i++) {
		if (cbor_take_small(&decoder->in, CBOR_UINT, &id)) {
			if (path->depth == LWM2M_PATH_IDS) {
				return -EPROTO;
			}
			path->ids[path->depth++] = (uint16_t)id;
			continue;
		}
		if (cbor_next(&decoder->in, &item) != 0) {
			return -EPROTO;
		}
		if (item.kind == CBOR_BREAK && parts == CBOR_INDEFINITE && i > 0) {
			return 0;
		}
		if (key_part(path, &item) != 0) {
			return -EPROTO;
		}
	}
	return 0;
}

/* The key, and the head of its value. */
static int entry_read(struct lwm2m_decoder *decoder, struct cbor_item *value_out)
{
	struct cbor_item item;
	uint64_t id;
	int rc;

	if (decoder->path.depth < LWM2M_PATH_IDS &&
	    cbor_take_small(&decoder->in, CBOR_UINT, &id)) {
		decoder->path.ids[decoder->path.depth++] = (uint16_t)id;
		return cbor_next(&decoder->in, value_out);
	}
	if (cbor_next(&decoder->in, &item) != 0) {
		return -EPROTO;
	}
	rc = item.kind == CBOR_ARRAY ? key_array(decoder, item.v.u) :
	     key_part(&decoder->path, &item);
	return rc != 0 ? rc : cbor_next(&decoder->in, value_out);
}

/* Leave the groups that are over; false: that was the last one. */
static bool group_leave(struct lwm2m_decoder *decoder)
{
	while (decoder->frame_count > 0) {
		struct lwm2m_frame *frame = &decoder->frames[decoder->frame_count - 1];
		struct cbor_in *in = &decoder->in;

		if (frame->left == CBOR_INDEFINITE && in->at < in->end && *in->at == 0xff) {
			in->at++;
			frame->left = 0;
		}
		if (frame->left > 0) {
			decoder->path.depth = frame->depth;
			decoder->path.prefix_size = frame->prefix_size;
			frame->left -= frame->left == CBOR_INDEFINITE ? 0 : 1;
			return true;
		}
		decoder->frame_count--;
	}
	return false;
}

static int lwm2m_cbor_next(struct lwm2m_decoder *decoder, struct lwm2m_record *record_out)
{
	struct cbor_item value;

	while (group_leave(decoder)) {
		if (entry_read(decoder, &value) != 0) {
			return -EPROTO;
		}
		if (value.kind == CBOR_MAP) {
			if (group_enter(decoder, value.v.u) != 0) {
				return -EPROTO;
			}
			continue;
		}
		/* a time may be marked as one (RFC 8949, 3.4.2) */
		if (value.kind == CBOR_TAG && value.v.u == 1 &&
		    cbor_next(&decoder->in, &value) != 0) {
			return -EPROTO;
		}
		if (decoder->path.depth < LWM2M_RESOURCE ||
		    lwm2m_value_of_item(&value, &record_out->value) != 0) {
			return -EPROTO;
		}
		record_out->path = decoder->path;
		record_out->time = 0;
		return 1;
	}
	return decoder->in.at == decoder->in.end ? 0 : -EPROTO;
}

/* ---- writing ---- */

static int lwm2m_cbor_open(struct lwm2m_encoder *encoder)
{
	if (!cbor_room(&encoder->out, HEAD_MAX)) {
		return -EMSGSIZE;
	}
	encoder->out.at += HEAD_MAX;
	encoder->begin = encoder->out.at;
	return 0;
}

/* The ids of a path from a level on: a number, or an array of them. */
static void key_put(struct cbor_out *out, const struct lwm2m_path *path, unsigned from)
{
	if (path->depth - from > 1) {
		cbor_put_head(out, CBOR_ARRAY, path->depth - from);
	}
	for (unsigned i = from; i < path->depth; i++) {
		cbor_put_uint(out, path->ids[i]);
	}
}

static void key_put_whole(struct cbor_out *out, const struct lwm2m_path *path)
{
	cbor_put_head(out, CBOR_ARRAY, path->depth + (path->prefix_size > 0 ? 1u : 0u));
	if (path->prefix_size > 0) {
		cbor_put_string(out, CBOR_TEXT, path->prefix, path->prefix_size);
	}
	for (unsigned i = 0; i < path->depth; i++) {
		cbor_put_uint(out, path->ids[i]);
	}
}

/* Ids that a record shares with the last entry; 0 with another prefix. */
static unsigned key_shared(const struct lwm2m_path *last, const struct lwm2m_path *path)
{
	unsigned shared = 0;

	if (last->prefix_size != path->prefix_size ||
	    (path->prefix_size > 0 && memcmp(last->prefix, path->prefix, path->prefix_size) != 0)) {
		return 0;
	}
	while (shared < last->depth && shared < path->depth &&
	       last->ids[shared] == path->ids[shared]) {
		shared++;
	}
	return shared;
}

/* Make room for `size` bytes at a place that is written already. */
static void group_insert(struct lwm2m_encoder *encoder, uint8_t *at, size_t size)
{
	memmove(at + size, at, (size_t)(encoder->out.at - at));
	encoder->out.at += size;
}

/*
 * The last entry, a value under its whole path, becomes a group of one: its key
 * is cut after `depth` ids, the rest moves behind the head of a map.
 */
static void group_make(struct lwm2m_encoder *encoder, unsigned depth)
{
	struct lwm2m_path *path = &encoder->path;
	unsigned rest = path->depth - depth;
	uint8_t *at = encoder->key + 1;

	if (path->prefix_size > 0) {
		at += cbor_head_size(path->prefix_size) + path->prefix_size;
	}
	for (unsigned i = 0; i < depth; i++) {
		at += cbor_head_size(path->ids[i]);
	}
	group_insert(encoder, at, rest > 1 ? 2 : 1);
	at[0] = CBOR_MAP << 5 | 1;
	if (rest > 1) {
		at[1] = (uint8_t)(CBOR_ARRAY << 5 | rest);
	}
	*encoder->key = (uint8_t)(*encoder->key - rest);
	encoder->map = at;
	encoder->map_count = 1;
	path->depth = (uint8_t)depth;
}

/* One more in the group; its head may become longer. */
static void group_count(struct lwm2m_encoder *encoder)
{
	size_t before = cbor_head_size(encoder->map_count);
	size_t after = cbor_head_size(encoder->map_count + 1);

	encoder->map_count++;
	if (after > before) {
		group_insert(encoder, encoder->map + before, after - before);
	}
	(void)cbor_put_head_at(encoder->map, CBOR_MAP, encoder->map_count);
}

static int lwm2m_cbor_push(struct lwm2m_encoder *encoder, const struct lwm2m_record *record)
{
	const struct lwm2m_path *path = &record->path;
	struct cbor_out *out = &encoder->out;
	unsigned shared = encoder->count == 0 ? 0 : key_shared(&encoder->path, path);

	if (path->depth < LWM2M_RESOURCE || record->value.type >= LWM2M_RAW) {
		return -EINVAL;
	}
	if (encoder->map == NULL && shared >= LWM2M_INSTANCE) {
		shared = shared < path->depth ? shared : path->depth - 1u;
		shared = shared < encoder->path.depth ? shared : encoder->path.depth - 1u;
		group_make(encoder, shared);
	}
	if (encoder->map != NULL && shared == encoder->path.depth && path->depth > shared) {
		group_count(encoder);
		key_put(out, path, shared);
		return lwm2m_value_put(out, &record->value);
	}
	encoder->key = out->at;
	encoder->map = NULL;
	encoder->count++;
	key_put_whole(out, path);
	lwm2m_encoder_keep(encoder, path);
	if (path->prefix_size > 0) {
		group_make(encoder, LWM2M_INSTANCE);    /* devices report instances */
	}
	return lwm2m_value_put(out, &record->value);
}

static int lwm2m_cbor_end(struct lwm2m_encoder *encoder)
{
	if (encoder->count == 0) {
		return -ENODATA;
	}
	encoder->begin -= cbor_head_size(encoder->count);
	(void)cbor_put_head_at(encoder->begin, CBOR_MAP, encoder->count);
	return 0;
}

const struct lwm2m_format lwm2m_format_lwm2m_cbor = {
	.content = LWM2M_CONTENT_LWM2M_CBOR,
	.flags = LWM2M_FORMAT_NAMED,
	.media_type = "application/vnd.oma.lwm2m+cbor",
	.decode_begin = lwm2m_cbor_begin,
	.decode_next = lwm2m_cbor_next,
	.encode_begin = lwm2m_cbor_open,
	.encode_push = lwm2m_cbor_push,
	.encode_end = lwm2m_cbor_end,
};
