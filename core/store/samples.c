/* SPDX-License-Identifier: Apache-2.0 */
/* See the head of samples.h; docs/store-format.md has the table of forms. */
#include "core/store/samples.h"

#define FORM_MASK    0x0fu
#define HAS_TAG      0x10u      /* the tag is not the one after the last: its difference follows */
#define HAS_TIME     0x20u      /* the time is not that of the last: its difference follows */
#define HAS_MARKS    0x40u      /* quality and flags differ from the last */
#define CONTROL_BITS 0x7fu

enum form {
	FORM_NONE = 0,
	FORM_FALSE = 1,
	FORM_TRUE = 2,
	FORM_I64 = 3,           /* zigzag varint */
	FORM_U64 = 4,           /* varint */
	FORM_F64 = 5,           /* eight bytes */
	FORM_F64_SHORT = 6,     /* four bytes of a float that is the same number */
	FORM_F64_WHOLE = 7,     /* zigzag varint */
	FORM_TEXT = 8,
	FORM_BYTES = 9
};
#define FORM_LAST  FORM_BYTES

#define WHOLE_MAX  1048576.0    /* a varint of three bytes, shorter than a float */

/* What the next sample is compared with. */
struct samples_last {
	uint32_t tag;
	uint16_t quality;
	uint8_t flags;
	ew_time time;
};

static struct samples_last samples_begin(const struct record_base *base)
{
	return (struct samples_last){ .tag = UINT32_MAX, .quality = EW_GOOD, .time = base->utc };
}

/* A number as short as it gets without a change. */
static inline unsigned char *put_float(unsigned char *at, double value, unsigned *form_out)
{
	uint64_t bits;
	uint32_t word;
	float narrow;

	memcpy(&bits, &value, sizeof(bits));
	/* a NaN compares with nothing; minus zero has no whole form */
	if (value > -WHOLE_MAX && value < WHOLE_MAX && (double)(int32_t)value == value &&
	    bits != UINT64_C(1) << 63) {
		*form_out = FORM_F64_WHOLE;
		return wire_put_signed(at, (int32_t)value);
	}
	/* a double out of a float's range may not be converted */
	if (value >= -3.4e38 && value <= 3.4e38 && (double)(float)value == value) {
		narrow = (float)value;
		memcpy(&word, &narrow, sizeof(word));
		wire_put_u32(at, word);
		*form_out = FORM_F64_SHORT;
		return at + 4;
	}
	wire_put_u64(at, bits);
	*form_out = FORM_F64;
	return at + 8;
}

static unsigned char *put_other(unsigned char *at, const struct ew_sample *sample,
				unsigned *form_out)
{
	switch ((enum ew_carrier)sample->type) {
	case EW_BOOL:
		*form_out = sample->v.b ? FORM_TRUE : FORM_FALSE;
		return at;
	case EW_I64:
		*form_out = FORM_I64;
		return wire_put_signed(at, sample->v.i);
	case EW_U64:
		*form_out = FORM_U64;
		return wire_put_varint(at, sample->v.u);
	case EW_TEXT:
	case EW_BYTES:
		*form_out = sample->type == EW_TEXT ? FORM_TEXT : FORM_BYTES;
		return wire_put_bytes(at, sample->v.x.at, sample->v.x.size);
	case EW_F64:
	case EW_NONE:
		break;
	}
	*form_out = FORM_NONE;
	return at;
}

static inline unsigned char *put_differences(unsigned char *at, const struct ew_sample *sample,
				      uint32_t tag, struct samples_last *last)
{
	unsigned char *control = at++;
	unsigned bits = 0;

	if (tag != last->tag + 1) {
		bits |= HAS_TAG;
		at = wire_put_signed(at, (int32_t)(tag - last->tag));
	}
	if (sample->time != last->time) {
		bits |= HAS_TIME;
		at = wire_put_signed(at, wire_minus(sample->time, last->time));
	}
	if (sample->quality != last->quality || sample->flags != last->flags) {
		bits |= HAS_MARKS;
		*at++ = (unsigned char)sample->quality;
		*at++ = (unsigned char)(sample->quality >> 8);
		*at++ = sample->flags;
	}
	*control = (unsigned char)bits;
	last->time = sample->time;
	last->quality = sample->quality;
	last->flags = sample->flags;
	return at;
}

static inline bool is_next(const struct ew_sample *sample, uint32_t tag,
			   const struct samples_last *last)
{
	return ((tag ^ (last->tag + 1)) | (uint32_t)(sample->quality ^ last->quality) |
		(uint32_t)(sample->flags ^ last->flags)) == 0 && sample->time == last->time;
}

static inline unsigned char *put_one(unsigned char *at, const struct ew_sample *sample,
				     uint32_t tag, struct samples_last *last)
{
	unsigned char *control = at++;
	unsigned bits = 0;
	unsigned form;

	if (!is_next(sample, tag, last)) {
		at = put_differences(control, sample, tag, last);
		bits = *control;
	}
	last->tag = tag;
	at = sample->type == EW_F64 ? put_float(at, sample->v.f, &form) :
				      put_other(at, sample, &form);
	*control = (unsigned char)(bits | form);
	return at;
}

unsigned char *samples_put(unsigned char *at, const struct ew_sample *samples,
			   const uint32_t *ids, uint32_t count, const struct record_base *base)
{
	struct samples_last last = samples_begin(base);

	at = wire_put_varint(at, count);
	for (uint32_t i = 0; i < count; i++) {
		at = put_one(at, &samples[i], ids == NULL ? samples[i].tag : ids[i], &last);
	}
	return at;
}

uint32_t samples_count(struct wire *wire)
{
	uint32_t count = (uint32_t)wire_bounded(wire, EW_BATCH_MAX);

	/* each is a byte at least */
	return count <= wire_left(wire) ? count : 0;
}

static void get_value(struct wire *wire, enum form form, struct ew_sample *sample)
{
	const unsigned char *at;
	size_t size;
	uint64_t bits;
	uint32_t word;
	float narrow;

	sample->type = EW_F64;
	switch (form) {
	case FORM_NONE:
		sample->type = EW_NONE;
		break;
	case FORM_FALSE:
	case FORM_TRUE:
		sample->type = EW_BOOL;
		sample->v.b = form == FORM_TRUE;
		break;
	case FORM_I64:
		sample->type = EW_I64;
		sample->v.i = wire_signed(wire);
		break;
	case FORM_U64:
		sample->type = EW_U64;
		sample->v.u = wire_varint(wire);
		break;
	case FORM_F64:
		at = wire_fixed(wire, 8);
		bits = at != NULL ? wire_get_u64(at) : 0;
		memcpy(&sample->v.f, &bits, sizeof(bits));
		break;
	case FORM_F64_SHORT:
		at = wire_fixed(wire, 4);
		word = at != NULL ? wire_get_u32(at) : 0;
		memcpy(&narrow, &word, sizeof(word));
		sample->v.f = (double)narrow;
		break;
	case FORM_F64_WHOLE:
		sample->v.f = (double)wire_signed(wire);
		break;
	case FORM_TEXT:
	case FORM_BYTES:
		sample->type = form == FORM_TEXT ? EW_TEXT : EW_BYTES;
		sample->v.x.at = wire_bytes(wire, &size);
		sample->v.x.size = (uint32_t)size;
		break;
	}
}

static void get_one(struct wire *wire, struct ew_sample *sample, struct samples_last *last)
{
	unsigned control = wire_byte(wire);
	unsigned form = control & FORM_MASK;

	if (form > FORM_LAST || (control & ~CONTROL_BITS) != 0) {
		(void)wire_fail(wire);
		return;
	}
	last->tag++;
	if ((control & HAS_TAG) != 0) {
		last->tag += (uint32_t)wire_signed(wire) - 1;
	}
	if ((control & HAS_TIME) != 0) {
		last->time = wire_plus(last->time, wire_signed(wire));
	}
	if ((control & HAS_MARKS) != 0) {
		const unsigned char *at = wire_fixed(wire, 3);

		if (at != NULL) {
			last->quality = (uint16_t)(at[0] | at[1] << 8);
			last->flags = at[2];
		}
	}
	sample->tag = last->tag;
	sample->quality = last->quality;
	sample->flags = last->flags;
	sample->time = last->time;
	sample->v.raw[0] = 0;
	sample->v.raw[1] = 0;
	get_value(wire, (enum form)form, sample);
}

bool samples_get(struct wire *wire, const struct record_base *base, uint32_t count,
		 struct ew_sample *samples_out)
{
	struct samples_last last = samples_begin(base);

	for (uint32_t i = 0; i < count && !wire->is_bad; i++) {
		get_one(wire, &samples_out[i], &last);
	}
	return !wire->is_bad && wire_left(wire) == 0;
}
