/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <edgeway/log.h>: lines of a module, with its identity in front.
 */
#include "core/module/instance.h"
#include "core/module/voice.h"

void ew_log(struct ew_instance *inst, enum ew_log_level level, const char *format, ...)
{
	va_list args;

	if (!instance_is_one(inst, __func__) || format == NULL) {
		return;
	}
	va_start(args, format);
	voice_say(instance_voice(inst), level, format, args);
	va_end(args);
}
