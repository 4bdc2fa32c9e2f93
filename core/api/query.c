/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <edgeway/query.h>: answering a question, in rows.
 */
#include "core/base/json.h"
#include "core/module/query.h"

const char *ew_query_word(const struct ew_query *query, size_t index)
{
	return query != NULL ? query_word(query, index) : NULL;
}

void ew_query_text(struct ew_query *query, const char *key, const char *text)
{
	if (query != NULL && key != NULL) {
		json_add_text(query_field(query), key, text);
	}
}

void ew_query_number(struct ew_query *query, const char *key, double value)
{
	if (query != NULL && key != NULL) {
		json_add_float(query_field(query), key, value);
	}
}

void ew_query_bool(struct ew_query *query, const char *key, bool value)
{
	if (query != NULL && key != NULL) {
		json_add_bool(query_field(query), key, value);
	}
}

void ew_query_row(struct ew_query *query)
{
	if (query != NULL) {
		query_row(query);
	}
}
