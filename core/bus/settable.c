/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A number is taken in every form that holds it exactly; then the tag picks.
 */
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/bus/settable.h"

#define TWO_POW_63  9223372036854775808.0
#define TWO_POW_64  18446744073709551616.0
#define TEXT_BYTES  256u        /* when the tag does not say */

/* The forms that hold a number without loss. */
struct number {
	bool has_i, has_u, has_f;
	int64_t i;
	uint64_t u;
	double f;
};

int reason_give(struct reason *reason, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(reason->text, sizeof(reason->text), format, args);
	va_end(args);
	reason->error = error;
	return error;
}

static struct number number_from_i64(int64_t i)
{
	struct number n = { .has_i = true, .i = i, .f = (double)i };

	n.has_u = i >= 0;
	n.u = i >= 0 ? (uint64_t)i : 0;
	n.has_f = n.f < TWO_POW_63 && (int64_t)n.f == i;
	return n;
}

static struct number number_from_u64(uint64_t u)
{
	struct number n = { .has_u = true, .u = u, .f = (double)u };

	n.has_i = u <= INT64_MAX;
	n.i = n.has_i ? (int64_t)u : 0;
	n.has_f = n.f < TWO_POW_64 && (uint64_t)n.f == u;
	return n;
}

static struct number number_from_f64(double f)
{
	struct number n = { .has_f = true, .f = f };

	if (!isfinite(f) || f != trunc(f)) {
		return n;
	}
	n.has_i = f >= -TWO_POW_63 && f < TWO_POW_63;
	n.i = n.has_i ? (int64_t)f : 0;
	n.has_u = f >= 0 && f < TWO_POW_64;
	n.u = n.has_u ? (uint64_t)f : 0;
	return n;
}

static bool number_of(const struct ew_sample *value, struct number *number_out)
{
	switch (value->type) {
	case EW_BOOL:
		*number_out = number_from_i64(value->v.b ? 1 : 0);
		return true;
	case EW_I64:
		*number_out = number_from_i64(value->v.i);
		return true;
	case EW_U64:
		*number_out = number_from_u64(value->v.u);
		return true;
	case EW_F64:
		*number_out = number_from_f64(value->v.f);
		return true;
	default:
		return false;
	}
}

bool settable_number(const struct ew_sample *value, double *number_out)
{
	struct number number;

	if (!number_of(value, &number)) {
		return false;
	}
	*number_out = number.f;
	return true;
}

/* Put a number into a carrier. False: it would lose something. */
static bool number_put(const struct number *number, enum ew_carrier carrier,
		       struct ew_sample *out)
{
	out->type = (uint8_t)carrier;
	out->v.raw[0] = 0;
	out->v.raw[1] = 0;
	switch (carrier) {
	case EW_BOOL:
		out->v.b = number->has_u && number->u == 1;
		return number->has_u && number->u <= 1;
	case EW_I64:
		out->v.i = number->i;
		return number->has_i;
	case EW_U64:
		out->v.u = number->u;
		return number->has_u;
	case EW_F64:
		out->v.f = number->f;
		return number->has_f;
	case EW_NONE:
	case EW_TEXT:
	case EW_BYTES:
		break;
	}
	return false;
}

static bool is_labelled(const struct ew_tag_spec *spec, const struct number *number)
{
	for (size_t i = 0; i < spec->label_count; i++) {
		if (number->has_i && number->i == spec->labels[i].value) {
			return true;
		}
	}
	return false;
}

static int check_limits(const struct ew_tag_spec *spec, const struct number *number,
			struct reason *reason)
{
	double low = spec->write_low, high = spec->write_high;

	if (!isfinite(number->f)) {
		return reason_give(reason, -ERANGE, "the value is not a finite number");
	}
	if (spec->label_count > 0 && !is_labelled(spec, number)) {
		return reason_give(reason, -ERANGE, "%.17g is none of the tag's labels", number->f);
	}
	if (low == high) {
		low = spec->low;
		high = spec->high;
	}
	if (low != high && (number->f < low || number->f > high)) {
		return reason_give(reason, -ERANGE, "%.15g is outside of %.15g to %.15g",
				   number->f, low, high);
	}
	return 0;
}

static bool fits_signed(const struct number *number, int64_t low, int64_t high)
{
	return number->has_i && number->i >= low && number->i <= high;
}

static bool fits_unsigned(const struct number *number, uint64_t high)
{
	return number->has_u && number->u <= high;
}

static bool fits_type(unsigned type, const struct number *number)
{
	switch (type) {
	case EW_TYPE_BOOL:
		return fits_unsigned(number, 1);
	case EW_TYPE_I8:
		return fits_signed(number, INT8_MIN, INT8_MAX);
	case EW_TYPE_I16:
		return fits_signed(number, INT16_MIN, INT16_MAX);
	case EW_TYPE_I32:
		return fits_signed(number, INT32_MIN, INT32_MAX);
	case EW_TYPE_I64:
	case EW_TYPE_TIME:
		return number->has_i;
	case EW_TYPE_U8:
		return fits_unsigned(number, UINT8_MAX);
	case EW_TYPE_U16:
		return fits_unsigned(number, UINT16_MAX);
	case EW_TYPE_U32:
		return fits_unsigned(number, UINT32_MAX);
	case EW_TYPE_U64:
		return number->has_u;
	case EW_TYPE_F32:
		return number->has_f && fabs(number->f) <= (double)FLT_MAX;
	case EW_TYPE_F64:
		return number->has_f;
	default:
		return false;
	}
}

/* Undo what core does to a published value. */
static struct number unscale(const struct ew_tag_spec *spec, const struct number *number)
{
	double scale = spec->scale == 0 ? 1 : spec->scale;
	double raw = (number->f - spec->offset) / scale;

	if (spec->type != EW_TYPE_F32 && spec->type != EW_TYPE_F64) {
		raw = round(raw);
	}
	return number_from_f64(raw);
}

static int convert_number(const struct ew_tag_info *tag, const struct ew_sample *value,
			  struct ew_sample *raw_out, struct reason *reason)
{
	const struct ew_tag_spec *spec = &tag->spec;
	struct ew_sample out = *value;
	struct number number;
	int error;

	if (!number_of(value, &number)) {
		return reason_give(reason, -EINVAL, "the tag takes a number");
	}
	error = check_limits(spec, &number, reason);
	if (error != 0) {
		return error;
	}
	if ((spec->scale != 0 && spec->scale != 1) || spec->offset != 0) {
		number = unscale(spec, &number);
	}
	if (!fits_type(spec->type, &number) ||
	    !number_put(&number, ew_type_carrier(spec->type), &out)) {
		return reason_give(reason, -ERANGE, "%.17g does not fit the tag's type %s",
				   number.f, ew_type_name(spec->type));
	}
	*raw_out = out;
	return 0;
}

static int convert_bytes(const struct ew_tag_info *tag, const struct ew_sample *value,
			 struct ew_sample *raw_out, struct reason *reason)
{
	uint32_t room = tag->spec.max_bytes == 0 ? TEXT_BYTES : tag->spec.max_bytes;

	if (value->type != tag->carrier) {
		return reason_give(reason, -EINVAL, "the tag takes %s",
				   tag->carrier == EW_TEXT ? "text" : "bytes");
	}
	if (value->v.x.size > room) {
		return reason_give(reason, -EMSGSIZE, "%u bytes are more than the tag's %u",
				   (unsigned)value->v.x.size, (unsigned)room);
	}
	if (value->type == EW_TEXT && value->v.x.size > 0 &&
	    !text_is_utf8((const char *)value->v.x.at, value->v.x.size)) {
		return reason_give(reason, -EINVAL, "the text is not UTF-8");
	}
	if (tag->spec.type == EW_TYPE_UUID && value->v.x.size != 36) {
		return reason_give(reason, -EINVAL, "a uuid has 36 characters");
	}
	*raw_out = *value;
	return 0;
}

int settable_convert(const struct ew_tag_info *tag, const struct ew_sample *value,
		     struct ew_sample *raw_out, struct reason *reason)
{
	if (tag->carrier == EW_TEXT || tag->carrier == EW_BYTES) {
		return convert_bytes(tag, value, raw_out, reason);
	}
	return convert_number(tag, value, raw_out, reason);
}

int settable_carry(enum ew_carrier carrier, struct ew_sample *raw, struct reason *reason)
{
	struct ew_sample out = *raw;
	struct number number;

	if (raw->type == carrier || raw->type != EW_F64) {
		return 0;
	}
	number = number_from_f64(round(raw->v.f));
	if (!number_put(&number, carrier, &out)) {
		return reason_give(reason, -ERANGE, "%.17g does not fit the datatype of its owner",
				   number.f);
	}
	*raw = out;
	return 0;
}

/* Cut between characters; what would break a line becomes '?'. */
static const char *format_text(const struct ew_sample *value, char *out, size_t size)
{
	const char *text = value->v.x.at;
	size_t count = value->v.x.size < size - 1 ? value->v.x.size : size - 1;

	if (count > 0) {
		memcpy(out, text, count);
	}
	if (count < value->v.x.size) {
		while (count > 0 && ((unsigned char)text[count] & 0xc0u) == 0x80u) {
			count--;
		}
	}
	out[count] = '\0';
	for (size_t i = 0; i < count; i++) {
		if ((unsigned char)out[i] < 0x20 || out[i] == 0x7f) {
			out[i] = '?';
		}
	}
	return out;
}

int settable_parse(enum ew_carrier carrier, const char *text, struct ew_sample *value_out)
{
	struct ew_sample value = ew_sample_none(0, 0);
	int error = -EINVAL;

	value.type = (uint8_t)carrier;
	value.flags = 0;
	switch (carrier) {
	case EW_BOOL:
		error = text_parse_bool(text, &value.v.b);
		break;
	case EW_I64:
		error = text_parse_int(text, &value.v.i);
		break;
	case EW_U64:
		error = text_parse_uint(text, &value.v.u);
		break;
	case EW_F64:
		error = text_parse_float(text, &value.v.f);
		break;
	case EW_TEXT:
		value = ew_sample_text(0, 0, text, (uint32_t)strlen(text));
		error = 0;
		break;
	case EW_NONE:
	case EW_BYTES:
		break;
	}
	if (error == 0) {
		*value_out = value;
	}
	return error;
}

const char *settable_format(const struct ew_sample *value, char *out, size_t size)
{
	out[0] = '\0';
	switch (value->type) {
	case EW_BOOL:
		(void)snprintf(out, size, "%s", value->v.b ? "true" : "false");
		break;
	case EW_I64:
		(void)snprintf(out, size, "%" PRId64, value->v.i);
		break;
	case EW_U64:
		(void)snprintf(out, size, "%" PRIu64, value->v.u);
		break;
	case EW_F64:
		return text_format_float(value->v.f, out, size);
	case EW_TEXT:
		return format_text(value, out, size);
	case EW_BYTES:
		(void)snprintf(out, size, "(%u bytes)", (unsigned)value->v.x.size);
		break;
	default:
		break;
	}
	return out;
}
