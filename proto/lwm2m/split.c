/* SPDX-License-Identifier: Apache-2.0 */
/* The split topic profile, its table and its topics: see split.h. */
#include "proto/lwm2m/split.h"

#include <stdio.h>

static const struct lwm2m_split_row rows[] = {
#define LWM2M_SPLIT_ROW(name, request, answer, status) \
	{LWM2M_OP_##name, request, answer, status},
	LWM2M_SPLIT_OPERATIONS(LWM2M_SPLIT_ROW)
#undef LWM2M_SPLIT_ROW
	{LWM2M_OP_UPDATE, "upd", "resp/upd", "updated"},        /* another word, read only */
};

const struct lwm2m_split_row *lwm2m_split_row_find(uint64_t operation)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].operation == operation) {
			return &rows[i];
		}
	}
	return NULL;
}

int lwm2m_split_topic_format(const char *prefix, const char *endpoint, const char *level,
			     char *out)
{
	int size = snprintf(out, LWM2M_TOPIC_MAX, "%s%slwm2m/%s/%s", prefix,
			    *prefix == '\0' ? "" : "/", endpoint == NULL ? "+" : endpoint, level);

	return size > 0 && size < LWM2M_TOPIC_MAX ? 0 : -EMSGSIZE;
}

int lwm2m_split_topic_parse(const char *prefix, const char *topic,
			    struct lwm2m_split_topic *topic_out)
{
	const char *begin = lwm2m_topic_below(prefix, topic);
	struct lwm2m_text endpoint = {begin, begin == NULL ? 0 : strcspn(begin, "/")};
	const char *level;

	/* those two are levels of the other profile */
	if (begin == NULL || !lwm2m_endpoint_is_valid(endpoint.at, endpoint.size) ||
	    begin[endpoint.size] != '/' || lwm2m_text_is(endpoint, "rd") ||
	    lwm2m_text_is(endpoint, "bs")) {
		return -ENOENT;
	}
	level = begin + endpoint.size + 1;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool is_answer = *level != '\0' && strcmp(level, rows[i].answer) == 0;

		if (is_answer || strcmp(level, rows[i].request) == 0) {
			*topic_out = (struct lwm2m_split_topic){
				.endpoint = endpoint, .operation = rows[i].operation,
				.is_answer = is_answer,
			};
			return 0;
		}
	}
	return -ENOENT;
}

const char *lwm2m_split_level(const struct lwm2m_message *message)
{
	const struct lwm2m_split_row *row = lwm2m_split_row_find(message->operation);
	bool is_answer = (message->has & LWM2M_HAS(RESULT)) != 0;

	return row == NULL || (is_answer && *row->answer == '\0') ? NULL :
	       is_answer ? row->answer : row->request;
}
