/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded samples: what `edgewayctl record` makes, a person writes by hand, or
 * a historian exports. A CSV whose first line names its columns:
 *
 *	time      2026-11-24T13:08:57.25Z, or seconds from the beginning: 0.25
 *	tag       DEVICE:TAG; without a colon a device, its value then a state
 *	value     empty: none. Of a device: up, down, stale
 *	quality   good (also when empty), uncertain, bad, or one of these two with
 *	          a reason behind a slash: bad/stale; none: the tag is declared
 *	type, unit, max_age     of the tag; in its first row, empty in the others
 *
 * Only time, tag and value are required. Without `type` a value says itself
 * what it is: a number is f64, yes, no, true and false are bool, all else text.
 * Read as a whole, then not changed. One thread.
 */
#ifndef CORE_REHEARSAL_RECORD_H
#define CORE_REHEARSAL_RECORD_H

#include <edgeway/tag.h>

#include "core/base/arena.h"
#include "core/conf/diag.h"

#define RECORD_BYTES_MAX  ((size_t)1 << 30)     /* of a file */
#define RECORD_ROWS_MAX   20000000u
#define RECORD_TAGS_MAX   1000000u              /* devices and tags each */
#define RECORD_NONE       UINT32_MAX            /* in place of a device or tag of the record */

struct record_device {
	const char *path;
	enum ew_state state;            /* at the beginning: as a row of that time says, else up */
};

struct record_tag {
	const char *name;               /* `device:tag`; spec.name points into it */
	uint32_t device;
	enum ew_carrier carrier;
	struct ew_tag_spec spec;
};

/* One row that happens; those that only declare are not kept. */
struct record_row {
	ew_time time;                   /* ns UTC */
	uint32_t number;                /* order in the file */
	uint32_t device;                /* whose state this is; RECORD_NONE: a sample */
	enum ew_state state;
	struct ew_sample sample;        /* tag: place among the tags */
};

struct record {
	struct arena arena;
	struct record_device *devices;
	size_t device_count;
	struct record_tag *tags;
	size_t tag_count;
	struct record_row *rows;        /* in order of time */
	size_t row_count;
};

/* file names the text in errors, all of which go to diag. -EINVAL, -ENOMEM. */
int record_read(const char *file, const char *text, size_t size, struct diag *diag,
		struct record **record_out) EW_CHECKED;

/* The same for a file. -ENOENT, too. */
int record_load(const char *path, struct diag *diag, struct record **record_out) EW_CHECKED;

void record_free(struct record **record);

#endif
