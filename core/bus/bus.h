/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bus as the rest of core uses it.
 *
 * An *endpoint* is an instance's place on the bus: it publishes, receives,
 * writes and is written to. Its functions run on its loop unless they say
 * otherwise; what it says to other endpoints travels in routes (data) and
 * posts (control), so endpoints never call into each other.
 *
 * Only the publisher's thread says what is current: it alone writes its tags'
 * images and, when a route begins, changes or has lost something, it alone
 * puts a snapshot of what the route shows into the queue. So a receiver never
 * has to compare an image with a queue.
 */
#ifndef CORE_BUS_BUS_H
#define CORE_BUS_BUS_H

#include "core/loop/post.h"
#include "core/store/store.h"

#include <edgeway/module.h>

struct bus;
struct endpoint;
struct route;

struct bus_limits {
	uint32_t devices;       /* of an endpoint; 0: 10,000 */
	uint32_t tags;          /* of an endpoint; 0: 1,000,000 */
};

/* ---- the bus (main thread) ---- */

int bus_new(struct bus **bus_out);

/* All endpoints must be gone. Accepts NULL. */
void bus_free(struct bus **bus);

/* Whether the wall clock is known good: samples carry EW_CLOCK_UNSET until it is. Any thread. */
void bus_set_clock_valid(struct bus *bus, bool valid);

/* ---- routes ---- */

enum route_full {
	ROUTE_DROP_OLDEST,
	ROUTE_DROP_NEWEST,
	ROUTE_BLOCK
};

enum route_durable {
	ROUTE_DURABLE_BY_MODULE,        /* its module says EW_DURABLE, or does not */
	ROUTE_DURABLE_YES,
	ROUTE_DURABLE_NO
};

enum route_report {
	ROUTE_REPORT_ALL,
	ROUTE_REPORT_EXCEPTION
};

/* One row of `routes:`. Text is borrowed for the call of bus_set_routes(). */
struct route_rule {
	const char *from;               /* name of an instance; NULL: every source */
	const char *to;                 /* name of an instance; NULL: every receiver */
	const char *const *tags;        /* `device:tag` patterns; none: everything */
	size_t tag_count;
	bool events;
	enum route_report report;
	double deadband;                /* NaN: the tag's own */
	ew_dur min_interval;            /* 0: none */
	ew_dur max_age;                 /* exception: repeat at the latest; 0: the tag's own */
	enum route_full full;
	uint32_t queue_batches;         /* 0: the default; more than a route began with (or the
					 * default) waits for the receiver's restart */
	size_t queue_bytes;             /* 0: the default */
	enum route_durable durable;     /* of the first rule that concerns a route */
};

#define ROUTE_QUEUE_BATCHES  1024u
#define ROUTE_QUEUE_BYTES    ((size_t)4 << 20)

/*
 * Replace all rules and bring the routes in line with them: new routes begin
 * with a snapshot, changed ones get another, others are not touched. A
 * receiver that a rule names gets only what rules say; one that none names
 * gets everything, or with EW_WANTS_ONLY what it wants.
 * Main thread. -EINVAL with err: a pattern is not one; -ENOMEM. Then nothing changed.
 */
int bus_set_routes(struct bus *bus, const struct route_rule *rules, size_t count,
		   struct ew_error *err);

/* ---- the log ---- */

/*
 * Keep durable routes in it: those that bus_set_durables() asks for from now on.
 * Once; main thread. It is closed when the last endpoint is gone and the bus is
 * still there, for the log tells it what gets to the disk.
 */
void bus_set_store(struct bus *bus, struct store *store);

/* The log's listener calls it: all up to lsn is on disk. Any thread. */
void bus_stored(struct bus *bus, uint64_t lsn);

/* The log has room again: publishers that wait for it look. The log's thread. */
void bus_log_has_room(struct bus *bus);

/* The log asks what a tag is; struct store_listener.describe. */
int bus_describe_tag(struct bus *bus, uint32_t tag, struct store_tag *tag_out);

/* How a receiver reads the log. Text is borrowed for the call of bus_set_durables(). */
struct durable_receiver {
	const char *name;
	bool live_first;                /* else in order */
	uint64_t drain_messages;        /* a second, of what is read from the log; 0: no limit */
	uint64_t drain_bytes;
};

/*
 * The receivers for which the log keeps what is published, also while they
 * are not here. One that is new begins now; one that is not named any more
 * keeps what it has not got until bus_drop_durables(), and is as it was when
 * it is named again before. Main thread. -ENOMEM, and what store.h says of
 * cursors; what could be done is done.
 */
int bus_set_durables(struct bus *bus, const struct durable_receiver *receivers, size_t count);

/* What the log keeps for receivers that the last list did not name goes. Main thread. */
void bus_drop_durables(struct bus *bus);

/*
 * All instances of the start have joined, or will not: receivers may read the
 * log, and whom nobody declares any more is declared by it. Main thread.
 */
void bus_ready(struct bus *bus);

/* How far a durable receiver is. */
struct durable_stats {
	const char *name;
	bool is_here;
	bool live_first;
	uint64_t cursor;                /* lsn */
	uint64_t records;               /* of the log behind the cursor, about; other owners' too */
	uint64_t bytes;
	unsigned routes, behind;        /* its durable routes, and those that read the log */
	double drain;                   /* seconds until the backlog is gone at the pace of the last
					 * half minute; 0: there is none; NaN: it does not shrink */
};

int bus_durables_walk(struct bus *bus,
		      int (*fn)(void *arg, const struct durable_stats *durable), void *arg);

/* How full the log is, and how long it will last. */
struct log_stats {
	enum store_state state;
	enum store_drop drop;
	struct store_end end;                   /* of the run before */
	uint64_t bytes, bytes_max;
	uint64_t backlog_bytes;                 /* of the receiver that is furthest behind */
	ew_time oldest;                         /* ns UTC; 0: not known */
	ew_dur oldest_age;                      /* -1: not known */
	double rate;                            /* bytes a second, of the last minute or two */
	double hours_left;                      /* until it is full at that rate; NaN: never */
	double drain;                           /* of the receiver that takes longest */
	double bytes_a_day;                     /* written, since the start */
	uint64_t refused;                       /* batches and events that it did not take */
	/* gone before they were acknowledged, by enum store_loss, since the start */
	uint64_t lost_samples[STORE_LOSS_COUNT], lost_events[STORE_LOSS_COUNT];
	uint64_t damaged;                       /* records */
	uint64_t last, durable;                 /* lsn */
	uint64_t disk_errors;
};

/* Of all reasons. */
static inline uint64_t log_lost(const uint64_t counts[STORE_LOSS_COUNT])
{
	uint64_t all = 0;

	for (unsigned i = 0; i < STORE_LOSS_COUNT; i++) {
		all += counts[i];
	}
	return all;
}

/* -ENOENT: there is no log. Any thread. */
int bus_log_stats(struct bus *bus, struct log_stats *stats_out);

/* ---- access and audit ---- */

/* One row of `access:`. Text is borrowed for the call. */
struct access_rule {
	const char *who;                /* an instance, or `token:NAME` */
	const char *const *write;       /* `device:tag` patterns */
	size_t write_count;
	bool execute;                   /* may execute, too */
	bool no_set;                    /* and may not set: a row that is for execute only */
	double low, high;               /* values allowed; NaN: no limit */
	double rate;                    /* writes a second; 0: no limit */
	unsigned priority_max;          /* 0: EW_PRIORITY_RULE, for tokens ..._OPERATOR */
};

/* Main thread. As bus_set_routes(). */
int bus_set_access(struct bus *bus, const struct access_rule *rules, size_t count,
		   struct ew_error *err);

/* One line of the audit log, as the arbiter decided. Borrowed for the call. */
struct audit_record {
	ew_time time;
	const char *origin;             /* instance, or token:NAME */
	const char *remote;
	const char *what;               /* "write", "execute", "refresh", "fail_safe", ... */
	const char *target;             /* `device:tag` of the first item, or what else */
	const char *value;              /* as text, of the first item */
	size_t items;
	unsigned priority;
	const char *result;             /* "done", "refused", "unknown", "handed", "late" */
	const char *text;               /* why */
};

/* Called on the loop of who decided, any instance's; must not block. Before endpoints exist. */
void bus_set_audit(struct bus *bus, void (*fn)(void *arg, const struct audit_record *record),
		   void *arg);

/* ---- endpoints ---- */

struct endpoint_config {
	const char *name;
	const struct ew_module *module;         /* its callbacks, with endpoint_set_self() */
	struct loop *loop;
	struct post_queue *control;             /* the instance's control lane */
	struct bus_limits limits;
	unsigned budget;                        /* batches a turn; 0: 16 */
	void (*enter)(void *arg, const char *callback);         /* around every callback */
	void (*leave)(void *arg);
	void (*silent)(void *arg);              /* see endpoint_leave(); may be NULL */
	void *arg;
	/* what YAML says of a device's tags, over what the module declares; may be NULL */
	void (*override)(void *arg, const char *device, struct ew_tag_spec *spec);
};

/* Main thread. The endpoint has no routes yet. -EEXIST: the name is taken. -ENOMEM. */
int endpoint_new(struct bus *bus, const struct endpoint_config *config,
		 struct endpoint **endpoint_out);

/* Begin: make the routes to and from it. After the module's open(). Main thread. */
int endpoint_join(struct endpoint *endpoint);

/*
 * End all routes and forget what it declared, unless keep: then its devices go
 * down and wait for the next endpoint of that name to declare them again.
 * Both on the endpoint's loop: `silent` is called as soon as the loop comes to it,
 * when no callback will come any more; `left` once all who feed it have let go,
 * for which one that hangs lets it wait. Then endpoint_free() may be called. The
 * name is free again once it is silent. Main thread. -ENOMEM, -ESHUTDOWN: the
 * control lane is closed; then nothing was begun.
 */
int endpoint_leave(struct endpoint *endpoint, bool keep,
		    void (*left)(void *arg, struct endpoint *endpoint), void *arg);

/* Main thread, after `left`. Accepts NULL. */
void endpoint_free(struct endpoint **endpoint);

/* The names of those whom one that leaves waits for, "a, b"; empty: none. Any thread. */
void endpoint_awaits(struct endpoint *endpoint, char *out, size_t size);

/* What the module's open() gave. Endpoint's loop, before endpoint_join(). */
void endpoint_set_self(struct endpoint *endpoint, void *self);

/* After a reload: remove the devices that were kept and not declared again. Endpoint's loop. */
void endpoint_settle(struct endpoint *endpoint);

/* What a name kept is not wanted back: nobody will come under it. Main thread. */
void bus_forget(struct bus *bus, const char *name);

const char *endpoint_name(const struct endpoint *endpoint);

/* Endpoint's loop; as the ew_ functions of tag.h, bus.h and write.h, which call them. */
int endpoint_device_declare(struct endpoint *endpoint, const struct ew_device_spec *spec,
			    uint32_t *device_out);
int endpoint_device_state(struct endpoint *endpoint, uint32_t device, enum ew_state state,
			  const char *reason);
int endpoint_device_remove(struct endpoint *endpoint, uint32_t device);
int endpoint_tag_declare(struct endpoint *endpoint, uint32_t device,
			 const struct ew_tag_spec *spec, uint32_t *tag_out);
int endpoint_tag_remove(struct endpoint *endpoint, uint32_t tag);
const struct ew_device_info *endpoint_device(struct endpoint *endpoint, uint32_t device);
const struct ew_tag_info *endpoint_tag(struct endpoint *endpoint, uint32_t tag);
int endpoint_devices_walk(struct endpoint *endpoint,
			  int (*fn)(void *arg, const struct ew_device_info *device), void *arg);
int endpoint_tags_walk(struct endpoint *endpoint, uint32_t device,
		       int (*fn)(void *arg, const struct ew_tag_info *tag), void *arg);
int endpoint_publish(struct endpoint *endpoint, const struct ew_sample *samples, size_t count,
		     uint64_t *number_out);
int endpoint_event(struct endpoint *endpoint, const struct ew_event *event);
int endpoint_view(struct endpoint *endpoint, uint32_t tag, struct ew_sample *sample_out);
int endpoint_want(struct endpoint *endpoint, const char *pattern, const struct ew_want *want);
int endpoint_hold(struct endpoint *endpoint, const struct ew_batch *batch,
		  const struct ew_batch **held_out);
void endpoint_release(struct endpoint *endpoint, const struct ew_batch **held);
int endpoint_ack(struct endpoint *endpoint, uint32_t route, uint64_t from, uint64_t to);
/* 0, or what the two below would return for it. */
int endpoint_may_answer(struct endpoint *endpoint, uint32_t route, uint64_t from, uint64_t to);
int endpoint_nack(struct endpoint *endpoint, uint32_t route, uint64_t from, uint64_t to,
		  enum ew_nack what);

/*
 * Append the positions of a range that are not answered to a log, as they were
 * delivered, and sync it: what the far end refused for good, before
 * endpoint_nack(). What the log does not take is counted at the route; NULL: all
 * of it. -ENOENT; -errno of the log.
 */
int endpoint_bury(struct endpoint *endpoint, uint32_t route, uint64_t from, uint64_t to,
		  struct store *store);
const char *endpoint_route_name(struct endpoint *endpoint, uint32_t route);
int endpoint_write(struct endpoint *endpoint, const struct ew_write_request *request);
int endpoint_lease_end(struct endpoint *endpoint, uint32_t tag);
int endpoint_write_done(struct endpoint *endpoint, struct ew_write **write,
			const struct ew_write_status *status);
int endpoint_write_refuse(struct endpoint *endpoint, struct ew_write **write, int error);

/*
 * As endpoint_write(), for a person behind a token: the control socket and
 * HTTP. `who` (`token:NAME`) is checked against `access:` and audited instead
 * of the endpoint's name; NULL: a local administrator, who needs no rule.
 */
int endpoint_write_as(struct endpoint *endpoint, const char *who,
		      const struct ew_write_request *request);

/* ---- looking in from outside (any thread) ---- */

/* As ew_read(). */
int bus_read(struct bus *bus, uint32_t tag, struct ew_sample *sample_out, void *buffer,
	     size_t buffer_size);

/* Ids by name; EW_NO_ID: none. */
uint32_t bus_find_device(struct bus *bus, const char *path);
uint32_t bus_find_tag(struct bus *bus, uint32_t device, const char *name);

/* Walk what is declared now, under the registry's lock: fn must be short and not call the bus. */
int bus_devices_walk(struct bus *bus,
		     int (*fn)(void *arg, const struct ew_device_info *device), void *arg);
int bus_tags_walk(struct bus *bus, uint32_t device,
		  int (*fn)(void *arg, const struct ew_tag_info *tag), void *arg);

struct bus_stats {
	uint64_t batches, samples, events;      /* published */
	uint64_t refused;                       /* publishes with an error */
	uint64_t writes, writes_refused, writes_unknown, writes_late;
	uint64_t devices, tags;                 /* declared now */
	uint64_t tombstones;
};

void bus_stats(struct bus *bus, struct bus_stats *stats_out);

struct route_stats {
	uint32_t id;
	const char *from, *to;
	const char *origin;                     /* "default", "want" or "routes" */
	enum route_full full;
	uint64_t batches, samples, events;      /* delivered */
	uint64_t lost_samples, lost_events;
	bool is_durable, is_behind;             /* behind: the receiver reads the log */
	uint64_t stored_samples, stored_events; /* that went only to the log: it was behind */
	uint64_t told_samples[EW_GAP_REASON_COUNT];     /* lost, as gaps told it, by reason */
	uint64_t told_events[EW_GAP_REASON_COUNT];
	uint64_t filtered;                      /* samples that filter or exception kept back */
	uint64_t gaps, resyncs;
	uint64_t acked, redelivered, dead;      /* positions */
	uint64_t dead_lost;                     /* of the dead: kept in no log */
	uint32_t open;                          /* positions delivered and not answered */
	uint32_t queued;                        /* entries waiting */
	size_t bytes, limit_bytes;              /* waiting and held */
};

int bus_routes_walk(struct bus *bus, int (*fn)(void *arg, const struct route_stats *route),
		    void *arg);

struct endpoint_stats {
	const char *name;
	uint64_t batches, samples, events;      /* published */
	uint64_t refused;
	uint64_t devices, tags, over_limit;
	uint64_t appended, not_stored;          /* batches and events, to the log */
	size_t pool_bytes;
};

int bus_endpoints_walk(struct bus *bus,
		       int (*fn)(void *arg, const struct endpoint_stats *endpoint), void *arg);

/*
 * How a tag fares on one route: what `edgewayctl why` shows. On the
 * publisher's loop, which calls fn there for each route, then done.
 */
struct route_why {
	const char *from, *to;
	bool passes;                            /* a pattern lets it through */
	const char *pattern;                    /* which, or NULL */
	enum route_report report;
	bool has_reported;
	struct ew_sample reported;              /* last handed to the route (numbers only) */
	const char *held_back;                  /* why the last one stayed: "deadband", ..., "" */
	uint64_t lost;                          /* samples of the route, all tags */
};

int bus_why(struct bus *bus, uint32_t tag,
	    void (*fn)(void *arg, const struct route_why *why), void (*done)(void *arg), void *arg);

#endif
