/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client asks: the query of /api/events, and an acknowledgement. Pure,
 * any thread; whatever comes, it ends in a struct within its limits or in one
 * sentence that says what is wrong.
 */
#ifndef EVENTS_ASK_H
#define EVENTS_ASK_H

#include <edgeway/base.h>

#define ASK_NAME_MAX   40u      /* of a consumer; a cursor's name is a little longer */
#define ASK_TOKEN_MAX  64u      /* a session, a request */
#define ASK_KINDS_MAX  16u
#define ASK_KIND_MAX   64u

enum ask_form {
	ASK_ARRAY,
	ASK_NDJSON,
	ASK_SSE
};

struct ask {
	enum ask_form form;
	bool is_recent;                 /* no parameters: the last events, in an array */
	char consumer[ASK_NAME_MAX + 1];        /* "": none, then `since` counts */
	char session[ASK_TOKEN_MAX + 1];        /* "": not told */
	char request[ASK_TOKEN_MAX + 1];
	bool has_since;
	uint64_t since;
	uint64_t limit;                 /* events; 0: as configured */
	ew_dur wait;
	char kinds[ASK_KINDS_MAX][ASK_KIND_MAX + 1];    /* a star at the end: any more */
	size_t kind_count;              /* 0: all */
};

/* The nth value of a name, or NULL. */
typedef const char *(*ask_get_fn)(const void *arg, const char *name, size_t nth);

/*
 * Read a query. accept: the header Accept, or NULL. -EINVAL: *why_out is a
 * constant sentence.
 */
int ask_parse(ask_get_fn get, const void *arg, const char *accept, struct ask *ask_out,
	      const char **why_out) EW_CHECKED;

/* Is this kind asked for? */
bool ask_takes(const struct ask *ask, const char *kind, size_t size);

/* A consumer's name: a-z, 0-9, - and _. */
bool ask_is_name(const char *name);

/* A page as it was handed out: its events are in (after, to]. */
struct ask_page {
	uint64_t after;
	uint64_t to;
	uint64_t turn;          /* another one each time that pages begin again */
};

struct ask_ack {
	char consumer[ASK_NAME_MAX + 1];
	bool is_page;           /* else all up to page.to */
	struct ask_page page;
};

/* `after-to-turn`: the name of a page. -EINVAL */
int ask_page(const char *text, struct ask_page *page_out) EW_CHECKED;

/*
 * Read an acknowledgement: a JSON object in the body, or, when that is empty,
 * the query. -EINVAL as above.
 */
int ask_parse_ack(ask_get_fn get, const void *arg, const char *body, size_t size,
		  struct ask_ack *ack_out, const char **why_out) EW_CHECKED;

#endif
