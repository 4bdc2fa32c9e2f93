/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes series as lines. One growing block; the first fault sticks, so that
 * a whole page is written and asked once.
 */
#include "modules/metrics/exposition.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_BYTES 40

void exposition_init(struct exposition *out, size_t limit)
{
	*out = (struct exposition){.limit = limit};
}

void exposition_fini(struct exposition *out)
{
	free(out->at);
	*out = (struct exposition){0};
}

static bool make_room(struct exposition *out, size_t more)
{
	size_t room = out->room > 0 ? out->room : 4096;
	char *at;

	if (out->fault != 0) {
		return false;
	}
	if (more > out->limit - out->size) {
		out->fault = -EMSGSIZE;
		return false;
	}
	while (room < out->size + more) {
		room *= 2;
	}
	if (room == out->room) {
		return true;
	}
	at = realloc(out->at, room);
	if (at == NULL) {
		out->fault = -ENOMEM;
		return false;
	}
	out->at = at;
	out->room = room;
	return true;
}

static void put(struct exposition *out, const char *text, size_t size)
{
	if (make_room(out, size)) {
		memcpy(out->at + out->size, text, size);
		out->size += size;
	}
}

static void put_text(struct exposition *out, const char *text)
{
	put(out, text, strlen(text));
}

/* In help a backslash and a line feed are escaped; in a label a quote, too. */
static void put_escaped(struct exposition *out, const char *text, bool is_label)
{
	while (*text != '\0') {
		size_t plain = strcspn(text, is_label ? "\\\n\"" : "\\\n");

		put(out, text, plain);
		text += plain;
		if (*text != '\0') {
			char escape[2] = {'\\', *text == '\n' ? 'n' : *text};

			put(out, escape, sizeof(escape));
			text++;
		}
	}
}

static bool is_name_byte(char c, bool is_first, bool with_colon)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (c == ':' && with_colon) || (!is_first && c >= '0' && c <= '9');
}

static void mangle(const char *name, bool with_colon, char *out, size_t size)
{
	size_t n = 0;

	if (name[0] == '\0' || (name[0] >= '0' && name[0] <= '9')) {
		out[n] = '_';
		n++;
	}
	for (; *name != '\0' && n < size - 1; name++) {
		out[n] = is_name_byte(*name, n == 0, with_colon) ? *name : '_';
		n++;
	}
	out[n] = '\0';
}

const char *exposition_name(const char *name, char *out, size_t size)
{
	mangle(name, true, out, size);
	return out;
}

const char *exposition_value(double value, char *out, size_t size)
{
	if (isnan(value)) {
		(void)snprintf(out, size, "NaN");
	} else if (isinf(value)) {
		(void)snprintf(out, size, value > 0 ? "+Inf" : "-Inf");
	} else if (fabs(value) < 1e15 && floor(value) >= value) {
		(void)snprintf(out, size, "%.0f", value);
	} else {
		for (int digits = 15; digits <= 17; digits++) {
			double again;

			(void)snprintf(out, size, "%.*g", digits, value);
			again = strtod(out, NULL);
			if (again >= value && again <= value) {
				break;
			}
		}
	}
	return out;
}

static void put_family(struct exposition *out, const char *name,
		       const struct ew_metric_series *series)
{
	static const char *const kinds[] = {
		[EW_COUNTER] = "counter", [EW_GAUGE] = "gauge", [EW_HISTOGRAM] = "histogram",
	};

	put_text(out, "# HELP ");
	put_text(out, name);
	put_text(out, " ");
	put_escaped(out, series->help != NULL ? series->help : "", false);
	put_text(out, "\n# TYPE ");
	put_text(out, name);
	put_text(out, " ");
	put_text(out, kinds[series->kind]);
	if (series->unit != NULL && series->unit[0] != '\0') {
		put_text(out, "\n# UNIT ");
		put_text(out, name);
		put_text(out, " ");
		put_escaped(out, series->unit, false);
	}
	put_text(out, "\n");
}

static void put_label(struct exposition *out, const char *name, const char *value, bool is_first)
{
	char mangled[128];

	mangle(name, false, mangled, sizeof(mangled));
	put_text(out, is_first ? "{" : ",");
	put_text(out, mangled);
	put_text(out, "=\"");
	put_escaped(out, value, true);
	put_text(out, "\"");
}

/* name, suffix, labels and a last one (bound: of a bucket, or NULL), value. */
static void put_line(struct exposition *out, const struct ew_metric_series *series,
		     const char *suffix, const char *bound, double value)
{
	char text[VALUE_BYTES];
	size_t count = series->label_count;

	put_text(out, out->family);
	put_text(out, suffix);
	for (size_t i = 0; i < count; i++) {
		put_label(out, series->labels[i].name, series->labels[i].value, i == 0);
	}
	if (bound != NULL) {
		put_label(out, "le", bound, count == 0);
		count++;
	}
	put_text(out, count > 0 ? "} " : " ");
	put_text(out, exposition_value(value, text, sizeof(text)));
	put_text(out, "\n");
	out->series++;
}

static void put_histogram(struct exposition *out, const struct ew_metric_series *series)
{
	char bound[VALUE_BYTES];
	uint64_t total = 0;

	for (size_t i = 0; i < series->bound_count; i++) {
		total += series->counts[i];
		put_line(out, series, "_bucket",
			 exposition_value(series->bounds[i], bound, sizeof(bound)), (double)total);
	}
	total += series->counts[series->bound_count];
	put_line(out, series, "_bucket", "+Inf", (double)total);
	put_line(out, series, "_sum", NULL, series->sum);
	put_line(out, series, "_count", NULL, (double)total);
}

int exposition_add(struct exposition *out, const struct ew_metric_series *series)
{
	char name[sizeof(out->family)];

	exposition_name(series->name, name, sizeof(name));
	if (strcmp(name, out->family) != 0) {
		memcpy(out->family, name, sizeof(name));
		put_family(out, name, series);
	}
	if (series->kind == EW_HISTOGRAM) {
		put_histogram(out, series);
	} else {
		put_line(out, series, "", NULL, series->value);
	}
	return out->fault;
}
