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
#include "core/bus/durable.h"
#include "core/bus/image.h"
#include "core/bus/registry.h"
#include "core/bus/ring.h"
#include "core/bus/rules.h"

struct access;
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
	_Atomic(struct store *) store;  /* NULL: no route is durable yet */
	struct list durables;           /* lock: struct durable_name */
	ew_dur log_opened;
	struct log_mark {               /* lock: what was written by then */
		ew_dur at;
		uint64_t bytes;
	} log_marks[2];                 /* a minute apart at least, older first */
	atomic_uint away;               /* durable receivers that are not here, and routes to
					 * them that are not fed yet: the log takes everything */
	atomic_bool is_ready;           /* who has something to declare has come */
	void (*audit)(void *arg, const struct audit_record *record);
	void *audit_arg;
	_Atomic uint64_t writes, writes_refused, writes_unknown;
	_Atomic uint64_t writes_late;   /* answered by the owner after the deadline */
};

/* ---- routes ---- */

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

/*
 * From one owner to one receiver. References: the bus's list, the producer
 * while it feeds, the receiver until it has read the end. What one side
 * writes for every batch has cache lines apart from what the other reads.
 */
struct route {
	uint32_t magic;
	atomic_uint refs;
	struct list node;               /* lock; of the bus */
	struct bus *bus;
	uint32_t id;
	char *name;                     /* `from>to` */
	struct durable *durable;        /* NULL: it is not */
	struct owner *owner;
	struct endpoint *receiver;
	struct ring *ring;
	struct filter *planned;         /* lock: the filter the producer was told last */
	struct endpoint *producer;      /* lock: who was told */
	bool is_wanted, is_dropped;     /* lock: the planner's */
	struct endpoint *waiting;       /* lock: the receiver that leaves and waits */

	/* the publisher's loop */
	_Alignas(64) struct filter *filter;     /* NULL: not fed */
	struct page_table marks;        /* uint8_t; pages NULL: not used yet */
	struct page_table reported;     /* struct reported; the same */
	bool is_dirty;                  /* a change was lost: nothing goes in before a snapshot */
	bool is_pushed;                 /* its receiver is still to be told of a block */
	bool is_begun;                  /* what there was at the beginning is marked as owed */
	bool must_sync;                 /* a synced marker is owed */
	bool has_owed;                  /* some tag has MARK_OWED */
	bool owes_all;                  /* after the snapshot every tag shall have it */
	uint64_t owed_number;           /* values of batches up to here may be owed */
	struct ring_totals totals;
	uint64_t pushed_number;         /* last batch that went in */
	uint32_t *held;                 /* tags with MARK_HELD */
	size_t held_count, held_room;

	/* any */
	_Alignas(64) atomic_int is_ended;          /* nothing more comes: forget what it showed */
	_Atomic uint64_t said_to;       /* not durable, ended: last lsn whose record went here */
	atomic_bool owes;               /* the receiver tells the owner when there is room */
	atomic_bool ready;              /* is in the receiver's list of ready routes */
	struct route *next_ready;       /* whoever set ready */
	_Atomic uint64_t lost_samples_at, lost_events_at;       /* totals at a loss at the end */
	_Atomic uint64_t filtered, lost_samples, lost_events, resyncs;
	_Atomic uint64_t stored_samples, stored_events;         /* left to the log: it was behind */
	_Atomic uint64_t told_samples[EW_GAP_REASON_COUNT];     /* in gaps, by reason */
	_Atomic uint64_t told_events[EW_GAP_REASON_COUNT];

	/* the receiver's loop */
	_Alignas(64) struct list received;      /* of the receiver; empty: not known, or parted */
	bool is_met;
	bool is_first;                  /* no earlier route of its owner is left */
	struct ring_totals seen;
	uint64_t position;              /* of the last batch or event; lost ones count */
	bool is_cut;                    /* a change is missing: nothing counts before a snapshot */
	struct window *window;          /* EW_ACKS */
	_Atomic uint64_t acked_number;  /* every batch up to here is answered */
	_Atomic uint64_t batches, samples, events, gaps;        /* delivered */
	_Atomic uint64_t acked, redelivered, dead, dead_lost;
	_Atomic uint32_t open;
};

/* ---- endpoints ---- */

/* What a receiver knows of an id: struct device_version or struct tag_version. */
struct seen {
	void *version;                  /* NULL: not known */
	uint32_t generation;            /* of the snapshot that named it last */
	uint32_t owner;                 /* index */
	bool is_recalled;               /* the log spoke of it, nobody else has since */
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
	bool has_left;                  /* lock and its loop: both to set it, one to look */
	struct list wants;              /* lock */
	int ends_awaited;               /* its loop: routes to it that have not ended yet */
	void (*left)(void *arg, struct endpoint *endpoint);
	void *left_arg;

	/* its loop */
	struct log_limit dead_said, lease_said, refused_said;

	/* as a publisher; its loop */
	struct route **fed;             /* routes it feeds */
	size_t fed_count, fed_room;
	struct task signal;             /* repair, room, durable: what others ask for */
	struct loop_timer held_timer;   /* min_interval */
	size_t wanted_room;             /* bytes of what was refused; 0: nothing */
	uint64_t durable_told;
	uint64_t appended_lsn, appended_number; /* of the last that went to the log; 0: none */
	uint64_t awaited_lsn, awaited_number;   /* one that is not on disk yet; 0: none */
	uint64_t stored_number;         /* batches up to here are on disk */
	_Atomic uint64_t appended, not_stored;  /* batches and events, to the log */
	_Atomic uint64_t batches, samples, events, refused, over_limit;

	/* as a receiver; its loop */
	struct task data;
	_Atomic(struct route *) ready;  /* pushed by publishers, newest first */
	struct route *ready_first;      /* the loop's, oldest first */
	struct list received;           /* struct route.received */
	struct page_table seen_devices; /* struct seen */
	struct page_table seen_tags;    /* struct seen */
	uint32_t seen_device_ids, seen_tag_ids; /* highest ever known */
	uint32_t generation;
	struct page_table view;         /* struct ew_sample */
	struct page_table view_text;    /* char *: a cell of the tag's max_bytes */
	struct list held;               /* batches the module keeps */
	uint32_t tags_forgotten;        /* counts, to TAGS_FORGOTTEN_MAX and around */
	_Atomic(struct replay *) replay;        /* NULL: none of its routes is durable */
	atomic_bool reads_log;          /* any: publishers leave everything to the log */

	/* as an owner and a requester; its loop: writer.c, arbiter.c, lease.c */
	bool takes_writes;              /* open() has run, writes_leave() has not */
	unsigned open_count;            /* of open_writes */
	struct list open_writes;        /* handed to the module, not answered */
	struct list leases;             /* on its tags */
	struct list asked;              /* its own requests without an answer */
	struct list lease_bonds;        /* one an owner that it asked for a lease */
};

#define TAGS_FORGOTTEN_MAX  0xffffffu

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

static inline struct replay *replay_of(const struct endpoint *receiver)
{
	return atomic_load_explicit(&receiver->replay, memory_order_acquire);
}

static inline bool endpoint_has_view(const struct endpoint *endpoint)
{
	return (endpoint->module->flags & EW_NEEDS_VIEW) != 0;
}

/* ---- route.c ---- */

/* Not durable; durable is given to it right after. */
struct route *route_new(struct bus *bus, struct owner *owner, struct endpoint *receiver,
			struct filter *filter);
void route_unref(struct route **route);

struct route *route_ref(struct route *route);

/* Ask whoever publishes for the owner to look at its routes again. Any thread. */
void owner_signal(struct owner *owner);

/* ---- plan.c; bus->lock held ---- */

/*
 * Bring routes in line with rules, wants and endpoints. -ENOMEM: what could
 * be done is done; the next plan does the rest.
 */
int plan_routes(struct bus *bus);

/*
 * End the routes to an endpoint that leaves. Returns how many ends it must
 * wait for: each leads to one endpoint_let_go() on its loop. With keep the
 * routes that it feeds wait for the next endpoint of its name.
 */
unsigned plan_leave(struct endpoint *endpoint, bool keep);

/*
 * The log has something of an owner whom no route brings to this receiver. 1: now one does,
 * which ends with what the log has; 0: none shall; -ENOMEM. Receiver's loop; takes the lock.
 */
int plan_orphan(struct endpoint *receiver, struct owner *owner);

/* ---- feed.c: the producer's side of a route; the publisher's loop ---- */

/* Begin to feed, or feed by another filter: a snapshot follows. Takes the filter. */
void route_attach(struct route *route, struct endpoint *publisher, struct filter *filter);

/* Feed no more. */
void route_detach(struct route *route, struct endpoint *publisher);

/* Put a block in, or lose it by the route's policy. Takes one reference. */
void route_push(struct route *route, struct endpoint *publisher, struct block *block);

/*
 * The same for a block that goes to many routes: what went in is told to none of
 * the receivers before routes_tell(), which does so for all routes of the publisher.
 */
void route_put(struct route *route, struct endpoint *publisher, struct block *block);
void routes_tell(struct endpoint *publisher);

/* A change could not be put in: a snapshot makes it good. */
void route_spoil(struct route *route);

/* Send what is owed as far as there is room. */
void route_repair(struct route *route, struct endpoint *publisher);

/* A tag was declared or changed: does the route show it? */
bool route_judge_tag(struct route *route, const struct tag_version *tag, const char *device);
bool route_shows_tag(const struct route *route, uint32_t tag);
bool route_shows_device(const struct route *route, const char *device);

/* ---- report.c: report-by-exception and min_interval; the publisher's loop ---- */

/* The part of a batch that goes to the route now; NULL: nothing. Takes and gives a reference. */
struct block *report_filter(struct route *route, struct endpoint *publisher,
			    struct block *block);

/* Send held values whose time has come; returns when the next is due, INT64_MAX: none. */
ew_dur report_flush(struct route *route, struct endpoint *publisher, ew_dur now);

/* What was reported last is not known any more; held values go at once. */
void report_restart(struct route *route, struct endpoint *publisher);

/* Does a sample from the log pass the rule? Receiver's loop. */
bool report_recalled(struct route *route, unsigned rule, const struct tag_version *tag,
		     const struct ew_sample *sample);

/* Forget a tag that is removed. */
void report_forget(struct route *route, uint32_t tag);

/* ---- publish.c; the publisher's loop ---- */

/* Is there room for so many bytes in every route that says `full: block`? */
bool publish_has_room(const struct endpoint *publisher, size_t bytes);

/*
 * A block of the image's values of tags, those left out that are newer than
 * batch `up_to` or were never written. NULL: no memory, or nothing is left.
 */
struct block *publish_image_block(struct endpoint *publisher, const uint32_t *tags, size_t count,
				  uint64_t up_to);

/* A block with the event and its text; NULL: no memory. Pool's thread. */
struct block *publish_event_block(struct block_pool *pool, const struct ew_event *event);

/* ---- deliver.c; the receiver's loop ---- */

/* A route has something: put it in the receiver's list. Any thread. */
void receiver_signal(struct route *route);

/* The same behind a full fence: it costs a look when the receiver is at work. */
void receiver_signal_fenced(struct route *route);

/* The receiver's data task. */
bool receiver_run(struct task *task);

/* Make a route known to its receiver, whichever comes first, its data or its begin. */
void receiver_meet(struct route *route);

/* The route is over for its receiver. Drops the receiver's reference. */
void receiver_part(struct route *route);

/* Does an earlier route of the owner still have something to say? */
bool receiver_must_wait(struct route *route);

/* Deliver what the module wants again. True: there was some. */
bool receiver_redeliver(struct route *route);

/* Deliver samples or an event from the log. Takes the block. */
void receiver_deliver_stored(struct route *route, struct block *block);

void receiver_tell_gap(struct route *route, enum ew_gap_reason reason, uint64_t samples,
		       uint64_t events);

/* A delivered block is done with: its bytes count no more. Takes the block. */
void receiver_close_block(struct route *route, struct block *block);

/* Part with all routes, read or not. */
void receiver_fini(struct endpoint *receiver);

/* A batch or event while it is delivered or kept: what the module sees comes first. */
struct delivery {
	union {
		struct ew_batch batch;
		struct ew_event event;  /* block->kind is BLOCK_EVENT */
	};
	struct block *block;
	struct route *route;
};

/* ---- seen.c; the receiver's loop: what it knows ---- */

/* Apply one declaration, change or removal; calls the module. */
void seen_device(struct endpoint *receiver, const struct route *route,
		 struct device_version *version, enum ew_change change);
void seen_tag(struct endpoint *receiver, const struct route *route, struct tag_version *version,
	      enum ew_change change);

/* Make a tag of the log known, with its device. Takes recalled. -ENOMEM: neither is. */
int seen_recalled(struct endpoint *receiver, struct recalled *recalled);

/* The log has been read: forget tags of the owner that it spoke of, and nobody has. */
void seen_forget_recalled(struct endpoint *receiver, const struct route *route);

/* Bring what is known of the route's owner in line with a snapshot; NULL: nothing is shown. */
void seen_reconcile(struct endpoint *receiver, const struct route *route,
		    const struct block_snapshot *snapshot);

/* Forget everything without telling the module. */
void seen_fini(struct endpoint *receiver);

/* ---- view.c; the receiver's loop ---- */

void view_store(struct endpoint *receiver, const struct ew_sample *samples, uint32_t count);
void view_forget(struct endpoint *receiver, uint32_t tag);
void view_fini(struct endpoint *receiver);

/* ---- window.c; the receiver's loop: positions delivered and not answered ---- */

int window_new(struct window **window_out);
void window_free(struct window **window, struct route *route);
bool window_has_room(const struct window *window);
bool window_is_empty(const struct window *window);

/* The place in the log of the next one that is not answered, from *index on. False: no more. */
bool window_next_open(const struct window *window, uint32_t *index, struct span *span_out);

/* Put a delivered batch in; the window takes the block and gives where it keeps the batch. */
struct delivery *window_open(struct window *window, const struct delivery *delivery);

/* The next from *index on that is in the range of positions and not answered; NULL: none. */
const struct delivery *window_next_in(const struct window *window, uint32_t *index,
				      struct span range);

/* Of those that the receiver has met; NULL: none. */
struct route *receiver_find_route(struct endpoint *receiver, uint32_t id);

/* The next batch or event to deliver again; NULL: none. */
struct delivery *window_redeliver(struct window *window);

/* ---- keep.c; the receiver's loop: batches held by the module ---- */

void held_fini(struct endpoint *receiver);

/* ---- declare.c; the owner's loop ---- */

/* Before a reload: all devices go down and wait to be declared again. */
void endpoint_keep(struct endpoint *endpoint);

/* Remove all devices. */
void endpoint_forget(struct endpoint *endpoint);

/* ---- endpoint.c ---- */

/* A producer of a leaving endpoint has let go of its route. Endpoint's loop. */
void endpoint_let_go(struct endpoint *endpoint);

/* Look at the values that are held back at `due` or before. Publisher's loop. False: -ENOMEM. */
bool endpoint_hold_until(struct endpoint *endpoint, ew_dur due);

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
