/* SPDX-License-Identifier: Apache-2.0 */
/* Which object stands for a tag: see ipso.h. */
#include "modules/lwm2m/ipso.h"

#include <math.h>
#include <string.h>

#define FLOAT_VALUE  5700
#define COMMAND      42769u     /* our own object: what can be executed */
#define TWO_63       9223372036854775808.0
#define TWO_64       18446744073709551616.0

/* UCUM units: what they measure, and their SenML name. The first one of a unit counts. */
static const struct {
	const char *unit;
	const char *senml;
	uint16_t object;
} units[] = {
	{"Cel", "Cel", 3303}, {"K", "K", 3303}, {"[degF]", "[degF]", 3303},
	{"%{RH}", "%RH", 3304}, {"%RH", "%RH", 3304},
	{"Pa", "Pa", 3323}, {"hPa", "hPa", 3323}, {"kPa", "kPa", 3323}, {"bar", "bar", 3323},
	{"mbar", "mbar", 3323},
	{"V", "V", 3316}, {"mV", "mV", 3316}, {"kV", "kV", 3316},
	{"A", "A", 3317}, {"mA", "mA", 3317}, {"Hz", "Hz", 3318}, {"kHz", "kHz", 3318},
	{"W", "W", 3328}, {"kW", "kW", 3328}, {"MW", "MW", 3328},
	{"%", "%", 3320}, {"lx", "lx", 3301}, {"dB", "dB", 3324}, {"m", "m", 3330},
	{"mm", "mm", 3330}, {"kg", "kg", 3322}, {"[pH]", "pH", 3326}, {"S/m", "S/m", 3327},
	{"deg", "deg", 3300}, {"m3/h", "m3/h", 3346}, {"m3/s", "m3/s", 3346},
	{"L/s", "l/s", 3346}, {"L/min", "L/min", 3346}, {"/min", "1/min", 3346},
	{"{rpm}", "1/min", 3346},
};

static size_t ipso_row(const char *unit)
{
	size_t i = 0;

	while (i < sizeof(units) / sizeof(units[0]) && strcmp(units[i].unit, unit) != 0) {
		i++;
	}
	return i;
}

const char *ipso_unit(const char *unit)
{
	size_t row;

	if (unit == NULL) {
		return "";
	}
	row = ipso_row(unit);
	return row < sizeof(units) / sizeof(units[0]) ? units[row].senml : unit;
}

bool ipso_place_as(const struct ew_tag_spec *spec, uint16_t object,
		   const struct lwm2m_resource *resource, struct ipso_place *place_out)
{
	bool executable = resource->type == LWM2M_NONE;
	bool number = spec->type >= EW_TYPE_I8 && spec->type <= EW_TYPE_F64;
	bool fits = executable ? (spec->access & EW_ACCESS_EXECUTE) != 0 :
		    resource->type == LWM2M_BOOLEAN ? spec->type == EW_TYPE_BOOL : number;

	if (fits) {
		*place_out = (struct ipso_place){
			.object = object, .resource = resource->id, .type = resource->type,
			.is_executable = executable,
			.is_writable = (spec->access & EW_ACCESS_WRITE) != 0 &&
				       (resource->operations & LWM2M_WRITABLE) != 0,
		};
	}
	return fits;
}

bool ipso_place_of(const struct ew_tag_spec *spec, struct ipso_place *place_out)
{
	bool writable = (spec->access & EW_ACCESS_WRITE) != 0;
	struct ipso_place place = {.is_writable = writable};
	size_t row;

	if (!writable && (spec->access & EW_ACCESS_EXECUTE) != 0) {
		*place_out = (struct ipso_place){
			.object = COMMAND, .resource = 0, .type = LWM2M_NONE,
			.is_executable = true,
		};
		return true;
	}
	if (spec->type == EW_TYPE_BOOL) {
		place.object = writable ? 3306 : 3200;
		place.resource = writable ? 5850 : 5500;
		place.type = LWM2M_BOOLEAN;
		*place_out = place;
		return true;
	}
	if (spec->type < EW_TYPE_I8 || spec->type > EW_TYPE_F64) {
		return false;
	}
	place.type = LWM2M_FLOAT;
	if (writable) {
		place.object = 3308;
		place.resource = 5900;
		*place_out = place;
		return true;
	}
	row = ipso_row(spec->unit == NULL ? "" : spec->unit);
	place.resource = FLOAT_VALUE;
	place.object = row < sizeof(units) / sizeof(units[0]) ? units[row].object : 3300;
	*place_out = place;
	return true;
}

bool ipso_from_sample(const struct ipso_place *place, const struct ew_sample *sample,
		      struct lwm2m_value *value_out)
{
	double number;

	if ((sample->flags & EW_NULL) != 0 || place->is_executable) {
		return false;
	}
	if (place->type == LWM2M_BOOLEAN) {
		value_out->type = LWM2M_BOOLEAN;
		value_out->v.b = sample->v.b;
		return sample->type == EW_BOOL;
	}
	switch (sample->type) {
	case EW_I64:
		number = (double)sample->v.i;
		break;
	case EW_U64:
		number = (double)sample->v.u;
		break;
	case EW_F64:
		number = sample->v.f;
		break;
	default:
		return false;
	}
	value_out->type = LWM2M_FLOAT;
	value_out->v.f = number;
	if (!isfinite(number)) {
		return false;
	}
	/* to the nearest: a sensor's reading need not be whole */
	if (place->type != LWM2M_FLOAT) {
		value_out->v.f = round(number);
		return lwm2m_value_convert(value_out, (enum lwm2m_type)place->type, NULL) == 0;
	}
	return true;
}

int ipso_to_sample(const struct ipso_place *place, const struct lwm2m_value *value,
		   enum ew_carrier carrier, struct ew_sample *sample_out)
{
	/* whole numbers go the way of others; their carrier tells whether they fit */
	enum lwm2m_type type = place->type == LWM2M_BOOLEAN ? LWM2M_BOOLEAN : LWM2M_FLOAT;
	struct lwm2m_value exact = *value;
	double number;

	if (lwm2m_value_convert(&exact, type, NULL) != 0 || exact.type != type) {
		return -EPROTO;
	}
	if (type == LWM2M_BOOLEAN) {
		*sample_out = ew_sample_bool(sample_out->tag, 0, exact.v.b);
		return carrier == EW_BOOL ? 0 : -EPROTO;
	}
	number = exact.v.f;
	if (carrier == EW_F64) {
		*sample_out = ew_sample_f64(sample_out->tag, 0, number);
		return 0;
	}
	if (trunc(number) < number || trunc(number) > number) {
		return -EPROTO;
	}
	if (carrier == EW_I64 && number >= -TWO_63 && number < TWO_63) {
		*sample_out = ew_sample_i64(sample_out->tag, 0, (int64_t)number);
		return 0;
	}
	if (carrier == EW_U64 && number >= 0 && number < TWO_64) {
		*sample_out = ew_sample_u64(sample_out->tag, 0, (uint64_t)number);
		return 0;
	}
	return -EPROTO;
}
