/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One value of a tag: what moves on the bus.
 *
 * A sample is 32 bytes and frozen. The tag holds the exact datatype (tag.h);
 * the sample says only which member of the union carries it. Arrays, datasets
 * and templates travel as bytes in the form that tag.h documents.
 */
#ifndef EDGEWAY_SAMPLE_H
#define EDGEWAY_SAMPLE_H

#include <edgeway/base.h>

EW_BEGIN_DECLS

/* Which member of ew_sample.v is meant. */
enum ew_carrier {
	EW_NONE = 0,            /* no value: only with EW_NULL, or a write's execute and refresh */
	EW_BOOL = 1,
	EW_I64 = 2,
	EW_U64 = 3,
	EW_F64 = 4,
	EW_TEXT = 5,            /* UTF-8, not terminated */
	EW_BYTES = 6
};

/*
 * Quality: the class in the top two bits, a reason below. Zero is good.
 * One table in core maps the classes to Sparkplug (192, 500, 0) and others.
 */
#define EW_GOOD       0x0000u
#define EW_UNCERTAIN  0x4000u
#define EW_BAD        0x8000u
#define EW_QUALITY_CLASS(quality)   ((uint16_t)((quality) & 0xc000u))
#define EW_QUALITY_REASON(quality)  ((uint16_t)((quality) & 0x3fffu))

enum ew_reason {
	EW_REASON_NONE = 0,
	EW_REASON_NO_VALUE = 1,         /* declared, nothing acquired yet */
	EW_REASON_STALE = 2,            /* older than max_age */
	EW_REASON_COMM_FAILURE = 3,     /* the device did not answer */
	EW_REASON_DEVICE_DOWN = 4,
	EW_REASON_SENSOR_FAILURE = 5,
	EW_REASON_OUT_OF_RANGE = 6,
	EW_REASON_SUBSTITUTED = 7,      /* entered by hand or computed instead of measured */
	EW_REASON_NOT_CONFIGURED = 8
};

/*
 * The word for a quality's class (`good`, `uncertain`, `bad`), and for its
 * reason (`stale`, `out_of_range`; "" without one, `other` for a number that is
 * none): the same in every listing, file and protocol that shows words.
 *
 * Thread:  any
 * Owner:   a constant
 * Errors:  none
 */
EW_API const char *ew_quality_name(uint16_t quality);
EW_API const char *ew_reason_name(uint16_t quality);

/* ew_sample.flags */
#define EW_HISTORICAL   0x01u   /* an old value: never touches image or view */
#define EW_NULL         0x02u   /* the tag has no value at this time */
#define EW_TRANSIENT    0x04u   /* need not be stored */
#define EW_CLOCK_UNSET  0x08u   /* set by core: taken before the clock was known good */
#define EW_FUTURE       0x10u   /* set by core: time is more than a day ahead of the clock */

struct ew_sample {
	uint32_t tag;           /* id from ew_tag_declare() */
	uint16_t quality;       /* EW_GOOD, EW_UNCERTAIN, EW_BAD, or-ed with enum ew_reason */
	uint8_t type;           /* enum ew_carrier */
	uint8_t flags;
	ew_time time;           /* ns UTC: the device's, or else of acquisition; 0: now */
	union {
		bool b;
		int64_t i;
		uint64_t u;
		double f;
		struct {
			const void *at; /* borrowed for the call; in a batch, into the batch */
			uint32_t size;  /* bytes */
		} x;
		uint64_t raw[2];
	} v;
};

#ifdef __cplusplus
static_assert(sizeof(struct ew_sample) == 32, "a sample is 32 bytes");
#else
_Static_assert(sizeof(struct ew_sample) == 32, "a sample is 32 bytes");
#endif

/* Constructors: good quality, no flags; time 0 lets ew_publish() put the time of acquisition. */

static inline struct ew_sample ew_sample_none(uint32_t tag, ew_time time)
{
	struct ew_sample s;

	s.tag = tag;
	s.quality = EW_GOOD;
	s.type = EW_NONE;
	s.flags = EW_NULL;
	s.time = time;
	s.v.raw[0] = 0;
	s.v.raw[1] = 0;
	return s;
}

static inline struct ew_sample ew_sample_bool(uint32_t tag, ew_time time, bool value)
{
	struct ew_sample s = ew_sample_none(tag, time);

	s.type = EW_BOOL;
	s.flags = 0;
	s.v.b = value;
	return s;
}

static inline struct ew_sample ew_sample_i64(uint32_t tag, ew_time time, int64_t value)
{
	struct ew_sample s = ew_sample_none(tag, time);

	s.type = EW_I64;
	s.flags = 0;
	s.v.i = value;
	return s;
}

static inline struct ew_sample ew_sample_u64(uint32_t tag, ew_time time, uint64_t value)
{
	struct ew_sample s = ew_sample_none(tag, time);

	s.type = EW_U64;
	s.flags = 0;
	s.v.u = value;
	return s;
}

static inline struct ew_sample ew_sample_f64(uint32_t tag, ew_time time, double value)
{
	struct ew_sample s = ew_sample_none(tag, time);

	s.type = EW_F64;
	s.flags = 0;
	s.v.f = value;
	return s;
}

/* text is borrowed: it must live until the call that takes the sample returns. */
static inline struct ew_sample ew_sample_text(uint32_t tag, ew_time time, const char *text,
					      uint32_t size)
{
	struct ew_sample s = ew_sample_none(tag, time);

	s.type = EW_TEXT;
	s.flags = 0;
	s.v.x.at = text;
	s.v.x.size = size;
	return s;
}

static inline struct ew_sample ew_sample_bytes(uint32_t tag, ew_time time, const void *bytes,
					       uint32_t size)
{
	struct ew_sample s = ew_sample_none(tag, time);

	s.type = EW_BYTES;
	s.flags = 0;
	s.v.x.at = bytes;
	s.v.x.size = size;
	return s;
}

/* Whether v.x is meant. */
static inline bool ew_sample_has_bytes(const struct ew_sample *s)
{
	return s->type == EW_TEXT || s->type == EW_BYTES;
}

EW_END_DECLS

#endif
