/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies and checks responses: a handler cannot put a line break into a
 * header, nor set those that frame the message.
 */
#include "core/http/answer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/buf.h"
#include "core/base/check.h"

#define TOKEN_BYTES \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~"

#define ANSWER_TEXT_MAX 65536   /* bytes of the core's own bodies */

/* The listener's alone: they frame the message. */
static const char *const own_headers[] = {
	"Connection", "Content-Length", "Date", "Transfer-Encoding", "Trailer", "Upgrade",
};

static bool answer_header_is_valid(const struct ew_http_header *header)
{
	if (header->name == NULL || header->value == NULL || header->name[0] == '\0' ||
	    header->name[strspn(header->name, TOKEN_BYTES)] != '\0') {
		return false;
	}
	for (size_t i = 0; i < array_count(own_headers); i++) {
		if (strcasecmp(header->name, own_headers[i]) == 0) {
			return false;
		}
	}
	for (const char *at = header->value; *at != '\0'; at++) {
		if ((unsigned char)*at < 0x20 || *at == 0x7f) {
			return false;
		}
	}
	return true;
}

static char *answer_put(char *at, const char *text, const char **copy_out)
{
	size_t size = strlen(text) + 1;

	memcpy(at, text, size);
	*copy_out = at;
	return at + size;
}

/* Copy headers and content type into one block. */
static int answer_copy_headers(struct answer *answer, const struct ew_http_response *response)
{
	const char *type = response->content_type;
	struct ew_http_header first = {.name = "Content-Type", .value = type};
	size_t size = 1;
	size_t count = 0;
	char *at;

	if (type == NULL && response->body_size > 0) {
		first.value = "application/json";
	}
	if (response->header_count > ANSWER_HEADERS_MAX - 1) {
		return -EINVAL;
	}
	if (first.value != NULL && !answer_header_is_valid(&first)) {
		return -EINVAL;
	}
	size += first.value != NULL ? strlen(first.value) + 1 : 0;
	for (size_t i = 0; i < response->header_count; i++) {
		const struct ew_http_header *header = &response->headers[i];

		if (!answer_header_is_valid(header) || strcasecmp(header->name, first.name) == 0) {
			return -EINVAL;
		}
		size += strlen(header->name) + strlen(header->value) + 2;
	}
	if (size > ANSWER_HEADER_BYTES_MAX) {
		return -EINVAL;
	}
	answer->store = malloc(size);
	if (answer->store == NULL) {
		return -ENOMEM;
	}
	at = answer->store;
	if (first.value != NULL) {
		answer->headers[count].name = "Content-Type";
		at = answer_put(at, first.value, &answer->headers[count].value);
		count++;
	}
	for (size_t i = 0; i < response->header_count; i++) {
		at = answer_put(at, response->headers[i].name, &answer->headers[count].name);
		at = answer_put(at, response->headers[i].value, &answer->headers[count].value);
		count++;
	}
	answer->header_count = count;
	return 0;
}

int answer_copy(const struct ew_http_response *response, bool with_body, struct answer *answer_out)
{
	struct answer answer = {0};
	int ret;

	if (response->size != sizeof(*response) ||
	    (response->status != 0 && (response->status < 200 || response->status > 599)) ||
	    (response->headers == NULL && response->header_count > 0) ||
	    (response->body == NULL && response->body_size > 0)) {
		return -EINVAL;
	}
	answer.status = response->status != 0 ? response->status : 200;
	ret = answer_copy_headers(&answer, response);
	if (ret < 0) {
		return ret;
	}
	if (with_body && response->body_size > 0) {
		answer.body_size = response->body_size;
		answer.body_is_static = response->body_is_static;
		if (answer.body_is_static) {
			/* const is kept: a static body is only read */
			memcpy(&answer.body, &response->body, sizeof(answer.body));
		} else {
			answer.body = malloc(response->body_size);
			if (answer.body == NULL) {
				answer_fini(&answer);
				return -ENOMEM;
			}
			memcpy(answer.body, response->body, response->body_size);
		}
	}
	*answer_out = answer;
	return 0;
}

/* Add text as the inside of a JSON string. Faults stick in the buffer. */
static void answer_escape(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x20) {
			(void)buf_printf(out, "\\u%04x", c);
			continue;
		}
		if (c == '"' || c == '\\') {
			(void)buf_add_byte(out, '\\');
		}
		(void)buf_add_byte(out, (char)c);
	}
}

/* What was written becomes the body; without memory there is none. */
static void answer_finish(struct answer *answer, struct buf *body, const char *type)
{
	answer->body = buf_take(body, &answer->body_size);
	if (answer->body != NULL) {
		answer_add_header(answer, "Content-Type", type);
	} else {
		answer->body_size = 0;
	}
}

void answer_error(int status, const char *text, struct answer *answer_out)
{
	struct answer answer = {.status = status};
	struct buf body;

	buf_init(&body, ANSWER_TEXT_MAX);
	(void)buf_add_text(&body, "{\"error\":\"");
	answer_escape(&body, text);
	(void)buf_add_text(&body, "\"}\n");
	answer_finish(&answer, &body, "application/json");
	*answer_out = answer;
}

void answer_text(int status, const char *text, struct answer *answer_out)
{
	struct answer answer = {.status = status};
	struct buf body;

	buf_init(&body, ANSWER_TEXT_MAX);
	(void)buf_add_text(&body, text);
	(void)buf_add_byte(&body, '\n');
	answer_finish(&answer, &body, "text/plain; charset=utf-8");
	*answer_out = answer;
}

void answer_add_header(struct answer *answer, const char *name, const char *value)
{
	check(answer->header_count < ANSWER_HEADERS_MAX);
	answer->headers[answer->header_count].name = name;
	answer->headers[answer->header_count].value = value;
	answer->header_count++;
}

void answer_fini(struct answer *answer)
{
	free(answer->store);
	if (!answer->body_is_static) {
		free(answer->body);
	}
	*answer = (struct answer){0};
}
