/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time, timers, file descriptors, and the door for a module's own threads.
 *
 * All callbacks of an instance run on its loop, one at a time, and never from
 * inside a call into core. Names are mandatory: when a callback hangs, the
 * watchdog says which.
 */
#ifndef EDGEWAY_LOOP_H
#define EDGEWAY_LOOP_H

#include <edgeway/base.h>

EW_BEGIN_DECLS

struct ew_instance;
struct ew_timer;
struct ew_watch;

#define EW_NANOSECOND   ((ew_dur)1)
#define EW_MICROSECOND  ((ew_dur)1000)
#define EW_MILLISECOND  ((ew_dur)1000000)
#define EW_SECOND       ((ew_dur)1000000000)

/*
 * Monotonic time: for intervals, deadlines and leases.
 *
 * Thread:  any
 * Owner:   nothing
 * Errors:  none
 */
EW_API ew_dur ew_now(void);

/*
 * Wall-clock time, ns UTC: for the time of a sample, for nothing else.
 *
 * Thread:  any
 * Owner:   nothing
 * Errors:  none
 */
EW_API ew_time ew_wall(void);

typedef void (*ew_timer_fn)(void *arg);

/*
 * Make a timer; it does not run yet.
 *
 * Thread:  instance
 * Owner:   the caller; ew_timer_free(), at the latest core after close(). name borrowed: a constant
 * Errors:  -ENOMEM, -EINVAL no name
 */
EW_API int ew_timer_new(struct ew_instance *inst, const char *name, ew_timer_fn fn, void *arg,
			struct ew_timer **timer_out) EW_CHECKED;

/*
 * Run fn after `after`, then every `every` (0: once). Replaces what was set.
 * A periodic timer keeps its rhythm: a late run does not shift the next;
 * runs missed as a whole are skipped, not made up for.
 *
 * Thread:  instance
 * Owner:   nothing
 * Errors:  none; negative values count as 0
 */
EW_API void ew_timer_set(struct ew_timer *timer, ew_dur after, ew_dur every);

/*
 * Once it returns fn does not run any more.
 *
 * Thread:  instance
 * Owner:   nothing
 * Errors:  none
 */
EW_API void ew_timer_stop(struct ew_timer *timer);

/*
 * Thread:  instance
 * Owner:   takes *timer and clears it; accepts NULL
 * Errors:  none
 */
EW_API void ew_timer_free(struct ew_timer **timer);

#define EW_FD_READ   0x01u
#define EW_FD_WRITE  0x02u
#define EW_FD_ERROR  0x04u      /* always reported */

typedef void (*ew_watch_fn)(void *arg, int fd, unsigned events);

/*
 * Watch a file descriptor, level-triggered.
 *
 * Thread:  instance
 * Owner:   fd stays the caller's: free the watch before closing it. name borrowed: a constant
 * Errors:  -EINVAL, -ENOMEM, what epoll_ctl(2) says
 */
EW_API int ew_watch_new(struct ew_instance *inst, const char *name, int fd, unsigned events,
			ew_watch_fn fn, void *arg, struct ew_watch **watch_out) EW_CHECKED;

/*
 * Change which events are watched; 0 pauses.
 *
 * Thread:  instance
 * Owner:   nothing
 * Errors:  what epoll_ctl(2) says
 */
EW_API int ew_watch_set(struct ew_watch *watch, unsigned events);

/*
 * Thread:  instance
 * Owner:   takes *watch and clears it; accepts NULL
 * Errors:  none
 */
EW_API void ew_watch_free(struct ew_watch **watch);

typedef void (*ew_post_fn)(void *self, void *arg);

/*
 * Run fn(self, arg) on the instance's loop. The only function that a module's
 * own threads call to come in.
 *
 * Thread:  any
 * Owner:   on success fn owns arg; after an error the caller keeps it. name borrowed: a constant
 * Errors:  -ESHUTDOWN  the instance stops;  -ENOSPC  4096 calls wait already;  -ENOMEM
 */
EW_API int ew_post(struct ew_instance *inst, const char *name, ew_post_fn fn, void *arg)
	EW_CHECKED;

EW_END_DECLS

#endif
