/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module contract: all that a third party's module sees.
 *
 * A module is a shared object that exports one descriptor, made by EW_MODULE.
 * `edgewayd` loads it as YAML says and runs one or more instances of it.
 * modules/example is the template; docs/module-guide.md is the tour.
 *
 * Change log of the contract. 0.N must match exactly; 1.0 is cut once.
 *   0.1  first version
 *   0.2  EW_DURABLE; events have a position and are answered like batches;
 *        EW_BATCH_STORED; gaps of durable routes; ew_node_fail_at(), ew_node_warn();
 *        query(): what `edgewayctl ask` asks;
 *        <edgeway/journal.h>
 *   0.3  check_devices(); ew_quality_name(), ew_reason_name(), ew_state_name(),
 *        ew_severity_name()
 *   0.4  questions, a table, in place of query(); ew_dead_letter()
 */
#ifndef EDGEWAY_MODULE_H
#define EDGEWAY_MODULE_H

#define EW_ABI_MAJOR  0
#define EW_ABI_MINOR  4

#include <edgeway/base.h>
#include <edgeway/bus.h>
#include <edgeway/error.h>
#include <edgeway/http.h>
#include <edgeway/log.h>
#include <edgeway/loop.h>
#include <edgeway/metric.h>
#include <edgeway/option.h>
#include <edgeway/query.h>
#include <edgeway/sample.h>
#include <edgeway/tag.h>
#include <edgeway/write.h>

EW_BEGIN_DECLS

#define EW_MODULE_MAGIC  0x4557304du    /* "EW0M" */

/* ew_module.flags: what the instance needs and promises */
#define EW_NEEDS_VIEW    0x0001u        /* keep the last delivered sample of each tag: ew_view() */
#define EW_WANTS_ONLY    0x0002u        /* only what ew_want() or `routes:` names, not everything */
#define EW_CAN_WAIT      0x0004u        /* takes -EAGAIN of ew_publish(): may feed `full: block` */
#define EW_ACKS          0x0008u        /* answers every position by ew_ack() or ew_nack() */
#define EW_HAS_DEVICES   0x0010u        /* takes `devices:` in the YAML */
#define EW_DURABLE       0x0020u        /* goes to a far end: routes to it are durable unless YAML
					 * says `durable: no`; needs EW_ACKS */
#define EW_FLAGS_KNOWN   0x003fu

enum ew_health {
	EW_UP = 0,
	EW_DEGRADED = 1,        /* works in part; the text says what does not */
	EW_DOWN = 2             /* does no work; the text says why */
};

/*
 * The descriptor. Callbacks that are NULL are not called; open and close are
 * required. All but check run on the instance's loop, one at a time.
 */
struct ew_module {
	/* filled by EW_MODULE */
	uint32_t magic;
	uint16_t abi_major, abi_minor;
	uint32_t size;                  /* of this descriptor */
	uint32_t option_size;           /* of one option row */
	uint32_t metric_size;           /* of one metric row */

	uint32_t flags;
	const char *name;               /* [a-z][a-z0-9_]*, the file's name without .so */
	const char *version;
	const char *summary;            /* one line for --describe */

	const struct ew_option *options;        /* ended by EW_OPTION_END */
	const struct ew_option *device_options; /* of an entry of `devices:`; EW_HAS_DEVICES */
	const struct ew_option *tag_options;    /* of one tag there; with EW_HAS_DEVICES */
	uint32_t settings_size;
	uint32_t device_settings_size;
	uint32_t tag_settings_size;
	uint32_t metric_count;
	const struct ew_metric *metrics;
	const struct ew_question *questions;    /* of an operator; ended by EW_QUESTION_END */

	/*
	 * Cross-field rules. Pure: touches nothing but its arguments; runs in
	 * `edgewayd --check` too, before there is an instance.
	 * Returns 0, or what ew_fail(err, ...) returns; then nothing is started.
	 */
	int (*check)(const void *settings, struct ew_error *err);

	/*
	 * The same for `devices:`, after check(); with EW_HAS_DEVICES. Their
	 * `node` says where: return ew_node_fail(err, devices[i].node, ...).
	 */
	int (*check_devices)(const void *settings, const struct ew_device_config *devices,
			     size_t count, struct ew_error *err);

	/*
	 * Allocate, declare, make timers. No I/O, no waiting. settings live
	 * until close() or reload() has returned. On -errno core frees what
	 * was registered and close() is not called.
	 */
	int (*open)(struct ew_instance *inst, const void *settings, void **self_out);

	/* Begin I/O, arm timers, return at once. On -errno close() follows. */
	int (*start)(void *self);

	/*
	 * Take new settings without a stop. Return 0, or -ENOTSUP to be stopped
	 * and opened anew. The old settings die when it returns 0.
	 */
	int (*reload)(void *self, const void *settings);

	/*
	 * Begin to wind down; call ew_stopped() when done, here or later, before
	 * the instance's deadline. NULL: nothing to wind down. Data still
	 * arrives until ew_stopped().
	 */
	void (*stop)(void *self);

	/* Free everything. No calls into core but ew_log() and the free functions. */
	void (*close)(void *self);

	/* A device was declared, updated, changed state, or is removed. */
	void (*device)(void *self, enum ew_change change, const struct ew_device_info *device);

	/* A tag was declared, updated, or is removed. */
	void (*tag)(void *self, enum ew_change change, const struct ew_tag_info *tag);

	/* Samples. A module that has it is a receiver. */
	void (*batch)(void *self, const struct ew_batch *batch);

	void (*event)(void *self, const struct ew_event *event);

	/* Samples were lost here. With EW_NEEDS_VIEW a batch EW_BATCH_RESYNC follows. */
	void (*gap)(void *self, const struct ew_gap *gap);

	/* What the publisher had when the route began has been delivered. */
	void (*synced)(void *self, uint32_t route);

	/* After -EAGAIN of ew_publish(): there is room again. */
	void (*room)(void *self);

	/*
	 * Batches up to this number no longer depend on this process: every
	 * route that keeps or acknowledges has them on disk or confirmed.
	 */
	void (*durable)(void *self, uint64_t number);

	/* A request for this instance's tags; answered once by ew_write_done(). */
	void (*write)(void *self, struct ew_write *write);

	/* The answer to an own ew_write(). Borrowed for the call. */
	void (*answered)(void *self, const struct ew_write_answer *answer);
};

/*
 * Define the one exported symbol:
 *
 *	EW_MODULE(.name = "example", .version = "1.0", .summary = "...",
 *		  .open = example_open, .close = example_close);
 */
#define EW_MODULE(...)                                                  \
	EW_EXPORT extern const struct ew_module ew_module;              \
	const struct ew_module ew_module = {                            \
		.magic = EW_MODULE_MAGIC,                               \
		.abi_major = EW_ABI_MAJOR,                              \
		.abi_minor = EW_ABI_MINOR,                              \
		.size = sizeof(struct ew_module),                       \
		.option_size = sizeof(struct ew_option),                \
		.metric_size = sizeof(struct ew_metric),                \
		__VA_ARGS__                                             \
	}

/*
 * The instance's name in YAML.
 *
 * Thread:  any
 * Owner:   borrowed for the life of the instance
 * Errors:  none
 */
EW_API const char *ew_name(struct ew_instance *inst);

/*
 * The directory where this instance may keep files: made on first use, mode
 * 0700, the same after a restart.
 *
 * Thread:  instance
 * Owner:   borrowed for the life of the instance
 * Errors:  NULL: it cannot be made; the log says why
 */
EW_API const char *ew_state_dir(struct ew_instance *inst);

/* What the whole gateway is called: the `gateway:` section. */
struct ew_gateway {
	const char *group;
	const char *name;
	const char *version;    /* of the daemon */
};

/*
 * Thread:  any
 * Owner:   borrowed for the life of the instance
 * Errors:  none
 */
EW_API const struct ew_gateway *ew_gateway(struct ew_instance *inst);

/*
 * Say how the instance is; shown in status, metrics and the log. Saying the
 * same twice does nothing.
 *
 * Thread:  instance
 * Owner:   text copied; may be NULL
 * Errors:  none
 */
EW_API void ew_health(struct ew_instance *inst, enum ew_health health, const char *text);

/*
 * The instance has wound down after stop(); close() follows.
 *
 * Thread:  instance
 * Owner:   nothing
 * Errors:  none; without a stop under way it is logged and ignored
 */
EW_API void ew_stopped(struct ew_instance *inst);

EW_END_DECLS

#endif
