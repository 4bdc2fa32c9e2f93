/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as a device would send them: see raw.h. */
#include "modules/simulator/raw.h"

#include <errno.h>

#include "modules/simulator/plant/signal.h"

/* Limits as doubles that convert back without overflow. */
static const struct {
	enum ew_carrier carrier;
	double low, high;
} forms[] = {
	[EW_TYPE_BOOL] = {EW_BOOL, 0.0, 1.0},
	[EW_TYPE_I8] = {EW_I64, -0x1p7, 0x1p7 - 1.0},
	[EW_TYPE_I16] = {EW_I64, -0x1p15, 0x1p15 - 1.0},
	[EW_TYPE_I32] = {EW_I64, -0x1p31, 0x1p31 - 1.0},
	[EW_TYPE_I64] = {EW_I64, -0x1p62, 0x1p62},
	[EW_TYPE_U8] = {EW_U64, 0.0, 0x1p8 - 1.0},
	[EW_TYPE_U16] = {EW_U64, 0.0, 0x1p16 - 1.0},
	[EW_TYPE_U32] = {EW_U64, 0.0, 0x1p32 - 1.0},
	[EW_TYPE_U64] = {EW_U64, 0.0, 0x1p63},
	[EW_TYPE_F32] = {EW_F64, 0.0, 100.0},
	[EW_TYPE_F64] = {EW_F64, 0.0, 100.0},
};

bool raw_is_number(unsigned type)
{
	return type >= EW_TYPE_BOOL && type <= EW_TYPE_F64;
}

struct raw raw_of(unsigned type, const struct ew_tag_spec *spec)
{
	struct raw raw = {.type = type, .scale = 1.0};

	if (type >= EW_TYPE_I8 && type <= EW_TYPE_U64) {
		raw.scale = spec->scale != 0.0 ? spec->scale : 1.0;
		raw.offset = spec->offset;
	}
	return raw;
}

void raw_put(const struct raw *raw, double value, struct ew_sample *sample)
{
	double x = (value - raw->offset) / raw->scale;

	sample->type = (uint8_t)forms[raw->type].carrier;
	if (forms[raw->type].carrier == EW_F64) {
		sample->v.f = raw->type == EW_TYPE_F32 ? (double)(float)x : x;
		return;
	}
	x = signal_clamp(x + (x < 0.0 ? -0.5 : 0.5), forms[raw->type].low, forms[raw->type].high);
	if (forms[raw->type].carrier == EW_BOOL) {
		sample->v.raw[0] = 0;
		sample->v.b = x >= 1.0;
	} else if (forms[raw->type].carrier == EW_I64) {
		sample->v.i = (int64_t)x;
	} else {
		sample->v.u = (uint64_t)x;
	}
}

int raw_get(const struct raw *raw, const struct ew_sample *sample, double *value_out)
{
	double x;

	if (sample->type != forms[raw->type].carrier) {
		return -EINVAL;
	}
	if (sample->type == EW_BOOL) {
		x = sample->v.b ? 1.0 : 0.0;
	} else if (sample->type == EW_I64) {
		x = (double)sample->v.i;
	} else if (sample->type == EW_U64) {
		x = (double)sample->v.u;
	} else {
		x = sample->v.f;
	}
	*value_out = x * raw->scale + raw->offset;
	return 0;
}

void raw_range(const struct raw *raw, double *low_out, double *high_out)
{
	double a = forms[raw->type].low * raw->scale + raw->offset;
	double b = forms[raw->type].high * raw->scale + raw->offset;

	*low_out = a < b ? a : b;
	*high_out = a < b ? b : a;
}
