/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: see path.h. */
#include "proto/lwm2m/path.h"

#include <string.h>

#include "proto/cbor/cbor.h"

/* Decimal without leading zeros, up to 65535; false: something else. */
static bool path_id(const char *text, size_t size, uint16_t *id_out)
{
	uint32_t value = 0;

	if (size == 0 || size > 5 || (size > 1 && text[0] == '0')) {
		return false;
	}
	for (size_t i = 0; i < size; i++) {
		unsigned digit = (unsigned)(unsigned char)text[i] - '0';

		if (digit > 9) {
			return false;
		}
		value = value * 10 + digit;
	}
	*id_out = (uint16_t)value;
	return value <= UINT16_MAX;
}

bool lwm2m_prefix_is_valid(const char *text, size_t size)
{
	bool only_digits = true;

	if (size == 0 || size > LWM2M_PREFIX_MAX ||
	    !cbor_is_utf8((const uint8_t *)text, size)) {
		return false;
	}
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c <= ' ' || c == 0x7f || memchr("/?#\"<>;,", c, 8) != NULL) {
			return false;
		}
		only_digits = only_digits && c >= '0' && c <= '9';
	}
	return !only_digits;
}

static int path_segment(struct lwm2m_path *path, const char *text, size_t size)
{
	uint16_t id;

	if (path_id(text, size, &id)) {
		if (path->depth == LWM2M_PATH_IDS) {
			return -EPROTO;
		}
		path->ids[path->depth++] = id;
		return 0;
	}
	if (path->depth > 0 || path->prefix_size > 0 || !lwm2m_prefix_is_valid(text, size)) {
		return -EPROTO;
	}
	path->prefix = text;
	path->prefix_size = (uint8_t)size;
	return 0;
}

int lwm2m_path_descend(struct lwm2m_path *path, const char *text, size_t size)
{
	size_t at = size > 0 && text[0] == '/' ? 1 : 0;

	while (at < size) {
		size_t begin = at;

		while (at < size && text[at] != '/') {
			at++;
		}
		if (path_segment(path, text + begin, at - begin) != 0) {
			return -EPROTO;
		}
		at++;   /* the slash, which may be the last character */
	}
	return 0;
}

int lwm2m_path_parse(const char *text, size_t size, struct lwm2m_path *path_out)
{
	struct lwm2m_path path = {0};

	if (size == 0 || text[0] != '/' || lwm2m_path_descend(&path, text, size) != 0) {
		return -EPROTO;
	}
	*path_out = path;
	return 0;
}

size_t lwm2m_path_format(const struct lwm2m_path *path, char *out)
{
	size_t at = 0;

	if (path->prefix_size > 0) {
		out[at++] = '/';
		memcpy(out + at, path->prefix, path->prefix_size);
		at += path->prefix_size;
	}
	for (unsigned i = 0; i < path->depth; i++) {
		unsigned id = path->ids[i];
		unsigned digits = id < 10 ? 1 : id < 100 ? 2 : id < 1000 ? 3 : id < 10000 ? 4 : 5;

		out[at] = '/';
		for (unsigned d = digits; d > 0; d--) {
			out[at + d] = (char)('0' + id % 10);
			id /= 10;
		}
		at += 1 + digits;
	}
	if (at == 0) {
		out[at++] = '/';
	}
	out[at] = '\0';
	return at;
}

struct lwm2m_path lwm2m_path_of(unsigned depth, const uint16_t *ids)
{
	struct lwm2m_path path = {.depth = (uint8_t)depth};

	memcpy(path.ids, ids, depth * sizeof(*ids));
	return path;
}

bool lwm2m_path_equal(const struct lwm2m_path *a, const struct lwm2m_path *b)
{
	return a->depth == b->depth && lwm2m_path_is_below(a, b);
}

int lwm2m_path_compare(const struct lwm2m_path *a, const struct lwm2m_path *b)
{
	size_t common = a->prefix_size < b->prefix_size ? a->prefix_size : b->prefix_size;
	int order = common == 0 ? 0 : memcmp(a->prefix, b->prefix, common);

	if (order == 0) {
		order = (int)a->prefix_size - (int)b->prefix_size;
	}
	for (unsigned i = 0; order == 0 && i < a->depth && i < b->depth; i++) {
		order = (int)a->ids[i] - (int)b->ids[i];
	}
	return order != 0 ? order : (int)a->depth - (int)b->depth;
}
