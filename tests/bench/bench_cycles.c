/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A million devices come and go, each with tags and values, while a receiver
 * with a view follows: what stays behind. Names repeat after a while, as do
 * those of devices that are replaced. Memory is compared between the moment
 * when everything is warm and the end.
 *
 * BENCH_CYCLES in the environment sets the size.
 */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"

#include "tests/bench/bench.h"
#include "tests/lib/player.h"

#define TAGS    4u
#define NAMES   5000u           /* more than tombstones are kept */
#define ROUND   64u             /* cycles that fit in a queue: the receiver must have seen them */

static struct {
	struct player player;
	uint64_t cycle;
	uint32_t highest;               /* id of a tag */
} source = { .player = { .name = "source" } };

static struct {
	struct player player;
	_Atomic uint64_t declared, removed, samples;
} sink = { .player = { .name = "sink" } };

static struct bus *bus;

/* ---- what the process uses ---- */

/* A number of /proc/self/status. */
static double status_of(const char *name)
{
	FILE *file = fopen("/proc/self/status", "re");
	size_t size = strlen(name);
	char line[128];
	double value = 0;

	check(file != NULL);
	while (fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, name, size) == 0 && line[size] == ':') {
			value = strtod(line + size + 1, NULL);
		}
	}
	(void)fclose(file);
	return value;
}

static double open_files(void)
{
	DIR *folder = opendir("/proc/self/fd");
	double count = 0;

	check(folder != NULL);
	while (readdir(folder) != NULL) {
		count++;
	}
	(void)closedir(folder);
	return count;
}

struct use {
	double memory, files, threads, devices, tags;   /* memory: KiB */
};

static struct use use_now(void)
{
	struct bus_stats stats;

	bus_stats(bus, &stats);
	return (struct use){ status_of("RssAnon"), open_files(), status_of("Threads"),
			     (double)stats.devices, (double)stats.tags };
}

/* ---- cycles ---- */

static void cycle_once(uint64_t number)
{
	struct endpoint *endpoint = source.player.endpoint;
	struct ew_sample samples[TAGS];
	uint32_t device, tag;
	char path[32], name[32];
	const struct ew_device_spec spec = { .size = sizeof(spec), .path = path };
	const struct ew_tag_spec tag_spec = {
		.size = sizeof(tag_spec), .name = name, .type = EW_TYPE_F64, .unit = "Cel",
	};

	(void)snprintf(path, sizeof(path), "device-%llu", (unsigned long long)(number % NAMES));
	check(endpoint_device_declare(endpoint, &spec, &device) == 0);
	for (uint32_t i = 0; i < TAGS; i++) {
		(void)snprintf(name, sizeof(name), "Signal/%u", i);
		check(endpoint_tag_declare(endpoint, device, &tag_spec, &tag) == 0);
		source.highest = tag > source.highest ? tag : source.highest;
		samples[i] = ew_sample_f64(tag, 1, (double)number);
	}
	check(endpoint_publish(endpoint, samples, TAGS, NULL) == 0);
	check(endpoint_device_remove(endpoint, device) == 0);
}

static void cycle_round(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < ROUND; i++) {
		cycle_once(source.cycle++);
	}
}

static void sink_device(void *arg, enum ew_change change, const struct ew_device_info *device)
{
	(void)arg;
	(void)device;
	if (change == EW_DECLARED) {
		atomic_fetch_add(&sink.declared, 1);
	} else if (change == EW_REMOVED) {
		atomic_fetch_add(&sink.removed, 1);
	}
}

static void sink_batch(void *arg, const struct ew_batch *batch)
{
	(void)arg;
	atomic_fetch_add(&sink.samples, batch->count);
}

static const struct ew_module source_module = { .flags = EW_CAN_WAIT };
static const struct ew_module sink_module = { .flags = EW_NEEDS_VIEW, .device = sink_device,
					      .batch = sink_batch };

static bool sink_has_seen_all(void *arg)
{
	(void)arg;
	return atomic_load(&sink.removed) == source.cycle;
}

static void run(uint64_t cycles)
{
	uint64_t end = source.cycle + cycles;

	while (source.cycle < end) {
		player_call(&source.player, cycle_round, NULL);
		check(wait_until(sink_has_seen_all, NULL));
	}
}

static void set_up(struct loop **loops)
{
	const struct route_rule rule = { .from = "source", .deadband = NAN,
					 .full = ROUTE_DROP_OLDEST };

	check(bus_new(&bus) == 0 && bus_set_routes(bus, &rule, 1, NULL) == 0);
	check(loop_new("source", &loops[0]) == 0 && loop_start(loops[0]) == 0);
	check(loop_new("sink", &loops[1]) == 0 && loop_start(loops[1]) == 0);
	source.player.loop = loops[0];
	sink.player.loop = loops[1];
	player_start(&source.player, bus, &source_module, NULL, NULL);
	player_start(&sink.player, bus, &sink_module, NULL, NULL);
}

int main(void)
{
	uint64_t cycles = bench_setting("BENCH_CYCLES", 1000000);
	struct bench_span span;
	struct loop *loops[2];
	struct use warm, end;

	set_up(loops);
	run(cycles / 10);
	warm = use_now();
	span = bench_now();
	run(cycles);
	span = bench_since(span);
	end = use_now();
	bench_value("a device with 4 tags declared and removed", "us",
		    (double)span.wall / (double)cycles / 1000, BENCH_NOTHING);
	bench_value("   that its receiver was not told of", "",
		    (double)source.cycle - (double)sink.declared, 0);
	bench_value("   memory that stays, of a million", "KiB",
		    (end.memory - warm.memory) * 1e6 / (double)cycles, 64);
	bench_value("   open files", "", end.files - warm.files, 0);
	bench_value("   threads", "", end.threads - warm.threads, 0);
	bench_value("   devices and tags", "", end.devices + end.tags, 0);
	bench_value("   highest id of a tag", "", (double)source.highest, BENCH_NOTHING);
	player_stop(&sink.player, false);
	player_stop(&source.player, false);
	for (size_t i = 0; i < 2; i++) {
		loop_stop(loops[i]);
		loop_free(&loops[i]);
	}
	bus_free(&bus);
	return bench_end();
}
