/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of resources, the same for all formats, and the way from what a
 * format can say to the type that the object's definition states. Pure
 * functions, any thread.
 *
 * SenML knows no difference between an integer and a time, TLV none between
 * any two types, plain text is digits or a name: so decoders say what they
 * see, and lwm2m_value_convert() makes it what it is.
 */
#ifndef PROTO_LWM2M_VALUE_H
#define PROTO_LWM2M_VALUE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LWM2M_VALUE_TEXT_MAX  32        /* bytes of a number as text, with a NUL */

enum lwm2m_type {
	LWM2M_NONE = 0,         /* no value: a path alone, an executable */
	LWM2M_NULL = 1,         /* said to have none: deletes, unsets */
	LWM2M_STRING = 2,       /* v.x, UTF-8 */
	LWM2M_INTEGER = 3,      /* v.i */
	LWM2M_UNSIGNED = 4,     /* v.u */
	LWM2M_FLOAT = 5,        /* v.f */
	LWM2M_BOOLEAN = 6,      /* v.b */
	LWM2M_OPAQUE = 7,       /* v.x */
	LWM2M_TIME = 8,         /* v.i, seconds since 1970 */
	LWM2M_LINK = 9,         /* v.link */
	LWM2M_CORELINK = 10,    /* v.x, a list of links */
	LWM2M_RAW = 11,         /* v.x: bytes of TLV, type not known */
	LWM2M_PLAIN = 12        /* v.x: text of text/plain, type not known */
};

struct lwm2m_link_value {
	uint16_t object;
	uint16_t instance;
};

struct lwm2m_value {
	enum lwm2m_type type;
	union {
		int64_t i;
		uint64_t u;
		double f;
		bool b;
		struct {
			const char *at;         /* borrowed */
			size_t size;
		} x;
		struct lwm2m_link_value link;
	} v;
};

/* Whether v.x is meant. */
static inline bool lwm2m_value_has_text(const struct lwm2m_value *value)
{
	return value->type == LWM2M_STRING || value->type == LWM2M_OPAQUE ||
	       value->type >= LWM2M_CORELINK;
}

/*
 * Make the value one of `type`, which is not RAW or PLAIN. NONE and NULL stay.
 *
 * Base64 of plain text is decoded to scratch, which must have as many bytes as
 * the value and live as long. -EPROTO: not a value of this type; unchanged.
 */
int lwm2m_value_convert(struct lwm2m_value *value, enum lwm2m_type type, char *scratch);

/* "3:0"; -EPROTO. */
int lwm2m_link_parse(const char *text, size_t size, struct lwm2m_link_value *link_out);

/* As text with a NUL, of LWM2M_VALUE_TEXT_MAX bytes; the size without it. */
size_t lwm2m_link_format(struct lwm2m_link_value link, char *out);

/* The shortest decimal that reads back as the same double; finite values only. */
size_t lwm2m_float_format(double value, char *out);

/* Text as a finite number, all of it; -EPROTO. */
int lwm2m_float_parse(const char *text, size_t size, double *value_out);
int lwm2m_integer_parse(const char *text, size_t size, int64_t *value_out);

/* Type as a word: "float". */
const char *lwm2m_type_name(enum lwm2m_type type);

bool lwm2m_value_equal(const struct lwm2m_value *a, const struct lwm2m_value *b);

#endif
