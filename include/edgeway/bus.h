/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publishing and receiving.
 *
 * What one publisher says to one receiver arrives in the order it was said:
 * declarations, changes, device states, samples, events, removals. Never a
 * sample before its declaration or after its removal. No order is promised
 * between publishers.
 *
 * Which publisher feeds which receiver is a matter of `routes:` in the YAML;
 * by default every source feeds every receiver. A module that names tags in
 * its own options asks with ew_want(), which is a route that YAML may override.
 *
 * Every loss is followed, in its place, by a gap.
 */
#ifndef EDGEWAY_BUS_H
#define EDGEWAY_BUS_H

#include <edgeway/tag.h>

EW_BEGIN_DECLS

#define EW_BATCH_MAX  16384     /* samples in one ew_publish() */

/* ew_batch.flags */
#define EW_BATCH_INITIAL      0x01u     /* the image's values when the route began */
#define EW_BATCH_RESYNC       0x02u     /* the image's values after a gap */
#define EW_BATCH_REDELIVERED  0x04u     /* delivered before, and answered by ew_nack() */
#define EW_BATCH_STORED       0x08u     /* late: a durable route read it from the store */

/* Samples of one publisher that passed the route's filter. Immutable. */
struct ew_batch {
	uint32_t route;         /* which route brought it; see ew_route_name() */
	uint32_t count;
	uint32_t flags;
	uint32_t reserved;
	uint64_t position;      /* its number on this route, from 1, without holes but for gaps
				 * and events */
	uint64_t number;        /* its number at the publisher, from 1, since it started */
	ew_dur stamped;         /* monotonic time of ew_publish(); 0: before this boot */
	const struct ew_sample *samples;
};

/* Samples that did not reach this receiver, at the place where they were lost. */
enum ew_gap_reason {
	EW_GAP_OVERFLOW = 0,    /* the queue was full */
	EW_GAP_SUPERSEDED = 1,  /* a resync brought a newer value of the tag */
	EW_GAP_NO_MEMORY = 2,
	EW_GAP_RETENTION = 3,   /* too old or too much for the store before it was delivered */
	EW_GAP_DAMAGED = 4,     /* the store could not be read there */
	EW_GAP_NOT_STORED = 5,  /* the receiver was behind, and the disk did not take it */
	EW_GAP_RETYPED = 6,     /* the tag's datatype has become another since */
	EW_GAP_REASON_COUNT
};

struct ew_gap {
	uint32_t route;
	enum ew_gap_reason reason;
	uint64_t samples;       /* how many were lost */
	uint64_t events;        /* how many events were lost */
};

enum ew_change {
	EW_DECLARED = 0,
	EW_UPDATED = 1,         /* what is said of it changed */
	EW_STATE_CHANGED = 2,   /* devices only */
	EW_REMOVED = 3          /* info is as it was last; gone when the callback returns */
};

enum ew_severity {
	EW_SEVERITY_INFO = 0,
	EW_SEVERITY_NOTICE = 1,
	EW_SEVERITY_WARNING = 2,
	EW_SEVERITY_ALARM = 3,
	EW_SEVERITY_CRITICAL = 4
};

/*
 * The word for a severity: `info` to `critical`.
 *
 * Thread:  any
 * Owner:   a constant
 * Errors:  none; `other` for a number that is none
 */
EW_API const char *ew_severity_name(enum ew_severity severity);

#define EW_EVENT_BODY_MAX  65536        /* bytes */

/* Something that happened. Moves in order with the samples of its publisher. */
struct ew_event {
	size_t size;            /* sizeof(struct ew_event) */
	const char *kind;       /* `alarm.raised`, `lwm2m.registered` */
	enum ew_severity severity;
	uint32_t device;        /* id, or EW_NO_ID */
	ew_time time;           /* ns UTC; 0: now */
	const char *key;        /* what it is about, for de-duplication; may be NULL */
	const char *body;       /* a JSON object, or NULL; at most EW_EVENT_BODY_MAX */

	/* set by core for a receiver; a publisher leaves them 0 */
	uint32_t route;
	uint32_t flags;         /* EW_BATCH_REDELIVERED, EW_BATCH_STORED */
	uint64_t position;      /* on the route, in one row with its batches */
};

/*
 * Publish samples of tags that this instance declared.
 *
 * Checks all, then copies all, writes the image and hands the batch to every
 * routed receiver. Never blocks, and without a `block` route never fails for
 * a slow receiver: that loses by its own policy, and the loss is counted.
 *
 * Thread:  instance
 * Owner:   samples, and the text they point to, borrowed until return
 * Errors:  -EAGAIN  a route with `full: block` has no room: nothing published, room() follows
 *          -EINVAL  a value's carrier is not its tag's, or count is 0 or over EW_BATCH_MAX
 *          -EPERM   a tag is another instance's
 *          -ENOENT  a tag is not declared
 *          -EMSGSIZE  a text is longer than its tag's max_bytes
 *          -ENOMEM  nothing published
 *          In every case of error nothing is published.
 *
 * number_out may be NULL; else it gets the batch's number, for durable().
 */
EW_API int ew_publish(struct ew_instance *inst, const struct ew_sample *samples, size_t count,
		      uint64_t *number_out);

/*
 * Publish an event.
 *
 * Thread:  instance
 * Owner:   event copied
 * Errors:  -EAGAIN as ew_publish(); -EINVAL no kind, or a kind over 64 bytes;
 *          -EMSGSIZE the body or key is over its limit; -ENOMEM
 */
EW_API int ew_event_publish(struct ew_instance *inst, const struct ew_event *event);

/*
 * The image's last sample of a tag, wherever a receiver's queue stands.
 *
 * Text and bytes are copied to buffer; a shorter buffer gets what fits and
 * the sample says the full size.
 *
 * Thread:  any
 * Owner:   v.x.at points into buffer
 * Errors:  -ENOENT  no such tag;  -ENODATA  nothing was published yet
 */
EW_API int ew_read(struct ew_instance *inst, uint32_t tag, struct ew_sample *sample_out,
		   void *buffer, size_t buffer_size) EW_CHECKED;

/*
 * The last sample of a tag as it was delivered to this instance: what births
 * and answers to reads are made of. Needs EW_NEEDS_VIEW.
 *
 * Thread:  instance
 * Owner:   text borrowed until the next batch is delivered
 * Errors:  -ENOENT  not known to this instance;  -ENODATA  no sample yet;
 *          -ENOTSUP  the module does not say EW_NEEDS_VIEW
 */
EW_API int ew_view(struct ew_instance *inst, uint32_t tag, struct ew_sample *sample_out)
	EW_CHECKED;

/* How a route reports; zeros mean what the tag or the YAML says. */
struct ew_want {
	size_t size;            /* sizeof(struct ew_want) */
	bool exception;         /* only changes beyond the deadband; at the latest every max_age */
	ew_dur min_interval;    /* at most one sample a tag in this time; the last always comes */
};

/*
 * Ask for tags by pattern: `device:tag`, where * stands for any characters
 * but / and ** for any; without a colon it is a device pattern. A module with
 * EW_WANTS_ONLY gets nothing else.
 *
 * Thread:  instance
 * Owner:   copied
 * Errors:  -EINVAL  the pattern is not one;  -ENOMEM
 */
EW_API int ew_want(struct ew_instance *inst, const char *pattern, const struct ew_want *want);

/*
 * Keep a batch after the callback that brought it.
 *
 * Thread:  instance
 * Owner:   released by ew_batch_release(); it counts against the route's bound until then
 * Errors:  -EAGAIN  the receiver holds as much as its bound allows;  -ENOMEM
 */
EW_API int ew_batch_hold(struct ew_instance *inst, const struct ew_batch *batch,
			 const struct ew_batch **held_out) EW_CHECKED;

/*
 * Give a held batch back. Accepts NULL and a pointer to NULL.
 *
 * Thread:  instance
 * Owner:   takes *held and clears it
 * Errors:  none
 */
EW_API void ew_batch_release(struct ew_instance *inst, const struct ew_batch **held);

/*
 * Finished with the positions from..to of a route: sent and confirmed, or
 * decided not to send. In any order; the cursor moves to the lowest open one.
 * A module with EW_ACKS must answer every position by ew_ack() or ew_nack(),
 * those of events too when it takes events; until it does the batch or event
 * stays as it was delivered, without ew_batch_hold(). A route whose publisher
 * has gone stays for that, too: the removal of its devices comes behind it.
 *
 * Thread:  instance
 * Owner:   nothing
 * Errors:  -EINVAL  a position was not delivered, or from > to;  -ENOENT  no such route
 */
EW_API int ew_ack(struct ew_instance *inst, uint32_t route, uint64_t from, uint64_t to);

enum ew_nack {
	EW_REDELIVER = 0,       /* deliver again, in order, before anything newer */
	EW_DEAD_LETTER = 1      /* as ew_dead_letter() without a reason */
};

/*
 * Positions that could not be dealt with.
 *
 * Thread:  instance
 * Owner:   nothing
 * Errors:  as ew_ack()
 */
EW_API int ew_nack(struct ew_instance *inst, uint32_t route, uint64_t from, uint64_t to,
		   enum ew_nack what);

/*
 * Positions that the far end refused for good: count, log, keep in the instance's
 * dead letters on disk, and go on. `edgewayctl dead-letters` shows them; the reason
 * is a few words, the same for what is the same ("HTTP 400"), or NULL.
 *
 * Thread:  instance
 * Owner:   reason copied, cut to 64 bytes
 * Errors:  as ew_ack()
 */
EW_API int ew_dead_letter(struct ew_instance *inst, uint32_t route, uint64_t from, uint64_t to,
			  const char *reason);

/*
 * The name of a route: `publisher>receiver`.
 *
 * Thread:  instance
 * Owner:   borrowed until the instance closes
 * Errors:  NULL: no such route to this instance
 */
EW_API const char *ew_route_name(struct ew_instance *inst, uint32_t route);

EW_END_DECLS

#endif
