/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table says which tags there are; an update fills a sample for each and
 * publishes them as one batch. Numbers come from the kernel, from the bus, and
 * from the daemon through a callback.
 */
#include "core/gateway/gateway.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/conf/own.h"

enum {
	TAG_VERSION,
	TAG_CONFIG_HASH,
	TAG_CLOCK,
	TAG_UPLINK_STATE,
	TAG_UPLINK_RECONNECTS,
	TAG_UPLINK_BACKLOG,
	TAG_LOST,
	TAG_STORE_STATE,
	TAG_STORE_BACKLOG,
	TAG_STORE_AGE,
	TAG_STORE_HOURS,
	TAG_STORE_DRAIN,
	TAG_STORE_WRITTEN,
	TAG_STORE_LOST,
	TAG_INSTANCES,
	TAG_INSTANCES_DOWN,
	TAG_DEVICES,
	TAG_DEVICES_DOWN,
	TAG_CERTIFICATE,
	TAG_DISK,
	TAG_MEMORY,
	TAG_CPU,
	TAG_COUNT
};

static const struct gateway_tag {
	const char *name;
	unsigned type;
	const char *unit;
	const char *description;
} gateway_tags[TAG_COUNT] = {
	[TAG_VERSION] = { "Software/Version", EW_TYPE_TEXT, NULL, "version of edgewayd" },
	[TAG_CONFIG_HASH] = { "Configuration/Hash", EW_TYPE_TEXT, NULL,
			      "equal configurations have equal hashes" },
	[TAG_CLOCK] = { "Clock/Valid", EW_TYPE_BOOL, NULL, "the wall clock is known good" },
	[TAG_UPLINK_STATE] = { "Uplink/State", EW_TYPE_TEXT, NULL,
			       "of the session that is worst off" },
	[TAG_UPLINK_RECONNECTS] = { "Uplink/Reconnects", EW_TYPE_U64, NULL,
				    "sessions that came online again" },
	[TAG_UPLINK_BACKLOG] = { "Uplink/Backlog", EW_TYPE_U64, "By", "bytes that wait to leave" },
	[TAG_LOST] = { "Bus/Lost", EW_TYPE_U64, NULL, "samples that receivers lost" },
	[TAG_STORE_STATE] = { "Store/State", EW_TYPE_TEXT, NULL,
			      "good, full, no space or failing" },
	[TAG_STORE_BACKLOG] = { "Store/Backlog", EW_TYPE_U64, "By",
				"kept for the receiver that is furthest behind" },
	[TAG_STORE_AGE] = { "Store/OldestAge", EW_TYPE_I64, "s", "of the oldest that is kept" },
	[TAG_STORE_HOURS] = { "Store/HoursLeft", EW_TYPE_F64, "h",
			      "until it is full, at the present rate" },
	[TAG_STORE_DRAIN] = { "Store/DrainTime", EW_TYPE_F64, "s",
			      "until the last receiver has caught up, at the present pace" },
	[TAG_STORE_WRITTEN] = { "Store/WrittenDaily", EW_TYPE_F64, "By",
				"written to the disk a day" },
	[TAG_STORE_LOST] = { "Store/Lost", EW_TYPE_U64, NULL,
			     "samples and events gone before they were acknowledged" },
	[TAG_INSTANCES] = { "Instances/Running", EW_TYPE_U32, NULL, "instances that run" },
	[TAG_INSTANCES_DOWN] = { "Instances/Down", EW_TYPE_U32, NULL,
				 "instances that failed, hang, are kept off or say they are down" },
	[TAG_DEVICES] = { "Devices/Total", EW_TYPE_U32, NULL, "devices that are declared" },
	[TAG_DEVICES_DOWN] = { "Devices/Down", EW_TYPE_U32, NULL, "devices that are not up" },
	[TAG_CERTIFICATE] = { "Certificates/DaysLeft", EW_TYPE_I32, "d",
			      "of the certificate that ends first" },
	[TAG_DISK] = { "Disk/Free", EW_TYPE_U64, "By", "where the state directory lies" },
	[TAG_MEMORY] = { "Process/Memory", EW_TYPE_U64, "By", "resident memory of edgewayd" },
	[TAG_CPU] = { "Process/CPU", EW_TYPE_F64, "%", "of one processor, since the last value" },
};

struct gateway {
	struct gateway_config config;
	char *state_dir;
	struct endpoint *endpoint;      /* NULL: it has left */
	struct post_queue control;
	struct loop_timer timer;
	uint32_t device;
	uint32_t ids[TAG_COUNT];
	ew_dur cpu_at, cpu_used;        /* at the last update */
	bool clock_valid;
	enum store_state store_state;   /* that was told last */
	bool is_leaving;
};

static const struct ew_module gateway_module = {
	.magic = EW_MODULE_MAGIC,
	.abi_major = EW_ABI_MAJOR,
	.abi_minor = EW_ABI_MINOR,
	.size = sizeof(struct ew_module),
	.option_size = sizeof(struct ew_option),
	.metric_size = sizeof(struct ew_metric),
	.name = OWN_GATEWAY,
	.version = "1",
	.summary = "how this gateway is",
};

/* NTP has the clock in hand, or it shows a time that only a good clock can. */
static bool gateway_ask_clock(const struct gateway *gateway)
{
	struct timex timex = { .modes = 0 };

	if (gateway->config.clock_valid_after != 0 &&
	    clock_utc() > gateway->config.clock_valid_after) {
		return true;
	}
	return adjtimex(&timex) != TIME_ERROR && (timex.status & STA_UNSYNC) == 0;
}

static void gateway_update_clock(struct gateway *gateway)
{
	bool valid = gateway_ask_clock(gateway);

	if (valid != gateway->clock_valid) {
		log_msg(LOG_LEVEL_NOTICE, "gateway", "the wall clock is %s",
			valid ? "known good" : "not known good");
		gateway->clock_valid = valid;
	}
	bus_set_clock_valid(gateway->config.bus, valid);
}

static int gateway_add_lost(void *arg, const struct route_stats *route)
{
	uint64_t *lost = arg;

	*lost += route->lost_samples;
	return 0;
}

struct gateway_devices {
	uint32_t total, down;
};

static int gateway_add_device(void *arg, const struct ew_device_info *device)
{
	struct gateway_devices *devices = arg;

	devices->total++;
	devices->down += device->state != EW_DEVICE_UP;
	return 0;
}

static uint64_t gateway_memory(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	uint64_t all, resident = 0;

	if (file != NULL) {
		if (fscanf(file, "%" SCNu64 " %" SCNu64, &all, &resident) != 2) {
			resident = 0;
		}
		(void)fclose(file); /* it was only read */
	}
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static double gateway_cpu(struct gateway *gateway)
{
	struct timespec spent;
	ew_dur now = clock_mono();
	ew_dur used, span = now - gateway->cpu_at;
	double part;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent); /* it cannot fail */
	used = (ew_dur)spent.tv_sec * EW_SECOND + spent.tv_nsec;
	part = span > 0 ? 100.0 * (double)(used - gateway->cpu_used) / (double)span : 0;
	gateway->cpu_at = now;
	gateway->cpu_used = used;
	return rint(part * 100) / 100;
}

static struct ew_sample gateway_text(uint32_t tag, const char *text)
{
	return ew_sample_text(tag, 0, text, (uint32_t)strlen(text));
}

/* What cannot be known has no value, rather than a wrong one. */
static void gateway_fill_system(struct gateway *gateway, struct ew_sample *samples,
				const struct gateway_facts *facts)
{
	const uint32_t *ids = gateway->ids;
	struct statvfs disk;

	samples[TAG_CLOCK] = ew_sample_bool(ids[TAG_CLOCK], 0, gateway->clock_valid);
	samples[TAG_MEMORY] = ew_sample_u64(ids[TAG_MEMORY], 0, gateway_memory());
	samples[TAG_CPU] = ew_sample_f64(ids[TAG_CPU], 0, gateway_cpu(gateway));
	samples[TAG_DISK] = ew_sample_none(ids[TAG_DISK], 0);
	if (statvfs(gateway->state_dir, &disk) == 0) {
		samples[TAG_DISK] = ew_sample_u64(ids[TAG_DISK], 0,
						  (uint64_t)disk.f_bavail * disk.f_frsize);
	}
	samples[TAG_CERTIFICATE] = ew_sample_none(ids[TAG_CERTIFICATE], 0);
	if (facts->certificate_until != 0) {
		samples[TAG_CERTIFICATE] =
			ew_sample_i64(ids[TAG_CERTIFICATE], 0,
				      (facts->certificate_until - clock_utc()) / EW_SECOND / 86400);
	}
}

/* Somebody must look before data are lost: it is told once, and when it is over. */
static void gateway_tell_store(struct gateway *gateway, enum store_state state)
{
	bool is_good = state == STORE_GOOD;
	struct ew_event event = {
		.size = sizeof(event),
		.kind = is_good ? "alarm.cleared" : "alarm.raised",
		.severity = is_good ? EW_SEVERITY_INFO : EW_SEVERITY_ALARM,
		.device = gateway->device,
		.key = "store",
	};
	char body[64];

	if (state == gateway->store_state) {
		return;
	}
	(void)snprintf(body, sizeof(body), "{\"state\":\"%s\"}", store_state_name(state));
	event.body = body;
	if (endpoint_event(gateway->endpoint, &event) == 0) {
		gateway->store_state = state;
	}
}

static void gateway_fill_store(struct gateway *gateway, struct ew_sample *samples)
{
	const uint32_t *ids = gateway->ids;
	struct log_stats log;

	for (unsigned i = TAG_STORE_STATE; i <= TAG_STORE_LOST; i++) {
		samples[i] = ew_sample_none(ids[i], 0);
	}
	if (bus_log_stats(gateway->config.bus, &log) != 0) {
		return;
	}
	samples[TAG_STORE_STATE] =
		gateway_text(ids[TAG_STORE_STATE], store_state_name(log.state));
	gateway_tell_store(gateway, log.state);
	samples[TAG_STORE_BACKLOG] =
		ew_sample_u64(ids[TAG_STORE_BACKLOG], 0, log.backlog_bytes);
	if (log.oldest_age >= 0) {
		samples[TAG_STORE_AGE] =
			ew_sample_i64(ids[TAG_STORE_AGE], 0, log.oldest_age / EW_SECOND);
	}
	if (!isnan(log.hours_left)) {
		samples[TAG_STORE_HOURS] =
			ew_sample_f64(ids[TAG_STORE_HOURS], 0, log.hours_left);
	}
	if (!isnan(log.drain)) {
		samples[TAG_STORE_DRAIN] = ew_sample_f64(ids[TAG_STORE_DRAIN], 0, rint(log.drain));
	}
	samples[TAG_STORE_WRITTEN] =
		ew_sample_f64(ids[TAG_STORE_WRITTEN], 0, log.bytes_a_day);
	samples[TAG_STORE_LOST] = ew_sample_u64(ids[TAG_STORE_LOST], 0,
						log_lost(log.lost_samples) +
							log_lost(log.lost_events));
}

static void gateway_update(struct gateway *gateway)
{
	struct gateway_facts facts = { 0 };
	struct gateway_devices devices = { 0, 0 };
	const uint32_t *ids = gateway->ids;
	struct ew_sample samples[TAG_COUNT];
	uint64_t lost = 0;
	char hash[17];
	int error;

	gateway_update_clock(gateway);
	gateway->config.facts(gateway->config.arg, &facts);
	(void)bus_routes_walk(gateway->config.bus, gateway_add_lost, &lost);
	(void)bus_devices_walk(gateway->config.bus, gateway_add_device, &devices);
	(void)snprintf(hash, sizeof(hash), "%016" PRIx64, facts.config_hash);
	samples[TAG_VERSION] = gateway_text(ids[TAG_VERSION], gateway->config.version);
	samples[TAG_CONFIG_HASH] = gateway_text(ids[TAG_CONFIG_HASH], hash);
	samples[TAG_UPLINK_STATE] = gateway_text(
		ids[TAG_UPLINK_STATE], facts.uplink_state != NULL ? facts.uplink_state : "none");
	samples[TAG_UPLINK_RECONNECTS] =
		ew_sample_u64(ids[TAG_UPLINK_RECONNECTS], 0, facts.uplink_reconnects);
	samples[TAG_UPLINK_BACKLOG] =
		ew_sample_u64(ids[TAG_UPLINK_BACKLOG], 0, facts.uplink_backlog);
	samples[TAG_LOST] = ew_sample_u64(ids[TAG_LOST], 0, lost);
	samples[TAG_INSTANCES] = ew_sample_u64(ids[TAG_INSTANCES], 0, facts.instances_running);
	samples[TAG_INSTANCES_DOWN] =
		ew_sample_u64(ids[TAG_INSTANCES_DOWN], 0, facts.instances_down);
	samples[TAG_DEVICES] = ew_sample_u64(ids[TAG_DEVICES], 0, devices.total);
	samples[TAG_DEVICES_DOWN] = ew_sample_u64(ids[TAG_DEVICES_DOWN], 0, devices.down);
	gateway_fill_store(gateway, samples);
	gateway_fill_system(gateway, samples, &facts);
	error = endpoint_publish(gateway->endpoint, samples, TAG_COUNT, NULL);
	if (error != 0) {
		log_msg(LOG_LEVEL_WARNING, "gateway", "an update was not published: %s",
			strerror(-error));
	}
}

static void gateway_on_timer(struct loop_timer *timer)
{
	struct gateway *gateway = container_of(timer, struct gateway, timer);

	gateway_update(gateway);
}

static int gateway_declare(struct gateway *gateway)
{
	struct ew_device_spec device = {
		.size = sizeof(device), .path = GATEWAY_DEVICE, .type = GATEWAY_DEVICE,
		.version = gateway->config.version,
	};
	int error = endpoint_device_declare(gateway->endpoint, &device, &gateway->device);

	for (size_t i = 0; i < TAG_COUNT && error == 0; i++) {
		struct ew_tag_spec tag = {
			.size = sizeof(tag), .name = gateway_tags[i].name,
			.type = gateway_tags[i].type, .unit = gateway_tags[i].unit,
			.description = gateway_tags[i].description,
			.max_age = 3 * gateway->config.every,
		};

		error = endpoint_tag_declare(gateway->endpoint, gateway->device, &tag,
					     &gateway->ids[i]);
	}
	if (error == 0) {
		error = endpoint_device_state(gateway->endpoint, gateway->device, EW_DEVICE_UP,
					      NULL);
	}
	return error;
}

static void gateway_on_left(void *arg, struct endpoint *endpoint)
{
	struct gateway *gateway = arg;

	(void)endpoint;
	endpoint_free(&gateway->endpoint);
}

/* Nothing was joined yet, so nobody has to be told. */
static int gateway_join(struct gateway *gateway)
{
	struct endpoint_config config = {
		.name = GATEWAY_DEVICE, .module = &gateway_module, .loop = gateway->config.loop,
		.control = &gateway->control,
	};
	int error = endpoint_new(gateway->config.bus, &config, &gateway->endpoint);

	if (error != 0) {
		return error;
	}
	endpoint_set_self(gateway->endpoint, gateway);
	error = gateway_declare(gateway);
	return error != 0 ? error : endpoint_join(gateway->endpoint);
}

int gateway_new(const struct gateway_config *config, struct gateway **gateway_out)
{
	struct gateway *gateway = calloc(1, sizeof(*gateway));
	int error;

	if (gateway == NULL) {
		return -ENOMEM;
	}
	gateway->config = *config;
	gateway->cpu_at = clock_mono();
	if (config->every == 0) {
		gateway->config.every = GATEWAY_EVERY;
	}
	post_queue_init(&gateway->control, config->loop, 64);
	gateway->state_dir = strdup(config->state_dir);
	error = gateway->state_dir == NULL ? -ENOMEM
					   : timer_init(&gateway->timer, config->loop,
							gateway_on_timer);
	error = error != 0 ? error : gateway_join(gateway);
	*gateway_out = gateway;
	if (error != 0) {
		/* what it came to on the bus is left like at any other end */
		gateway_leave(gateway);
		return error;
	}
	gateway_update(gateway);
	timer_set(&gateway->timer, gateway->config.every, gateway->config.every);
	return 0;
}

void gateway_refresh(struct gateway *gateway)
{
	if (!gateway->is_leaving) {
		gateway_update(gateway);
	}
}

void gateway_set_clock_valid_after(struct gateway *gateway, ew_time after)
{
	gateway->config.clock_valid_after = after;
	gateway_update_clock(gateway);
}

bool gateway_look_at_clock(struct gateway *gateway)
{
	gateway_update_clock(gateway);
	return gateway->clock_valid;
}

bool gateway_clock_is_valid(const struct gateway *gateway)
{
	return gateway->clock_valid;
}

void gateway_leave(struct gateway *gateway)
{
	if (gateway->is_leaving) {
		return;
	}
	gateway->is_leaving = true;
	timer_stop(&gateway->timer);
	if (gateway->endpoint != NULL) {
		endpoint_leave(gateway->endpoint, false, gateway_on_left, gateway);
	}
}

bool gateway_has_left(const struct gateway *gateway)
{
	return gateway->is_leaving && gateway->endpoint == NULL;
}

void gateway_free(struct gateway **gateway_at)
{
	struct gateway *gateway = *gateway_at;

	if (gateway == NULL) {
		return;
	}
	*gateway_at = NULL;
	check(gateway_has_left(gateway));
	timer_fini(&gateway->timer);
	post_queue_fini(&gateway->control);
	free(gateway->state_dir);
	free(gateway);
}
