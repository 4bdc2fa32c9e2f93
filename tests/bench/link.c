/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leads two daemons that are connected through a broker, one with a source of
 * numbers and one with a receiver that checks them, and a raw relay of the
 * same messages through the same broker, turn by turn:
 *
 *   link GATE TAGS NUMBERS PORT CA FILTER QOS ASKED broker=PID [NAME=PID...]
 *
 *   GATE      the file of tests/lib/gate.h that source and receiver have
 *   NUMBERS   of a turn; each comes once in each of TAGS tags
 *   FILTER    of the messages that carry them
 *   QOS       of these
 *   ASKED     percent of the relay
 *   NAME=PID  whose processor time to print; the broker is the first
 *
 * A first turn shows how many messages carry the numbers, and how long they
 * are. AHEAD numbers are under way at most, and as many bytes of the relay.
 */
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/clock.h"

#include "tests/bench/bench.h"
#include "tests/bench/ref_relay.h"
#include "tests/lib/gate.h"

#define TURNS_MAX    64u
#define LEAST        50u        /* bytes of a message that carries numbers */
#define PATIENCE     (120 * INT64_C(1000000000))

struct link {
	struct gate *gate;
	uint64_t tags, numbers;
	uint64_t again;                 /* before the first turn: births and their data */
	struct ref_tap_count sent;      /* in a turn */
	char **processes;
	int process_count;
};

#define PROCESSES_MAX  8

/* Processor time of processes, s. */
struct spent {
	double of[PROCESSES_MAX];
	double relay;                   /* sender and receiver */
};

static double cpu_of(long pid)
{
	char path[64], text[1024];
	unsigned long user = 0, system = 0;
	const char *at;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	file = fopen(path, "re");
	check(file != NULL && fgets(text, sizeof(text), file) != NULL);
	(void)fclose(file);
	at = strrchr(text, ')');
	check(at != NULL && sscanf(at + 2, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu %lu",
				   &user, &system) == 2);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* sign -1 before, 1 after */
static void spent_add(struct spent *spent, const struct link *link, const struct ref_relay *relay,
		      int sign)
{
	for (int i = 0; i < link->process_count; i++) {
		const char *pid = strchr(link->processes[i], '=') + 1;

		spent->of[i] += sign * cpu_of(strtol(pid, NULL, 10));
	}
	spent->relay += sign * (cpu_of(getpid()) + cpu_of(ref_relay_receiver(relay)));
}

/* A turn: until all numbers are there, none lost and all in order. Seconds. */
static double link_run(const struct link *link)
{
	struct gate *gate = link->gate;
	uint64_t last = atomic_load(&gate->allowed) + link->numbers;
	uint64_t samples = atomic_load(&gate->samples) + link->numbers * link->tags;
	int64_t begin = clock_mono();

	atomic_store(&gate->allowed, last);
	while (atomic_load(&gate->samples) < samples) {
		if (clock_mono() > begin + PATIENCE) {
			(void)fprintf(stderr, "%llu of %llu samples arrived\n",
				      (unsigned long long)atomic_load(&gate->samples),
				      (unsigned long long)samples);
			exit(EXIT_FAILURE);
		}
		(void)poll(NULL, 0, 1); /* a mapped file wakes nobody */
	}
	if (atomic_load(&gate->lost) != 0 || atomic_load(&gate->again) != link->again) {
		(void)fprintf(stderr, "lost %llu, again %llu\n",
			      (unsigned long long)atomic_load(&gate->lost),
			      (unsigned long long)atomic_load(&gate->again));
		exit(EXIT_FAILURE);
	}
	return (double)(clock_mono() - begin) / 1e9;
}

/* Until nothing arrives any more. */
static void link_settle(struct link *link)
{
	uint64_t before;

	do {
		before = atomic_load(&link->gate->samples);
		(void)poll(NULL, 0, 300);
	} while (before == 0 || atomic_load(&link->gate->samples) != before);
	link->again = atomic_load(&link->gate->again);
}

/* A turn that shows what a turn sends; memory grows meanwhile, and caches get warm. */
static void link_learn(struct link *link, const struct ref_relay_config *config,
		       const char *filter)
{
	struct ref_tap *tap = ref_tap_start(config->port, config->ca, filter, LEAST);

	link_settle(link);
	(void)link_run(link);
	link->sent = ref_tap_read(tap, 300);
	check(link->sent.messages > 0);
	ref_tap_stop(&tap);
}

static void print_spent(const struct link *link, uint64_t turns, const struct spent *ours,
			const struct spent *raw)
{
	double messages = (double)(turns * link->sent.messages) / 1e6;
	double all = 0;

	for (int i = 0; i < link->process_count; i++) {
		(void)printf("   %.*s: %.2f s of the processors\n",
			     (int)strcspn(link->processes[i], "="), link->processes[i],
			     ours->of[i]);
		all += ours->of[i];
	}
	bench_value("   processor time a message, all processes", "us", all / messages,
		    BENCH_NOTHING);
	bench_value("   of the raw relay, its broker too", "us",
		    (raw->relay + raw->of[0]) / messages, BENCH_NOTHING);
}

static void compare(const struct link *link, struct ref_relay *relay, double asked)
{
	uint64_t turns = bench_setting("TURNS", 7);
	double ours[TURNS_MAX], raw[TURNS_MAX], ratios[TURNS_MAX], megabytes[TURNS_MAX];
	struct spent spent_ours = { 0 }, spent_raw = { 0 };

	check(turns > 0 && turns <= TURNS_MAX && link->process_count > 0 &&
	      link->process_count <= PROCESSES_MAX);
	for (uint64_t i = 0; i < turns; i++) {
		int64_t begin = clock_mono();
		double seconds;

		spent_add(&spent_raw, link, relay, -1);
		ref_relay_run(relay, link->sent.messages);
		raw[i] = (double)(clock_mono() - begin) / 1e9;
		spent_add(&spent_raw, link, relay, 1);
		spent_add(&spent_ours, link, relay, -1);
		seconds = link_run(link);
		spent_add(&spent_ours, link, relay, 1);
		ratios[i] = raw[i] / seconds * 100;
		ours[i] = (double)(link->numbers * link->tags) / seconds / 1e3;
		megabytes[i] = (double)link->sent.bytes / raw[i] / 1e6;
		raw[i] = (double)link->sent.messages / raw[i] / 1e3;
	}
	bench_values("   the raw relay", "k messages/s", raw, turns, BENCH_NOTHING);
	bench_values("", "MB/s", megabytes, turns, BENCH_NOTHING);
	bench_values("   the link, all numbers there and in order", "k samples/s", ours, turns,
		     BENCH_NOTHING);
	bench_values("   the link, of the relay", "%", ratios, turns, asked);
	print_spent(link, turns, &spent_ours, &spent_raw);
}

int main(int argc, char **argv)
{
	struct link link = { 0 };
	struct ref_relay_config config = { .topic = "relay" };
	struct ref_relay *relay;
	uint64_t ahead = bench_setting("AHEAD", 1000);

	if (argc < 10) {
		(void)fputs("usage: link GATE TAGS NUMBERS PORT CA FILTER QOS ASKED "
			    "broker=PID [NAME=PID...]\n", stderr);
		return EXIT_FAILURE;
	}
	check(gate_open(argv[1], &link.gate) == 0);
	link.tags = strtoull(argv[2], NULL, 10);
	link.numbers = strtoull(argv[3], NULL, 10);
	link.processes = argv + 9;
	link.process_count = argc - 9;
	config.port = argv[4];
	config.ca = argv[5];
	config.qos = (int)strtol(argv[7], NULL, 10);
	atomic_store(&link.gate->ahead, ahead);
	link_learn(&link, &config, argv[6]);
	config.size = link.sent.bytes / link.sent.messages;
	config.ahead = ahead * link.sent.messages / link.numbers + 1;
	(void)printf("   %llu messages of %zu bytes a turn\n",
		     (unsigned long long)link.sent.messages, config.size);
	relay = ref_relay_start(&config);
	compare(&link, relay, -strtod(argv[8], NULL));
	ref_relay_stop(&relay);
	gate_close(&link.gate);
	return bench_end();
}
