/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reference text and man rows of option tables. Pure. One walk serves both:
 * each row is handed to a writer with its path.
 */
#include "core/conf/describe.h"

#include <stdio.h>
#include <string.h>

#include "core/conf/config.h"

enum {
	DESCRIBE_PATH_MAX = 256
};

struct describe {
	struct buf *out;
	void (*row)(struct describe *describe, const char *path, const struct ew_option *row);
};

/* "duration, required, from 1ms to 1h, default 1s, Hz". */
static void describe_facts(const struct ew_option *row, char *out, size_t size)
{
	char type[512];
	size_t at;

	(void)snprintf(out, size, "%s", table_type_text(row, type, sizeof(type))); /* may be cut */
	at = strlen(out);
	if ((row->flags & EW_REQUIRED) != 0) {
		(void)snprintf(out + at, size - at, ", required"); /* may be cut */
		at = strlen(out);
	}
	if (row->min != NULL && row->max != NULL) {
		(void)snprintf(out + at, size - at, ", %s to %s", row->min, row->max);
	} else if (row->min != NULL) {
		(void)snprintf(out + at, size - at, ", from %s on", row->min);
	} else if (row->max != NULL) {
		(void)snprintf(out + at, size - at, ", up to %s", row->max);
	}
	at = strlen(out);
	if (row->unit != NULL) {
		(void)snprintf(out + at, size - at, ", in %s", row->unit);
		at = strlen(out);
	}
	if (row->fallback != NULL) {
		(void)snprintf(out + at, size - at, ", default %s",
			       row->fallback[0] != '\0' ? row->fallback : "\"\"");
	}
}

static void describe_text_row(struct describe *describe, const char *path,
			      const struct ew_option *row)
{
	char facts[768];

	describe_facts(row, facts, sizeof(facts));
	(void)buf_printf(describe->out, "%s\n    %s\n    %s\n", path, facts,
			 row->help != NULL ? row->help : ""); /* like all here: sticks */
}

/* Text for troff: '\' and '-' are escaped, a leading '.' or ''' is guarded. */
static void describe_troff(struct buf *out, const char *text)
{
	if (*text == '.' || *text == '\'') {
		(void)buf_add_text(out, "\\&"); /* sticks */
	}
	for (; *text != '\0'; text++) {
		if (*text == '\\') {
			(void)buf_add_text(out, "\\e"); /* sticks */
		} else if (*text == '-') {
			(void)buf_add_text(out, "\\-"); /* sticks */
		} else {
			(void)buf_add_byte(out, *text); /* sticks */
		}
	}
}

static void describe_man_row(struct describe *describe, const char *path,
			     const struct ew_option *row)
{
	char facts[768];

	describe_facts(row, facts, sizeof(facts));
	(void)buf_add_text(describe->out, ".TP\n\\fB"); /* sticks */
	describe_troff(describe->out, path);
	(void)buf_add_text(describe->out, "\\fR \\(em "); /* sticks */
	describe_troff(describe->out, facts);
	(void)buf_add_byte(describe->out, '\n'); /* sticks */
	describe_troff(describe->out, row->help != NULL ? row->help : "");
	(void)buf_add_byte(describe->out, '\n'); /* sticks */
}

static void describe_table(struct describe *describe, const struct conf_table *table,
			   const char *prefix)
{
	struct ew_option row;
	char path[DESCRIBE_PATH_MAX], inner[DESCRIBE_PATH_MAX + 8];
	size_t i;

	for (i = 0; table_row(table, i, &row); i++) {
		const char *mark = row.shape == EW_SHAPE_LIST && row.type == EW_OPTION_TABLE ? "[]"
				   : row.shape == EW_SHAPE_MAP ? ".NAME"
							       : "";

		(void)snprintf(path, sizeof(path), "%s%s", prefix, row.name); /* may be cut */
		describe->row(describe, path, &row);
		if (row.type == EW_OPTION_TABLE) {
			const struct conf_table below = table_below(table, &row);

			(void)snprintf(inner, sizeof(inner), "%s%s.", path, mark);
			describe_table(describe, &below, inner);
		}
	}
}

static void describe_heading(struct describe *describe, const char *text)
{
	if (describe->row == describe_man_row) {
		(void)buf_printf(describe->out, ".SS %s\n", text); /* sticks */
	} else {
		(void)buf_printf(describe->out, "\n%s\n\n", text); /* sticks */
	}
}

static void describe_all_of_core(struct describe *describe)
{
	describe_heading(describe, "The file");
	describe_table(describe, &config_table, "");
	describe_heading(describe, "Devices (instances.NAME.devices.PATH)");
	describe_table(describe, &config_device_table, "");
	describe_heading(describe, "Tags (devices.PATH.tags.NAME, profiles.NAME.NAME)");
	describe_table(describe, &config_tag_table, "");
}

/* A name in bold and a line that explains it. */
static void describe_item(struct describe *describe, const char *name, const char *text)
{
	if (describe->row == describe_man_row) {
		(void)buf_add_text(describe->out, ".TP\n\\fB"); /* sticks */
		describe_troff(describe->out, name);
		(void)buf_add_text(describe->out, "\\fR\n"); /* sticks */
		describe_troff(describe->out, text != NULL ? text : "");
		(void)buf_add_byte(describe->out, '\n'); /* sticks */
	} else {
		(void)buf_printf(describe->out, "%s\n    %s\n", name,
				 text != NULL ? text : ""); /* sticks */
	}
}

static void describe_questions(struct describe *describe, const struct ew_module *module)
{
	const struct ew_question *row = module->questions;
	char text[256];

	if (row == NULL || row->answer == NULL) {
		return;
	}
	describe_heading(describe, "Questions (edgewayctl ask NAME ...)");
	for (; row->answer != NULL; row++) {
		(void)snprintf(text, sizeof(text), "%s%s%s", row->word != NULL ? row->word : "",
			       row->word != NULL && row->arguments != NULL ? " " : "",
			       row->arguments != NULL ? row->arguments : ""); /* may be cut */
		describe_item(describe, text[0] != '\0' ? text : "(nothing)", row->summary);
	}
}

static void describe_metrics(struct describe *describe, const struct ew_module *module)
{
	size_t size = module->metric_size != 0 ? module->metric_size : sizeof(struct ew_metric);
	uint32_t i;

	if (module->metric_count == 0) {
		return;
	}
	describe_heading(describe, "Metrics");
	for (i = 0; i < module->metric_count; i++) {
		struct ew_metric metric = {0};

		memcpy(&metric, (const char *)module->metrics + i * size,
		       size < sizeof(metric) ? size : sizeof(metric));
		if (metric.name != NULL) {
			describe_item(describe, metric.name, metric.help);
		}
	}
}

static void describe_all_of_module(struct describe *describe, const struct ew_module *module)
{
	const struct {
		const char *heading;
		const struct ew_option *rows;
	} parts[] = {
		{"Options", module->options},
		{"Options of each device", module->device_options},
		{"Options of each tag", module->tag_options},
	};
	struct ew_option row;
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const struct conf_table table = {parts[i].rows, module->option_size};

		if (table_row(&table, 0, &row)) {
			describe_heading(describe, parts[i].heading);
			describe_table(describe, &table, "");
		}
	}
	describe_questions(describe, module);
	describe_metrics(describe, module);
}

void describe_daemon(struct buf *out)
{
	struct describe describe = {.out = out, .row = describe_text_row};

	describe_all_of_core(&describe);
}

void describe_daemon_man(struct buf *out)
{
	struct describe describe = {.out = out, .row = describe_man_row};

	describe_all_of_core(&describe);
}

void describe_module(const struct ew_module *module, struct buf *out)
{
	struct describe describe = {.out = out, .row = describe_text_row};

	(void)buf_printf(out, "%s %s: %s\n", module->name,
			 module->version != NULL ? module->version : "",
			 module->summary != NULL ? module->summary : ""); /* sticks */
	describe_all_of_module(&describe, module);
}

void describe_module_man(const struct ew_module *module, struct buf *out)
{
	struct describe describe = {.out = out, .row = describe_man_row};

	describe_all_of_module(&describe, module);
}
