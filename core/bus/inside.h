/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of the bus, shared by the files of this folder and nobody else.
 * Each member says which thread may touch it: `pub` the publisher's loop,
 * `recv` the receiver's loop, `lock` under bus->lock, `any` atomics.
 */
#ifndef CORE_BUS_INSIDE_H
#define CORE_BUS_INSIDE_H

#include <errno.h>

#include "core/base/check.h"
#include "core/base/clock.h"
#include "core/base/list.h"
#include "core/base/log.h"
#include "core/bus/block.h"
#include "core/bus/bus.h"
#include "core/bus/image.h"
#include "core/bus/registry.h"
#include "core/bus/ring.h"

struct access;
struct ruleset;
struct window;

struct bus {
	uint32_t magic;
	struct registry registry;
	struct image image;
	atomic_bool clock_valid;
	pthread_mutex_t lock;           /* endpoints, routes, rules; taken before the registry's */
	struct list endpoints;
	struct list routes;
	uint32_t route_ids;
	struct ruleset *rules;          /* lock */
	pthread_mutex_t access_lock;    /* guards the pointer; the set itself is immutable */
	struct access *access;
	void (*audit)(void *arg, const struct audit_record *record);
	void *audit_arg;
	_Atomic uint64_t writes, writes_refused, writes_unknown;
	_Atomic uint64_t writes_late;   /* answered by the owner after the deadline */
};

/* ---- routes ---- */

/* How one rule reports; immutable, in a filter. */
struct report {
	bool exception;
	double deadband;                /* NaN: the tag's own */
	ew_dur min_interval;
	ew_dur max_age;                 /* 0: the tag's own */
};

struct filter_rule {
	char **patterns;                /* none: everything */
	size_t pattern_count;
	bool events;
	struct report report;
};

/* What a route lets through: the first rule that matches a tag says how. */
struct filter {
	atomic_uint refs;
	struct filter_rule *rules;
	size_t rule_count;
	const char *origin;             /* "default", "want", "routes" */
	bool everything;                /* no pattern, no reporting: nothing to look up */
	bool events;
	enum route_full full;
	uint32_t queue_batches;
	size_t queue_bytes;
};

/* route.marks, a byte a tag */
#define MARK_PASSES  0x01u
#define MARK_OWED    0x02u              /* its value was lost, or never sent */
#define MARK_HELD    0x04u              /* min_interval: a value waits for its time */
#define MARK_RULE    4                  /* bits from here: index of the rule */

/* What was last reported of a tag on a route; only where a rule reports. */
struct reported {
	uint64_t raw;                   /* bits of the value, or a hash of its text */
	ew_dur at;                      /* monotonic; 0: never */
	uint16_t quality;
	uint8_t type;
	uint8_t flags;
	uint32_t why;                   /* enum held_back of the last sample */
	uint64_t reserved;
};

enum held_back {
	HELD_NOTHING,
	HELD_DEADBAND,
	HELD_INTERVAL
};

enum route_end {
	ROUTE_LIVE,
	ROUTE_ENDED,            /* nothing more comes: the receiver forgets what it showed */
};

struct route {
	uint32_t magic;
	atomic_uint refs;               /* list, producer, consumer */
	struct list node;               /* lock; of the bus */
	struct list planned;            /* lock; scratch of the planner */
	struct bus *bus;
	uint32_t id;
	char *name;                     /* `from>to` */
	struct owner *owner;
	struct endpoint *receiver;
	struct ring *ring;
	atomic_int end;                 /* enum route_end */
	struct filter *planned_filter;  /* lock: what the producer was told last */

	/* pub */
	struct filter *filter;
	struct page_table marks;        /* uint8_t */
	struct page_table reported;     /* struct reported */
	bool has_marks, has_reported;
	bool is_dirty;                  /* a change was lost: nothing goes in before a snapshot */
	bool is_begun;                  /* its first values were sent */
	bool must_sync;                 /* a synced marker is owed */
	bool has_owed;
	uint64_t owed_number;           /* values of batches up to here are owed */
	struct ring_totals totals;
	uint64_t pushed_number;         /* last batch that went in */
	uint32_t *held;                 /* tags with MARK_HELD */
	size_t held_count, held_room;
	ew_dur held_due;                /* when the first of them may go; INT64_MAX: none */

	/* any */
	atomic_bool owes;               /* the consumer tells the owner when there is room */
	atomic_bool ready;              /* is in the receiver's list of ready routes */
	struct route *next_ready;       /* whoever set ready */
	_Atomic uint64_t lost_samples_mark, lost_events_mark;   /* at the last loss at the tail */
	_Atomic uint64_t acked_number;  /* every batch up to here is answered */
	_Atomic uint64_t filtered, lost_samples, lost_events, resyncs;

	/* recv */
	struct list received;           /* of the receiver */
	struct ring_totals seen;
	struct window *window;          /* EW_ACKS */
	bool is_known;                  /* is in the receiver's list */
	_Atomic uint64_t delivered_batches, delivered_samples, delivered_events, gaps;
	_Atomic uint64_t acked, redelivered, dead;
	_Atomic uint32_t open;
};

/* ---- endpoints ---- */

/* What a receiver knows of an id. */
struct seen_tag {
	struct tag_version *version;    /* NULL: not known */
	uint32_t generation;            /* of the snapshot that named it last */
	uint16_t owner;
};

struct seen_device {
	struct device_version *version;
	uint32_t generation;
	uint16_t owner;
};

struct endpoint {
	uint32_t magic;
	struct list node;               /* lock; of the bus */
	struct bus *bus;
	char *name;
	struct endpoint_config config;
	const struct ew_module *module;
	void *self;
	struct owner *owner;
	bool is_joined, is_leaving;     /* lock */
	struct list wants;              /* lock */
	atomic_uint routes_left;        /* leaving: ends still to be reported */
	void (*left)(void *arg, struct endpoint *endpoint);
	void *left_arg;

	/* as a publisher; its loop */
	struct route **fed;             /* routes it feeds */
	size_t fed_count, fed_room;
	struct task signal;             /* repair, room, durable: what others ask for */
	struct loop_timer held_timer;   /* min_interval */
	atomic_bool wants_room;
	uint64_t durable_told;
	_Atomic uint64_t batches, samples, events, refused, over_limit;

	/* as a receiver; its loop */
	struct task data;
	_Atomic(struct route *) ready;  /* pushed by publishers, newest first */
	struct route *ready_first;      /* the loop's, oldest first */
	struct list received;           /* struct route.received */
	struct page_table seen_devices; /* struct seen_device */
	struct page_table seen_tags;    /* struct seen_tag */
	uint32_t generation;
	struct page_table view;         /* struct ew_sample */
	struct page_table view_text;    /* char *: a cell of the tag's max_bytes */
	struct list held;               /* batches the module keeps */

	/* as an owner and a requester; its loop: writer.c, arbiter.c, lease.c */
	bool takes_writes;              /* open() has run, writes_leave() has not */
	unsigned open_count;            /* of open_writes */
	struct list open_writes;        /* handed to the module, not answered */
	struct list leases;             /* on its tags */
	struct list asked;              /* its own requests without an answer */
	struct list lease_bonds;        /* one an owner that it asked for a lease */
};

#define BUS_MAGIC       0x42555330u
#define ROUTE_MAGIC     0x524f5554u
#define ENDPOINT_MAGIC  0x454e4450u

/* Around every callback of the module. */
static inline void endpoint_enter(struct endpoint *endpoint, const char *callback)
{
	if (endpoint->config.enter != NULL) {
		endpoint->config.enter(endpoint->config.arg, callback);
	}
}

static inline void endpoint_leave_callback(struct endpoint *endpoint)
{
	if (endpoint->config.leave != NULL) {
		endpoint->config.leave(endpoint->config.arg);
	}
}

static inline bool endpoint_is_receiver(const struct endpoint *endpoint)
{
	return endpoint->module->batch != NULL || endpoint->module->event != NULL ||
	       endpoint->module->tag != NULL || endpoint->module->device != NULL;
}

static inline bool endpoint_has_view(const struct endpoint *endpoint)
{
	return (endpoint->module->flags & EW_NEEDS_VIEW) != 0;
}

/* ---- route.c: life of a route, and the plan ---- */

struct route *route_new(struct bus *bus, struct owner *owner, struct endpoint *receiver,
			struct filter *filter);
void route_unref(struct route **route);

/* Ask whoever publishes for the owner to look at its routes again. Any thread. */
void owner_signal(struct owner *owner);

/* ---- rules.c ---- */

/* Bring routes in line with rules, wants and endpoints. Lock held. -ENOMEM. */
int rules_plan(struct bus *bus);
void ruleset_free(struct ruleset **rules);
struct filter *filter_ref(struct filter *filter);
void filter_unref(struct filter **filter);

/* The rule of a filter that a tag or device falls under; -1: none. */
int filter_match_tag(const struct filter *filter, const char *device, const char *tag);
bool filter_match_device(const struct filter *filter, const char *device);

/* ---- feed.c: the producer's side of a route (pub) ---- */

/* Begin to feed, or feed by another filter: a snapshot and values follow. */
void route_attach(struct route *route, struct endpoint *publisher, struct filter *filter);

/* Stop feeding. Drops the producer's reference. */
void route_detach(struct route *route, struct endpoint *publisher, bool ended);

/* Put a block in, or lose it by the route's policy. Takes one reference. */
void route_push(struct route *route, struct block *block);

/* Send what is owed as far as there is room. */
void route_repair(struct route *route, struct endpoint *publisher);

/* Does the route show this tag? Decides it anew for one that is being declared. */
bool route_judge_tag(struct route *route, const struct tag_version *tag, const char *device);
bool route_shows_tag(const struct route *route, uint32_t tag);
bool route_shows_device(const struct route *route, const char *device);

/* The byte of marks of a tag. make: NULL only without memory. */
uint8_t *route_mark(struct route *route, uint32_t tag, bool make);

/* ---- report.c: report-by-exception and min_interval (pub) ---- */

/* Whether a sample goes to the route now; remembers what was reported. */
bool report_passes(struct route *route, const struct ew_sample *sample, ew_dur now);

/* Send held values whose time has come; returns when the next is due (INT64_MAX: none). */
ew_dur report_flush(struct route *route, struct endpoint *publisher, ew_dur now);

/* ---- publish.c (pub) ---- */

/* A block of the image's values of tags; NULL: no memory or nothing to send. */
struct block *publish_image_block(struct endpoint *publisher, const uint32_t *tags, size_t count,
				  uint32_t flags);

/* ---- deliver.c, seen.c, window.c (recv) ---- */

/* A route has something: put it in the receiver's list. Any thread. */
void receiver_signal(struct route *route);

bool receiver_run(struct task *task);

/* Apply one declaration or removal; calls the module. */
void seen_apply_device(struct endpoint *receiver, struct device_version *version,
		       enum ew_change change, uint16_t owner);
void seen_apply_tag(struct endpoint *receiver, struct tag_version *version,
		    enum ew_change change, uint16_t owner);

/* Bring what is known of the owner in line with a snapshot; NULL: nothing. */
void seen_reconcile(struct endpoint *receiver, const struct block_snapshot *snapshot,
		    uint16_t owner);

/* Forget everything without telling the module. */
void seen_fini(struct endpoint *receiver);

void view_store(struct endpoint *receiver, const struct ew_sample *sample);

int window_new(uint32_t capacity, struct window **window_out);
void window_free(struct window **window, struct route *route);
bool window_has_room(const struct window *window);

/* Put a delivered batch in; the window owns the block reference and the batch it returns. */
struct ew_batch *window_open(struct window *window, struct route *route,
			     const struct ew_batch *batch, struct block *block);

/* The next batch to deliver again; NULL: none. */
struct ew_batch *window_redeliver(struct window *window);

/* ---- endpoint.c ---- */

/* One of the routes of a leaving endpoint has ended. Endpoint's loop. */
void endpoint_route_ended(struct endpoint *endpoint);

/* ---- writer.c, access.c ---- */

/* Of a new endpoint. */
void writes_init(struct endpoint *endpoint);

/*
 * The endpoint leaves: forget what it asked for, end its leases with their
 * fail-safe writes, tell who waits for it. Its module is not called any more.
 * Endpoint's loop, while owner->endpoint still names it.
 */
void writes_leave(struct endpoint *endpoint);

/* Drop the set in force. When the bus is freed. */
void access_unref(struct access **access);

#endif
