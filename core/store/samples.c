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
	FORM_BYTES = 9,
	FORM_RUN_F64 = 10,      /* varint count; so many times eight bytes */
	FORM_RUN_F64_SHORT = 11 /* four bytes */
};
#define FORM_LAST  FORM_RUN_F64_SHORT

#define RUN_MIN   4u            /* of fewer the count is not worth it */
#define RUN_STEP  16u           /* looked at together: few batches differ in their middle */

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

static inline uint64_t bits_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

/* What a float keeps of a number; one out of its range becomes an infinity (IEC 60559). */
static inline double shortened(double value)
{
	return (double)(float)value;
}

static inline bool is_short(double value)
{
	return bits_of(shortened(value)) == bits_of(value);
}

static inline unsigned char *put_short(unsigned char *at, double value)
{
	float narrow = (float)value;
	uint32_t word;

	memcpy(&word, &narrow, sizeof(word));
	wire_put_u32(at, word);
	return at + sizeof(word);
}

/* A number as short as it gets without a change. */
static inline unsigned char *put_float(unsigned char *at, double value, unsigned *form_out)
{
	uint64_t bits = bits_of(value);

	/* a NaN compares with nothing; minus zero has no whole form */
	if (value > -WHOLE_MAX && value < WHOLE_MAX && (double)(int32_t)value == value &&
	    bits != UINT64_C(1) << 63) {
		*form_out = FORM_F64_WHOLE;
		return wire_put_signed(at, (int32_t)value);
	}
	if (is_short(value)) {
		*form_out = FORM_F64_SHORT;
		return put_short(at, value);
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

static inline uint32_t marks_of(const struct ew_sample *sample)
{
	return sample->quality | (uint32_t)sample->type << 16 | (uint32_t)sample->flags << 24;
}

/* The tag's number in the dictionary. */
static inline uint32_t number_of(const struct ew_sample *samples, const uint32_t *ids, uint32_t i)
{
	return ids == NULL ? samples[i].tag : ids[i];
}

/* In how far from..to do not go on as the first began; 0: they do. */
static inline uint64_t run_differs(const struct ew_sample *samples, const uint32_t *ids,
				   uint32_t from, uint32_t to)
{
	const uint32_t marks = marks_of(samples);
	const uint32_t number = number_of(samples, ids, 0);
	const ew_time time = samples->time;
	uint64_t differs = 0;

	for (uint32_t i = from; i < to; i++) {
		differs |= (uint64_t)(samples[i].time ^ time) | (marks_of(&samples[i]) ^ marks) |
			   (number_of(samples, ids, i) ^ (number + i));
	}
	return differs;
}

/* A look at the next sample tells it, mostly. */
static inline bool may_run(const struct ew_sample *samples, const uint32_t *ids, uint32_t count)
{
	return count >= RUN_MIN && samples[1].time == samples[0].time &&
	       samples[0].type == EW_F64 && samples[1].type == EW_F64 &&
	       number_of(samples, ids, 1) == number_of(samples, ids, 0) + 1;
}

/* The run that begins here, as far as it goes in whole steps; 1: none that is worth it. */
static uint32_t run_length(const struct ew_sample *samples, const uint32_t *ids, uint32_t count)
{
	uint32_t run = RUN_MIN;

	if (run_differs(samples, ids, 1, run) != 0) {
		return 1;
	}
	while (run < count) {
		uint32_t end = count - run > RUN_STEP ? run + RUN_STEP : count;

		if (run_differs(samples, ids, run, end) != 0) {
			break;
		}
		run = end;
	}
	return run;
}

/* The words in front of time and value: tag, quality, type, flags. */
static inline uint64_t front_of(const struct ew_sample *sample)
{
	uint64_t front;

	memcpy(&front, sample, sizeof(front));
	return front;
}

/* As run_length() with tags for numbers, but two words a sample: every batch comes this way. */
bool samples_are_run(const struct ew_sample *samples, uint32_t count)
{
	const struct ew_sample next = { .tag = 1 };
	const uint64_t step = front_of(&next);
	const ew_time time = samples->time;
	uint64_t front = front_of(samples);
	uint64_t differs = 0;
	uint32_t i = 0;

	if (!may_run(samples, NULL, count)) {
		return false;
	}
	while (i < count && differs == 0) {
		uint32_t end = count - i > RUN_STEP ? i + RUN_STEP : count;

		for (; i < end; i++, front += step) {
			differs |= (front_of(&samples[i]) ^ front) |
				   (uint64_t)(samples[i].time ^ time);
		}
	}
	return differs == 0;
}

/* Are they all floats? Written as such meanwhile: mostly the first tells it of all. */
static bool put_shorts(unsigned char *at, const struct ew_sample *samples, uint32_t count)
{
	uint64_t differs = 0;

	if (!is_short(samples->v.f)) {
		return false;
	}
	for (uint32_t i = 0; i < count; i++) {
		double value = samples[i].v.f;

		differs |= bits_of(value) ^ bits_of(shortened(value));
		at = put_short(at, value);
	}
	return differs == 0;
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

static unsigned char *put_run(unsigned char *at, const struct ew_sample *samples, uint32_t tag,
			      uint32_t count, struct samples_last *last)
{
	unsigned char *control = at;

	at = put_differences(control, samples, tag, last);
	last->tag = tag + count - 1;
	at = wire_put_varint(at, count);
	if (put_shorts(at, samples, count)) {
		*control |= FORM_RUN_F64_SHORT;
		return at + count * sizeof(float);
	}
	*control |= FORM_RUN_F64;
	for (uint32_t i = 0; i < count; i++, at += sizeof(uint64_t)) {
		wire_put_u64(at, bits_of(samples[i].v.f));
	}
	return at;
}

unsigned char *samples_put(unsigned char *at, const struct ew_sample *samples,
			   const uint32_t *ids, uint32_t count, const struct record_base *base)
{
	struct samples_last last = samples_begin(base);
	uint32_t run;

	at = wire_put_varint(at, count);
	for (uint32_t i = 0; i < count; i += run) {
		const uint32_t *rest = ids == NULL ? NULL : ids + i;
		uint32_t tag = number_of(samples, ids, i);

		run = may_run(samples + i, rest, count - i) ?
			      run_length(samples + i, rest, count - i) : 1;
		at = run == 1 ? put_one(at, &samples[i], tag, &last) :
				put_run(at, samples + i, tag, run, &last);
	}
	return at;
}

unsigned char *samples_put_run(unsigned char *at, const struct ew_sample *samples, uint32_t id,
			       uint32_t count, const struct record_base *base)
{
	struct samples_last last = samples_begin(base);

	at = wire_put_varint(at, count);
	return put_run(at, samples, id, count, &last);
}

uint32_t samples_count(struct wire *wire)
{
	uint32_t count = (uint32_t)wire_bounded(wire, EW_BATCH_MAX);

	/* each is a byte at least */
	return count <= wire_left(wire) ? count : 0;
}

static inline double get_f64(const unsigned char *at)
{
	uint64_t bits = wire_get_u64(at);
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static inline double get_short(const unsigned char *at)
{
	uint32_t word = wire_get_u32(at);
	float narrow;

	memcpy(&narrow, &word, sizeof(narrow));
	return (double)narrow;
}

static void get_value(struct wire *wire, enum form form, struct ew_sample *sample)
{
	const unsigned char *at;
	size_t size;

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
	case FORM_RUN_F64:
		at = wire_fixed(wire, 8);
		sample->v.f = at != NULL ? get_f64(at) : 0;
		break;
	case FORM_F64_SHORT:
	case FORM_RUN_F64_SHORT:
		at = wire_fixed(wire, 4);
		sample->v.f = at != NULL ? get_short(at) : 0;
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

/* What the control byte says of a sample but its value. */
static void get_differences(struct wire *wire, unsigned control, struct samples_last *last)
{
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
}

static void set_sample(struct ew_sample *sample, const struct samples_last *last)
{
	sample->tag = last->tag;
	sample->quality = last->quality;
	sample->flags = last->flags;
	sample->time = last->time;
	sample->v.raw[0] = 0;
	sample->v.raw[1] = 0;
}

/* One sample, or a run of them. Returns how many; 0: damage. */
static uint32_t get_some(struct wire *wire, uint32_t left, struct ew_sample *samples,
			 struct samples_last *last)
{
	unsigned control = wire_byte(wire);
	unsigned form = control & FORM_MASK;
	uint32_t count = 1;

	if (form > FORM_LAST || (control & ~CONTROL_BITS) != 0) {
		return 0;
	}
	get_differences(wire, control, last);
	if (form >= FORM_RUN_F64) {
		count = (uint32_t)wire_bounded(wire, left);
	}
	for (uint32_t i = 0; i < count; i++) {
		last->tag += i > 0;
		set_sample(&samples[i], last);
		get_value(wire, (enum form)form, &samples[i]);
	}
	return wire->is_bad ? 0 : count;
}

bool samples_get(struct wire *wire, const struct record_base *base, uint32_t count,
		 struct ew_sample *samples_out)
{
	struct samples_last last = samples_begin(base);

	for (uint32_t i = 0; i < count;) {
		uint32_t got = get_some(wire, count - i, &samples_out[i], &last);

		if (got == 0) {
			return false;
		}
		i += got;
	}
	return wire_left(wire) == 0;
}
