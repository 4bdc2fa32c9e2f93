/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of 100,000 tags with names of 32 bytes, a unit, a range and a
 * description of 40 bytes, each with a value: by what the system says that
 * the process holds, before and after. Then what a receiver with a view adds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"

#include "tests/bench/bench.h"
#include "tests/lib/player.h"

#define TAGS  100000u
#define DEVICES  100u
#define BATCH  1000u

static struct {
	struct player player;
	uint32_t tags[TAGS];
} source = { .player = { .name = "source" } };

static struct {
	struct player player;
	_Atomic uint64_t samples;
} sink = { .player = { .name = "sink" } };

/* Bytes of anonymous memory. */
static double resident(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[128];
	double bytes = 0;

	check(file != NULL);
	while (fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, "RssAnon:", 8) == 0) {
			bytes = strtod(line + 8, NULL) * 1024;
		}
	}
	(void)fclose(file);
	return bytes;
}

static void declare(uint32_t device, uint32_t from, uint32_t count)
{
	for (uint32_t i = from; i < from + count; i++) {
		char name[40], text[48];
		const struct ew_tag_spec spec = {
			.size = sizeof(spec), .name = name, .type = EW_TYPE_F32, .unit = "Cel",
			.description = text, .low = -40, .high = 120,
		};

		(void)snprintf(name, sizeof(name), "Section/Machine/Temperature/%04u", i % 10000);
		(void)snprintf(text, sizeof(text), "temperature of the bearing number %06u", i);
		check(strlen(name) == 32 && strlen(text) == 40);
		check(endpoint_tag_declare(source.player.endpoint, device, &spec,
					   &source.tags[i]) == 0);
	}
}

static void source_open(void *arg)
{
	(void)arg;
	for (uint32_t d = 0; d < DEVICES; d++) {
		char path[32];
		const struct ew_device_spec device = { .size = sizeof(device), .path = path };
		uint32_t id;

		(void)snprintf(path, sizeof(path), "machine-%03u", d);
		check(endpoint_device_declare(source.player.endpoint, &device, &id) == 0);
		declare(id, d * (TAGS / DEVICES), TAGS / DEVICES);
	}
}

static void publish_all(void *arg)
{
	static struct ew_sample samples[BATCH];

	(void)arg;
	for (uint32_t i = 0; i < TAGS; i += BATCH) {
		for (uint32_t j = 0; j < BATCH; j++) {
			samples[j] = ew_sample_f64(source.tags[i + j], 1, j);
		}
		check(endpoint_publish(source.player.endpoint, samples, BATCH, NULL) == 0);
	}
}

static void sink_batch(void *arg, const struct ew_batch *batch)
{
	(void)arg;
	atomic_fetch_add(&sink.samples, batch->count);
}

static const struct ew_module source_module = { .flags = EW_CAN_WAIT };
static const struct ew_module sink_module = { .flags = EW_NEEDS_VIEW, .batch = sink_batch };

static bool sink_has_all(void *arg)
{
	(void)arg;
	return atomic_load(&sink.samples) >= TAGS;
}

int main(void)
{
	double before, after;
	struct loop *loops[2];
	struct bus *bus;

	memset(source.tags, 1, sizeof(source.tags));
	check(bus_new(&bus) == 0);
	check(loop_new("source", &loops[0]) == 0 && loop_start(loops[0]) == 0);
	check(loop_new("sink", &loops[1]) == 0 && loop_start(loops[1]) == 0);
	source.player.loop = loops[0];
	sink.player.loop = loops[1];
	before = resident();
	player_start(&source.player, bus, &source_module, source_open, &source);
	player_call(&source.player, publish_all, NULL);
	after = resident();
	bench_value("memory of a tag with a value", "bytes", (after - before) / TAGS, 400);
	before = after;
	player_start(&sink.player, bus, &sink_module, NULL, &sink);
	check(wait_until(sink_has_all, NULL));
	bench_value("   what a receiver with a view adds", "bytes", (resident() - before) / TAGS,
		    BENCH_NOTHING);
	player_stop(&sink.player, false);
	player_stop(&source.player, false);
	for (size_t i = 0; i < 2; i++) {
		loop_stop(loops[i]);
		loop_free(&loops[i]);
	}
	bus_free(&bus);
	return bench_end();
}
