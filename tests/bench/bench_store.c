/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log on a real disk: appending with a group of 10 ms against plain writes
 * of the same bytes with the same rhythm of syncs; bytes a sample; opening a
 * backlog; what coding costs.
 *
 * A disk that others use is fast now and slow then: log and plain writes take
 * many short turns, and each pair gives a ratio. Both are open all the while;
 * the log makes its segments on the way, the plain file has all its room before.
 *
 * BENCH_DIR says where (default: the working directory), BENCH_BATCHES how
 * many batches of 64 a turn appends, BENCH_PAIRS how many turns, BENCH_BACKLOG
 * another size, in MiB, to open.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/clock.h"
#include "core/store/samples.h"
#include "core/store/store.h"

#include "tests/bench/bench.h"

#define TURNS     5u
#define SAMPLES   64u
#define GROUP     INT64_C(10000000)     /* ns */
#define TAGS      1024u
#define MADE      256u
#define EPOCH     INT64_C(1700000000000000000)

struct place {
	char path[256];
	char plain[264];
};

static int on_describe(void *arg, uint32_t tag, struct store_tag *tag_out)
{
	static char names[TAGS][16];

	(void)arg;
	(void)snprintf(names[tag], sizeof(names[tag]), "Tag/%u", tag);
	*tag_out = (struct store_tag){
		.device = "line-1/pump-1",
		.device_type = "pump",
		.name = names[tag],
		.unit = "bar",
		.type = EW_TYPE_F64,
	};
	return 0;
}

static struct store *open_store(const struct place *place, ew_dur sync)
{
	const struct store_config config = {
		.path = place->path,
		.bytes = (uint64_t)4 << 30,
		.sync = sync,
	};
	const struct store_listener listener = { .describe = on_describe };
	struct store *store;

	check(store_open(&config, &store, NULL) == 0);
	store_listen(store, &listener);
	return store;
}

static void remove_store(const struct place *place)
{
	char command[600];

	(void)snprintf(command, sizeof(command), "rm -rf '%s' '%s'", place->path, place->plain);
	check(system(command) == 0);
}

/* Values as sensors give them: full doubles, times that differ by a little. */
static void make_samples(struct ew_sample samples[SAMPLES], uint64_t batch)
{
	for (uint32_t i = 0; i < SAMPLES; i++) {
		uint64_t n = batch * SAMPLES + i;

		samples[i] = ew_sample_f64((uint32_t)(n % TAGS),
					   EPOCH + (ew_time)batch * 1000000 + (ew_time)i * 1000,
					   (double)(n * 2654435761u % 1000003) / 977.0);
	}
}

/* Batches made before the clock runs: making them is not what is measured. */
static struct ew_sample made[MADE][SAMPLES];

static void append(struct store *store, struct store_owner *owner, uint64_t number)
{
	struct store_batch batch = {
		.samples = made[number % MADE],
		.count = SAMPLES,
		.number = number,
	};
	uint64_t lsn;
	int error;

	batch.stamped = clock_mono();
	while ((error = store_append_samples(store, owner, &batch, &lsn)) == -EAGAIN) {
		(void)sched_yield();
	}
	check(error == 0);
}

struct run {
	double seconds;
	uint64_t bytes;
	uint64_t syncs;
};

/* The log, and beside it a file that is written as much. */
struct sides {
	struct store *store;
	struct store_owner *owner;
	uint64_t number;
	int plain;
	off_t written;
	unsigned char *bytes;           /* of a group of the plain file */
	size_t room;
};

static struct run run_store(struct sides *sides, uint64_t batches)
{
	struct store_stats before = store_stats(sides->store);
	int64_t begin = clock_mono();
	struct store_stats after;
	struct run run;

	for (uint64_t i = 0; i < batches; i++) {
		append(sides->store, sides->owner, ++sides->number);
	}
	check(store_sync(sides->store) == 0);
	run.seconds = (double)(clock_mono() - begin) / 1e9;
	after = store_stats(sides->store);
	run.bytes = after.written_bytes - before.written_bytes;
	run.syncs = after.syncs - before.syncs;
	return run;
}

/* As many bytes, in as many groups, each synced. */
static double run_plain(struct sides *sides, const struct run *like)
{
	size_t group = (size_t)(like->bytes / like->syncs);
	int64_t begin;

	if (sides->room < group) {
		sides->bytes = realloc(sides->bytes, group);
		check(sides->bytes != NULL);
		memset(sides->bytes, 0x5a, group);
		sides->room = group;
	}
	begin = clock_mono();
	for (uint64_t i = 0; i < like->syncs; i++) {
		check(pwrite(sides->plain, sides->bytes, group, sides->written) ==
		      (ssize_t)group);
		check(fdatasync(sides->plain) == 0);
		sides->written += (off_t)group;
	}
	return (double)(clock_mono() - begin) / 1e9;
}

static void open_sides(const struct place *place, uint64_t samples, struct sides *sides)
{
	*sides = (struct sides){ .store = open_store(place, GROUP) };
	check(store_owner_find(sides->store, "line1", &sides->owner) == 0);
	sides->plain = open(place->plain, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	check(sides->plain >= 0);
	check(posix_fallocate(sides->plain, 0, (off_t)(samples * 16)) == 0);
	check(fdatasync(sides->plain) == 0);
}

static void bench_append(const struct place *place)
{
	uint64_t batches = bench_setting("BENCH_BATCHES", 20000);
	size_t pairs = bench_setting("BENCH_PAIRS", 25);
	double *shares = calloc(3 * pairs, sizeof(*shares));
	double *rates = shares + pairs, *plains = shares + 2 * pairs;
	struct run run = { 0 };
	struct sides sides;

	check(shares != NULL);
	open_sides(place, (pairs + 1) * batches * SAMPLES, &sides);
	(void)run_store(&sides, batches);
	for (size_t i = 0; i < pairs; i++) {
		double plain;

		run = run_store(&sides, batches);
		plain = run_plain(&sides, &run);
		shares[i] = 100 * plain / run.seconds;
		rates[i] = (double)(batches * SAMPLES) / run.seconds / 1e6;
		plains[i] = (double)run.bytes / plain / 1e6;
	}
	store_close(&sides.store);
	(void)close(sides.plain);
	free(sides.bytes);
	remove_store(place);
	bench_values("append, of plain writes with the same syncs", "%", shares, pairs, -70);
	bench_values("  append, group of 10 ms", "M/s", rates, pairs, BENCH_NOTHING);
	bench_values("  plain writes", "MB/s", plains, pairs, BENCH_NOTHING);
	bench_value("bytes a numeric sample, 64 a batch", "bytes",
		    (double)run.bytes / (double)(batches * SAMPLES), 16);
	free(shares);
}

/* As after a crash: the newest segment has no closing, and is walked over. */
static void tear_newest(const struct place *place)
{
	char newest[300] = "";
	char path[600];
	struct dirent *entry;
	struct stat st;
	DIR *dir = opendir(place->path);

	check(dir != NULL);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, newest) > 0) {
			(void)snprintf(newest, sizeof(newest), "%s", entry->d_name);
		}
	}
	(void)closedir(dir);
	(void)snprintf(path, sizeof(path), "%s/%s", place->path, newest);
	check(stat(path, &st) == 0 && truncate(path, st.st_size - 1) == 0);
}

static void bench_open(const struct place *place)
{
	uint64_t goal = bench_setting("BENCH_BACKLOG", 1024) << 20;
	struct store *store = open_store(place, STORE_SYNC_NEVER);
	struct store_owner *owner;
	double times[TURNS];
	uint64_t number = 0;

	check(store_owner_find(store, "line1", &owner) == 0);
	while (store_stats(store).written_bytes < goal) {
		for (unsigned i = 0; i < 1000; i++) {
			append(store, owner, ++number);
		}
	}
	store_close(&store);
	for (unsigned turn = 0; turn < TURNS; turn++) {
		int64_t begin;

		tear_newest(place);
		begin = clock_mono();
		store = open_store(place, GROUP);
		times[turn] = (double)(clock_mono() - begin) / 1e6;
		check(store_last(store) >= number);
		store_close(&store);
	}
	bench_values("open after a crash, backlog of 1 GiB", "ms", times, TURNS, 300);
	remove_store(place);
}

static void bench_coding(void)
{
	const struct record_base base = { .utc = EPOCH };
	unsigned char bytes[SAMPLES * SAMPLES_ONE_MAX + 16];
	struct ew_sample samples[SAMPLES], back[SAMPLES];
	const unsigned char *end = bytes;
	double encode[TURNS], decode[TURNS];
	const unsigned rounds = 100000;

	make_samples(samples, 1);
	for (unsigned turn = 0; turn < TURNS; turn++) {
		int64_t begin = clock_mono();

		for (unsigned i = 0; i < rounds; i++) {
			samples[i % SAMPLES].v.f += 0.1;
			end = samples_put(bytes, samples, NULL, SAMPLES, &base);
		}
		encode[turn] = (double)(clock_mono() - begin) / rounds / SAMPLES;
		begin = clock_mono();
		for (unsigned i = 0; i < rounds; i++) {
			struct wire wire = wire_of(bytes, (size_t)(end - bytes));

			check(samples_get(&wire, &base, samples_count(&wire), back));
		}
		decode[turn] = (double)(clock_mono() - begin) / rounds / SAMPLES;
		check(back[7].v.f == samples[7].v.f);
	}
	bench_values("encode a sample", "ns", encode, TURNS, BENCH_NOTHING);
	bench_values("decode a sample", "ns", decode, TURNS, BENCH_NOTHING);
}

int main(void)
{
	const char *dir = getenv("BENCH_DIR");
	struct place place;

	(void)snprintf(place.path, sizeof(place.path), "%s/bench-store.%d",
		       dir == NULL ? "." : dir, (int)getpid());
	(void)snprintf(place.plain, sizeof(place.plain), "%s.plain", place.path);
	for (uint64_t i = 0; i < MADE; i++) {
		make_samples(made[i], i);
	}
	bench_coding();
	bench_append(&place);
	bench_open(&place);
	return bench_end();
}
