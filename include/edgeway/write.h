/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes: asking the owner of a tag to set, execute or refresh it.
 *
 * A request names one or more tags of one owner, applied all or none. It is
 * answered exactly once, one status an item. Core checks `access:` in the
 * YAML (nobody may write until it says so), the tag's writable range and
 * labels, arbitrates between writers by priority and lease, and keeps the
 * audit log. The owner sees only requests that passed.
 */
#ifndef EDGEWAY_WRITE_H
#define EDGEWAY_WRITE_H

#include <edgeway/tag.h>

EW_BEGIN_DECLS

#define EW_WRITE_ITEMS_MAX  256

enum ew_write_op {
	EW_WRITE_SET = 0,
	EW_WRITE_EXECUTE = 1,   /* items carry arguments, or nothing */
	EW_WRITE_REFRESH = 2    /* ask the device now and publish; items carry nothing */
};

/* A higher number wins while its lease holds. */
enum ew_priority {
	EW_PRIORITY_REMOTE = 2,
	EW_PRIORITY_RULE = 5,
	EW_PRIORITY_OPERATOR = 8,
	EW_PRIORITY_INTERLOCK = 12,
	EW_PRIORITY_FAIL_SAFE = 15      /* core's own */
};

enum ew_write_result {
	EW_WRITE_DONE = 0,
	EW_WRITE_REFUSED = 1,   /* nothing happened */
	EW_WRITE_UNKNOWN = 2    /* handed over, no answer in time: it may have happened */
};

struct ew_write_status {
	enum ew_write_result result;
	int error;              /* 0, or a negative errno that says why: -EBUSY a lease is held,
				 * -EACCES not allowed, -ERANGE, -ENOENT, -ETIMEDOUT, -EIO ... */
};

struct ew_write_request {
	size_t size;            /* sizeof(struct ew_write_request) */
	enum ew_write_op op;
	const struct ew_sample *items;  /* tag, type, v; EW_NONE for execute and refresh */
	size_t count;           /* 1..EW_WRITE_ITEMS_MAX, all of one owner */
	unsigned priority;      /* 0..14, see enum ew_priority; 15 is core's own */
	ew_dur timeout;         /* from now; a request past it is never handed over; 0 means 5 s */
	ew_dur lease;           /* hold the tags this long from its arrival; 0: no lease.
				 * Not with EW_WRITE_REFRESH */
	const struct ew_sample *fail_safe;      /* with a lease: a value for each item, same tags,
						 * written when the lease ends unrenewed; NULL:
						 * nothing is written then */
	const char *remote;     /* who is behind it, for the audit log; may be NULL */
	uint64_t token;         /* comes back in the answer */
};

struct ew_write_answer {
	uint64_t token;
	size_t count;
	const struct ew_write_status *status;   /* count of them */
	const char *text;       /* why, in words: "held by control at priority 8"; "" when done */
};

/*
 * Send a request. The answer comes to the module's answered() callback,
 * exactly once and never from inside this call, also when the owner hangs or
 * is gone. Only an instance that is being closed gets no answers any more.
 *
 * Leases. A request with a lease takes its tags as it is handed over, whatever
 * the module answers then. While it holds, others' set and execute with the
 * same or a lower priority get -EBUSY and the holder's name. The same holder
 * renews by another request with a lease; a tag is in one lease only, so the
 * newest one counts. A higher priority passes: without a lease of its own it
 * leaves the lower one as it is, with one it takes the tags over, and the old
 * holder's lease on them ends without a fail-safe write. When time is up, or
 * the holder stops or reloads, core writes the fail-safe values, all that are
 * still held in one request, with origin "fail-safe". When the owner itself
 * stops, the leases on its tags end; what is safe then is its own business.
 *
 * Thread:  instance
 * Owner:   request and its items copied
 * Errors:  -EINVAL  no items, too many, of several owners, or a value missing its type
 *          -ENOENT  a tag does not exist
 *          -EMSGSIZE  a text is longer than its tag's max_bytes
 *          -ENOSPC  the owner's queue of writes is full
 *          -ENOMEM
 *          After an error there is no answer. Everything else is told by the answer.
 */
EW_API int ew_write(struct ew_instance *inst, const struct ew_write_request *request) EW_CHECKED;

/*
 * Give up a lease without the fail-safe write.
 *
 * Thread:  instance
 * Owner:   nothing
 * Errors:  -ENOENT  no such tag;  -ENOMEM.  A lease that is not held is no error
 */
EW_API int ew_lease_end(struct ew_instance *inst, uint32_t tag);

/* A request as its owner sees it. */
struct ew_write {
	enum ew_write_op op;
	unsigned priority;
	size_t count;
	const struct ew_sample *items;  /* values before scaling: as the owner publishes them */
	const char *origin;     /* instance or token that asks */
	const char *remote;     /* who is behind it; "" when not said */
	ew_dur not_after;       /* monotonic; an answer after it comes too late */
};

/*
 * Answer a request that came to the write() callback: now or later.
 *
 * Thread:  instance (the owner's)
 * Owner:   takes *write and clears it; status borrowed; NULL status means all done
 * Errors:  -ETIMEDOUT  too late: the requester was told `unknown`; the request is freed
 *          all the same
 */
EW_API int ew_write_done(struct ew_instance *inst, struct ew_write **write,
			 const struct ew_write_status *status);

/*
 * The same when all items have one fate.
 *
 * Thread:  instance (the owner's)
 * Owner:   takes *write and clears it
 * Errors:  as ew_write_done()
 */
EW_API int ew_write_refuse(struct ew_instance *inst, struct ew_write **write, int error);

EW_END_DECLS

#endif
