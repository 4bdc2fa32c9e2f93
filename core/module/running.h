/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record of what runs: one slot an instance, in a small file mapped into
 * memory, so that after a crash the next start can say whose callback it was.
 *
 * A callback costs three relaxed stores when it begins and one when it ends.
 * Callbacks are known by number; running_name_of() makes the number of a name
 * once. Slots and numbers: any thread. Opening and closing: main thread.
 */
#ifndef CORE_MODULE_RUNNING_H
#define CORE_MODULE_RUNNING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/clock.h"

#define RUNNING_SLOTS      256u
#define RUNNING_NAMES      1024u
#define RUNNING_NAME_SIZE  48u

/* One instance. In the file; a reader must expect any bytes. */
struct running_slot {
	char name[64];                          /* `module/instance`; "": free */
	_Atomic uint32_t callback;              /* number of its name; 0: none runs */
	_Atomic uint32_t calls;                 /* callbacks begun, modulo 2^32 */
	_Atomic int64_t since;                  /* monotonic, when it began; clock_mono_coarse() */
};

struct running;

/*
 * Make the record of this process. path NULL: in memory only. A file of that
 * name is replaced: read it first. -errno.
 */
int running_open(const char *path, struct running **running_out);

/* Mark an end in order and unmap. Slots must be given back. Accepts NULL. */
void running_close(struct running **running);

/* The number of a callback's name, never 0. The same for the same name. */
uint32_t running_name_of(struct running *running, const char *name);

/* The name of a number; "" for 0 and for what was never given out. */
const char *running_name(const struct running *running, uint32_t callback);

/* A slot; NULL when all are taken: the instance then keeps one of its own. */
struct running_slot *running_take(struct running *running, const char *name);
void running_give(struct running *running, struct running_slot **slot);

static inline void running_begin(struct running_slot *slot, uint32_t callback)
{
	uint32_t calls = atomic_load_explicit(&slot->calls, memory_order_relaxed);

	atomic_store_explicit(&slot->since, clock_mono_coarse(), memory_order_relaxed);
	atomic_store_explicit(&slot->calls, calls + 1, memory_order_relaxed);
	atomic_store_explicit(&slot->callback, callback, memory_order_relaxed);
}

static inline void running_end(struct running_slot *slot)
{
	atomic_store_explicit(&slot->callback, 0, memory_order_relaxed);
}

/*
 * The thread that calls this crashes now, inside the callback of this slot
 * (NULL: in core). Async-signal-safe.
 */
void running_crashed(struct running *running, const struct running_slot *slot, int signal);

/* What the last process left behind. */
struct running_past {
	int32_t pid;
	bool same_boot;                 /* the machine was not restarted since */
	bool clean;                     /* it ended in order */
	int signal;                     /* of running_crashed(); 0: it was killed, or never said */
	int64_t started;                /* ns UTC */
};

/* One callback that ran when the process ended. */
struct running_call {
	const char *instance;           /* `module/instance` */
	const char *callback;
	int64_t since;                  /* monotonic of that boot */
	bool crashed;                   /* the crash was on its thread */
};

/*
 * Read a record: past_out first, then fn for each callback that ran, until it
 * returns non-zero. -ENOENT: there is none; -EBADMSG: it is damaged.
 */
int running_read(const char *path, struct running_past *past_out,
		 int (*fn)(void *arg, const struct running_call *call), void *arg);

#endif
