/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A write on its way, shared by write.c, writer.c (its two ends), arbiter.c
 * and lease.c (the owner's side).
 *
 *	QUEUED --> HANDED --> ANSWERED      owner's loop
 *	   |          |
 *	   +----------+-----> GIVEN_UP      requester's loop, at the deadline
 *	   +----------------> ANSWERED      owner's loop, refused
 *
 * Whoever moves the stage by compare-and-swap to one of the two ends has the
 * last word: it alone fills status and text after that, so each request has
 * exactly one answer whatever either side does. Owners (struct owner) live as
 * long as the bus, endpoints do not: from and to are found again through
 * their owner each time.
 */
#ifndef CORE_BUS_WRITE_H
#define CORE_BUS_WRITE_H

#include "core/bus/inside.h"
#include "core/bus/settable.h"

#define WRITE_MAGIC  0x57524954u
#define WRITE_DEFAULT_TIMEOUT  (5 * INT64_C(1000000000))
#define WRITE_TARGET_MAX  (EW_PATH_MAX + EW_NAME_MAX + 2)

/* Requests that a module may leave unanswered before more are refused. */
#define WRITES_OPEN_MAX  1024u

enum write_stage {
	WRITE_QUEUED,
	WRITE_HANDED,
	WRITE_ANSWERED,
	WRITE_GIVEN_UP
};

struct lease;

struct write {
	uint32_t magic;
	atomic_uint refs;
	atomic_int stage;               /* enum write_stage */
	struct ew_write write;          /* what the module gets; items: after settable_convert() */
	struct bus *bus;
	struct owner *from;             /* who asks; NULL: core, for a fail-safe */
	struct owner *to;
	ew_dur sent;                    /* monotonic; what a lease of the owner is judged by */
	const char *target;             /* `device:tag` of the first item */
	bool is_local;                  /* a local administrator: no row of access needed */
	bool holds_tags;                /* their ids are not given to other tags meanwhile */
	uint64_t token;
	struct ew_sample *items;        /* write.count of them, as asked: as the bus shows values */
	struct ew_sample *raw;          /* the same, as the owner publishes them */
	struct ew_write_status *status; /* of whoever has the last word */
	char text[192];                 /* likewise; before that why a fail-safe is written */
	struct post post;               /* to the owner */
	struct post answer;             /* back */

	/* requester's loop; of a fail-safe: owner's loop */
	struct endpoint *asker;         /* NULL: nobody waits for the answer */
	struct list asked;              /* of the asker */
	struct loop_timer timer;        /* deadline */

	/* owner's loop, once it is there */
	struct endpoint *endpoint;      /* whose module has it; NULL: none */
	struct list open;               /* of that endpoint */
	struct lease *lease;            /* to take when it is handed over; NULL: none */
};

/* ---- write.c ---- */

/* What a request is made of; text is borrowed. */
struct write_plan {
	struct bus *bus;
	struct owner *from, *to;
	const struct ew_write_request *asked;
	const struct ew_sample *items;
	const char *origin, *remote, *target;
};

/* One reference. NULL: no memory. */
struct write *write_new(const struct write_plan *plan);

/* Any thread, but with a lease prepared only the owner's loop. Takes and clears. */
void write_unref(struct write **request);

/* Have the last word, unless the other side had it. */
bool write_claim(struct write *request, enum write_stage from, enum write_stage to);

/* Fill in one fate for all items. After write_claim(). */
void write_settle(struct write *request, enum ew_write_result result, int error,
		    const char *text);

/* Send the answer back, or conclude a fail-safe. After write_claim(); takes a reference. */
void write_answer(struct write *request);

/* The deadline has come: struct loop_timer.run. */
void write_expired(struct loop_timer *timer);

/* Say that what should make something safe may not have. */
void write_log_fail_safe(const struct write *request, const char *result);

/* ---- arbiter.c ---- */

/* The end of the way to the owner: struct post.run and .drop. */
void write_arrive(struct post *post);
void write_drop(struct post *post);

/* The endpoint that stands for an owner if it runs on this very loop; NULL: none does. */
struct endpoint *owner_endpoint_here(struct owner *owner);

/* Give it to the module. Owner's loop, not from inside a callback; takes a reference. */
void write_hand(struct endpoint *endpoint, struct write *request);

/* Bring one item into the form that the owner publishes. Owner's loop. */
int write_convert(struct endpoint *endpoint, const struct ew_sample *item,
		    struct ew_sample *raw_out, struct reason *reason);

/* ---- lease.c ---- */

/* Of who asks, for the items of a request; takes safe: NULL when nothing is to be written. */
struct lease *lease_new(const struct write *request, ew_dur span, struct write *safe);
void lease_free(struct lease **lease);

/* The fail-safe value of an item; NULL: none. */
const struct ew_sample *lease_fail_safe(const struct lease *lease, size_t item);

/*
 * End the leases whose time was up at `moment`: what was sent after it finds them ended, though
 * the owner comes to their timers only later. Owner's loop.
 */
void leases_expire(struct endpoint *endpoint, ew_dur moment);

/* Whether leases of others stand against the request; -EBUSY names the holder. Owner's loop. */
int leases_judge(struct endpoint *endpoint, const struct write *request, size_t *item_out,
		 struct reason *reason);

/* All that can fail before request->lease is taken. Owner's loop. */
int lease_prepare(struct endpoint *endpoint, struct write *request, size_t *item_out,
		  struct reason *reason);

/* Undo it. */
void lease_unprepare(struct write *request);

/* Take request->lease; its tags leave the leases that had them. */
void lease_take(struct endpoint *endpoint, struct write *request);

/* Have what ends a lease at that owner when the endpoint leaves. Requester's loop. -ENOMEM. */
int lease_bind(struct endpoint *endpoint, struct owner *to);

/* Tell all owners that the endpoint leaves. Requester's loop. */
void leases_desert(struct endpoint *endpoint);

/* End the leases on an endpoint's own tags, without a write. Owner's loop. */
void leases_end_all(struct endpoint *endpoint);

/* ---- audit.c ---- */

/* Write a line about a request. Any thread. */
void audit_request(const struct write *request, const char *result, const char *text);

#endif
