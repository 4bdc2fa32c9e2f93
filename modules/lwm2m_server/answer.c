/* SPDX-License-Identifier: Apache-2.0 */
/* What callers are told of requests: see answer.h. */
#include "modules/lwm2m_server/answer.h"

#include <edgeway/loop.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "modules/lwm2m_server/server.h"

void answer_reply(struct ew_http_request **req, int status, const char *type, struct text *body)
{
	const struct ew_http_response response = {
		.size = sizeof(response), .status = status, .content_type = type,
		.body = body->at, .body_size = body->size,
	};

	if (body->failed) {
		(void)ew_http_reply_error(req, 500, "the answer is too large");
	} else {
		(void)ew_http_reply(req, &response);    /* a client that has gone */
	}
	text_free(body);
}

bool answer_wants_senml(const struct ew_http_request *req)
{
	const char *accept = ew_http_header(req, "Accept");

	return accept != NULL && strstr(accept, ANSWER_SENML) != NULL;
}

void answer_put_error(struct text *body, const char *words)
{
	body->size = 0;
	text_words(body, "{\"error\":");
	text_string(body, words, strlen(words));
	text_words(body, "}\n");
}

/* ---- records ---- */

int answer_begin(struct answer_records *records, const struct catalog *catalog,
		 const struct ask *ask)
{
	struct lwm2m_source source = {
		.bytes = ask->answer, .size = ask->answer_size, .now = ew_wall(),
	};
	int rc = ask->uri[0] == '\0' ? 0 :
		 lwm2m_path_parse(ask->uri, strlen(ask->uri), &source.base);

	records->catalog = catalog;
	records->half = ask->answer_size + 1;
	records->scratch = malloc(2 * records->half);
	if (rc != 0 || records->scratch == NULL) {
		return rc != 0 ? rc : -ENOMEM;
	}
	source.scratch = records->scratch;
	source.scratch_size = records->half;
	return lwm2m_decoder_begin(&records->decoder, ask->content, &source);
}

int answer_next(struct answer_records *records)
{
	struct lwm2m_resource resource;
	int rc = lwm2m_decoder_next(&records->decoder, &records->record);

	if (rc > 0 && catalog_resource(records->catalog, &records->record.path, &resource) &&
	    resource.type != LWM2M_NONE) {
		/* what is not of the type is shown as it came */
		(void)lwm2m_value_convert(&records->record.value, (enum lwm2m_type)resource.type,
					  records->scratch + records->half);
	}
	return rc;
}

void answer_end(struct answer_records *records)
{
	free(records->scratch);
	records->scratch = NULL;
}

bool answer_is_near(const struct lwm2m_value *a, const struct lwm2m_value *b)
{
	return a->type == LWM2M_FLOAT && b->type == LWM2M_FLOAT ?
	       (float)a->v.f - (float)b->v.f == 0 : lwm2m_value_equal(a, b);
}

/* With the unit, which those who see many records of one path know. */
static void answer_put_record(const struct catalog *catalog, struct text *body,
			      const struct lwm2m_record *record)
{
	struct lwm2m_resource resource;

	text_record(body, catalog, record);
	if (!body->failed && catalog_resource(catalog, &record->path, &resource) &&
	    resource.unit != NULL) {
		body->size--;           /* open again */
		text_words(body, ",\"unit\":");
		text_string(body, resource.unit, strlen(resource.unit));
		text_put(body, "}", 1);
	}
}

static void answer_put_records(const struct catalog *catalog, struct text *body,
			       const struct ask *ask)
{
	struct answer_records records;
	size_t before = body->size;
	bool is_first = true;
	int rc = answer_begin(&records, catalog, ask);

	text_words(body, ",\"records\":[");
	while (rc >= 0 && (rc = answer_next(&records)) > 0) {
		text_words(body, is_first ? "" : ",");
		is_first = false;
		answer_put_record(catalog, body, &records.record);
	}
	text_put(body, "]", 1);
	if (rc < 0) {
		body->size = before;
		text_words(body, ",\"error\":\"the payload of the answer cannot be read\"");
	}
	answer_end(&records);
}

void answer_ask(const struct catalog *catalog, struct text *body, const struct ask *ask)
{
	const struct lwm2m_operation_row *row = lwm2m_operation_find(ask->request.operation,
								     LWM2M_RD);

	text_words(body, "{\"id\":");
	text_unsigned(body, ask->id);
	text_words(body, ",\"device\":");
	text_string(body, ask->endpoint, strlen(ask->endpoint));
	text_words(body, ",\"operation\":\"");
	text_words(body, row == NULL ? "" : row->text);
	text_put(body, "\"", 1);
	if (ask->uri[0] != '\0') {
		text_words(body, ",\"path\":");
		text_string(body, ask->uri, strlen(ask->uri));
	}
	text_words(body, ",\"state\":\"");
	text_words(body, ask_state_name(ask->state));
	text_put(body, "\"", 1);
	if (ask->result != 0) {
		text_words(body, ",\"result\":");
		text_unsigned(body, ask->result);
		text_words(body, ",\"seconds\":");
		text_number(body, ask->seconds);
	}
	if (ask->state == ASK_DONE && server_observes(&ask->request)) {
		text_words(body, ",\"observation\":");
		text_unsigned(body, ask_token(ask));
	}
	if (ask->answer != NULL && ask->content == LWM2M_CONTENT_LINKS) {
		text_words(body, ",\"links\":");
		text_string(body, (const char *)ask->answer, ask->answer_size);
	} else if (ask->answer != NULL && ask->state == ASK_DONE) {
		answer_put_records(catalog, body, ask);
	}
	text_put(body, "}", 1);
}

/* ---- SenML ---- */

/* The records into `body`; as many bytes for each as it may take. */
static int answer_encode(struct answer_records *records, struct text *body, size_t room)
{
	char *bytes = malloc(room);
	const struct lwm2m_target target = {.bytes = bytes, .room = room};
	struct lwm2m_encoder encoder;
	const uint8_t *pack;
	size_t size;
	int rc = bytes == NULL ? -ENOMEM :
		 lwm2m_encoder_begin(&encoder, LWM2M_CONTENT_SENML_JSON, &target);

	while (rc >= 0 && (rc = answer_next(records)) > 0) {
		int pushed = lwm2m_encoder_push(&encoder, &records->record);

		rc = pushed != 0 ? pushed : 1;
	}
	if (rc == 0) {
		rc = lwm2m_encoder_end(&encoder, &pack, &size);
	}
	if (rc == 0) {
		text_put(body, (const char *)pack, size);
		text_put(body, "\n", 1);
	} else if (rc == -ENODATA) {
		text_words(body, "[]\n");
		rc = 0;
	}
	free(bytes);
	return rc;
}

int answer_senml(const struct catalog *catalog, struct text *body, const struct ask *ask)
{
	struct answer_records records;
	size_t room = 64 * 1024;
	int rc = -EMSGSIZE;

	if (ask->state == ASK_EXPIRED) {
		answer_put_error(body, "the client did not answer in time");
		return 504;
	}
	if (ask->state != ASK_DONE) {
		answer_put_error(body, ask->result == LWM2M_NOT_FOUND ? "not found" :
				 "the client refused the request");
		return ask->result == LWM2M_NOT_FOUND ? 404 : 502;
	}
	if (ask->answer == NULL || ask->content == LWM2M_CONTENT_LINKS) {
		answer_put_error(body, "the answer has no records");
		return 406;
	}
	for (; rc == -EMSGSIZE && room <= ANSWER_MAX; room *= 4) {
		rc = answer_begin(&records, catalog, ask);
		if (rc == 0) {
			rc = answer_encode(&records, body, room);
		}
		answer_end(&records);
	}
	if (rc != 0) {
		answer_put_error(body, "the payload of the answer cannot be said as SenML");
		return 502;
	}
	return 200;
}
