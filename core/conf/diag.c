/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings of one reading of the configuration. Keeps at most fifty and counts
 * the rest, so that a hostile file cannot fill memory with its errors. Does
 * not print: the daemon decides whether they go to the log or the terminal.
 */
#include "core/conf/diag.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	DIAG_BYTES_MAX = 256 * 1024,
	DIAG_LINE_MAX = 1024,
};

void diag_init(struct diag *diag)
{
	memset(diag, 0, sizeof(*diag));
	arena_init(&diag->arena, DIAG_BYTES_MAX);
}

void diag_fini(struct diag *diag)
{
	arena_fini(&diag->arena);
	memset(diag, 0, sizeof(*diag));
}

static bool diag_is_known(const struct diag *diag, const struct conf_place *place, const char *text)
{
	size_t i;

	for (i = 0; i < diag->count; i++) {
		const struct diag_item *item = &diag->items[i];

		if (item->place.line == place->line && item->place.col == place->col &&
		    strcmp(item->text, text) == 0 && strcmp(item->place.file, place->file) == 0) {
			return true;
		}
	}
	return false;
}

void diag_vadd(struct diag *diag, bool is_error, const struct conf_place *place, const char *fmt,
	       va_list args)
{
	struct conf_place at = {.file = ""};
	struct diag_item *item;
	char text[DIAG_LINE_MAX];

	if (place != NULL && place->file != NULL) {
		at = *place;
	}
	if (is_error) {
		diag->errors++;
	} else {
		diag->warnings++;
	}
	(void)vsnprintf(text, sizeof(text), fmt, args); /* cut is fine */
	if (diag_is_known(diag, &at, text)) { /* shared subtrees are judged more than once */
		diag->repeats++;
		return;
	}
	if (diag->count == DIAG_ITEMS_MAX) {
		return;
	}
	item = &diag->items[diag->count];
	item->is_error = is_error;
	item->place = at;
	item->place.file = arena_text(&diag->arena, at.file, strlen(at.file));
	item->text = arena_text(&diag->arena, text, strlen(text));
	if (item->text != NULL && item->place.file != NULL) {
		diag->count++;
	}
}

int diag_error(struct diag *diag, const struct conf_place *place, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	diag_vadd(diag, true, place, fmt, args);
	va_end(args);
	return -EINVAL;
}

void diag_warn(struct diag *diag, const struct conf_place *place, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	diag_vadd(diag, false, place, fmt, args);
	va_end(args);
}

int diag_no_memory(struct diag *diag, const struct conf_place *place)
{
	/* its answer is -EINVAL, and what matters here is -ENOMEM */
	(void)diag_error(diag, place, "the configuration does not fit in memory");
	return -ENOMEM;
}

static const char *diag_format_as(const struct diag_item *item, const char *mark, char *out,
				  size_t size)
{
	const struct conf_place *place = &item->place;
	char *at;

	if (place->file[0] == '\0') {
		(void)snprintf(out, size, "%s%s", mark, item->text);
	} else if (place->line == 0) {
		(void)snprintf(out, size, "%s: %s%s", place->file, mark, item->text);
	} else if (place->col == 0) {
		(void)snprintf(out, size, "%s:%u: %s%s", place->file, place->line, mark,
			       item->text);
	} else {
		(void)snprintf(out, size, "%s:%u:%u: %s%s", place->file, place->line, place->col,
			       mark, item->text);
	}
	/* names come from outside: a finding stays one line of text */
	for (at = out; *at != '\0'; at++) {
		if ((unsigned char)*at < ' ' || *at == 0x7f) {
			*at = '?';
		}
	}
	return out;
}

const char *diag_format(const struct diag_item *item, char *out, size_t size)
{
	return diag_format_as(item, item->is_error ? "" : "warning: ", out, size);
}

/* Files come in the order of their first finding. */
static size_t diag_file_rank(const struct diag *diag, const struct diag_item *item)
{
	size_t i = 0;

	while (strcmp(diag->items[i].place.file, item->place.file) != 0) {
		i++;
	}
	return i;
}

static bool diag_is_before(const struct diag *diag, const struct diag_item *a,
			   const struct diag_item *b)
{
	size_t a_rank = diag_file_rank(diag, a), b_rank = diag_file_rank(diag, b);

	if (a_rank != b_rank) {
		return a_rank < b_rank;
	}
	if (a->place.line != b->place.line) {
		return a->place.line < b->place.line;
	}
	return a->place.col < b->place.col;
}

static void diag_each_as(const struct diag *diag, const char *warning, diag_fn fn, void *arg)
{
	char line[DIAG_LINE_MAX + 512];
	const struct diag_item *sorted[DIAG_ITEMS_MAX];
	size_t i, at, all = diag->errors + diag->warnings - diag->repeats;

	for (i = 0; i < diag->count; i++) {
		for (at = i; at > 0; at--) {
			if (!diag_is_before(diag, &diag->items[i], sorted[at - 1])) {
				break;
			}
			sorted[at] = sorted[at - 1];
		}
		sorted[at] = &diag->items[i];
	}
	for (i = 0; i < diag->count; i++) {
		const char *mark = sorted[i]->is_error ? "" : warning;

		fn(arg, sorted[i]->is_error, diag_format_as(sorted[i], mark, line, sizeof(line)));
	}
	if (all > diag->count) {
		(void)snprintf(line, sizeof(line), "%zu more findings are not shown",
			       all - diag->count);
		fn(arg, diag->errors > 0, line);
	}
}

void diag_each(const struct diag *diag, diag_fn fn, void *arg)
{
	diag_each_as(diag, "warning: ", fn, arg);
}

void diag_each_to_log(const struct diag *diag, diag_fn fn, void *arg)
{
	diag_each_as(diag, "", fn, arg);
}
