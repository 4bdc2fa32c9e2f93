/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON as it is written: into memory that grows up to a limit. What does not
 * fit sets `failed`, and everything after it does nothing. Pure but for the memory.
 */
#ifndef MODULES_LWM2M_SERVER_TEXT_H
#define MODULES_LWM2M_SERVER_TEXT_H

#include "modules/lwm2m_server/catalog.h"
#include "proto/lwm2m/format.h"

struct text {
	char *at;
	size_t size, room, limit;
	bool failed;
	int64_t second;         /* that `stamp` says; of the last time that was put */
	size_t stamp_size;      /* 0: none */
	char stamp[24];
};

static inline struct text text_of(size_t limit)
{
	return (struct text){.limit = limit};
}

void text_free(struct text *text);

void text_put(struct text *text, const char *bytes, size_t size);
void text_words(struct text *text, const char *words);

/* A JSON string, with its quotes; what is not UTF-8 as base64. */
void text_string(struct text *text, const char *bytes, size_t size);
void text_number(struct text *text, double value);
void text_unsigned(struct text *text, uint64_t value);

/* ns UTC as "2026-01-01T00:00:00.000Z", with quotes. */
void text_time(struct text *text, int64_t time);

/* Two parts of a record: up to the value, which is the same for a path; value and time. */
void text_record_head(struct text *text, const struct catalog *catalog,
		      const struct lwm2m_path *path);
void text_record_tail(struct text *text, const struct lwm2m_record *record);

void text_value(struct text *text, const struct lwm2m_value *value);

/* {"path": ..., "name": ..., "value": ..., "time": ...}; the value has its type already. */
void text_record(struct text *text, const struct catalog *catalog,
		 const struct lwm2m_record *record);

#endif
