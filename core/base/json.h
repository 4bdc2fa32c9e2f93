/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON as core speaks it: one flat object a line. A writer over struct buf and
 * a bounded reader. Pure functions, any thread.
 *
 * The reader works in place and allocates nothing; nested values are checked
 * and handed out as text. A library would build a tree of allocations for
 * each line, of a size that the sender chooses.
 */
#ifndef CORE_BASE_JSON_H
#define CORE_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"

#define JSON_FIELDS_MAX  48     /* of one object */
#define JSON_DEPTH_MAX   8      /* of nested values */

enum json_kind {
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_TEXT,
	JSON_NESTED             /* an object or an array, as text */
};

struct json_field {
	const char *key;
	const char *text;       /* NUL-terminated; of a text its content */
	enum json_kind kind;
};

struct json_object {
	struct json_field fields[JSON_FIELDS_MAX];
	size_t count;
};

/*
 * Read one object. `line` is changed and must outlive the object; line[size]
 * must be writable. -EBADMSG: not an object, a key given twice, not UTF-8, a
 * NUL in a text; -EMSGSIZE: too many fields or too deep.
 */
int json_read(char *line, size_t size, struct json_object *object_out) EW_CHECKED;

/* NULL: no such key. */
const struct json_field *json_find(const struct json_object *object, const char *key);

/* The content of a text; NULL: no such key, or no text. */
const char *json_text(const struct json_object *object, const char *key);

/* Whether the key is there and true. */
bool json_is_true(const struct json_object *object, const char *key);

/* A whole number; -ENOENT no such key, -EINVAL not a whole number, -ERANGE. */
int json_int(const struct json_object *object, const char *key, int64_t *value_out) EW_CHECKED;

/*
 * The writer: json_begin, fields, json_end. Faults stick in the buffer. What
 * is not UTF-8 is written as U+FFFD. A NULL text is written as null.
 */
void json_begin(struct buf *buf);
void json_end(struct buf *buf);
void json_add_text(struct buf *buf, const char *key, const char *text);
void json_add_bytes(struct buf *buf, const char *key, const void *bytes, size_t size);
void json_add_int(struct buf *buf, const char *key, int64_t value);
void json_add_uint(struct buf *buf, const char *key, uint64_t value);
void json_add_bool(struct buf *buf, const char *key, bool value);

/* Not finite: as the text "nan", "inf" or "-inf". */
void json_add_float(struct buf *buf, const char *key, double value);

/* ns UTC as "2026-01-31T12:00:00.000Z"; 0 as null. */
void json_add_time(struct buf *buf, const char *key, ew_time time);

/* Bytes as a text in hexadecimal digits. */
void json_add_hex(struct buf *buf, const char *key, const void *bytes, size_t size);

#endif
