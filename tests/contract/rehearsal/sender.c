/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sender with a window: keeps up to 64 positions of a route open, answers
 * them in any order, has some delivered again, gives some up, and is now and
 * then stopped in mid-window.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/contract/rehearsal/plan.h"

#define ROUTES_MAX  16
#define WINDOW      64

struct settings {
	uint64_t turn;                  /* another: opened anew */
};

struct open_position {
	uint64_t position;              /* 0: free */
	uint64_t number;
	uint32_t count;
	bool is_back;                   /* answered by EW_REDELIVER */
};

struct sent_route {
	uint32_t id;
	uint64_t next;                  /* position expected; 0: not known yet */
	bool has_gap;                   /* since the last batch */
	unsigned open_count, back_count;
	struct open_position open[WINDOW];
};

struct sender {
	struct ew_instance *inst;
	struct ew_timer *timer;
	struct sent_route routes[ROUTES_MAX];
	uint32_t random;
};

enum { METRIC_ACKED, METRIC_AGAIN, METRIC_DEAD, METRIC_COUNT };

static const struct ew_metric sender_metrics[METRIC_COUNT] = {
	[METRIC_ACKED] = { .name = "acked_total", .kind = EW_COUNTER, .help = "positions acked" },
	[METRIC_AGAIN] = { .name = "again_total", .kind = EW_COUNTER,
			   .help = "positions that came again" },
	[METRIC_DEAD] = { .name = "dead_total", .kind = EW_COUNTER,
			  .help = "positions given up" },
};

static unsigned roll(struct sender *sender, unsigned sides)
{
	sender->random = sender->random * 1664525u + 1013904223u;
	return (sender->random >> 8) % sides;
}

static void fault(struct sender *sender, const char *what, uint64_t found, uint64_t expected)
{
	ew_log(sender->inst, EW_LOG_ERROR, PLAN_FAULT "%s: found %llu, expected %llu", what,
	       (unsigned long long)found, (unsigned long long)expected);
}

static struct sent_route *route_of(struct sender *sender, uint32_t id)
{
	struct sent_route *free_place = &sender->routes[0];

	for (size_t i = 0; i < ROUTES_MAX; i++) {
		if (sender->routes[i].id == id) {
			return &sender->routes[i];
		}
		if (sender->routes[i].id == 0) {
			free_place = &sender->routes[i];
		}
	}
	memset(free_place, 0, sizeof(*free_place));
	free_place->id = id;
	return free_place;
}

static struct open_position *find(struct sent_route *route, uint64_t position)
{
	for (size_t i = 0; i < WINDOW; i++) {
		if (route->open[i].position == position) {
			return &route->open[i];
		}
	}
	return NULL;
}

/* Answer one open position, one way or another. */
static void answer(struct sender *sender, struct sent_route *route)
{
	struct open_position *open = &route->open[roll(sender, WINDOW)];
	uint64_t position = open->position;
	unsigned dice = roll(sender, 100);
	int error;

	if (position == 0 || open->is_back) {
		return;
	}
	if (dice < 4) {
		open->is_back = true;
		route->back_count++;
		error = ew_nack(sender->inst, route->id, position, position, EW_REDELIVER);
	} else {
		memset(open, 0, sizeof(*open));
		route->open_count--;
		if (dice == 4) {
			error = ew_nack(sender->inst, route->id, position, position,
					EW_DEAD_LETTER);
			ew_metric_add(sender->inst, METRIC_DEAD, 1);
		} else {
			error = ew_ack(sender->inst, route->id, position, position);
			ew_metric_add(sender->inst, METRIC_ACKED, 1);
		}
	}
	if (error == -ENOENT) {
		memset(route, 0, sizeof(*route));       /* its publisher stopped: all is void */
	} else if (error != 0) {
		fault(sender, "answer to an open position", (uint64_t)-error, position);
	}
}

/* A batch that came before: the same, and nothing newer came before it. */
static void take_again(struct sender *sender, struct sent_route *route,
		       const struct ew_batch *batch)
{
	struct open_position *open = find(route, batch->position);

	ew_metric_add(sender->inst, METRIC_AGAIN, 1);
	if (open == NULL || !open->is_back) {
		fault(sender, "came again though it was not asked for", batch->position, 0);
		return;
	}
	if (open->number != batch->number || open->count != batch->count) {
		fault(sender, "came again as another", batch->number, open->number);
	}
	open->is_back = false;
	route->back_count--;
}

static void take_new(struct sender *sender, struct sent_route *route,
		     const struct ew_batch *batch)
{
	struct open_position *open = find(route, 0);

	if (route->back_count > 0) {
		fault(sender, "came before what is to come again", batch->position,
		      route->back_count);
	}
	if (route->next != 0 && batch->position != route->next &&
	    !(route->has_gap && batch->position > route->next)) {
		fault(sender, "position", batch->position, route->next);
	}
	route->next = batch->position + 1;
	route->has_gap = false;
	if (open == NULL) {
		fault(sender, "more open than the window holds", batch->position, WINDOW);
		return;
	}
	*open = (struct open_position){ batch->position, batch->number, batch->count, false };
	route->open_count++;
}

static void sender_batch(void *self, const struct ew_batch *batch)
{
	struct sender *sender = self;
	struct sent_route *route = route_of(sender, batch->route);

	if ((batch->flags & EW_BATCH_REDELIVERED) != 0) {
		take_again(sender, route, batch);
	} else {
		take_new(sender, route, batch);
	}
	while (route->open_count - route->back_count > WINDOW - 16) {
		answer(sender, route);
	}
}

static void sender_gap(void *self, const struct ew_gap *gap)
{
	struct sender *sender = self;

	route_of(sender, gap->route)->has_gap = true;
}

static void sender_tick(void *arg)
{
	struct sender *sender = arg;

	for (size_t i = 0; i < ROUTES_MAX; i++) {
		for (unsigned n = 0; n < 16 && sender->routes[i].id != 0; n++) {
			answer(sender, &sender->routes[i]);
		}
	}
}

static int sender_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	struct sender *sender = calloc(1, sizeof(*sender));
	int error;

	(void)settings;
	if (sender == NULL) {
		return -ENOMEM;
	}
	sender->inst = inst;
	sender->random = 1;
	error = ew_timer_new(inst, "confirm", sender_tick, sender, &sender->timer);
	if (error != 0) {
		free(sender);
		return error;
	}
	ew_timer_set(sender->timer, EW_MILLISECOND, EW_MILLISECOND);
	*self_out = sender;
	return 0;
}

static void sender_close(void *self)
{
	struct sender *sender = self;

	ew_timer_free(&sender->timer);
	free(sender);
}

static const struct ew_option sender_options[] = {
	EW_OPTION(struct settings, turn, .fallback = "0", .help = "another: opened anew"),
	EW_OPTION_END
};

EW_MODULE(
	.name = "sender", .version = "1.0", .summary = "answers positions in any order",
	.flags = EW_ACKS,
	.options = sender_options, .settings_size = sizeof(struct settings),
	.metrics = sender_metrics, .metric_count = METRIC_COUNT,
	.open = sender_open, .close = sender_close,
	.batch = sender_batch, .gap = sender_gap);
