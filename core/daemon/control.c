/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands of the control socket about the daemon itself: status, instances,
 * uplinks, version, reload, audit.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "core/base/check.h"
#include "core/base/text.h"
#include "core/ctl/listing.h"
#include "core/daemon/run.h"

#define AUDIT_LAST  100

static void control_version(struct ctl_request *request, void *arg)
{
	struct buf *row = ctl_row(request);

	(void)arg;
	json_add_text(row, "version", PACKAGE_VERSION);
	json_add_uint(row, "abi_major", EW_ABI_MAJOR);
	json_add_uint(row, "abi_minor", EW_ABI_MINOR);
	ctl_row_end(request);
	ctl_end(request);
}

static const char *control_phase(enum daemon_phase phase)
{
	switch (phase) {
	case DAEMON_STARTING:
		return "starting";
	case DAEMON_RUNNING:
		return "running";
	case DAEMON_RELOADING:
		return "reloading";
	case DAEMON_STOPPING:
	case DAEMON_STOPPED:
		return "stopping";
	}
	return "?";
}

/* What malloc() has given out and not got back, of all threads. */
static uint64_t control_heap(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static void control_status(struct ctl_request *request, void *arg)
{
	struct daemon *daemon = arg;
	struct gateway_facts facts;
	struct audit_stats audit = audit_stats(daemon->audit);
	struct buf *row = ctl_row(request);
	struct bus_stats bus;
	char text[64];

	facts_fill(daemon, &facts);
	bus_stats(daemon->bus, &bus);
	json_add_text(row, "gateway", daemon->config->gateway.name);
	json_add_text(row, "group", daemon->config->gateway.group);
	json_add_text(row, "version", PACKAGE_VERSION);
	json_add_text(row, "state", control_phase(daemon->phase));
	json_add_time(row, "since", daemon->since);
	json_add_int(row, "pid", getpid());
	json_add_text(row, "configuration", daemon->config->path);
	(void)snprintf(text, sizeof(text), "%016" PRIx64, facts.config_hash);
	json_add_text(row, "config_hash", text);
	json_add_text(row, "state_directory", daemon->state_dir);
	json_add_uint(row, "instances_running", facts.instances_running);
	json_add_uint(row, "instances_down", facts.instances_down);
	json_add_text(row, "uplink", facts.uplink_state != NULL ? facts.uplink_state : "none");
	json_add_uint(row, "devices", bus.devices);
	json_add_uint(row, "tags", bus.tags);
	json_add_uint(row, "batches", bus.batches);
	json_add_uint(row, "samples", bus.samples);
	json_add_uint(row, "events", bus.events);
	json_add_uint(row, "writes", bus.writes);
	json_add_uint(row, "writes_refused", bus.writes_refused);
	json_add_uint(row, "writes_unknown", bus.writes_unknown);
	json_add_uint(row, "audit_records", audit.written);
	json_add_uint(row, "audit_lost", audit.lost);
	json_add_uint(row, "heap_bytes", control_heap());
	json_add_bool(row, "clock_valid", gateway_clock_is_valid(daemon->gateway));
	json_add_uint(row, "http_port", http_port(daemon->http));
	json_add_bool(row, "safe_mode", daemon->options->safe);
	ctl_row_end(request);
	ctl_end(request);
}

static int control_walk_uplinks(struct listing *listing, void *arg)
{
	struct daemon *daemon = arg;

	for (size_t i = 0; i < uplinks_count(daemon->uplinks); i++) {
		struct uplink *uplink = uplinks_at(daemon->uplinks, i);
		struct buf *row = listing_row(listing);
		struct uplink_status status;

		if (row == NULL && listing->is_full) {
			return 1;
		}
		if (row == NULL) {
			continue;
		}
		uplink_status(uplink, &status);
		json_add_text(row, "uplink", uplink_name(uplink));
		json_add_text(row, "state", status.state);
		json_add_text(row, "server", status.server);
		json_add_text(row, "address", status.address);
		json_add_uint(row, "connects", status.connects);
		json_add_uint(row, "guests", status.guests);
		json_add_text(row, "will_owner", status.will_owner);
		json_add_uint(row, "in_flight", status.in_flight);
		json_add_uint(row, "received", status.received);
		json_add_uint(row, "dropped", status.dropped);
		json_add_uint(row, "bytes_in", status.bytes_in);
		json_add_uint(row, "bytes_out", status.bytes_out);
		json_add_time(row, "certificate_until", status.own_until);
		json_add_text(row, "text", status.text);
		listing_row_end(listing);
	}
	return 0;
}

static void control_uplinks(struct ctl_request *request, void *arg)
{
	listing_run(request, control_walk_uplinks, arg);
}

static const char *control_health(enum ew_health health)
{
	switch (health) {
	case EW_UP:
		return "up";
	case EW_DEGRADED:
		return "degraded";
	case EW_DOWN:
		return "down";
	}
	return "?";
}

struct control_counts {
	const char *name;
	struct endpoint_stats stats;
};

static int control_find_counts(void *arg, const struct endpoint_stats *endpoint)
{
	struct control_counts *counts = arg;

	if (strcmp(endpoint->name, counts->name) != 0) {
		return 0;
	}
	counts->stats = *endpoint;
	return 1;
}

static void control_add_instance(struct daemon *daemon, struct buf *row, struct member *member)
{
	struct control_counts counts = { .name = member->name };
	struct instance_health health;
	char text[256], running[64];

	json_add_text(row, "instance", member->name);
	json_add_text(row, "module", member->module);
	if (member->inst == NULL) {
		json_add_text(row, "state", "off");
		json_add_text(row, "text", member_off_text(member->off));
		return;
	}
	health = instance_health(member->inst);
	json_add_text(row, "state", instance_state_name(instance_state(member->inst)));
	json_add_text(row, "health", control_health(health.health));
	instance_failure(member->inst, text, sizeof(text));
	json_add_text(row, "text", text[0] != '\0' ? text : health.text);
	json_add_uint(row, "restarts", instance_restarts(member->inst));
	(void)bus_endpoints_walk(daemon->bus, control_find_counts, &counts);
	json_add_uint(row, "devices", counts.stats.devices);
	json_add_uint(row, "tags", counts.stats.tags);
	json_add_uint(row, "batches", counts.stats.batches);
	json_add_uint(row, "samples", counts.stats.samples);
	json_add_uint(row, "events", counts.stats.events);
	json_add_uint(row, "refused", counts.stats.refused);
	if (member->hang_told > 0) {
		(void)instance_running(member->inst, running, sizeof(running));
		json_add_text(row, "hangs_in", running);
	}
}

static int control_walk_instances(struct listing *listing, void *arg)
{
	struct daemon *daemon = arg;
	struct list *node;

	list_for_each (node, &daemon->members) {
		struct buf *row = listing_row(listing);

		if (row != NULL) {
			control_add_instance(daemon, row, list_entry(node, struct member, node));
			listing_row_end(listing);
		} else if (listing->is_full) {
			return 1;
		}
	}
	return 0;
}

static void control_instances(struct ctl_request *request, void *arg)
{
	listing_run(request, control_walk_instances, arg);
}

struct control_reload {
	struct daemon *daemon;
	struct ctl_request *request;
};

static void control_reload_line(void *arg, const char *level, const char *line)
{
	struct control_reload *reload = arg;
	struct buf *row = ctl_row(reload->request);

	json_add_text(row, "level", level);
	json_add_text(row, "text", line);
	ctl_row_end(reload->request);
}

static void control_reload_ended(void *arg, int error, const char *text)
{
	struct control_reload *reload = arg;
	struct ctl_request *request = reload->request;

	free(reload);
	if (error == 0) {
		ctl_end(request);
	} else {
		ctl_fail(request, error, "%s", text);
	}
}

/* The reload goes on; nobody is told. */
static void control_reload_gone(void *arg)
{
	struct control_reload *reload = arg;

	reload_forget_caller(reload->daemon, reload);
	free(reload);
}

static void control_reload(struct ctl_request *request, void *arg)
{
	struct control_reload *reload = malloc(sizeof(*reload));
	struct reload_caller caller = {
		.say = control_reload_line, .done = control_reload_ended, .arg = reload,
	};

	if (reload == NULL) {
		ctl_fail(request, -ENOMEM, "out of memory");
		return;
	}
	reload->daemon = arg;
	reload->request = request;
	ctl_wait(request, &(struct ctl_hooks){ .gone = control_reload_gone, .arg = reload });
	reload_begin(arg, &caller);
}

static void control_audit_free(void *arg)
{
	struct audit_reader *reader = arg;

	audit_reader_free(&reader);
}

static void control_audit_more(struct ctl_request *request, void *arg)
{
	struct audit_reader *reader = arg;
	const char *line;
	size_t size;
	int more = 1;

	while (ctl_has_room(request) && (more = audit_reader_next(reader, &line, &size)) > 0) {
		if (size < 2 || line[0] != '{' || line[size - 1] != '}') {
			continue; /* torn by a power cut */
		}
		ctl_add_lines(request, line, size);
		ctl_add_lines(request, "\n", 1);
	}
	if (more > 0) {
		return;
	}
	audit_reader_free(&reader);
	if (more == 0) {
		ctl_end(request);
	} else {
		ctl_fail(request, more, "the audit log cannot be read: %s", strerror(-more));
	}
}

static void control_audit(struct ctl_request *request, void *arg)
{
	const char *text = json_text(ctl_fields(request), "last");
	struct daemon *daemon = arg;
	struct audit_reader *reader;
	uint64_t last = AUDIT_LAST;
	char path[PATH_MAX];
	int error;

	if (text != NULL && text_parse_uint(text, &last) != 0) {
		ctl_fail(request, -EINVAL, "last: '%s' is not a number", text);
		return;
	}
	(void)snprintf(path, sizeof(path), "%s/audit.log", daemon->state_dir);
	error = audit_reader_new(path, last, &reader);
	if (error != 0) {
		ctl_fail(request, error, "the audit log cannot be read: %s", strerror(-error));
		return;
	}
	ctl_wait(request, &(struct ctl_hooks){ .room = control_audit_more,
					       .gone = control_audit_free, .arg = reader });
	control_audit_more(request, reader);
}

static const struct ctl_command control_commands[] = {
	{ "version", control_version },
	{ "status", control_status },
	{ "instances", control_instances },
	{ "uplinks", control_uplinks },
	{ "reload", control_reload },
	{ "audit", control_audit },
	{ "ask", control_ask },
	{ "map", control_map },
	{ "dead-letters", control_letters },
	{ NULL, NULL },
};

struct ctl_table control_table(struct daemon *daemon)
{
	return (struct ctl_table){ control_commands, daemon };
}
