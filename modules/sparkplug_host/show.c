/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values and payloads of Sparkplug as JSON, for people and tools that look at
 * them. What JSON cannot hold is text: base64, or the words of IEEE 754.
 */
#include "modules/sparkplug_host/show.h"

#include <math.h>

#include "proto/json/json_out.h"
#include "proto/json/number.h"
#include "proto/sparkplug/message.h"

static const struct sp_limits limits = {
	.bytes = 1u << 20, .metrics = 4096, .items = 100000, .depth = 8,
};

void show_whole(struct bytes *to, uint64_t value)
{
	char text[NUMBER_SIZE];

	bytes_add(to, text, number_u64(text, value));
}

void show_float(struct bytes *to, double value, bool is_single)
{
	char text[NUMBER_SIZE];

	if (isfinite(value)) {
		bytes_add(to, text, number_f64(text, value, is_single));
	} else {
		bytes_text(to, isnan(value) ? "\"NaN\"" :
			       value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
	}
}

static void show_signed(struct bytes *to, int64_t value)
{
	char text[NUMBER_SIZE];

	bytes_add(to, text, number_i64(text, value));
}

static bool is_signed(unsigned type)
{
	return type >= SP_TYPE_INT8 && type <= SP_TYPE_INT64;
}

static void show_value(struct bytes *to, const struct sp_value *value, unsigned type)
{
	switch (value->carrier) {
	case SP_NONE:
		bytes_text(to, "null");
		return;
	case SP_INT:
	case SP_LONG: {
		struct sp_value cut = *value;

		if (is_signed(type) && sp_value_cut(&cut, type) == 0) {
			show_signed(to, (int64_t)cut.u);
		} else {
			show_whole(to, value->u);
		}
		return;
	}
	case SP_FLOAT:
		show_float(to, (double)value->f, true);
		return;
	case SP_DOUBLE:
		show_float(to, value->d, false);
		return;
	case SP_BOOL:
		bytes_text(to, value->u != 0 ? "true" : "false");
		return;
	case SP_TEXT:
		bytes_char(to, '"');
		json_out_text(to, value->x.at, value->x.size);
		bytes_char(to, '"');
		return;
	default:
		bytes_char(to, '"');
		json_out_base64(to, value->x.at, value->x.size);
		bytes_char(to, '"');
		return;
	}
}

static void show_properties(struct bytes *to, struct sp_bytes set)
{
	struct sp_properties properties;
	struct sp_item item;
	size_t count = 0;

	bytes_text(to, ",\"properties\":{");
	sp_properties_open(set, &properties);
	while (sp_property_next(&properties, &item) > 0) {
		bytes_text(to, count++ > 0 ? ",\"" : "\"");
		json_out_text(to, item.name.at, item.name.size);
		bytes_text(to, "\":");
		show_value(to, &item.value, item.type);
	}
	bytes_char(to, '}');
}

static void show_metric(struct bytes *to, const struct sp_metric *metric)
{
	const char *comma = "";

	bytes_char(to, '{');
	if (metric->has & SP_HAS_NAME) {
		bytes_text(to, "\"name\":\"");
		json_out_text(to, metric->name.at, metric->name.size);
		bytes_char(to, '"');
		comma = ",";
	}
	if (metric->has & SP_HAS_ALIAS) {
		bytes_text(to, comma);
		bytes_text(to, "\"alias\":");
		show_whole(to, metric->alias);
		comma = ",";
	}
	bytes_text(to, comma);
	bytes_text(to, "\"value\":");
	show_value(to, &metric->value, metric->datatype);
	if (metric->has & SP_HAS_TIMESTAMP) {
		bytes_text(to, ",\"timestamp\":");
		show_whole(to, metric->timestamp);
	}
	if ((metric->has & SP_HAS_DATATYPE) && sp_type_name(metric->datatype) != NULL) {
		bytes_text(to, ",\"type\":");
		json_out_string(to, sp_type_name(metric->datatype));
	}
	bytes_text(to, metric->is_historical ? ",\"historical\":true" : "");
	bytes_text(to, metric->is_transient ? ",\"transient\":true" : "");
	if (metric->has & SP_HAS_PROPERTIES) {
		show_properties(to, metric->properties);
	}
	bytes_char(to, '}');
}

bool show_payload(struct bytes *to, struct sp_bytes bytes)
{
	struct sp_payload payload;
	struct sp_reader metrics;
	struct sp_metric metric;
	size_t count = 0;

	if (sp_payload_check(bytes, &limits) != 0 ||
	    sp_payload_decode(bytes, &limits, &payload, &metrics) != 0) {
		return false;
	}
	bytes_char(to, '{');
	if (payload.has & SP_HAS_TIMESTAMP) {
		bytes_text(to, "\"timestamp\":");
		show_whole(to, payload.timestamp);
		bytes_char(to, ',');
	}
	if (payload.has & SP_HAS_SEQ) {
		bytes_text(to, "\"seq\":");
		show_whole(to, payload.seq);
		bytes_char(to, ',');
	}
	bytes_text(to, "\"metrics\":[");
	while (sp_metric_next(&metrics, &metric) > 0) {
		bytes_text(to, count++ > 0 ? "," : "");
		show_metric(to, &metric);
	}
	bytes_text(to, "]}");
	return true;
}
