/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alarms and watchdogs as events. The plant says what is; this file compares
 * with what was told last and tells the difference. Events go out before the
 * samples of the scan that saw them; one that finds no room is told again
 * with the next scan, if it still holds.
 */
#include "modules/simulator/simulator.h"

#include <errno.h>
#include <stdio.h>

/* False: not now. */
static bool events_tell(struct simulator *sim, size_t index, const struct ew_event *event)
{
	int rc = ew_event_publish(sim->inst, event);

	if (rc != 0 && rc != -EAGAIN) {
		ew_log(sim->inst, EW_LOG_WARNING, "event lost kind=%s device=%s error=%d",
		       event->kind, plant_device(sim->plant, index)->name, -rc);
	}
	return rc != -EAGAIN;
}

static bool events_alarm(struct simulator *sim, size_t index, unsigned bit, bool raised)
{
	const struct plant_alarm *alarm = &plant_device(sim->plant, index)->kind->alarms[bit];
	enum ew_severity severity = alarm->critical ? EW_SEVERITY_CRITICAL : EW_SEVERITY_ALARM;
	char body[160];
	struct ew_event event = {
		.size = sizeof(event),
		.kind = raised ? "alarm.raised" : "alarm.cleared",
		.severity = raised ? severity : EW_SEVERITY_INFO,
		.device = sim->devices[index].id,
		.key = alarm->key,
		.body = body,
	};

	/* the texts are constants of the kinds: they fit and need no escapes */
	(void)snprintf(body, sizeof(body), "{\"text\":\"%s\"}", alarm->about);
	return events_tell(sim, index, &event);
}

static bool events_watchdog(struct simulator *sim, size_t index, bool expired)
{
	struct ew_event event = {
		.size = sizeof(event),
		.kind = expired ? "watchdog.expired" : "watchdog.restored",
		.severity = expired ? EW_SEVERITY_ALARM : EW_SEVERITY_NOTICE,
		.device = sim->devices[index].id,
		.key = "watchdog",
	};

	return events_tell(sim, index, &event);
}

void simulator_tell_events(struct simulator *sim)
{
	for (size_t i = 0; i < plant_device_count(sim->plant); i++) {
		const struct plant_device *device = plant_device(sim->plant, i);
		struct simulator_device *told = &sim->devices[i];
		uint32_t changed = device->alarms ^ told->alarms;
		bool expired = device->watch == PLANT_WATCH_EXPIRED;

		for (unsigned bit = 0; changed != 0; bit++, changed >>= 1) {
			bool raised = (device->alarms >> bit & 1u) != 0;

			if (changed & 1u && events_alarm(sim, i, bit, raised)) {
				told->alarms ^= 1u << bit;
			}
		}
		if (expired != told->expired && events_watchdog(sim, i, expired)) {
			told->expired = expired;
		}
	}
}
