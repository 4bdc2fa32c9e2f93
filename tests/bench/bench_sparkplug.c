/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports of 100 numbers, written and read: by our codec, by protobuf-c with
 * malloc and with an allocator that only counts up, by loops that do the least.
 * Median of several runs, all interleaved; processor time.
 */
#include <protobuf-c/protobuf-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tests/lib/sparkplug_b.pb-c.h>

#include "core/base/check.h"
#include "proto/sparkplug/message.h"
#include "proto/sparkplug/reading.h"
#include "tests/bench/bench.h"
#include "tests/bench/ref_sparkplug.h"

#define COUNT   100u
#define ROUNDS  2000u
#define RUNS    15u

typedef Org__Eclipse__Tahu__Protobuf__Payload pb_payload;
typedef Org__Eclipse__Tahu__Protobuf__Payload__Metric pb_metric;

static struct ref_reading readings[COUNT];
static uint8_t message[COUNT * 64];
static size_t message_size;
static uint8_t scratch[COUNT * 512];
static struct ref_reading found[COUNT];

static _Alignas(16) uint8_t arena[COUNT * 1024];
static size_t arena_used;

static void *bump(void *data, size_t size)
{
	void *at = arena + arena_used;

	(void)data;
	arena_used += (size + 15) & ~(size_t)15;
	check(arena_used <= sizeof(arena));
	return at;
}

static void bump_free(void *data, void *at)
{
	(void)data;
	(void)at;
}

static void *heap(void *data, size_t size)
{
	(void)data;
	return malloc(size);
}

static void heap_free(void *data, void *at)
{
	(void)data;
	free(at);
}

static ProtobufCAllocator allocators[] = {
	{ heap, heap_free, NULL },
	{ bump, bump_free, NULL },
};

/* As a program does that builds its message in the generated structs. */
static size_t pb_write(ProtobufCAllocator *allocator)
{
	pb_payload payload = ORG__ECLIPSE__TAHU__PROTOBUF__PAYLOAD__INIT;
	size_t size;

	arena_used = 0;
	payload.n_metrics = COUNT;
	payload.metrics = allocator->alloc(NULL, COUNT * sizeof(*payload.metrics));
	for (size_t i = 0; i < COUNT; i++) {
		pb_metric *metric = allocator->alloc(NULL, sizeof(*metric));

		org__eclipse__tahu__protobuf__payload__metric__init(metric);
		metric->has_alias = 1;
		metric->alias = readings[i].alias;
		metric->has_timestamp = 1;
		metric->timestamp = readings[i].timestamp;
		metric->value_case =
			ORG__ECLIPSE__TAHU__PROTOBUF__PAYLOAD__METRIC__VALUE_DOUBLE_VALUE;
		metric->double_value = readings[i].value;
		payload.metrics[i] = metric;
	}
	size = org__eclipse__tahu__protobuf__payload__pack(&payload, scratch);
	for (size_t i = 0; i < COUNT; i++) {
		allocator->free(NULL, payload.metrics[i]);
	}
	allocator->free(NULL, payload.metrics);
	return size;
}

static size_t pb_read(ProtobufCAllocator *allocator)
{
	pb_payload *payload;

	arena_used = 0;
	payload = org__eclipse__tahu__protobuf__payload__unpack(allocator, message_size, message);
	check(payload != NULL && payload->n_metrics == COUNT);
	for (size_t i = 0; i < COUNT; i++) {
		found[i].alias = payload->metrics[i]->alias;
		found[i].timestamp = payload->metrics[i]->timestamp;
		found[i].value = payload->metrics[i]->double_value;
	}
	org__eclipse__tahu__protobuf__payload__free_unpacked(payload, allocator);
	return COUNT;
}

static size_t own_write(ProtobufCAllocator *allocator)
{
	struct sp_reading reading = { .value = { .carrier = SP_DOUBLE } };
	struct sp_writer writer;
	uint8_t *at;

	(void)allocator;
	sp_writer_init(&writer, scratch, sizeof(scratch));
	at = writer.at;
	for (size_t i = 0; i < COUNT; i++) {
		check((size_t)(writer.end - at) >= SP_READING_MAX);
		reading.alias = readings[i].alias;
		reading.timestamp = readings[i].timestamp;
		reading.value.d = readings[i].value;
		at = sp_reading_put(at, &reading);
	}
	writer.at = at;
	return sp_written(&writer).size;
}

static size_t own_read(ProtobufCAllocator *allocator)
{
	const struct sp_limits limits = { .bytes = sizeof(message), .metrics = COUNT };
	struct sp_payload payload;
	struct sp_reader metrics;
	struct sp_metric metric;
	size_t count = 0;

	(void)allocator;
	check(sp_payload_decode((struct sp_bytes){ message, message_size }, &limits, &payload,
				&metrics) == 0);
	while (sp_metric_next(&metrics, &metric) > 0) {
		found[count].alias = metric.alias;
		found[count].timestamp = metric.timestamp;
		found[count].value = metric.value.d;
		count++;
	}
	return count;
}

static size_t ref_write(ProtobufCAllocator *allocator)
{
	(void)allocator;
	return ref_sparkplug_write(readings, COUNT, scratch);
}

static size_t ref_read(ProtobufCAllocator *allocator)
{
	(void)allocator;
	return ref_sparkplug_read(message, message_size, found);
}

struct contestant {
	const char *name;
	size_t (*run)(ProtobufCAllocator *allocator);
	ProtobufCAllocator *allocator;
	double times[RUNS];     /* ns a metric */
};

enum { OWN, REFERENCE, WITH_MALLOC, WITH_BUMP, CONTESTANTS };

static double measure(const struct contestant *who, size_t expected)
{
	struct bench_span begin = bench_now();

	for (unsigned i = 0; i < ROUNDS; i++) {
		check(who->run(who->allocator) == expected);
		__asm__ volatile("" ::: "memory"); /* every round is really done */
	}
	return (double)bench_since(begin).cpu / ROUNDS / COUNT;
}

static double contest(struct contestant *all, size_t expected, double *faster_out)
{
	double median[CONTESTANTS];

	for (unsigned run = 0; run < RUNS; run++) {
		for (int i = 0; i < CONTESTANTS; i++) {
			all[i].times[run] = measure(&all[i], expected);
		}
	}
	for (int i = 0; i < CONTESTANTS; i++) {
		bench_values(all[i].name, "ns", all[i].times, RUNS, BENCH_NOTHING);
		median[i] = bench_percentile(all[i].times, RUNS, 0.5);
	}
	*faster_out = (median[WITH_MALLOC] < median[WITH_BUMP] ? median[WITH_MALLOC]
							       : median[WITH_BUMP]) / median[OWN];
	return median[OWN] / median[REFERENCE];
}

int main(void)
{
	struct contestant writers[CONTESTANTS] = {
		[OWN] = { .name = "written, our codec", .run = own_write },
		[REFERENCE] = { .name = "written, the reference loop", .run = ref_write },
		[WITH_MALLOC] = { .name = "written, protobuf-c with malloc", .run = pb_write,
				  .allocator = &allocators[0] },
		[WITH_BUMP] = { .name = "written, protobuf-c that bumps", .run = pb_write,
				.allocator = &allocators[1] },
	};
	struct contestant readers[CONTESTANTS] = {
		[OWN] = { .name = "read, our codec", .run = own_read },
		[REFERENCE] = { .name = "read, the reference loop", .run = ref_read },
		[WITH_MALLOC] = { .name = "read, protobuf-c with malloc", .run = pb_read,
				  .allocator = &allocators[0] },
		[WITH_BUMP] = { .name = "read, protobuf-c that bumps", .run = pb_read,
				.allocator = &allocators[1] },
	};
	double slower, faster;

	for (size_t i = 0; i < COUNT; i++) {
		readings[i] = (struct ref_reading){ .alias = 100 + i * 3,
						    .timestamp = 1790000000000 + i,
						    .value = 0.1 * (double)i };
	}
	message_size = ref_sparkplug_write(readings, COUNT, message);
	check(own_write(NULL) == message_size && memcmp(scratch, message, message_size) == 0);
	check(own_read(NULL) == COUNT && memcmp(found, readings, sizeof(found)) == 0);
	slower = contest(writers, message_size, &faster);
	bench_value("written, times faster than protobuf-c", "x", faster, -15);
	bench_value("written, times the reference loop", "x", slower, 2);
	slower = contest(readers, COUNT, &faster);
	bench_value("read, times faster than protobuf-c", "x", faster, -4);
	bench_value("read, times the reference loop", "x", slower, BENCH_NOTHING);
	return bench_end();
}
