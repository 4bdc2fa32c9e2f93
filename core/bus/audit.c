/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of the audit log, as the arbiter, the owner or the requester's
 * deadline decided. Runs on the loop of whoever decided; where the lines go
 * is the business of bus_set_audit().
 */
#include "core/bus/write.h"

static const char *what_of(const struct write *request)
{
	if (request->from == NULL) {
		return "fail_safe";
	}
	switch (request->write.op) {
	case EW_WRITE_SET:
		return "write";
	case EW_WRITE_EXECUTE:
		return "execute";
	case EW_WRITE_REFRESH:
		return "refresh";
	}
	return "write";
}

void audit_request(const struct write *request, const char *result, const char *text)
{
	const struct bus *bus = request->bus;
	char value[128];
	struct audit_record record = {
		.time = clock_utc(),
		.origin = request->write.origin,
		.remote = request->write.remote,
		.what = what_of(request),
		.target = request->target,
		.items = request->write.count,
		.priority = request->write.priority,
		.result = result,
		.text = text,
	};

	if (bus->audit == NULL) {
		return;
	}
	record.value = settable_format(&request->items[0], value, sizeof(value));
	bus->audit(bus->audit_arg, &record);
}
