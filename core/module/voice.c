/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two places that share a slot take it from each other: then less is held
 * back, never more.
 */
#include <stdio.h>
#include <string.h>

#include "core/module/voice.h"

#define BURST      10
#define WINDOW     ((ew_dur)10 * 1000000000)
#define TEXT_SIZE  2000

void voice_init(struct voice *voice, const char *who, enum ew_log_level level)
{
	*voice = (struct voice){ .who = who, .level = level };
	(void)pthread_mutex_init(&voice->lock, NULL);
}

void voice_fini(struct voice *voice)
{
	(void)pthread_mutex_destroy(&voice->lock);
}

static bool may_say(struct voice *voice, const char *format, uint32_t *held_out)
{
	struct voice_place *place;
	bool passes;

	(void)pthread_mutex_lock(&voice->lock);
	place = &voice->places[((uintptr_t)format >> 3) % VOICE_PLACES];
	if (place->format != format) {
		*place = (struct voice_place){
			.format = format,
			.limit = { .burst = BURST, .window = WINDOW },
		};
	}
	passes = log_limit_pass(&place->limit, held_out);
	(void)pthread_mutex_unlock(&voice->lock);
	return passes;
}

void voice_say(struct voice *voice, enum ew_log_level level, const char *format, va_list args)
{
	char text[TEXT_SIZE];
	uint32_t held = 0;

	if (level > voice->level || !log_is_shown((enum log_level)level) ||
	    !may_say(voice, format, &held)) {
		return;
	}
	if (held == 0) {
		log_vmsg((enum log_level)level, voice->who, format, args);
		return;
	}
	(void)vsnprintf(text, sizeof(text), format, args);
	log_msg((enum log_level)level, voice->who, "%s (%u like it not shown)", text, held);
}
