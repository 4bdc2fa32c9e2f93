/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of an instance, shared by the files of this folder and nobody
 * else. Members stand with the thread that uses them.
 */
#ifndef CORE_MODULE_INSIDE_H
#define CORE_MODULE_INSIDE_H

#include <pthread.h>

#include "core/base/log.h"
#include "core/module/instance.h"
#include "core/module/metrics.h"
#include "core/module/voice.h"

#define INSTANCE_MAGIC     0x494e5354u
#define INSTANCE_NAME_MAX  64
#define CONTROL_LIMIT      4096         /* calls waiting: writes, answers */
#define DOOR_LIMIT         4096         /* calls waiting of the module's own threads */
#define FAILURE_SIZE       128

/* What runs on the instance's loop, in the order of life. */
#define INSTANCE_CALLS(X) \
	X(OPEN, "open") \
	X(START, "start") \
	X(RELOAD, "reload") \
	X(STOP, "stop") \
	X(CLOSE, "close")

enum instance_call {
#define INSTANCE_CALL_ENUM(name, word) CALL_##name,
	INSTANCE_CALLS(INSTANCE_CALL_ENUM)
#undef INSTANCE_CALL_ENUM
	CALL_COUNT
};

/* A loop of the fleet and how many instances are on it. */
struct fleet_loop {
	struct list node;
	char *name;             /* of a shared one; NULL: it is one instance's */
	struct loop *loop;
	struct post_queue posts;        /* what must not run inside an instance's own queues */
	unsigned users;
	bool is_lost;           /* it hangs: never joined, never freed */
};

struct fleet {
	struct fleet_config config;
	char *state_dir;
	char *texts[3];                 /* what config.gateway points to */
	struct running *own_running;    /* when the caller gave none */
	struct post_queue reports;      /* on the main loop */
	struct list instances;
	struct list loops;
	unsigned adrift;                /* instances whose memory others may still use */
	struct list changed;            /* instances to tell of */
	struct task changed_task;
};

/* ---- main thread, fleet.c ---- */

int fleet_take_loop(struct fleet *fleet, const char *shared, const char *name,
		    struct fleet_loop **loop_out);
void fleet_give_loop(struct fleet_loop **loop);

/* fleet_config.changed() will be called for it. */
void fleet_changed(struct ew_instance *inst);

/* A call to an instance's loop that is under way, and its answer. */
struct call {
	struct post post;               /* to the loop, then back */
	struct ew_instance *inst;
	enum instance_call call;
	int result;
	bool busy;                      /* main thread: it has not come back */
};

/* A callback's pointer and number: the bus names its callbacks by constants. */
struct known_callback {
	const char *name;
	uint32_t number;
};

#define KNOWN_CALLBACKS  16

struct ew_instance {
	uint32_t magic;

	/* never changed after instance_new() */
	struct fleet *fleet;
	const struct module *module;
	char *name, *who, *uplink;
	struct fleet_loop *loop;
	struct running_slot *slot;
	struct running_slot own_slot;   /* when the record is full */
	struct metric_table *metrics;   /* NULL: the module has none */
	uint32_t call_numbers[CALL_COUNT];
	ew_dur deadline;
	struct bus_limits limits;
	unsigned budget;
	struct voice voice;

	/* main thread */
	struct list node;               /* of the fleet */
	struct list changed_node;       /* of the fleet's list of those that changed */
	enum instance_state state;
	struct loop_timer watchdog;     /* the deadline of what is under way */
	struct call call;               /* to the loop */
	struct instance_settings settings;
	struct instance_settings next;          /* reload: being tried */
	struct instance_settings fallback;      /* reload: worked before */
	bool has_next, has_fallback;
	bool start_when_open;           /* instance_run() */
	bool stop_asked;                /* as soon as what is under way has come back */
	bool keep_devices;
	bool restart;                   /* open again once it is closed */
	bool is_silent;                 /* closed: only those that feed it have to let go */
	bool is_adrift;                 /* lost, or closed while one that feeds it hangs */
	bool is_forgotten;              /* freed while it was adrift */
	int error;                      /* why it is going to fail; 0: it is not */
	int reload_result;
	unsigned restarts;

	/* set on main while nothing runs, read on the loop */
	struct endpoint *endpoint;

	/* the loop */
	struct post_queue control;      /* the bus's, and ours */
	struct post_queue door;         /* ew_post() */
	void *self;
	const struct ew_device_config *devices; /* of the settings in use */
	size_t device_count;
	void (*override)(void *arg, const char *device, struct ew_tag_spec *spec);
	void *override_arg;
	bool is_open;                   /* open() was well, close() is due */
	bool is_gone;                   /* closed: late calls do nothing */
	bool is_closing;                /* in close(): few functions may be called */
	bool is_stopping;               /* stop() was called, ew_stopped() was not */
	struct list timers, watches, parts, journals;
	struct known_callback known[KNOWN_CALLBACKS];
	unsigned known_next;
	struct ew_journal *letters;     /* one of journals; made on first use */
	struct log_limit letters_said;
	char *state_dir;                /* made on first use */

	/* back to the main loop */
	struct post farewell_post;      /* to the loop's own queue */
	struct post stopped_post, silent_post, left_post, health_post;
	atomic_bool health_busy;

	pthread_mutex_t lock;           /* what follows */
	struct instance_health health;
	struct log_limit misuse_limit;
	char failure[FAILURE_SIZE];
};

/* ---- main thread, life.c ---- */

/* The one place where the state changes. */
void instance_enter_state(struct ew_instance *inst, enum instance_state next, const char *why);

/* Answers of the loop. */
void life_on_answer(struct ew_instance *inst, enum instance_call call, int result);
void life_on_stopped(struct ew_instance *inst);
void life_on_silent(struct ew_instance *inst);
void life_on_left(struct ew_instance *inst);

/* The watchdog: what is under way takes too long. */
void life_on_deadline(struct loop_timer *timer);

/* ---- call.c: main asks, the loop does and answers ---- */

void call_init(struct ew_instance *inst);

/* Set up the queues for another life. Main thread, while nothing runs. */
void call_ready(struct ew_instance *inst);

/* Have the loop make a call; its answer comes to life_on_answer(). */
void call_post(struct ew_instance *inst, enum instance_call call);

/* End the endpoint; life_on_left() follows once close() has returned. */
void call_leave(struct ew_instance *inst, bool keep);

/* The loop: ew_stopped() was called; the health changed. */
void call_tell_stopped(struct ew_instance *inst);
void call_tell_health(struct ew_instance *inst);

/* ---- the loop ---- */

/* The endpoint's hooks. */
void call_on_silent(void *inst);
void instance_enter_named(void *inst, const char *callback);
void instance_leave_named(void *inst);
void instance_override(void *inst, const char *device, struct ew_tag_spec *spec);

/* Run what ew_post() left, before close(). */
void door_drain(struct ew_instance *inst);

void instance_set_failure(struct ew_instance *inst, const char *format, ...) EW_PRINTF(2, 3);
void settings_drop(struct instance_settings *settings);

/* Free the memory of one that is out of all lists. */
void instance_destroy(struct ew_instance *inst);

#endif
