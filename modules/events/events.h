/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of the module events.
 *
 *	intake    bus -> journal, and acknowledges when it is on disk
 *	feed      a place in the journal, and pages from there on
 *	consumer  how far each consumer is, and which pages it has
 *	poll      GET /api/events: at once, or when there is something
 *	stream    the same as server-sent events
 *	manage    acknowledgements; the list of consumers
 *
 * All on the instance's loop.
 */
#ifndef EVENTS_EVENTS_H
#define EVENTS_EVENTS_H

#include <sys/queue.h>

#include <edgeway/http.h>

#include "modules/events/consumer.h"
#include "modules/events/intake.h"

#define RECENT_BYTES  ((uint64_t)4 << 20)       /* of the old form, at least one event */

enum {
	METRIC_IN,
	METRIC_SAMPLES,
	METRIC_PUT_OFF,
	METRIC_REFUSED,
	METRIC_TOO_LONG,
	METRIC_OUT,
	METRIC_PAGES,
	METRIC_REDELIVERED,
	METRIC_ACKS,
	METRIC_GAPS,
	METRIC_GAP_EVENTS,
	METRIC_BAD,
	METRIC_CONSUMERS,
	METRIC_FORGOTTEN,
	METRIC_LAG,
	METRIC_WAITING,
	METRIC_PAGE_SECONDS,
	METRIC_PAGE_BYTES,
	METRIC_COUNT
};

/* A request that is open: a poll that waits, or a stream. */
struct client {
	TAILQ_ENTRY(client) next;
	struct events *events;
	struct ew_http_request *req;
	struct ask ask;
	ew_dur due;             /* a poll: when it is answered; a stream: when it shows life */
	bool is_stream;
	bool is_blocked;        /* a stream: waits for writable() */
	bool is_looking;        /* not all has been looked at: go on at once */
	uint64_t place;         /* without a consumer: all up to here was looked at */
	uint64_t after;         /* and where the page begins */
	struct page page;       /* a stream: what did not leave yet */
	struct feed feed;       /* a stream's own place */
};

TAILQ_HEAD(client_list, client);

struct events {
	struct ew_instance *inst;
	const struct settings *settings;
	struct ew_journal *journal;
	struct intake intake;
	struct consumers consumers;
	struct feed feed;               /* of polls without a consumer */
	struct client_list clients;
	size_t client_count;
	struct ew_timer *timer;         /* the next thing that is due */
	ew_dur due;                     /* of the timer; INT64_MAX: it is not set */
	uint64_t told[METRIC_COUNT];    /* of the intake's counts, what the metrics know */
	bool is_stopping, has_stopped;
};

/* Set the timer to what is due next. */
void events_schedule(struct events *events);

/* ---- clients ---- */

/* GET /api/events. */
void clients_on_request(void *arg, struct ew_http_request *req);

/* It left, or its time has passed. */
void clients_on_gone(void *arg, struct ew_http_request *req);

/* A stream takes more. */
void clients_on_writable(void *arg, struct ew_http_request *req);

/* There may be something for those that wait. */
void clients_serve(struct events *events);

/* When the next one is due; INT64_MAX: none waits. */
ew_dur clients_next(struct events *events);

/* End all of them. */
void clients_close(struct events *events);

/* ---- pages ---- */

/*
 * Make the next page for a client: 1 there is one, 0 there is nothing yet, or
 * -errno; client->is_looking says whether to go on at once. plan_out says what
 * it was made of.
 */
int page_next(struct client *client, struct page_plan *plan_out, struct page *page_out) EW_CHECKED;

/* Count a page that leaves. */
void page_count(struct events *events, const struct page *page);

/* ---- manage.c ---- */

/* Register all handlers. */
int manage_open(struct events *events) EW_CHECKED;

/* Gauges. */
void manage_measure(struct events *events);

/* Forget consumers that did not ask for too long. */
void manage_forget(struct events *events);

/* ew_http_query() as ask_get_fn. */
const char *manage_query(const void *arg, const char *name, size_t nth);

/* Refuse a request, counted. */
void manage_refuse(struct events *events, struct ew_http_request **req, int status,
		   const char *text);

/* What an errno is to a client. */
void manage_fail(struct events *events, struct ew_http_request **req, int error);

/* ---- stream.c ---- */

/* Begin to stream. The client is in the list. */
int stream_start(struct client *client) EW_CHECKED;

/* Write what there is. False: it has ended and is gone. */
bool stream_serve(struct client *client);

/* Take a client out, close its request if it is open, and free it. */
void client_end(struct client **client);

#endif
