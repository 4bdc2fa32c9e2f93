/* SPDX-License-Identifier: Apache-2.0 */
/* A row a tag, found once a segment and remembered in what the reader knows of the tag. */
#include "core/store/count.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/base/json.h"
#include "core/base/list.h"
#include "core/store/dump.h"

#define COUNT_TAGS_MAX  ((size_t)1 << 20)
#define COUNT_LINE_MAX  ((size_t)64 << 10)

struct count_row {
	struct list node;
	char *key;                      /* device, a line feed, tag */
	const char *tag;                /* in it */
	uint64_t samples;
	ew_time first, last;
	uint64_t passed[STORE_CURSORS_MAX];
};

struct count {
	struct hash rows;
	struct list in_order;           /* as they were met */
	size_t receiver_count;
	char names[STORE_CURSORS_MAX][STORE_NAME_MAX + 1];
	struct store_cursor cursors[STORE_CURSORS_MAX];
	bool has_passed[STORE_CURSORS_MAX];     /* the record at hand */
};

static bool count_is_passed(const struct store_cursor *cursor, uint64_t lsn)
{
	for (uint32_t i = 0; i < cursor->range_count; i++) {
		if (lsn >= cursor->ranges[i].from && lsn <= cursor->ranges[i].to) {
			return true;
		}
	}
	return lsn <= cursor->lsn;
}

static struct count_row *count_make_row(struct count *count, char *key)
{
	struct count_row *row = calloc(1, sizeof(*row));

	if (row == NULL || hash_put(&count->rows, key, row) != 0) {
		free(row);
		return NULL;
	}
	row->key = key;
	row->tag = strchr(key, '\n') + 1;
	list_push(&count->in_order, &row->node);
	return row;
}

/* NULL: -ENOMEM */
static struct count_row *count_row_of(struct count *count, struct store_known *known)
{
	struct count_row *row = (struct count_row *)(uintptr_t)known->mark;
	char *key;

	if (row != NULL) {
		return row;
	}
	if (asprintf(&key, "%s\n%s", known->tag.device, known->tag.name) < 0) {
		return NULL;
	}
	row = hash_find(&count->rows, key);
	if (row == NULL) {
		row = count_make_row(count, key);
	}
	if (row == NULL || row->key != key) {
		free(key);
	}
	known->mark = (uintptr_t)row;
	return row;
}

static void count_sample(const struct count *count, struct count_row *row, ew_time time)
{
	row->first = row->samples == 0 || time < row->first ? time : row->first;
	row->last = row->samples == 0 || time > row->last ? time : row->last;
	row->samples++;
	for (size_t i = 0; i < count->receiver_count; i++) {
		row->passed[i] += count->has_passed[i];
	}
}

static int count_on_item(void *arg, const struct store_item *item)
{
	struct count *count = arg;

	if (item->kind != STORE_SAMPLES) {
		return 0;
	}
	for (size_t i = 0; i < count->receiver_count; i++) {
		count->has_passed[i] = count_is_passed(&count->cursors[i], item->lsn);
	}
	for (uint32_t i = 0; i < item->samples.count; i++) {
		const struct ew_sample *sample = &item->samples.at[i];
		struct count_row *row = count_row_of(count, &item->samples.known[sample->tag]);

		if (row == NULL) {
			return -ENOMEM;
		}
		count_sample(count, row, sample->time);
	}
	return 0;
}

/* ---- lines ---- */

struct count_lines {
	struct buf line;
	int (*fn)(void *arg, const char *line);
	void *arg;
};

/* receiver: an index, or receiver_count when there is none at all. */
static int count_tell(const struct count *count, const struct count_row *row, size_t receiver,
		      struct count_lines *lines)
{
	bool has_receiver = receiver < count->receiver_count;
	uint64_t passed = has_receiver ? row->passed[receiver] : 0;
	struct buf *line = &lines->line;

	buf_clear(line);
	json_begin(line);
	json_add_bytes(line, "device", row->key, (size_t)(row->tag - row->key - 1));
	json_add_text(line, "tag", row->tag);
	json_add_uint(line, "samples", row->samples);
	json_add_time(line, "first", row->first);
	json_add_time(line, "last", row->last);
	json_add_text(line, "receiver", has_receiver ? count->names[receiver] : NULL);
	json_add_uint(line, "passed", passed);
	json_add_uint(line, "open", row->samples - passed);
	json_end(line);
	return line->fault != 0 ? line->fault : lines->fn(lines->arg, buf_text(line));
}

static int count_tell_all(const struct count *count, struct count_lines *lines)
{
	size_t receivers = count->receiver_count == 0 ? 1 : count->receiver_count;
	struct list *node;
	int ret = 0;

	list_for_each(node, &count->in_order) {
		const struct count_row *row = list_entry(node, struct count_row, node);

		for (size_t i = 0; i < receivers && ret == 0; i++) {
			ret = count_tell(count, row, i, lines);
		}
	}
	return ret;
}

/* ---- the whole ---- */

static void count_learn(struct count *count, struct store *store)
{
	while (count->receiver_count < STORE_CURSORS_MAX &&
	       store_cursor_name(store, count->receiver_count,
				 count->names[count->receiver_count]) == 0 &&
	       store_cursor_get(store, count->names[count->receiver_count],
				&count->cursors[count->receiver_count]) == 0) {
		count->receiver_count++;
	}
}

static void count_free(struct count *count)
{
	struct list *node;

	while ((node = list_pop(&count->in_order)) != NULL) {
		struct count_row *row = list_entry(node, struct count_row, node);

		free(row->key);
		free(row);
	}
	hash_fini(&count->rows);
	free(count);
}

int store_count(const char *path, int (*fn)(void *arg, const char *line), void *arg,
		struct ew_error *err)
{
	struct count_lines lines = { .fn = fn, .arg = arg };
	struct count *count = calloc(1, sizeof(*count));
	struct look look;
	int ret;

	if (count == NULL) {
		return -ENOMEM;
	}
	hash_init(&count->rows, COUNT_TAGS_MAX);
	list_init(&count->in_order);
	buf_init(&lines.line, COUNT_LINE_MAX);
	ret = look_open(path, &look, err);
	if (ret == 0) {
		count_learn(count, look.store);
		ret = look_all(&look, NULL, count_on_item, count);
		ret = ret == 0 ? count_tell_all(count, &lines) : ret;
		look_close(&look);
	}
	buf_fini(&lines.line);
	count_free(count);
	return ret;
}
