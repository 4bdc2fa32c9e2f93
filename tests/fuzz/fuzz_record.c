/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as recorded samples: what is refused is told with a position, what
 * is read is in order, and each row is of a tag or a device that is there.
 */
#include "core/base/check.h"
#include "core/rehearsal/record.h"
#include "tests/fuzz/fuzz.h"

static void look(const struct record *record)
{
	check(record->row_count > 0);
	for (size_t i = 0; i < record->row_count; i++) {
		const struct record_row *row = &record->rows[i];

		check(i == 0 || record->rows[i - 1].time <= row->time);
		if (row->device != RECORD_NONE) {
			check(row->device < record->device_count);
			continue;
		}
		check(row->sample.tag < record->tag_count);
		check((row->sample.flags & EW_NULL) != 0 ||
		      row->sample.type == record->tags[row->sample.tag].carrier);
	}
	for (size_t i = 0; i < record->tag_count; i++) {
		check(record->tags[i].device < record->device_count);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record *record = NULL;
	struct diag diag;

	diag_init(&diag);
	if (record_read("fuzz.csv", (const char *)data, size, &diag, &record) == 0) {
		look(record);
		record_free(&record);
	} else {
		check(record == NULL && diag.errors > 0 && diag.items[0].place.line > 0);
	}
	diag_fini(&diag);
	return 0;
}
