/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of core/daemon share: the running daemon. Main thread only.
 *
 * A *member* is an instance of the configuration as the daemon sees it, also
 * one that does not run: disabled, or kept off after crashes.
 */
#ifndef CORE_DAEMON_RUN_H
#define CORE_DAEMON_RUN_H

#include "core/audit/audit.h"
#include "core/base/list.h"
#include "core/conf/config.h"
#include "core/ctl/desk.h"
#include "core/daemon/crash.h"
#include "core/daemon/notify.h"
#include "core/gateway/gateway.h"
#include "core/http/http.h"
#include "core/module/instance.h"
#include "core/module/loader.h"
#include "core/uplink/uplinks.h"

#define DAEMON_TICK  EW_SECOND

/* What the command line says. Text is borrowed for the life of the process. */
struct daemon_options {
	const char *config;             /* path */
	const char *state_dir;          /* NULL: as the configuration says */
	const char *run_dir;
	const char *module_dir;         /* NULL: where it was installed */
	gid_t group;                    /* may use the control socket; (gid_t)-1: only root */
	bool safe;                      /* core and metrics only */
};

enum daemon_phase {
	DAEMON_STARTING,
	DAEMON_RUNNING,
	DAEMON_RELOADING,
	DAEMON_STOPPING,
	DAEMON_STOPPED
};

/* Why a member has no instance. */
enum member_off {
	MEMBER_ON,
	MEMBER_DISABLED,        /* `enabled: no` */
	MEMBER_KEPT_OFF,        /* it crashed the daemon too often */
	MEMBER_UNSAFE           /* not started by --safe */
};

struct member {
	struct list node;               /* of the daemon */
	char *name;
	char *module;
	struct ew_instance *inst;       /* NULL: off, or between two */
	enum member_off off;
	int on_failure;                 /* enum config_on_failure */
	bool is_told;                   /* of its failure: seen once */
	ew_dur hang_told;               /* length of the hang when it was last logged */
	uint64_t files;                 /* digest of those that its settings named; 0: none */
	/* during a reload */
	enum config_change change;
	bool is_replaced;               /* to be made anew once it is closed */
	struct instance_settings next;  /* of it, when it is changed or added */
	bool has_next;
};

struct reload;

struct daemon {
	const struct daemon_options *options;
	enum daemon_phase phase;
	int status;                     /* of the process */
	const char *state_dir;
	struct config *config;          /* that runs */
	struct config *first;           /* of the start: uplinks borrow from it to the end */
	struct loop *loop;
	struct bus *bus;
	struct store *store;            /* NULL: no receiver is durable, or it cannot be opened */
	struct audit *audit;
	struct http *http;
	struct uplinks *uplinks;
	struct fleet_metrics *fleet_metrics;
	struct bus_metrics *bus_metrics;
	struct http_metrics *http_metrics;
	struct uplink_metrics *uplink_metrics;
	struct loader *loader;
	struct running *running;
	struct crashes *crashes;
	struct fleet *fleet;
	struct gateway *gateway;
	struct desk *desk;
	struct ctl *ctl;
	struct notify notify;
	struct list members;            /* in the order of the file */
	struct reload *reload;          /* DAEMON_RELOADING */
	struct loop_timer tick;
	struct loop_timer hang_timer;
	struct loop_watch signals;
	struct task step;               /* looks at the whole again */
	char said[160];                 /* to the service manager, last */
	bool waits_for_clock;           /* durable routes do */
	unsigned stop_class;            /* DAEMON_STOPPING: which are being stopped */
	bool uplinks_told;              /* DAEMON_STOPPING: to stop */
	atomic_bool uplinks_stopped;
	ew_dur started;                 /* monotonic */
	ew_time since;                  /* ns UTC */
	int lock_fd, signal_fd;
};

/* ---- daemon.c ---- */

/* Run until told to stop. Returns the exit status of the process. */
int daemon_run(const struct daemon_options *options);

/* A finding of diag_each_to_log() to the log. */
void daemon_log_finding(void *arg, bool is_error, const char *line);

/* Something changed: look at the whole once the stack is unwound. */
void daemon_schedule(struct daemon *daemon);

/* Begin to stop; the process ends with this status unless one is set already. */
void daemon_stop(struct daemon *daemon, int status, const char *why);

/* A configuration that does not run any more. Accepts NULL. */
void daemon_drop_config(struct daemon *daemon, struct config **config);

/* One line for status and the service manager. */
const char *daemon_summary(struct daemon *daemon, char *out, size_t size);

/* ---- supervisor.c ---- */

/* A member for each instance of the configuration; makes and runs those that may. */
int supervisor_begin(struct daemon *daemon, struct diag *diag);

/* The next thing to do in this phase. */
void supervisor_step(struct daemon *daemon);

void supervisor_stop(struct daemon *daemon);

/* Free members and their instances. */
void supervisor_end(struct daemon *daemon);

/* A member by name; NULL: none. */
struct member *supervisor_find(struct daemon *daemon, const char *name);

struct member *member_new(struct daemon *daemon, const struct config_instance *instance);
void member_free(struct member **member);

/* Make its instance of `settings` (taken) and run it. -errno, told. */
int member_run(struct daemon *daemon, struct member *member,
	       const struct config_instance *instance, const struct instance_settings *settings);

/* Neither opening, starting, reloading nor stopping. */
bool member_is_settled(const struct member *member);

/* It ought to run, and does not. */
bool member_is_down(const struct member *member);

const char *member_off_text(enum member_off off);

/* ---- settings.c ---- */

struct settings_source {
	struct loader *loader;
	const struct config *config;
	unsigned flags;                 /* of config_load() */
};

/* Bind what YAML says to an instance by its module's tables. All errors to diag. */
int settings_bind(const struct settings_source *source, const struct config_instance *instance,
		  struct diag *diag, struct instance_settings *settings_out);

/* Free settings that no instance has taken. */
void settings_give_back(struct instance_settings *settings);

/* `routes:` and `access:` to the bus. -errno, told. */
int settings_apply_routes(struct daemon *daemon, const struct config *config);
int settings_apply_access(struct daemon *daemon, const struct config *config);

/* The log's level and `http:`. -errno, told. */
int settings_apply_http(struct daemon *daemon, const struct config *config);

/* ---- hang.c ---- */

/* Name callbacks that run for too long, and set the timer when that is before the tick. */
void hang_look(struct daemon *daemon);
void hang_on_timer(struct loop_timer *timer);

/* ---- reload.c ---- */

/* A line for whoever asked for the reload. */
typedef void (*reload_say_fn)(void *arg, const char *level, const char *line);
typedef void (*reload_done_fn)(void *arg, int error, const char *text);

struct reload_caller {
	reload_say_fn say;
	reload_done_fn done;            /* called once */
	void *arg;
};

/* Read the configuration again and apply what changed. caller may be NULL. */
void reload_begin(struct daemon *daemon, const struct reload_caller *caller);

/* The caller is gone. */
void reload_forget_caller(struct daemon *daemon, const void *arg);

/* DAEMON_RELOADING: instances have settled or not yet. */
void reload_step(struct daemon *daemon);

/* ---- storage.c ---- */

/* Instances run: durable routes may begin, or wait for the clock to be known good. */
void storage_ready(struct daemon *daemon);

/* They wait no longer when it is, or it took too long. Every tick. */
void storage_look_at_clock(struct daemon *daemon);

/*
 * Open the log when a configuration needs one first; tell the bus who is durable. Nothing
 * that is stored goes. -ENOMEM.
 */
int storage_apply(struct daemon *daemon, const struct config *config);

/*
 * The configuration stays: its limits hold, and what nobody is durable for any more
 * goes. There is no way back from it.
 */
void storage_commit(struct daemon *daemon);

/* Is a receiver durable, and how? flags: of its module. */
bool storage_wants(const struct config *config, const char *name, uint32_t flags,
		   struct durable_receiver *how_out);

/* ---- facts.c: numbers for status and the gateway device ---- */

void facts_fill(void *arg, struct gateway_facts *facts_out);

/* ---- control.c ---- */

struct ctl_table control_table(struct daemon *daemon);

/* letters.c; arg is the daemon. */
void control_letters(struct ctl_request *request, void *arg);

/* ask.c; arg is the daemon. */
void control_ask(struct ctl_request *request, void *arg);

/* map.c; arg is the daemon. */
void control_map(struct ctl_request *request, void *arg);

#endif
