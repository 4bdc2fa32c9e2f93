/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a sample takes from one gateway to another, and a message of that
 * length from one process to another through the same broker, at the same time:
 *
 *   latency TRIPS PORT CA BYTES COUNT
 *
 *   TRIPS  the file of struct trips in tests/lib/gate.h
 *   COUNT  of the relay's messages, one after the other, 5 ms apart
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/check.h"

#include "tests/bench/bench.h"
#include "tests/bench/ref_relay.h"
#include "tests/lib/gate.h"

static void show(const char *name, double *values, size_t count)
{
	(void)printf("%s, %zu trips\n", name, count);
	bench_value("   p50", "ms", bench_percentile(values, count, 0.5), BENCH_NOTHING);
	bench_value("   p99", "ms", bench_percentile(values, count, 0.99), BENCH_NOTHING);
}

int main(int argc, char **argv)
{
	struct ref_relay_config config = { .topic = "relay", .ahead = 1 };
	struct ref_relay *relay;
	struct trips *trips;
	size_t count, first, ours;
	double *raw, *values;
	void *at = NULL;

	check(argc == 6);
	check(gate_map(argv[1], sizeof(*trips), &at) == 0);
	trips = at;
	config.port = argv[2];
	config.ca = argv[3];
	config.size = strtoul(argv[4], NULL, 10);
	count = strtoul(argv[5], NULL, 10);
	raw = calloc(count, sizeof(*raw));
	values = calloc(TRIPS_MAX, sizeof(*values));
	check(raw != NULL && values != NULL && count > 0);
	relay = ref_relay_start(&config);
	first = atomic_load(&trips->count);
	for (size_t i = 0; i < count; i++) {
		raw[i] = (double)ref_relay_trip(relay) / 1e6;
		(void)poll(NULL, 0, 5);
	}
	ours = atomic_load(&trips->count) - first;
	for (size_t i = 0; i < ours; i++) {
		values[i] = (double)trips->took[first + i] / 1e6;
	}
	ref_relay_stop(&relay);
	show("the raw relay", raw, count);
	show("from bus to bus", values, ours);
	free(raw);
	free(values);
	return bench_end();
}
