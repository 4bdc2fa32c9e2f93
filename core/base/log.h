/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: one line per event, to stderr or to journald. Any thread; a line is
 * one write, so lines never mix.
 *
 * Levels: error = someone must act; warning = degraded, may heal; notice =
 * rare and normal; info = per connection or batch; debug = per message.
 */
#ifndef CORE_BASE_LOG_H
#define CORE_BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <edgeway/base.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

enum log_target {
	LOG_TO_AUTO,    /* journald when stderr is connected to it, else stderr */
	LOG_TO_STDERR,
	LOG_TO_JOURNAL,
};

/* Receives lines instead of the target (tests, `edgewayctl`); any thread. */
typedef void (*log_fn)(void *arg, enum log_level level, const char *who, const char *text);

/* Before the first log_open: stderr, level info. -errno when journald cannot
 * be reached; the old target stays. Main thread, before others log. */
int log_open(enum log_target target) EW_CHECKED;

/* Back to stderr. */
void log_close(void);

/* Show this level and those above it. */
void log_set_level(enum log_level level);
bool log_is_shown(enum log_level level);

/* Hand lines to `fn` (NULL: to the target again). While no other thread logs. */
void log_set_sink(log_fn fn, void *arg);

/*
 * Write a line. `who` names the subject ("sim/line1", "uplink"; NULL: the
 * daemon itself). Text is cut at 2000 bytes; control characters become '?'.
 */
void log_msg(enum log_level level, const char *who, const char *fmt, ...) EW_PRINTF(3, 4);
void log_vmsg(enum log_level level, const char *who, const char *fmt, va_list args)
	EW_PRINTF(3, 0);

/* The word of a level ("warning"), and back: -EINVAL. */
const char *log_level_name(enum log_level level);
int log_level_parse(const char *name, enum log_level *level_out) EW_CHECKED;

/* At most `burst` lines per `window`. Zeroed and these two set is ready. Owned
 * by one thread. */
struct log_limit {
	uint32_t burst;
	ew_dur window;
	int64_t since; /* start of the current window, monotonic; 0: none yet */
	uint32_t used;
	uint32_t held; /* lines swallowed since the last one that passed */
};

/* May this line be written? On yes *held_out is the number swallowed since
 * the last yes, for "(12 like it not shown)". */
bool log_limit_pass(struct log_limit *limit, uint32_t *held_out);

/* For a line that may come as often as data does: ten in ten seconds. */
#define LOG_LIMIT  ((struct log_limit){ .burst = 10, .window = INT64_C(10000000000) })

/* log_msg() within a limit; the line says how many like it were not shown. */
void log_limited(struct log_limit *limit, enum log_level level, const char *who,
		 const char *format, ...) EW_PRINTF(4, 5);

#endif
