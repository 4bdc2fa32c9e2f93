/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON Schema of the whole file, for editors and checks outside: made of the
 * rows that parse. A value may always be a text with ${...} in it, so each
 * scalar allows that beside its own form. Pure.
 */
#include <string.h>

#include "core/base/text.h"
#include "core/conf/config.h"
#include "core/conf/describe.h"

#define SCHEMA_VARIABLE "{\"type\":\"string\",\"pattern\":\"[$][{]\"}"
#define SCHEMA_DURATION \
	"{\"type\":\"string\",\"pattern\":" \
	"\"^(0|([0-9]+([.][0-9]+)?(ns|us|ms|s|m|h|d|w))+)$\"},{\"const\":0}"
#define SCHEMA_SIZE \
	"{\"type\":\"string\",\"pattern\":" \
	"\"^(0|[0-9]+([.][0-9]+)?(B|kB|KiB|MB|MiB|GB|GiB|TB|TiB))$\"},{\"const\":0}"

struct schema {
	struct buf *out;
	const struct ew_module *module; /* whose instance is written; NULL: core's part */
};

static void schema_object(struct schema *schema, const struct conf_table *core,
			  const struct conf_table *more);

static void schema_add(struct schema *schema, const char *text)
{
	(void)buf_add_text(schema->out, text); /* the fault sticks */
}

static void schema_text(struct schema *schema, const char *text)
{
	schema_add(schema, "\"");
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\') {
			(void)buf_printf(schema->out, "\\%c", *text); /* sticks */
		} else if ((unsigned char)*text < 0x20) {
			(void)buf_printf(schema->out, "\\u%04x", *text); /* sticks */
		} else {
			(void)buf_add_byte(schema->out, *text); /* sticks */
		}
	}
	schema_add(schema, "\"");
}

/* A bound as JSON; its text is written as in YAML and may be no JSON number. */
static void schema_bound(struct schema *schema, const char *key, const char *text)
{
	int64_t number;
	double value;

	if (text == NULL) {
		return;
	}
	if (text_parse_int(text, &number) == 0) {
		(void)buf_printf(schema->out, ",\"%s\":%lld", key, (long long)number); /* sticks */
	} else if (text_parse_float(text, &value) == 0) {
		(void)buf_printf(schema->out, ",\"%s\":%.17g", key, value); /* sticks */
	}
}

static void schema_words(struct schema *schema, const char *const *words)
{
	uint64_t number;
	size_t i;

	schema_add(schema, "{\"enum\":[");
	for (i = 0; words[i] != NULL; i++) {
		schema_add(schema, i > 0 ? "," : "");
		schema_text(schema, words[i]);
		if (text_parse_uint(words[i], &number) == 0) { /* 5 is a number to JSON */
			(void)buf_printf(schema->out, ",%llu", (unsigned long long)number);
		} else if (strcmp(words[i], "yes") == 0) {
			schema_add(schema, ",true");
		} else if (strcmp(words[i], "no") == 0) {
			schema_add(schema, ",false");
		}
	}
	schema_add(schema, "]}");
}

/* The forms of one scalar, without the variable's. */
static void schema_scalar_forms(struct schema *schema, const struct ew_option *row)
{
	switch ((enum ew_option_type)row->type) {
	case EW_OPTION_BOOL:
		schema_add(schema, "{\"enum\":[true,false,\"yes\",\"no\",\"true\",\"false\"]}");
		return;
	case EW_OPTION_INT:
	case EW_OPTION_UINT:
		schema_add(schema, "{\"type\":\"integer\"");
		schema_bound(schema, "minimum",
			     row->min == NULL && row->type == EW_OPTION_UINT ? "0" : row->min);
		schema_bound(schema, "maximum", row->max);
		schema_add(schema, "}");
		return;
	case EW_OPTION_FLOAT:
		schema_add(schema, "{\"type\":\"number\"");
		schema_bound(schema, "minimum", row->min);
		schema_bound(schema, "maximum", row->max);
		schema_add(schema, "}");
		return;
	case EW_OPTION_DURATION:
		schema_add(schema, SCHEMA_DURATION);
		return;
	case EW_OPTION_SIZE:
		schema_add(schema, SCHEMA_SIZE);
		return;
	case EW_OPTION_ENUM:
		schema_words(schema, row->words);
		return;
	case EW_OPTION_SECRET:
		schema_add(schema, "{\"type\":\"string\",\"pattern\":\"^(credential|file):.\"}");
		return;
	case EW_OPTION_NONE:
	case EW_OPTION_STRING:
	case EW_OPTION_FILE:
	case EW_OPTION_PAIRS:
	case EW_OPTION_TABLE:
	case EW_OPTION_RAW:
		break;
	}
	schema_add(schema, "{\"type\":[\"string\",\"number\",\"boolean\"]}");
}

static void schema_scalar(struct schema *schema, const struct ew_option *row)
{
	schema_add(schema, "{\"anyOf\":[");
	schema_scalar_forms(schema, row);
	schema_add(schema, "," SCHEMA_VARIABLE "]}");
}

/* Maps that core's tables only call raw; false: it is really anything. */
static bool schema_core_map(struct schema *schema, const struct conf_table *table,
			    const struct ew_option *row)
{
	const struct ew_module *module = schema->module;
	struct conf_table more = {0};

	if (module != NULL) {
		more.row_size = module->option_size;
	}
	if (table->rows == config_instance_table.rows && strcmp(row->name, "devices") == 0) {
		more.rows = module != NULL ? module->device_options : NULL;
		schema_add(schema, "{\"type\":[\"object\",\"null\"],\"additionalProperties\":");
		schema_object(schema, &config_device_table, &more);
		schema_add(schema, "}");
		return true;
	}
	if (table->rows == config_device_table.rows && strcmp(row->name, "tags") == 0) {
		more.rows = module != NULL ? module->tag_options : NULL;
		schema_add(schema, "{\"anyOf\":[{\"type\":\"string\"},{\"type\":[\"object\","
				   "\"null\"],\"additionalProperties\":");
		schema_object(schema, &config_tag_table, &more);
		schema_add(schema, "}]}");
		return true;
	}
	if (table->rows == config_table.rows && strcmp(row->name, "profiles") == 0) {
		schema_add(schema, "{\"type\":[\"object\",\"null\"],\"additionalProperties\":"
				   "{\"type\":[\"string\",\"object\"]}}");
		return true;
	}
	return false;
}

/* One item: a table (with its short form) or a scalar. */
static void schema_item(struct schema *schema, const struct conf_table *table,
			const struct ew_option *row)
{
	const struct conf_table below = table_below(table, row), none = {0};
	struct ew_option first;

	if (row->type != EW_OPTION_TABLE) {
		schema_scalar(schema, row);
		return;
	}
	if ((row->flags & EW_SHORT) != 0 && table_row(&below, 0, &first)) {
		schema_add(schema, "{\"anyOf\":[");
		schema_scalar(schema, &first);
		schema_add(schema, ",");
		schema_object(schema, &below, &none);
		schema_add(schema, "]}");
		return;
	}
	schema_object(schema, &below, &none);
}

static void schema_value(struct schema *schema, const struct conf_table *table,
			 const struct ew_option *row)
{
	if (row->type == EW_OPTION_RAW) {
		if (!schema_core_map(schema, table, row)) {
			schema_add(schema, "true");
		}
	} else if (row->type == EW_OPTION_PAIRS) {
		schema_add(schema, "{\"type\":[\"object\",\"null\"],\"additionalProperties\":{"
				   "\"type\":[\"string\",\"number\",\"boolean\",\"null\"]}}");
	} else if (row->shape == EW_SHAPE_MAP) {
		schema_add(schema, "{\"type\":[\"object\",\"null\"],\"additionalProperties\":");
		schema_item(schema, table, row);
		schema_add(schema, "}");
	} else if (row->shape == EW_SHAPE_LIST) {
		schema_add(schema, "{\"anyOf\":[{\"type\":\"array\",\"items\":");
		schema_item(schema, table, row);
		schema_add(schema, "},");
		schema_item(schema, table, row);
		schema_add(schema, ",{\"type\":\"null\"}]}");
	} else {
		schema_item(schema, table, row);
	}
}

/* "key": {...} of each row of a table. */
static void schema_properties(struct schema *schema, const struct conf_table *table, bool *is_first)
{
	struct ew_option row;
	size_t i;

	for (i = 0; table_row(table, i, &row); i++) {
		schema_add(schema, *is_first ? "\n" : ",\n");
		*is_first = false;
		schema_text(schema, row.name);
		schema_add(schema, ":{\"description\":");
		schema_text(schema, row.help != NULL ? row.help : "");
		if (row.fallback != NULL) {
			schema_add(schema, ",\"default\":");
			schema_text(schema, row.fallback);
		}
		schema_add(schema, ",\"allOf\":[");
		if (table->rows == config_table.rows && strcmp(row.name, "instances") == 0) {
			schema_add(schema, "{\"$ref\":\"#/$defs/instances\"}");
		} else {
			schema_value(schema, table, &row);
		}
		schema_add(schema, "]}");
	}
}

static void schema_required(struct schema *schema, const struct conf_table *table, bool *is_first)
{
	struct ew_option row;
	size_t i;

	for (i = 0; table_row(table, i, &row); i++) {
		if ((row.flags & EW_REQUIRED) != 0) {
			schema_add(schema, *is_first ? "" : ",");
			*is_first = false;
			schema_text(schema, row.name);
		}
	}
}

/* A map with the keys of two tables and no others. */
static void schema_object(struct schema *schema, const struct conf_table *core,
			  const struct conf_table *more)
{
	bool is_first = true;

	schema_add(schema, "{\"type\":[\"object\",\"null\"],\"additionalProperties\":false,"
			   "\"properties\":{");
	schema_properties(schema, core, &is_first);
	schema_properties(schema, more, &is_first);
	schema_add(schema, "},\"required\":[");
	is_first = true;
	schema_required(schema, core, &is_first);
	schema_required(schema, more, &is_first);
	schema_add(schema, "]}");
}

/* Which module it is decides which options an instance has. */
static void schema_instances(struct schema *schema, const struct ew_module *const *modules,
			     size_t count)
{
	size_t i;

	schema_add(schema, "\"instances\":{\"type\":[\"object\",\"null\"],"
			   "\"additionalProperties\":{\"type\":\"object\",\"required\":"
			   "[\"module\"],\"allOf\":[");
	for (i = 0; i < count; i++) {
		schema_add(schema, i > 0 ? ",\n" : "\n");
		schema_add(schema, "{\"if\":{\"properties\":{\"module\":{\"const\":");
		schema_text(schema, modules[i]->name);
		schema_add(schema, "}},\"required\":[\"module\"]},\"then\":{\"$ref\":");
		(void)buf_printf(schema->out, "\"#/$defs/instance-%s\"}}", modules[i]->name);
	}
	schema_add(schema, count > 0 ? "]}}" : "true]}}");
	for (i = 0; i < count; i++) {
		const struct conf_table options = {modules[i]->options, modules[i]->option_size};

		(void)buf_printf(schema->out, ",\n\"instance-%s\":", modules[i]->name);
		schema->module = modules[i];
		schema_object(schema, &config_instance_table, &options);
		schema->module = NULL;
	}
}

void describe_schema(const struct ew_module *const *modules, size_t count, struct buf *out)
{
	const struct conf_table none = {0};
	struct schema schema = {.out = out};

	schema_add(&schema, "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\n"
			    "\"title\":\"edgeway configuration\",\n\"$ref\":\"#/$defs/file\",\n"
			    "\"$defs\":{\n\"file\":");
	schema_object(&schema, &config_table, &none);
	schema_add(&schema, ",\n");
	schema_instances(&schema, modules, count);
	schema_add(&schema, "}}\n");
}
