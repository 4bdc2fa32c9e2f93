/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sections: tags of one device whose values come from one place. A row names
 * the member of a struct of values; declaring and sampling follow the rows.
 * Runs on the instance's loop.
 */
#ifndef HOST_SECTION_H
#define HOST_SECTION_H

#include <edgeway/module.h>

#define SECTION_ROWS_MAX 16

/* The member at `at` is a bool, uint64_t, int64_t (time) or double, as the type's carrier. */
struct section_row {
	const char *name;
	unsigned type;          /* enum ew_type */
	const char *unit;       /* UCUM, or NULL */
	double low, high;
	double deadband;
	size_t at;
	const char *about;
};

struct section {
	const struct section_row *rows;
	size_t count;
	uint32_t tags[SECTION_ROWS_MAX];
};

/* Samples of one scan, published together. */
struct sheet {
	struct ew_sample *samples;
	size_t count;
	size_t room;
	ew_time time;           /* of the scan */
};

/* Declare a device below parent (NULL: none) and say that it is up. */
int section_device(struct ew_instance *inst, const char *path, const char *parent,
		   const char *type, uint32_t *device_out);

/* Declare the rows as tags of a device. */
int section_declare(struct ew_instance *inst, uint32_t device, const struct section_row *rows,
		    size_t count, struct section *section_out);

/* A double that is not a number has no value yet. -ENOMEM: the sheet is as it was. */
int section_sample(const struct section *section, const void *values, struct sheet *sheet);

/* All rows bad, for this reason. */
int section_sample_bad(const struct section *section, enum ew_reason reason, struct sheet *sheet);

#endif
