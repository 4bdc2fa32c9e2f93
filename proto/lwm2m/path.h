/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths of the data model: /object/instance/resource/instance, and before them
 * the prefix of a device behind a gateway. Pure functions, any thread.
 */
#ifndef PROTO_LWM2M_PATH_H
#define PROTO_LWM2M_PATH_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LWM2M_PATH_IDS    4
#define LWM2M_PREFIX_MAX  63            /* bytes */
#define LWM2M_PATH_MAX    96            /* bytes of a path as text, with a NUL */
#define LWM2M_NO_ID       65535u        /* reserved: in a Create, the client chooses */

enum lwm2m_level {
	LWM2M_ROOT = 0,
	LWM2M_OBJECT = 1,
	LWM2M_INSTANCE = 2,
	LWM2M_RESOURCE = 3,
	LWM2M_RESOURCE_INSTANCE = 4
};

struct lwm2m_path {
	const char *prefix;     /* borrowed, not terminated; NULL without */
	uint8_t prefix_size;
	uint8_t depth;          /* enum lwm2m_level: ids in use */
	uint16_t ids[LWM2M_PATH_IDS];
};

/* "/", "/3", "/3/0/9", "/d01/3303/0/5700". -EPROTO: not a path. */
int lwm2m_path_parse(const char *text, size_t size, struct lwm2m_path *path_out);

/*
 * Go down from a path: "9", "0/9", also with a slash before or behind it. The
 * first segment below the root may be a prefix. -EPROTO; the path is anything then.
 */
int lwm2m_path_descend(struct lwm2m_path *path, const char *text, size_t size);

/* As text with a NUL; the size without it. out has LWM2M_PATH_MAX bytes. */
size_t lwm2m_path_format(const struct lwm2m_path *path, char *out);

/* At most four ids; no prefix. */
struct lwm2m_path lwm2m_path_of(unsigned depth, const uint16_t *ids);

bool lwm2m_path_equal(const struct lwm2m_path *a, const struct lwm2m_path *b);

/* Whether the path is `top`, or lies below it. Inline: encoders ask for each record. */
static inline bool lwm2m_path_is_below(const struct lwm2m_path *path,
				       const struct lwm2m_path *top)
{
	if (path->depth < top->depth || path->prefix_size != top->prefix_size) {
		return false;
	}
	for (unsigned i = 0; i < top->depth; i++) {
		if (path->ids[i] != top->ids[i]) {
			return false;
		}
	}
	return path->prefix_size == 0 ||
	       memcmp(path->prefix, top->prefix, path->prefix_size) == 0;
}

/* The order of a listing: prefix, then ids, what is above first. */
int lwm2m_path_compare(const struct lwm2m_path *a, const struct lwm2m_path *b);

/* What may name a device: one segment of a path that cannot be taken for a number. */
bool lwm2m_prefix_is_valid(const char *text, size_t size);

#endif
