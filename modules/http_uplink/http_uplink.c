/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module http_uplink: posts samples and events to a server, keeps them until
 * it took them, and tells the bus. See http_uplink.h for how it is put together,
 * and README.md for what it promises.
 */
#include "modules/http_uplink/http_uplink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "modules/http_uplink/strand.h"

#define SHORT_WAIT  EW_SECOND   /* until it is tried again to find memory */

static const double seconds[] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

static const struct ew_metric metrics[METRIC_COUNT] = {
	[METRIC_SAMPLES] = {.name = "samples_total", .help = "samples that the server took"},
	[METRIC_EVENTS] = {.name = "events_total", .help = "events that the server took"},
	[METRIC_ACCEPTED] = {.name = "accepted_total", .help = "requests answered by 2xx"},
	[METRIC_REFUSED] = {.name = "refused_total", .help = "requests refused for good"},
	[METRIC_CONNECT] = {.name = "failed_connect_total",
			    .help = "tries that failed: no connection"},
	[METRIC_TLS] = {.name = "failed_tls_total",
			.help = "tries that failed: certificate or handshake"},
	[METRIC_TIMEOUT] = {.name = "failed_timeout_total",
			    .help = "tries that failed: no complete answer in time"},
	[METRIC_ANSWER] = {.name = "failed_answer_total",
			   .help = "tries that failed: an answer that is none, cut, or too long"},
	[METRIC_STATUS] = {.name = "failed_status_total",
			   .help = "tries that failed: a status that is tried again"},
	[METRIC_OTHER] = {.name = "failed_other_total", .help = "tries that failed otherwise"},
	[METRIC_RETRIES] = {.name = "retries_total", .help = "requests sent again"},
	[METRIC_REDIRECTS] = {.name = "redirects_total", .help = "redirects followed"},
	[METRIC_SPLITS] = {.name = "splits_total",
			   .help = "requests that were too large for the server, and left as two"},
	[METRIC_RAW_BYTES] = {.name = "raw_bytes_total", .unit = "bytes",
			      .help = "bodies that the server took, before compression"},
	[METRIC_SENT_BYTES] = {.name = "sent_bytes_total", .unit = "bytes",
			       .help = "bodies that the server took, as they were sent"},
	[METRIC_DEAD] = {.name = "dead_letters_total",
			 .help = "samples and events that went to the dead letters"},
	[METRIC_GIVEN_UP] = {.name = "given_up_total",
			     .help = "requests that failed while the server took the others', "
				     "until they were given up"},
	[METRIC_SHORT] = {.name = "short_total",
			  .help = "batches and events put off because there was no memory"},
	[METRIC_IN_FLIGHT] = {.name = "in_flight", .kind = EW_GAUGE,
			      .help = "requests under way"},
	[METRIC_WAITING] = {.name = "waiting", .kind = EW_GAUGE,
			    .help = "requests under way or waiting for their turn"},
	[METRIC_WAITING_BYTES] = {.name = "waiting_bytes", .kind = EW_GAUGE, .unit = "bytes",
				  .help = "their bodies"},
	[METRIC_SECONDS] = {.name = "request_seconds", .kind = EW_HISTOGRAM, .unit = "seconds",
			    .help = "from the first byte to the whole answer, when it was taken",
			    .bounds = seconds,
			    .bound_count = sizeof(seconds) / sizeof(seconds[0])},
};

/* ---- time ---- */

uint64_t http_uplink_random(struct http_uplink *uplink)
{
	uplink->random ^= uplink->random << 13;
	uplink->random ^= uplink->random >> 7;
	uplink->random ^= uplink->random << 17;
	return uplink->random;
}

void http_uplink_schedule(struct http_uplink *uplink)
{
	ew_dur next = receipts_are_short(&uplink->receipts) ? ew_now() + SHORT_WAIT : INT64_MAX;

	for (size_t i = 0; i < uplink->strand_count; i++) {
		ew_dur due = strand_next(&uplink->strands[i]);

		next = due < next ? due : next;
	}
	if (next == INT64_MAX) {
		ew_timer_stop(uplink->timer);
	} else {
		ew_timer_set(uplink->timer, next - ew_now(), 0);
	}
}

static void http_uplink_on_timer(void *arg)
{
	struct http_uplink *uplink = arg;
	ew_dur now = ew_now();

	for (size_t i = 0; i < uplink->strand_count; i++) {
		strand_wake(&uplink->strands[i], now);
	}
	receipts_repeat(&uplink->receipts);
	http_uplink_schedule(uplink);
}

/* ---- what comes from the bus ---- */

/* Where the records of a device go. -ENOMEM */
static int http_uplink_place(struct http_uplink *uplink, struct device_entry *device,
			     struct pile **pile_out)
{
	if (device->strand == NULL) {
		device->strand = strand_of(uplink, device->path);
	}
	if (!uplink->is_per_device) {
		*pile_out = &device->strand->pile;
		return 0;
	}
	if (device->pile == NULL) {
		device->pile = calloc(1, sizeof(*device->pile));
		if (device->pile == NULL) {
			return -ENOMEM;
		}
		device->pile->device = device;
	}
	*pile_out = device->pile;
	return 0;
}

static int http_uplink_sample(struct http_uplink *uplink, const struct ew_sample *sample,
			      struct receipt *receipt)
{
	struct tag_entry *tag;
	struct pile *pile;
	int error = directory_tag(&uplink->directory, sample->tag, &tag);

	if (error != 0) {
		return error;
	}
	if (tag == NULL) {
		/* removed meanwhile, and delivered again from before that */
		receipt_settle(receipt, 1, NULL);
		return 0;
	}
	error = http_uplink_place(uplink, tag->device, &pile);
	if (error == 0) {
		error = pile_add_sample(pile, (enum encode_format)uplink->settings->format,
					&tag->shape, sample, receipt);
	}
	if (error == 0) {
		strand_grown(tag->device->strand, pile);
	}
	return error;
}

static void http_uplink_pump(struct http_uplink *uplink)
{
	for (size_t i = 0; i < uplink->strand_count; i++) {
		strand_pump(&uplink->strands[i]);
	}
	http_uplink_schedule(uplink);
}

/* There is no memory for so many records: they will be delivered again. */
static void http_uplink_put_off(struct http_uplink *uplink, struct receipt *receipt,
				uint32_t records)
{
	ew_metric_add(uplink->inst, METRIC_SHORT, 1);
	status_short(uplink);
	if (receipt != NULL) {
		receipt_shorten(receipt, records);
	}
}

static void http_uplink_batch(void *self, const struct ew_batch *batch)
{
	struct http_uplink *uplink = self;
	struct receipt *receipt = receipts_take(&uplink->receipts, batch->route,
						 batch->position, batch->count);
	uint32_t i = 0;

	while (receipt != NULL && i < batch->count &&
	       http_uplink_sample(uplink, &batch->samples[i], receipt) == 0) {
		i++;
	}
	if (receipt == NULL || i < batch->count) {
		http_uplink_put_off(uplink, receipt, batch->count - i);
	}
	receipts_answer(&uplink->receipts);
	http_uplink_pump(uplink);
}

/* An event of a device goes the way of its samples; another the way of "". */
static int http_uplink_add_event(struct http_uplink *uplink, const struct ew_event *event,
				 struct receipt *receipt)
{
	struct device_entry *device = NULL;
	struct strand *strand = strand_of(uplink, "");
	struct pile *pile = &strand->pile;
	struct shape_names names;
	int error = 0;

	if (event->device != EW_NO_ID) {
		error = directory_device(&uplink->directory, event->device, &device);
	}
	if (error == 0 && device != NULL) {
		error = http_uplink_place(uplink, device, &pile);
		strand = device->strand;
	}
	if (error == 0) {
		error = directory_names(&uplink->directory, device, &names);
	}
	if (error != 0) {
		return error;
	}
	error = pile_add_event(pile, (enum encode_format)uplink->settings->format, &names, event,
			       receipt);
	directory_names_free(&names);
	if (error == 0) {
		strand_grown(strand, pile);
	}
	return error;
}

static void http_uplink_event(void *self, const struct ew_event *event)
{
	struct http_uplink *uplink = self;
	struct receipt *receipt = receipts_take(&uplink->receipts, event->route,
						event->position, 1);

	if (receipt != NULL && !uplink->settings->events) {
		receipt_settle(receipt, 1, NULL);
	} else if (receipt == NULL || http_uplink_add_event(uplink, event, receipt) != 0) {
		http_uplink_put_off(uplink, receipt, 1);
	}
	receipts_answer(&uplink->receipts);
	http_uplink_pump(uplink);
}

static void http_uplink_device(void *self, enum ew_change change,
			       const struct ew_device_info *info)
{
	struct http_uplink *uplink = self;
	struct device_entry *device = directory_find(&uplink->directory, info->id);

	if (device == NULL) {
		return;
	}
	if (change == EW_UPDATED || change == EW_DECLARED) {
		directory_change_device(&uplink->directory, info);
	} else if (change == EW_REMOVED) {
		if (device->strand != NULL) {
			strand_remove_pile(device->strand, &device->pile);
		}
		directory_forget_device(&uplink->directory, info->id);
		http_uplink_pump(uplink);
	}
}

static void http_uplink_tag(void *self, enum ew_change change, const struct ew_tag_info *info)
{
	struct http_uplink *uplink = self;

	(void)change; /* made anew at the next sample, whatever changed */
	directory_forget_tag(&uplink->directory, info->id);
}

/* ---- life ---- */

static void http_uplink_close(void *self)
{
	struct http_uplink *uplink = self;

	if (uplink == NULL) {
		return;
	}
	wire_end(uplink->wire);
	ew_timer_free(&uplink->timer);
	ew_timer_free(&uplink->drain);
	strands_close(uplink);
	wire_close(&uplink->wire);
	directory_free(&uplink->directory);
	receipts_free(&uplink->receipts);
	free(uplink->sender);
	free(uplink);
}

static void http_uplink_stopped(struct http_uplink *uplink)
{
	uplink->has_stopped = true;
	ew_timer_stop(uplink->drain);
	ew_timer_stop(uplink->timer);
	ew_stopped(uplink->inst);
}

static void http_uplink_on_drain(void *arg)
{
	struct http_uplink *uplink = arg;

	ew_log(uplink->inst, EW_LOG_WARNING, "stopped before the server took all");
	http_uplink_stopped(uplink);
}

static int http_uplink_make(struct http_uplink *uplink)
{
	const struct ew_gateway *gateway = ew_gateway(uplink->inst);
	int error;

	if (asprintf(&uplink->sender, "%s/%s/%s", gateway->group, gateway->name,
		     ew_name(uplink->inst)) < 0) {
		uplink->sender = NULL;
		return -ENOMEM;
	}
	error = ew_timer_new(uplink->inst, "next", http_uplink_on_timer, uplink, &uplink->timer);
	if (error == 0) {
		error = ew_timer_new(uplink->inst, "drain", http_uplink_on_drain, uplink,
				     &uplink->drain);
	}
	if (error == 0) {
		error = wire_open(uplink->inst, uplink->settings, &uplink->wire);
	}
	return error == 0 ? strands_open(uplink) : error;
}

static int http_uplink_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	struct http_uplink *uplink = calloc(1, sizeof(*uplink));
	int error;

	if (uplink == NULL) {
		return -ENOMEM;
	}
	uplink->inst = inst;
	uplink->settings = settings;
	uplink->is_per_device = settings_is_per_device(settings);
	uplink->random = (uint64_t)ew_wall() | 1;
	directory_init(&uplink->directory, inst, settings);
	receipts_init(&uplink->receipts, inst);
	error = http_uplink_make(uplink);
	if (error != 0) {
		http_uplink_close(uplink);
		return error;
	}
	*self_out = uplink;
	return 0;
}

static void http_uplink_warn(const struct http_uplink *uplink)
{
	const struct settings *settings = uplink->settings;

	if (!settings->tls.verify) {
		ew_log(uplink->inst, EW_LOG_WARNING,
		       "tls: verify: no: whoever answers gets the samples and the secrets");
	}
	if (settings->plaintext && (settings->token != NULL || settings->username != NULL)) {
		ew_log(uplink->inst, EW_LOG_WARNING, "plaintext: yes: secrets are not encrypted");
	}
	if (settings->redirects > 0 && !settings_has_standard_token(settings)) {
		ew_log(uplink->inst, EW_LOG_INFO,
		       "redirects are not followed: token_header would go to any host");
	}
}

static int http_uplink_start(void *self)
{
	http_uplink_warn(self);
	return 0;
}

/* What waits leaves as it was encoded, and where the new settings say. */
static int http_uplink_reload(void *self, const void *arg)
{
	struct http_uplink *uplink = self;
	const struct settings *settings = arg;

	if (settings->requests != uplink->settings->requests ||
	    settings_is_per_device(settings) != uplink->is_per_device) {
		return -ENOTSUP;
	}
	for (size_t i = 0; i < uplink->strand_count; i++) {
		strand_close_piles(&uplink->strands[i]);
	}
	uplink->settings = settings;
	uplink->hold_until = 0;
	directory_reset(&uplink->directory, settings);
	wire_change(uplink->wire, settings);
	http_uplink_warn(uplink);
	/* perhaps it was changed because nothing went */
	for (size_t i = 0; i < uplink->strand_count; i++) {
		strand_hurry(&uplink->strands[i]);
	}
	http_uplink_schedule(uplink);
	return 0;
}

void http_uplink_stop_if_done(struct http_uplink *uplink)
{
	if (!uplink->is_stopping || uplink->has_stopped) {
		return;
	}
	for (size_t i = 0; i < uplink->strand_count; i++) {
		if (!strand_is_done(&uplink->strands[i])) {
			return;
		}
	}
	http_uplink_stopped(uplink);
}

static void http_uplink_stop(void *self)
{
	struct http_uplink *uplink = self;

	uplink->is_stopping = true;
	ew_timer_set(uplink->drain, uplink->settings->drain, 0);
	/* each gets one more try, now */
	for (size_t i = 0; i < uplink->strand_count; i++) {
		strand_hurry(&uplink->strands[i]);
	}
	http_uplink_schedule(uplink);
	http_uplink_stop_if_done(uplink);
}

EW_MODULE(
	.name = "http_uplink",
	.version = "1.0",
	.summary = "posts samples and events to an HTTP server",
	.flags = EW_ACKS | EW_DURABLE,
	.options = settings_options,
	.settings_size = sizeof(struct settings),
	.metrics = metrics,
	.metric_count = METRIC_COUNT,
	.check = settings_check,
	.open = http_uplink_open,
	.start = http_uplink_start,
	.reload = http_uplink_reload,
	.stop = http_uplink_stop,
	.close = http_uplink_close,
	.device = http_uplink_device,
	.tag = http_uplink_tag,
	.batch = http_uplink_batch,
	.event = http_uplink_event);
