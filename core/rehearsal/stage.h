/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stage of a rehearsal: one instance of a configuration with the real bus,
 * the real loops, access rules and leases, stepped under the record's clock.
 * Beside it stands one endpoint in place of the whole plant: it owns the tags
 * of the record, publishes its rows, and takes every write without acting on
 * it. What the instance does is kept as *deeds*. One at a time, main thread.
 */
#ifndef CORE_REHEARSAL_STAGE_H
#define CORE_REHEARSAL_STAGE_H

#include "core/base/list.h"
#include "core/bus/bus.h"
#include "core/conf/config.h"
#include "core/module/instance.h"
#include "core/module/stepped.h"
#include "core/rehearsal/record.h"

enum deed_kind {
	DEED_WRITE,             /* handed to the plant */
	DEED_REFUSED,           /* a write that was not */
	DEED_FAIL_SAFE,         /* core wrote it: a lease ended */
	DEED_VALUE,             /* of a tag of the instance's own */
	DEED_EVENT
};

/* One thing that the instance did. Text lives until stage_forget(). */
struct deed {
	struct list node;
	enum deed_kind kind;
	ew_time time;           /* ns UTC */
	const char *name;       /* device:tag, or the event's kind */
	const char *value;      /* as text; of an event its body */
	const char *subject;    /* what the instance may say why about: a rule; "" */
	const char *text;       /* why it was refused, or safe; "" */
	unsigned priority;      /* of a write; of an event its severity */
	enum ew_carrier carrier;        /* DEED_VALUE */
	uint16_t quality;
};

struct stage {
	struct stepped stepped;
	struct bus *bus;
	struct ew_instance *inst;
	struct post_queue posts;
	struct endpoint *plant;
	const struct record *record;
	uint32_t *devices, *tags;       /* ids of the record's; EW_NO_ID: the instance's own */
	size_t next_row;
	size_t own_rows;                /* left out: they are of the instance's own devices */
	struct arena arena;             /* of the deeds */
	struct list deeds;
	struct buf answer;
	bool is_muted;
};

struct stage_plan {
	const struct config *config;
	const struct config_instance *instance;
	const struct module *module;
	const struct record *record;    /* borrowed until stage_free() */
};

/*
 * Set it up: the instance runs, nothing was published yet. Faults of the
 * configuration go to diag; why the instance did not start, to err. -errno.
 */
int stage_new(const struct stage_plan *plan, struct diag *diag, struct ew_error *err,
	      struct stage **stage_out) EW_CHECKED;
void stage_free(struct stage **stage);

/*
 * Go on until the instance has done something, at that time, or the record is
 * at its end. False: it is, and nothing was done.
 */
bool stage_play(struct stage *stage);

/* Forget the deeds. */
void stage_forget(struct stage *stage);

/*
 * What the instance says of a subject: rows, a JSON object a line, borrowed
 * until the next call; NULL: it does not know it.
 */
const char *stage_ask(struct stage *stage, const char *subject);

#endif
