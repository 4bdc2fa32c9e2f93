/* SPDX-License-Identifier: Apache-2.0 */
/* What is told, in which words, and what is only counted. */
#include "core/rehearsal/teller.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/base/json.h"
#include "core/base/text.h"

#define TAGS_MAX     200000u
#define LINE_MAX_BYTES  ((size_t)4 << 20)
#define VALUE_MAX    64
#define FIELDS_MAX   8
#define ROWS_MAX     64

/* What was said of a tag last. */
struct told {
	char *name;
	char value[VALUE_MAX];
	char subject[VALUE_MAX];
	uint16_t quality;
};

struct teller {
	struct stage *stage;
	struct teller_config config;
	struct hash told;               /* struct told by the name of its tag, own and others' */
	struct buf line;
	ew_time begun;
	uint64_t counts[DEED_EVENT + 1];
	uint64_t hidden_writes, hidden_values;
	bool has_titles;                /* what the columns of reasons are was said */
};

int teller_new(struct stage *stage, const struct teller_config *config,
	       struct teller **teller_out)
{
	struct teller *teller = calloc(1, sizeof(*teller));

	if (teller == NULL) {
		return -ENOMEM;
	}
	teller->stage = stage;
	teller->config = *config;
	teller->begun = stage->record->rows[0].time;
	hash_init(&teller->told, TAGS_MAX);
	buf_init(&teller->line, LINE_MAX_BYTES);
	*teller_out = teller;
	return 0;
}

void teller_free(struct teller **teller_at)
{
	struct teller *teller = *teller_at;
	struct told *told;
	size_t cursor = 0;

	if (teller == NULL) {
		return;
	}
	while ((told = hash_next(&teller->told, &cursor)) != NULL) {
		free(told->name);
		free(told);
	}
	hash_fini(&teller->told);
	buf_fini(&teller->line);
	free(teller);
	*teller_at = NULL;
}

/* ---- what is worth telling ---- */

/* The entry of a tag; *is_new_out: made now. NULL: no memory, which tells all. */
static struct told *teller_find(struct teller *teller, const char *name, bool *is_new_out)
{
	struct told *told = hash_find(&teller->told, name);

	*is_new_out = told == NULL;
	if (told != NULL) {
		return told;
	}
	told = calloc(1, sizeof(*told));
	if (told != NULL) {
		told->name = strdup(name);
	}
	if (told == NULL || told->name == NULL || hash_put(&teller->told, told->name, told) != 0) {
		free(told == NULL ? NULL : told->name);
		free(told);
		return NULL;
	}
	return told;
}

/* Whether it differs from what was said of this tag before; remembers it. */
static bool teller_is_news(struct teller *teller, const struct deed *deed)
{
	bool is_new, is_news, is_number = deed->carrier != EW_BOOL && deed->carrier != EW_TEXT;
	struct told *told = teller_find(teller, deed->name, &is_new);

	if (told == NULL) {
		return true;
	}
	if (deed->kind == DEED_VALUE) {
		is_news = EW_QUALITY_CLASS(told->quality) != EW_QUALITY_CLASS(deed->quality) ||
			  (!is_number && strncmp(told->value, deed->value, VALUE_MAX - 1) != 0);
		is_news = is_news && !is_new;
	} else {
		is_news = is_new || strncmp(told->value, deed->value, VALUE_MAX - 1) != 0 ||
			  strncmp(told->subject, deed->subject, VALUE_MAX - 1) != 0;
	}
	told->quality = deed->quality;
	(void)snprintf(told->value, VALUE_MAX, "%s", deed->value);
	(void)snprintf(told->subject, VALUE_MAX, "%s", deed->subject);
	return is_news;
}

/* why_out: what the instance says of it, NULL: nothing. */
static bool teller_shows(struct teller *teller, const struct deed *deed, const char **why_out)
{
	bool is_news = true;

	if (deed->kind == DEED_WRITE || deed->kind == DEED_FAIL_SAFE || deed->kind == DEED_VALUE) {
		is_news = teller_is_news(teller, deed);
	}
	is_news = is_news || deed->kind == DEED_FAIL_SAFE || teller->config.all;
	*why_out = is_news ? stage_ask(teller->stage, deed->subject) : NULL;
	switch (deed->kind) {
	case DEED_WRITE:        /* one of no rule is a heartbeat */
		return teller->config.all || (is_news && *deed->subject != '\0');
	case DEED_VALUE:
		return teller->config.all || (is_news && *why_out != NULL);
	case DEED_REFUSED:
	case DEED_FAIL_SAFE:
	case DEED_EVENT:
		break;
	}
	return true;
}

/* ---- JSON ---- */

static const char *const kind_words[] = {
	[DEED_WRITE] = "write",
	[DEED_REFUSED] = "refused",
	[DEED_FAIL_SAFE] = "fail_safe",
	[DEED_VALUE] = "value",
	[DEED_EVENT] = "event",
};

static double teller_seconds(const struct teller *teller, ew_time time)
{
	return (double)(time - teller->begun) / 1e9;
}

static void json_add_value(struct buf *line, const char *key, const char *text)
{
	double number;

	if (text_parse_float(text, &number) == 0) {
		json_add_float(line, key, number);
	} else if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
		json_add_bool(line, key, *text == 't');
	} else {
		json_add_text(line, key, *text == '\0' ? NULL : text);
	}
}

static void teller_json(struct teller *teller, const struct deed *deed, const char *why)
{
	struct buf *line = &teller->line;
	size_t size;

	json_begin(line);
	json_add_text(line, "what", kind_words[deed->kind]);
	json_add_float(line, "at", teller_seconds(teller, deed->time));
	json_add_time(line, "time", deed->time);
	json_add_text(line, deed->kind == DEED_EVENT ? "kind" : "tag", deed->name);
	if (deed->kind == DEED_EVENT) {
		json_add_text(line, "severity", ew_severity_name((enum ew_severity)deed->priority));
		/* its body is JSON already */
		(void)buf_printf(line, ",\"body\":%s", *deed->value != '\0' ? deed->value : "null");
	} else {
		json_add_value(line, "value", deed->value);
	}
	if (deed->kind == DEED_VALUE) {
		json_add_text(line, "quality", ew_quality_name(deed->quality));
		json_add_text(line, "reason", ew_reason_name(deed->quality));
	} else if (deed->kind != DEED_EVENT) {
		json_add_uint(line, "priority", deed->priority);
		json_add_text(line, "text", deed->text);
	}
	json_add_text(line, "subject", deed->subject);
	/* whole objects, a line each */
	(void)buf_add_text(line, ",\"why\":[");
	for (; why != NULL && *why != '\0'; why += size + (why[size] == '\n')) {
		size = strcspn(why, "\n");
		(void)buf_add(line, why, size);
		(void)buf_add_text(line, why[size] == '\n' && why[size + 1] != '\0' ? "," : "");
	}
	(void)buf_add_byte(line, ']');
	json_end(line);
}

/* ---- for people ---- */

struct table_of_why {
	char *text;                     /* taken to pieces */
	const char *cells[ROWS_MAX][FIELDS_MAX];
	size_t rows;
	int widths[FIELDS_MAX];
};

static void why_add(struct table_of_why *table, size_t column, const char *text)
{
	int width = (int)strlen(text);

	table->cells[table->rows][column] = text;
	table->widths[column] = width > table->widths[column] ? width : table->widths[column];
}

/* The fields of each row; behind those of the keys, when they are to be shown. */
static void why_read(struct table_of_why *table, char *text, bool has_titles)
{
	struct json_object row;
	char *next;

	memset(table, 0, sizeof(*table));
	for (; *text != '\0' && table->rows + 1 < ROWS_MAX; text = next) {
		size_t size = strcspn(text, "\n");

		next = text + size + (text[size] == '\n');
		text[size] = '\0';
		if (json_read(text, size, &row) != 0) {
			continue;
		}
		for (size_t i = 0; has_titles && i < row.count && i < FIELDS_MAX; i++) {
			why_add(table, i, row.fields[i].key);
		}
		table->rows += has_titles;
		has_titles = false;
		for (size_t i = 0; i < row.count && i < FIELDS_MAX; i++) {
			why_add(table, i, row.fields[i].kind == JSON_NULL ? ""
				: row.fields[i].text);
		}
		table->rows++;
	}
}

static void teller_why(struct teller *teller, const char *why)
{
	struct table_of_why table;
	char *copy = strdup(why);

	if (copy == NULL) {
		return;
	}
	why_read(&table, copy, !teller->has_titles);
	teller->has_titles = true;
	for (size_t i = 0; i < table.rows; i++) {
		size_t end;

		(void)buf_add_text(&teller->line, "\n                 ");
		for (size_t j = 0; j < FIELDS_MAX; j++) {
			const char *cell = table.cells[i][j] != NULL ? table.cells[i][j] : "";

			if (table.widths[j] > 0) {
				(void)buf_printf(&teller->line, "  %-*s", table.widths[j], cell);
			}
		}
		for (end = teller->line.size; end > 0 && teller->line.at[end - 1] == ' '; end--) {
		}
		teller->line.size = end;
		teller->line.at[end] = '\0';
	}
	free(copy);
}

static void teller_text(struct teller *teller, const struct deed *deed, const char *why)
{
	struct buf *line = &teller->line;

	(void)buf_printf(line, "%12.3f  %-9s  %s", teller_seconds(teller, deed->time),
			 deed->kind == DEED_FAIL_SAFE ? "fail-safe" : kind_words[deed->kind],
			 deed->name);
	if (deed->kind == DEED_EVENT) {
		(void)buf_printf(line, "  %s  %s",
				 ew_severity_name((enum ew_severity)deed->priority), deed->value);
	} else {
		(void)buf_printf(line, " = %s", *deed->value != '\0' ? deed->value : "(none)");
	}
	if (deed->kind == DEED_VALUE && deed->quality != EW_GOOD) {
		(void)buf_printf(line, "  %s %s", ew_quality_name(deed->quality),
				 ew_reason_name(deed->quality));
	}
	if (deed->kind == DEED_WRITE || deed->kind == DEED_REFUSED) {
		(void)buf_printf(line, "  by %s at priority %u",
				 *deed->subject != '\0' ? deed->subject : teller->config.instance,
				 deed->priority);
	}
	if (*deed->text != '\0') {
		(void)buf_printf(line, ": %s", deed->text);
	}
	if (why != NULL) {
		teller_why(teller, why);
	}
}

/* ---- telling ---- */

static void teller_put(struct teller *teller)
{
	/* of a line that is too long the beginning is told; the caller looks at the stream */
	(void)fprintf(teller->config.out, "%s\n", buf_text(&teller->line));
	buf_clear(&teller->line);
}

void teller_tell(struct teller *teller)
{
	struct list *node;

	list_for_each(node, &teller->stage->deeds) {
		const struct deed *deed = list_entry(node, struct deed, node);
		const char *why;

		teller->counts[deed->kind]++;
		if (!teller_shows(teller, deed, &why)) {
			teller->hidden_writes += deed->kind == DEED_WRITE;
			teller->hidden_values += deed->kind == DEED_VALUE;
			continue;
		}
		if (teller->config.json) {
			teller_json(teller, deed, why);
		} else {
			teller_text(teller, deed, why);
		}
		teller_put(teller);
	}
	stage_forget(teller->stage);
}

void teller_end(struct teller *teller)
{
	const struct record *record = teller->stage->record;
	double seconds = teller_seconds(teller, record->rows[record->row_count - 1].time);
	struct buf *line = &teller->line;
	const uint64_t *counts = teller->counts;

	if (teller->config.json) {
		json_begin(line);
		json_add_text(line, "what", "end");
		json_add_float(line, "at", seconds);
		json_add_uint(line, "rows", record->row_count);
		json_add_uint(line, "left_out", teller->stage->own_rows);
		json_add_uint(line, "writes", counts[DEED_WRITE]);
		json_add_uint(line, "refused", counts[DEED_REFUSED]);
		json_add_uint(line, "fail_safes", counts[DEED_FAIL_SAFE]);
		json_add_uint(line, "events", counts[DEED_EVENT]);
		json_add_uint(line, "values", counts[DEED_VALUE]);
		json_end(line);
		teller_put(teller);
		return;
	}
	(void)buf_printf(line, "%12.3f  end        %zu rows of %zu tags: %llu writes, %llu "
			 "refused, %llu fail-safe, %llu events, %llu values", seconds,
			 record->row_count, record->tag_count,
			 (unsigned long long)counts[DEED_WRITE],
			 (unsigned long long)counts[DEED_REFUSED],
			 (unsigned long long)counts[DEED_FAIL_SAFE],
			 (unsigned long long)counts[DEED_EVENT],
			 (unsigned long long)counts[DEED_VALUE]);
	if (teller->hidden_writes + teller->hidden_values > 0) {
		(void)buf_printf(line, "\n                           not shown without --all: %llu "
				 "renewals and heartbeats, %llu values",
				 (unsigned long long)teller->hidden_writes,
				 (unsigned long long)teller->hidden_values);
	}
	if (teller->stage->own_rows > 0) {
		(void)buf_printf(line, "\n                           left out: %zu rows of tags "
				 "that '%s' has itself", teller->stage->own_rows,
				 teller->config.instance);
	}
	teller_put(teller);
}
