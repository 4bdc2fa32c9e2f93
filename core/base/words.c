/* SPDX-License-Identifier: Apache-2.0 */
/* The words for qualities, reasons, states and severities: the same wherever they are shown. */
#include <edgeway/bus.h>

#include "core/base/check.h"

const char *ew_quality_name(uint16_t quality)
{
	switch (EW_QUALITY_CLASS(quality)) {
	case EW_GOOD:
		return "good";
	case EW_UNCERTAIN:
		return "uncertain";
	default:
		return "bad";
	}
}

const char *ew_reason_name(uint16_t quality)
{
	static const char *const words[] = {
		[EW_REASON_NONE] = "",
		[EW_REASON_NO_VALUE] = "no_value",
		[EW_REASON_STALE] = "stale",
		[EW_REASON_COMM_FAILURE] = "comm_failure",
		[EW_REASON_DEVICE_DOWN] = "device_down",
		[EW_REASON_SENSOR_FAILURE] = "sensor_failure",
		[EW_REASON_OUT_OF_RANGE] = "out_of_range",
		[EW_REASON_SUBSTITUTED] = "substituted",
		[EW_REASON_NOT_CONFIGURED] = "not_configured",
	};
	uint16_t reason = EW_QUALITY_REASON(quality);

	return reason < array_count(words) ? words[reason] : "other";
}

const char *ew_state_name(enum ew_state state)
{
	static const char *const words[] = {
		[EW_DEVICE_DOWN] = "down",
		[EW_DEVICE_UP] = "up",
		[EW_DEVICE_STALE] = "stale",
	};

	return (unsigned)state < array_count(words) ? words[state] : "other";
}

const char *ew_severity_name(enum ew_severity severity)
{
	static const char *const words[] = {
		[EW_SEVERITY_INFO] = "info",
		[EW_SEVERITY_NOTICE] = "notice",
		[EW_SEVERITY_WARNING] = "warning",
		[EW_SEVERITY_ALARM] = "alarm",
		[EW_SEVERITY_CRITICAL] = "critical",
	};

	return (unsigned)severity < array_count(words) ? words[severity] : "other";
}
