/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module events: keeps what happened, and hands it to consumers over HTTP.
 * See events.h for how it is put together, and README.md for what it promises.
 */
#include "modules/events/events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NO_TAG  "**:-"  /* of all devices no tag: events come, samples do not */

static const double page_seconds[] = {0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05,
				      0.1, 1};
static const double page_bytes[] = {100, 1000, 10000, 100000, 1000000, 10000000};

static const struct ew_metric metrics[METRIC_COUNT] = {
	[METRIC_IN] = {.name = "received_total", .help = "events written to the journal"},
	[METRIC_SAMPLES] = {.name = "samples_total", .help = "samples in these"},
	[METRIC_PUT_OFF] = {.name = "put_off_total",
			    .help = "events and batches that the journal did not take at once"},
	[METRIC_REFUSED] = {.name = "refused_total",
			    .help = "events too large for the journal"},
	[METRIC_TOO_LONG] = {.name = "values_left_out_total",
			     .help = "values of samples that were too long"},
	[METRIC_OUT] = {.name = "sent_total", .help = "events in pages and streams"},
	[METRIC_PAGES] = {.name = "pages_total", .help = "pages sent"},
	[METRIC_REDELIVERED] = {.name = "redelivered_total",
				.help = "events handed out to their consumer again"},
	[METRIC_ACKS] = {.name = "acknowledgements_total", .help = "acknowledgements taken"},
	[METRIC_GAPS] = {.name = "gaps_total",
			 .help = "marks in pages for events that were removed before"},
	[METRIC_GAP_EVENTS] = {.name = "gap_events_total", .help = "events that these tell of"},
	[METRIC_BAD] = {.name = "refused_requests_total", .help = "requests answered by an error"},
	[METRIC_CONSUMERS] = {.name = "consumers", .kind = EW_GAUGE, .help = "consumers"},
	[METRIC_FORGOTTEN] = {.name = "consumers_forgotten_total",
			      .help = "consumers forgotten because they did not ask for too long"},
	[METRIC_LAG] = {.name = "lag", .kind = EW_GAUGE,
			.help = "ids from the slowest consumer's acknowledged one to the last"},
	[METRIC_WAITING] = {.name = "waiting", .kind = EW_GAUGE,
			    .help = "polls that wait and streams that are open"},
	[METRIC_PAGE_SECONDS] = {.name = "page_seconds", .kind = EW_HISTOGRAM, .unit = "seconds",
				 .help = "time to make a page", .bounds = page_seconds,
				 .bound_count = sizeof(page_seconds) / sizeof(page_seconds[0])},
	[METRIC_PAGE_BYTES] = {.name = "page_bytes", .kind = EW_HISTOGRAM, .unit = "bytes",
			       .help = "size of pages", .bounds = page_bytes,
			       .bound_count = sizeof(page_bytes) / sizeof(page_bytes[0])},
};

/* ---- time ---- */

/* How often to look whether what was written is on disk. */
static ew_dur events_tick(const struct events *events)
{
	ew_dur tick = events->settings->sync / 10;

	return tick < EW_MILLISECOND ? EW_MILLISECOND :
	       tick > 50 * EW_MILLISECOND ? 50 * EW_MILLISECOND : tick;
}

void events_schedule(struct events *events)
{
	ew_dur now = ew_now();
	ew_dur next = clients_next(events);
	ew_dur forget = consumers_forget_due(&events->consumers);

	next = forget < next ? forget : next;
	if (intake_is_busy(&events->intake) && now + events_tick(events) < next) {
		next = now + events_tick(events);
	}
	if (events->has_stopped || next == INT64_MAX) {
		ew_timer_stop(events->timer);
		events->due = INT64_MAX;
	} else if (events->due <= now || next < events->due) {
		ew_timer_set(events->timer, next - now, 0);
		events->due = next;
	}
}

/* Tell the metrics what the intake has counted. */
static void events_tell(struct events *events)
{
	const uint64_t counts[METRIC_COUNT] = {
		[METRIC_IN] = events->intake.events, [METRIC_SAMPLES] = events->intake.samples,
		[METRIC_PUT_OFF] = events->intake.put_off,
		[METRIC_REFUSED] = events->intake.refused,
		[METRIC_TOO_LONG] = events->intake.too_long,
	};

	for (unsigned i = METRIC_IN; i <= METRIC_TOO_LONG; i++) {
		if (counts[i] > events->told[i]) {
			ew_metric_add(events->inst, i, (double)(counts[i] - events->told[i]));
			events->told[i] = counts[i];
		}
	}
	manage_measure(events);
	ew_health(events->inst, events->intake.has_failed ? EW_DEGRADED : EW_UP,
		  events->intake.has_failed ? "the journal takes no more: disk slow or full" :
		  NULL);
}

static void events_on_timer(void *arg)
{
	struct events *events = arg;

	events->due = INT64_MAX;
	intake_settle(&events->intake);
	manage_forget(events);
	clients_serve(events);
	events_tell(events);
	if (events->is_stopping && !events->has_stopped && !intake_is_busy(&events->intake)) {
		events->has_stopped = true;
		ew_stopped(events->inst);
	}
	events_schedule(events);
}

/* ---- what comes from the bus ---- */

static void events_wake(struct events *events)
{
	if (events->due == INT64_MAX || events->due > ew_now() + events_tick(events)) {
		events_schedule(events);
	}
}

static void events_event(void *self, const struct ew_event *event)
{
	struct events *events = self;

	intake_event(&events->intake, event);
	events_wake(events);
}

static void events_batch(void *self, const struct ew_batch *batch)
{
	struct events *events = self;

	intake_batch(&events->intake, batch, events->settings->samples);
	events_wake(events);
}

/* ---- life ---- */

static void events_close(void *self)
{
	struct events *events = self;

	if (events == NULL) {
		return;
	}
	ew_timer_free(&events->timer);
	consumers_close(&events->consumers);
	feed_close(&events->feed);
	intake_close(&events->intake);
	ew_journal_close(&events->journal);
	free(events);
}

static int events_make(struct events *events)
{
	const struct ew_journal_config config = {
		.size = sizeof(config),
		.name = "events",
		.bytes = events->settings->size,
		.age = events->settings->age,
		.sync = events->settings->sync,
	};
	int error = ew_journal_open(events->inst, &config, &events->journal);

	if (error == 0) {
		error = intake_open(&events->intake, events->inst, events->journal);
	}
	if (error == 0) {
		error = consumers_open(&events->consumers, events->journal, events->settings);
	}
	if (error == 0) {
		feed_init(&events->feed, events->journal);
		error = ew_timer_new(events->inst, "next", events_on_timer, events,
				     &events->timer);
	}
	if (error == 0) {
		error = ew_want(events->inst, events->settings->samples ? "**" : NO_TAG, NULL);
	}
	return error == 0 ? manage_open(events) : error;
}

static int events_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	struct events *events = calloc(1, sizeof(*events));
	int error;

	if (events == NULL) {
		return -ENOMEM;
	}
	events->inst = inst;
	events->settings = settings;
	events->due = INT64_MAX;
	TAILQ_INIT(&events->clients);
	error = events_make(events);
	if (error != 0) {
		events_close(events);
		return error;
	}
	manage_measure(events);
	*self_out = events;
	return 0;
}

static void events_stop(void *self)
{
	struct events *events = self;

	events->is_stopping = true;
	clients_close(events);
	ew_timer_set(events->timer, 0, 0);
	events->due = ew_now();
}

static int events_answer(void *self, struct ew_query *query)
{
	struct events *events = self;
	uint64_t durable = ew_journal_durable(events->journal);

	for (size_t i = 0; i < events->consumers.count; i++) {
		const struct consumer *consumer = events->consumers.at[i];

		ew_query_text(query, "consumer", consumer->name);
		ew_query_number(query, "acknowledged", (double)consumer->acknowledged);
		ew_query_number(query, "lag", (double)(durable - consumer->acknowledged));
		ew_query_number(query, "pages_open", (double)consumer->count);
		ew_query_number(query, "redelivered", (double)consumer->redeliveries);
		ew_query_row(query);
	}
	return 0;
}

static const struct ew_question questions[] = {
	{ NULL, NULL, "consumers, and how far each has acknowledged", events_answer },
	EW_QUESTION_END
};

EW_MODULE(
	.name = "events", .version = "1.0",
	.summary = "a stream of events over HTTP, with consumers that acknowledge",
	.flags = EW_ACKS | EW_DURABLE | EW_WANTS_ONLY,
	.options = settings_options, .settings_size = sizeof(struct settings),
	.metrics = metrics, .metric_count = METRIC_COUNT,
	.check = settings_check, .open = events_open, .stop = events_stop, .close = events_close,
	.event = events_event, .batch = events_batch, .questions = questions);
