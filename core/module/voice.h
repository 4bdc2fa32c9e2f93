/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log lines of a module: its identity in front, its level, and a limit
 * for each place they come from. Any thread.
 */
#ifndef CORE_MODULE_VOICE_H
#define CORE_MODULE_VOICE_H

#include <pthread.h>

#include "core/base/log.h"

#include <edgeway/log.h>

#define VOICE_PLACES  32u

/* A place is known by its format, a constant of the module. */
struct voice_place {
	const char *format;
	struct log_limit limit;
};

struct voice {
	const char *who;                /* borrowed */
	enum ew_log_level level;
	pthread_mutex_t lock;
	struct voice_place places[VOICE_PLACES];
};

void voice_init(struct voice *voice, const char *who, enum ew_log_level level);
void voice_fini(struct voice *voice);

/* As ew_log(). */
void voice_say(struct voice *voice, enum ew_log_level level, const char *format, va_list args)
	EW_PRINTF(3, 0);

#endif
