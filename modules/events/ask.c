/* SPDX-License-Identifier: Apache-2.0 */
/* The query and the acknowledgement: see ask.h. */
#include "modules/events/ask.h"

#include <edgeway/loop.h>

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "proto/json/json_in.h"

#define SCRATCH_SIZE  256u
#define WAIT_MAX      ((uint64_t)86400) /* seconds; the settings say less */

/* A whole number and nothing else. */
static bool ask_number(const char *text, size_t size, uint64_t most, uint64_t *value_out)
{
	uint64_t value = 0;

	if (size == 0 || size > 20) {
		return false;
	}
	for (size_t i = 0; i < size; i++) {
		uint64_t digit = (uint64_t)(unsigned char)text[i] - '0';

		if (digit > 9 || value > (most - digit) / 10) {
			return false;
		}
		value = value * 10 + digit;
	}
	*value_out = value;
	return true;
}

bool ask_is_name(const char *name)
{
	size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_");

	return size > 0 && size <= ASK_NAME_MAX && name[size] == '\0';
}

/* A token goes into headers and lists: visible ASCII. */
static bool ask_token(char *to, const char *from)
{
	size_t size = strlen(from);

	if (size == 0 || size > ASK_TOKEN_MAX) {
		return false;
	}
	for (size_t i = 0; i < size; i++) {
		if (from[i] < '!' || from[i] > '~') {
			return false;
		}
	}
	memcpy(to, from, size + 1);
	return true;
}

static bool ask_kind(struct ask *ask, const char *kind)
{
	size_t size = strlen(kind);
	const char *star = strchr(kind, '*');

	if (size == 0 || size > ASK_KIND_MAX || (star != NULL && star[1] != '\0') ||
	    ask->kind_count == ASK_KINDS_MAX) {
		return false;
	}
	memcpy(ask->kinds[ask->kind_count++], kind, size + 1);
	return true;
}

static const char *ask_parse_kinds(struct ask *ask, ask_get_fn get, const void *arg)
{
	const char *value;

	for (size_t i = 0; (value = get(arg, "kind", i)) != NULL; i++) {
		if (!ask_kind(ask, value)) {
			return "kind: at most 16, each a kind of event, or its beginning and a *";
		}
	}
	return NULL;
}

static const char *ask_parse_names(struct ask *ask, ask_get_fn get, const void *arg)
{
	const char *value = get(arg, "consumer", 0);

	if (value != NULL && !ask_is_name(value)) {
		return "consumer: 1 to 40 of a-z, 0-9, - and _";
	}
	if (value != NULL) {
		memcpy(ask->consumer, value, strlen(value) + 1);
	}
	value = get(arg, "session", 0);
	if (value != NULL && !ask_token(ask->session, value)) {
		return "session: 1 to 64 visible characters";
	}
	value = get(arg, "request", 0);
	if (value != NULL && !ask_token(ask->request, value)) {
		return "request: 1 to 64 visible characters";
	}
	return NULL;
}

static const char *ask_parse_numbers(struct ask *ask, ask_get_fn get, const void *arg)
{
	const char *value = get(arg, "since", 0);
	uint64_t wait = 0;

	if (value != NULL && !ask_number(value, strlen(value), INT64_MAX, &ask->since)) {
		return "since: the id of an event, or 0";
	}
	ask->has_since = value != NULL;
	value = get(arg, "limit", 0);
	if (value != NULL && (!ask_number(value, strlen(value), INT64_MAX, &ask->limit) ||
			      ask->limit == 0)) {
		return "limit: a number of events, from 1";
	}
	value = get(arg, "wait", 0);
	if (value != NULL && !ask_number(value, strlen(value), WAIT_MAX, &wait)) {
		return "wait: whole seconds";
	}
	ask->wait = (ew_dur)wait * EW_SECOND;
	return NULL;
}

/* What the header wants; an array when it names nothing we have. */
static enum ask_form ask_accepted(const char *accept)
{
	if (accept != NULL && strcasestr(accept, "text/event-stream") != NULL) {
		return ASK_SSE;
	}
	return accept != NULL && strcasestr(accept, "ndjson") != NULL ? ASK_NDJSON : ASK_ARRAY;
}

static const char *ask_parse_form(struct ask *ask, ask_get_fn get, const void *arg,
				  const char *accept)
{
	static const char *const words[] = {
		[ASK_ARRAY] = "array", [ASK_NDJSON] = "ndjson", [ASK_SSE] = "sse",
	};
	const char *value = get(arg, "format", 0);

	ask->form = ask_accepted(accept);
	for (size_t i = 0; value != NULL && i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(value, words[i]) == 0) {
			ask->form = (enum ask_form)i;
			return NULL;
		}
	}
	return value == NULL ? NULL : "format: array, ndjson or sse";
}

int ask_parse(ask_get_fn get, const void *arg, const char *accept, struct ask *ask_out,
	      const char **why_out)
{
	struct ask ask = {.form = ASK_ARRAY};
	const char *why = ask_parse_form(&ask, get, arg, accept);

	why = why != NULL ? why : ask_parse_names(&ask, get, arg);
	why = why != NULL ? why : ask_parse_numbers(&ask, get, arg);
	why = why != NULL ? why : ask_parse_kinds(&ask, get, arg);
	if (why == NULL && ask.consumer[0] != '\0' && ask.has_since) {
		why = "since is for readers without a consumer: a consumer's place is kept";
	}
	if (why == NULL && ask.consumer[0] == '\0' &&
	    (ask.session[0] != '\0' || ask.request[0] != '\0')) {
		why = "session and request are for consumers";
	}
	if (why != NULL) {
		*why_out = why;
		return -EINVAL;
	}
	ask.is_recent = ask.form != ASK_SSE && ask.consumer[0] == '\0' && !ask.has_since &&
			ask.wait == 0;
	*ask_out = ask;
	return 0;
}

bool ask_takes(const struct ask *ask, const char *kind, size_t size)
{
	for (size_t i = 0; i < ask->kind_count; i++) {
		size_t length = strlen(ask->kinds[i]);
		bool is_open = ask->kinds[i][length - 1] == '*';

		length -= is_open ? 1 : 0;
		if ((is_open ? size >= length : size == length) &&
		    memcmp(kind, ask->kinds[i], length) == 0) {
			return true;
		}
	}
	return ask->kind_count == 0;
}

/* ---- acknowledgements ---- */

/* Digits at the front, and what is behind them. */
static const char *ask_digits(const char *text, uint64_t *value_out)
{
	size_t size = strspn(text, "0123456789");

	return ask_number(text, size, INT64_MAX, value_out) ? text + size : NULL;
}

int ask_page(const char *text, struct ask_page *page_out)
{
	struct ask_page page;
	const char *at = ask_digits(text, &page.after);

	at = at != NULL && *at == '-' ? ask_digits(at + 1, &page.to) : NULL;
	at = at != NULL && *at == '-' ? ask_digits(at + 1, &page.turn) : NULL;
	if (at == NULL || *at != '\0' || page.after >= page.to) {
		return -EINVAL;
	}
	*page_out = page;
	return 0;
}

/* What was said, whichever way. Texts end by a NUL. */
struct ack_words {
	char consumer[ASK_NAME_MAX + 2];        /* one more than fits, so that it is refused */
	char page[72];
	char id[24];
};

static void ack_word(char *to, size_t room, const char *from, size_t size)
{
	size = size < room ? size : room - 1;
	memcpy(to, from, size);
	to[size] = '\0';
}

/* One member of the object. False: no such member, or no such value. */
static bool ack_member(struct ack_words *words, const char *key, const struct json_in_token *token)
{
	if (strcmp(key, "consumer") == 0 && token->kind == JSON_IN_TEXT) {
		ack_word(words->consumer, sizeof(words->consumer), token->text, token->size);
	} else if (strcmp(key, "page") == 0 && token->kind == JSON_IN_TEXT) {
		ack_word(words->page, sizeof(words->page), token->text, token->size);
	} else if (strcmp(key, "id") == 0 && token->kind == JSON_IN_NUMBER) {
		ack_word(words->id, sizeof(words->id), token->text, token->size);
	} else {
		return false;
	}
	return true;
}

static int ack_from_body(struct ack_words *words, const char *body, size_t size)
{
	char scratch[SCRATCH_SIZE], key[16];
	struct json_in in;
	struct json_in_token token;

	json_in_begin(&in, body, size);
	json_in_scratch(&in, scratch, sizeof(scratch));
	if (json_in_next(&in, &token) != 0 || token.kind != JSON_IN_OBJECT) {
		return -EINVAL;
	}
	while (json_in_next(&in, &token) == 0) {
		if (token.kind == JSON_IN_CLOSE) {
			return json_in_next(&in, &token) == 0 && token.kind == JSON_IN_END ?
			       0 : -EINVAL;
		}
		ack_word(key, sizeof(key), token.text, token.size);
		if (json_in_next(&in, &token) != 0 || !ack_member(words, key, &token)) {
			return -EINVAL;
		}
	}
	return -EINVAL;
}

static void ack_from_query(struct ack_words *words, ask_get_fn get, const void *arg)
{
	const char *value = get(arg, "consumer", 0);

	if (value != NULL) {
		ack_word(words->consumer, sizeof(words->consumer), value, strlen(value));
	}
	value = get(arg, "page", 0);
	if (value != NULL) {
		ack_word(words->page, sizeof(words->page), value, strlen(value));
	}
	value = get(arg, "id", 0);
	if (value != NULL) {
		ack_word(words->id, sizeof(words->id), value, strlen(value));
	}
}

int ask_parse_ack(ask_get_fn get, const void *arg, const char *body, size_t size,
		  struct ask_ack *ack_out, const char **why_out)
{
	struct ack_words words = {.consumer = ""};
	struct ask_ack ack = {.is_page = false};

	*why_out = NULL;
	if (size == 0) {
		ack_from_query(&words, get, arg);
	} else if (ack_from_body(&words, body, size) != 0) {
		*why_out = "the body is no JSON object of consumer and page, or consumer and id";
		return -EINVAL;
	}
	ack.is_page = words.page[0] != '\0';
	if (!ask_is_name(words.consumer)) {
		*why_out = "consumer: 1 to 40 of a-z, 0-9, - and _";
	} else if (ack.is_page == (words.id[0] != '\0')) {
		*why_out = "one of page and id";
	} else if (ack.is_page && ask_page(words.page, &ack.page) != 0) {
		*why_out = "page: as the header Edgeway-Page named it";
	} else if (!ack.is_page &&
		   !ask_number(words.id, strlen(words.id), INT64_MAX, &ack.page.to)) {
		*why_out = "id: the id of an event";
	}
	if (*why_out != NULL) {
		return -EINVAL;
	}
	memcpy(ack.consumer, words.consumer, sizeof(ack.consumer));
	*ack_out = ack;
	return 0;
}
