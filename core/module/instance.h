/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An instance: one configured run of a module, from check to close.
 *
 * The main thread asks (open, start, reload, stop) and goes on; the instance
 * does it on its loop and reports back to the main loop, where its state
 * changes and fleet_config.changed() is called. So a callback that hangs holds
 * up its own loop and nobody else:
 *
 *   new -> opening -> open -> starting -> running <-> reloading
 *              |        |         |          |           |
 *              |        |         |       stopping <-----+
 *              v        v         v          v
 *              +--------+- leaving ----------+        lost: its loop hangs.
 *                             |                       From opening, starting,
 *                             +-> closed -> opening   reloading, stopping and
 *                             +-> failed -> opening   leaving; failed when it
 *                             +-> opening (reload)    answers after all
 *
 * A reload that the module does not do itself is stop, close, open, start with
 * the new settings while the devices are kept; if those fail, the same with
 * the old ones.
 */
#ifndef CORE_MODULE_INSTANCE_H
#define CORE_MODULE_INSTANCE_H

#include "core/base/list.h"
#include "core/module/fleet.h"
#include "core/module/module.h"

#define INSTANCE_STATES(X) \
	X(NEW, "new") \
	X(OPENING, "opening") \
	X(OPEN, "open") \
	X(STARTING, "starting") \
	X(RUNNING, "running") \
	X(RELOADING, "reloading") \
	X(STOPPING, "stopping") \
	X(LEAVING, "leaving") \
	X(CLOSED, "closed") \
	X(FAILED, "failed") \
	X(LOST, "lost")

enum instance_state {
#define INSTANCE_ENUM(name, word) INSTANCE_##name,
	INSTANCE_STATES(INSTANCE_ENUM)
#undef INSTANCE_ENUM
	INSTANCE_STATE_COUNT
};

const char *instance_state_name(enum instance_state state);

/* What YAML says to one instance. */
struct instance_settings {
	const void *settings;                   /* of the module's options */
	const struct ew_device_config *devices;
	size_t device_count;
	uint64_t files;                         /* digest of those that it names; 0: none */
	/* what YAML says of a tag over what the module declares; on the loop; may be NULL */
	void (*override)(void *arg, const char *device, struct ew_tag_spec *spec);
	void (*drop)(void *arg);                /* frees all of it; main thread; may be NULL */
	void *arg;
};

struct instance_config {
	const char *name;               /* letters, digits, - _ and . ; copied */
	const char *loop;               /* shared with those that name it; NULL: its own */
	const char *uplink;             /* which one it joins; copied; NULL: `main` */
	ew_dur deadline;                /* for open, start, reload and stop each; 0: 10 s */
	struct bus_limits limits;
	unsigned budget;                /* batches a turn; 0: the bus's own */
	bool has_log_level;             /* else the daemon's holds alone */
	enum ew_log_level log_level;    /* the module's lines below it are not shown */
};

/*
 * Make an instance; its module's callbacks do not run yet. Takes settings, on
 * failure too. -EINVAL: the name is none; -EEXIST: it is taken; -ENOMEM.
 */
int instance_new(struct fleet *fleet, const struct module *module,
		 const struct instance_config *config, const struct instance_settings *settings,
		 struct ew_instance **instance_out);

/* New, closed or failed. One that is lost keeps its memory: it is forgotten. Accepts NULL. */
void instance_free(struct ew_instance **inst);

/* ---- asking; main thread, return at once ---- */

/* New, closed or failed: call open(). -EBUSY: in another state; or what endpoint_new() says. */
int instance_open(struct ew_instance *inst);

/* Open: call start(). -EBUSY: in another state. */
int instance_start(struct ew_instance *inst);

/* Open and, when that worked, start. */
int instance_run(struct ew_instance *inst);

/* Wind down, from any state; harmless when it is closed. keep: its devices go down, not away. */
void instance_stop(struct ew_instance *inst, bool keep);

/*
 * Take new settings; taken on failure too. A running instance goes on with the
 * old ones when the new ones do not work: see instance_reload_result(). One
 * that does not run has them for its next open(). -EBUSY: it changes state now.
 */
int instance_reload(struct ew_instance *inst, const struct instance_settings *settings);

/* ---- looking; main thread ---- */

enum instance_state instance_state(const struct ew_instance *inst);

/* The result of the last reload that ended: 0 or -errno. */
int instance_reload_result(const struct ew_instance *inst);

/* Times it was opened anew by a reload. */
unsigned instance_restarts(const struct ew_instance *inst);

/* ---- looking; any thread ---- */

const char *instance_name(const struct ew_instance *inst);

/* `module/name`: the subject of log lines. */
const char *instance_who(const struct ew_instance *inst);
const struct module *instance_module(const struct ew_instance *inst);
const char *instance_uplink(const struct ew_instance *inst);
struct fleet *instance_fleet(const struct ew_instance *inst);
struct loop *instance_loop(const struct ew_instance *inst);
struct post_queue *instance_control(struct ew_instance *inst);
struct endpoint *instance_endpoint(const struct ew_instance *inst);

struct instance_health {
	enum ew_health health;
	ew_time since;                  /* ns UTC */
	char text[160];                 /* "" when nothing was said */
};

struct instance_health instance_health(struct ew_instance *inst);

/* Why it failed or was lost, as text for people: "start: Connection refused". "": it did not. */
void instance_failure(struct ew_instance *inst, char *out, size_t size);

/* The callback that runs now; copied to out, "" for none. Returns since when, monotonic. */
ew_dur instance_running(const struct ew_instance *inst, char *out, size_t size);

/* ---- on its loop ---- */

/*
 * Around everything that calls into the module: between the two the module
 * may call what is `Thread: instance`. Numbers come from running_name_of().
 */
void instance_enter(struct ew_instance *inst, uint32_t callback);
void instance_leave(struct ew_instance *inst);

/* What open() gave. */
void *instance_self(const struct ew_instance *inst);

/* A part of core that an instance has joined (HTTP, an uplink): freed with it. */
struct instance_part {
	struct list node;
	void (*stopping)(struct instance_part *part);   /* stop() comes next; may be NULL */
	void (*close)(struct instance_part *part);      /* close() has returned; takes the part */
};

/* Parts close in reverse order. */
void instance_attach(struct ew_instance *inst, struct instance_part *part);

/* A part of this close function; NULL: none. */
struct instance_part *instance_find_part(const struct ew_instance *inst,
					 void (*close)(struct instance_part *part));

/* ---- what core/api does for a module, beside checking its arguments ---- */

/* The instance that runs a callback on this thread; NULL: none. */
struct ew_instance *instance_current(void);

/* Its slot in the record of what runs; NULL: none. Async-signal-safe. */
const struct running_slot *instance_current_slot(void);

/* Log, count and, in a build with sanitizers, abort. Any thread; inst may be NULL. */
void instance_misuse(struct ew_instance *inst, const char *function, const char *why);

/* For functions that any thread may call. Aborts when inst is damaged; NULL is misuse. */
bool instance_is_one(struct ew_instance *inst, const char *function);

/* For functions that are `Thread: instance`: this thread runs a callback of inst. */
bool instance_may_call(struct ew_instance *inst, const char *function);

/* The same for what close() may call, too. */
bool instance_may_free(struct ew_instance *inst, const char *function);

/* Misuses in all; whether one aborts. Any thread. */
unsigned instance_misuses(void);
void instance_set_strict(bool strict);

/* As the functions of <edgeway/...> of nearly the same name. */
void instance_say_health(struct ew_instance *inst, enum ew_health health, const char *text);
void instance_say_stopped(struct ew_instance *inst);
const char *instance_state_dir(struct ew_instance *inst);
const struct ew_device_config *instance_devices(const struct ew_instance *inst,
						size_t *count_out);
struct metric_table *instance_metrics(const struct ew_instance *inst);
struct voice *instance_voice(struct ew_instance *inst);

#endif
