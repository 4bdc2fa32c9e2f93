/* SPDX-License-Identifier: Apache-2.0 */
/* Sections: see section.h. */
#include "modules/host/section.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

int section_device(struct ew_instance *inst, const char *path, const char *parent,
		   const char *type, uint32_t *device_out)
{
	struct ew_device_spec spec = {
		.size = sizeof(spec), .path = path, .parent = parent, .type = type,
	};
	uint32_t device;
	int rc = ew_device_declare(inst, &spec, &device);

	if (rc == 0) {
		rc = ew_device_state(inst, device, EW_DEVICE_UP, NULL);
	}
	if (rc == 0) {
		*device_out = device;
	}
	return rc;
}

int section_declare(struct ew_instance *inst, uint32_t device, const struct section_row *rows,
		    size_t count, struct section *section_out)
{
	if (count > SECTION_ROWS_MAX) {
		return -EINVAL;
	}
	section_out->rows = rows;
	section_out->count = count;
	for (size_t i = 0; i < count; i++) {
		struct ew_tag_spec spec = {
			.size = sizeof(spec),
			.name = rows[i].name,
			.type = rows[i].type,
			.access = EW_ACCESS_READ,
			.unit = rows[i].unit,
			.description = rows[i].about,
			.low = rows[i].low,
			.high = rows[i].high,
			.deadband = rows[i].deadband,
		};
		int rc = ew_tag_declare(inst, device, &spec, &section_out->tags[i]);

		if (rc != 0) {
			return rc;
		}
	}
	return 0;
}

static int sheet_reserve(struct sheet *sheet, size_t count)
{
	size_t room = sheet->room == 0 ? 64 : sheet->room;
	struct ew_sample *samples;

	while (room < sheet->count + count) {
		room *= 2;
	}
	if (room == sheet->room) {
		return 0;
	}
	samples = realloc(sheet->samples, room * sizeof(*samples));
	if (samples == NULL) {
		return -ENOMEM;
	}
	sheet->samples = samples;
	sheet->room = room;
	return 0;
}

static struct ew_sample section_bad(uint32_t tag, ew_time time, enum ew_reason reason)
{
	struct ew_sample sample = ew_sample_none(tag, time);

	sample.quality = (uint16_t)(EW_BAD | (unsigned)reason);
	return sample;
}

static struct ew_sample section_value(const struct section_row *row, uint32_t tag, ew_time time,
				      const void *values)
{
	const void *member = (const char *)values + row->at;

	switch (ew_type_carrier(row->type)) {
	case EW_BOOL:
		return ew_sample_bool(tag, time, *(const bool *)member);
	case EW_I64:
		return ew_sample_i64(tag, time, *(const int64_t *)member);
	case EW_U64:
		return ew_sample_u64(tag, time, *(const uint64_t *)member);
	case EW_F64:
		if (isnan(*(const double *)member)) {
			break;
		}
		return ew_sample_f64(tag, time, *(const double *)member);
	case EW_NONE:
	case EW_TEXT:
	case EW_BYTES:
		break;
	}
	return section_bad(tag, time, EW_REASON_NO_VALUE);
}

int section_sample(const struct section *section, const void *values, struct sheet *sheet)
{
	int rc = sheet_reserve(sheet, section->count);

	if (rc != 0) {
		return rc;
	}
	for (size_t i = 0; i < section->count; i++) {
		sheet->samples[sheet->count++] = section_value(&section->rows[i],
							       section->tags[i], sheet->time,
							       values);
	}
	return 0;
}

int section_sample_bad(const struct section *section, enum ew_reason reason, struct sheet *sheet)
{
	int rc = sheet_reserve(sheet, section->count);

	if (rc != 0) {
		return rc;
	}
	for (size_t i = 0; i < section->count; i++) {
		sheet->samples[sheet->count++] = section_bad(section->tags[i], sheet->time,
							     reason);
	}
	return 0;
}
