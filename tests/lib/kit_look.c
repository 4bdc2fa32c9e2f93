/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libedgeway-test: looking at instances, tags, records and the log.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"
#include "core/module/metrics.h"
#include "core/module/query.h"
#include "tests/lib/kit.h"

/* ---- instances ---- */

const char *ew_test_state(const struct ew_test *test, const char *name)
{
	const struct kit_instance *kit = kit_find(test, name, __func__);

	return instance_state_name(kit->inst == NULL ? INSTANCE_NEW : instance_state(kit->inst));
}

enum ew_health ew_test_health(struct ew_test *test, const char *name, const char **text_out)
{
	const struct kit_instance *kit = kit_find(test, name, __func__);

	test->health = instance_health(kit->inst);
	if (text_out != NULL) {
		*text_out = test->health.text;
	}
	return test->health.health;
}

double ew_test_metric(const struct ew_test *test, const char *name, const char *metric)
{
	const struct kit_instance *kit = kit_find(test, name, __func__);
	const struct metric_table *table = instance_metrics(kit->inst);

	for (unsigned i = 0; table != NULL && i < table->count; i++) {
		if (strcmp(table->rows[i].name, metric) == 0) {
			return metric_value(table, i);
		}
	}
	return (double)NAN;
}

/* What came back for ew_test_query(). */
struct asked {
	struct ew_test *test;
	int error;
	bool is_answered;
};

static void on_asked(void *arg, int error, const struct buf *rows)
{
	struct asked *asked = arg;

	asked->is_answered = true;
	asked->error = error;
	(void)buf_add(&asked->test->answer, buf_text(rows), rows->size); /* a fault sticks */
}

int ew_test_query(struct ew_test *test, const char *name, const char *words,
		  const char **answer_out)
{
	const struct kit_instance *kit = kit_find(test, name, __func__);
	const char *list[EW_QUERY_WORDS_MAX + 1] = { NULL };
	struct asked asked = { test, -ECANCELED, false };
	struct ew_query *query;
	char copy[256], *rest = copy;
	size_t count = 0;
	int error;

	(void)snprintf(copy, sizeof(copy), "%s", words);
	while (count < EW_QUERY_WORDS_MAX && (list[count] = strsep(&rest, " ")) != NULL) {
		count += *list[count] != '\0';
	}
	list[count] = NULL;
	buf_clear(&test->answer);
	error = query_ask(kit->inst, list, on_asked, &asked, &query);
	if (error != 0) {
		return error;
	}
	kit_settle(test);
	if (!asked.is_answered) {
		query_forget(query);
	}
	*answer_out = buf_text(&test->answer);
	return asked.error;
}

void ew_test_allow_misuse(struct ew_test *test)
{
	(void)test;
	instance_set_strict(false);
}

unsigned ew_test_misuses(const struct ew_test *test)
{
	return instance_misuses() - test->misuses_before;
}

/* ---- tags ---- */

uint32_t ew_test_tag(const struct ew_test *test, const char *tag)
{
	char path[EW_PATH_MAX + 1];
	const char *colon = strchr(tag, ':');
	uint32_t device;

	if (colon == NULL || (size_t)(colon - tag) >= sizeof(path)) {
		kit_abort(__func__, "'%s' is not device:tag", tag);
	}
	memcpy(path, tag, (size_t)(colon - tag));
	path[colon - tag] = '\0';
	device = bus_find_device(test->bus, path);
	return device == EW_NO_ID ? EW_NO_ID : bus_find_tag(test->bus, device, colon + 1);
}

int ew_test_read(struct ew_test *test, const char *tag, struct ew_sample *sample_out)
{
	uint32_t id = ew_test_tag(test, tag);

	return id == EW_NO_ID ? -ENOENT : bus_read(test->bus, id, sample_out, test->value,
						   sizeof(test->value));
}

double ew_test_number(struct ew_test *test, const char *tag)
{
	struct ew_sample sample;

	if (ew_test_read(test, tag, &sample) != 0 || (sample.flags & EW_NULL) != 0) {
		return (double)NAN;
	}
	switch ((enum ew_carrier)sample.type) {
	case EW_BOOL:
		return sample.v.b ? 1 : 0;
	case EW_I64:
		return (double)sample.v.i;
	case EW_U64:
		return (double)sample.v.u;
	case EW_F64:
		return sample.v.f;
	case EW_NONE:
	case EW_TEXT:
	case EW_BYTES:
		break;
	}
	return (double)NAN;
}

struct find_carrier {
	uint32_t tag;
	enum ew_carrier carrier;
};

static int find_carrier(void *arg, const struct ew_tag_info *tag)
{
	struct find_carrier *find = arg;

	if (tag->id != find->tag) {
		return 0;
	}
	find->carrier = tag->carrier;
	return 1;
}

int ew_test_set(struct ew_test *test, const char *tag, double value)
{
	struct find_carrier find = { .tag = ew_test_tag(test, tag) };

	(void)bus_tags_walk(test->bus, EW_NO_ID, find_carrier, &find);
	switch (find.carrier) {
	case EW_BOOL:
		return ew_test_write(test, tag, ew_sample_bool(0, 0, value != 0));
	case EW_I64:
		return ew_test_write(test, tag, ew_sample_i64(0, 0, (int64_t)value));
	case EW_U64:
		return ew_test_write(test, tag, ew_sample_u64(0, 0, (uint64_t)value));
	case EW_F64:
	case EW_NONE:
	case EW_TEXT:
	case EW_BYTES:
		break;
	}
	return ew_test_write(test, tag, ew_sample_f64(0, 0, value));
}

/* ---- records ---- */

const struct ew_test_record *ew_test_record(const struct ew_test *test, size_t index)
{
	return index < test->records.count ? &test->records.at[index] : NULL;
}

size_t ew_test_count(const struct ew_test *test, enum ew_test_kind kind, const char *name)
{
	size_t count = 0;

	for (size_t i = 0; i < test->records.count; i++) {
		const struct ew_test_record *record = &test->records.at[i];

		if (record->kind == kind && (name == NULL || strcmp(record->name, name) == 0)) {
			count++;
		}
	}
	return count;
}

/* ---- the log ---- */

static void lines_clear(struct kit_lines *lines)
{
	arena_fini(&lines->arena);
	arena_init(&lines->arena, KIT_ARENA_MAX);
	lines->count = 0;
}

/* Also on a module's own threads. */
static void add_line(void *arg, enum log_level level, const char *who, const char *text)
{
	struct kit_lines *lines = &((struct ew_test *)arg)->lines;
	const char *line;

	(void)pthread_mutex_lock(&lines->lock);
	if (getenv("EW_TEST_LOG") != NULL) {
		(void)fprintf(stderr, "%s %s: %s\n", log_level_name(level),
			      who != NULL ? who : "edgewayd", text);
	}
	if (lines->count < lines->room) {
		line = arena_printf(&lines->arena, "%s %s: %s", log_level_name(level),
				    who != NULL ? who : "edgewayd", text);
		if (line != NULL) {
			lines->at[lines->count++] = line;
		}
	}
	(void)pthread_mutex_unlock(&lines->lock);
}

int kit_lines_open(struct ew_test *test)
{
	struct kit_lines *lines = &test->lines;

	(void)pthread_mutex_init(&lines->lock, NULL);
	arena_init(&lines->arena, KIT_ARENA_MAX);
	arena_init(&test->records.arena, KIT_ARENA_MAX);
	lines->at = calloc(KIT_LINES_MAX, sizeof(*lines->at));
	lines->room = lines->at == NULL ? 0 : KIT_LINES_MAX;
	log_set_level(LOG_LEVEL_DEBUG);
	log_set_sink(add_line, test);
	return lines->at == NULL ? -ENOMEM : 0;
}

void kit_lines_close(struct ew_test *test)
{
	log_set_sink(NULL, NULL);
	log_set_level(LOG_LEVEL_INFO);
	arena_fini(&test->lines.arena);
	arena_fini(&test->records.arena);
	free(test->lines.at);
	(void)pthread_mutex_destroy(&test->lines.lock);
}

const char *ew_test_log(const struct ew_test *test, size_t index)
{
	return index < test->lines.count ? test->lines.at[index] : NULL;
}

size_t ew_test_logged(const struct ew_test *test, const char *text)
{
	size_t count = 0;

	for (size_t i = 0; i < test->lines.count; i++) {
		count += strstr(test->lines.at[i], text) != NULL ? 1 : 0;
	}
	return count;
}

void ew_test_forget(struct ew_test *test)
{
	kit_records_clear(test);
	(void)pthread_mutex_lock(&test->lines.lock);
	lines_clear(&test->lines);
	(void)pthread_mutex_unlock(&test->lines.lock);
}
