/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source of numbered samples, for proofs that nothing is lost: every batch
 * has one number, and each of its tags has it as its value. What was told to
 * be durable is kept in a mapped file that outlives a kill; a later run
 * begins behind it, so what a kill may cost is said again.
 *
 * The receiver has all when each tag went up by one, with repeats only back
 * to what was durable.
 */
#include <edgeway/module.h>

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/lib/gate.h"

#define TAGS_MAX  256
#define OPEN_MAX  65536u        /* numbers that are not durable yet */

struct settings {
	int64_t tags;
	ew_dur every;
	int64_t burst;          /* numbers a tick */
	int64_t limit;          /* last number; 0: none */
	bool repeat;
	bool mono;
	const char *gate;
};

static const struct ew_option options[] = {
	EW_OPTION(struct settings, tags, .fallback = "4", .min = "1", .max = "256",
		  .help = "tags of its device"),
	EW_DURATION_OPTION(struct settings, every, .fallback = "10ms", .min = "100us",
			   .help = "pause between two ticks"),
	EW_OPTION(struct settings, burst, .fallback = "1", .min = "1", .max = "1000",
		  .help = "numbers in each tick"),
	EW_OPTION(struct settings, limit, .fallback = "0", .min = "0",
		  .help = "the last number; 0: it does not end"),
	EW_OPTION(struct settings, repeat, .fallback = "no",
		  .help = "keep its place, and say again what was not durable"),
	EW_OPTION(struct settings, mono, .fallback = "no",
		  .help = "one more tag, `Mono`: the monotonic time of the number"),
	EW_OPTION(struct settings, gate,
		  .help = "file that says how far it may go; see tests/lib/gate.h"),
	EW_OPTION_END
};

/* The file. Words are written whole; a kill leaves the last ones. */
struct place {
	_Atomic uint64_t published;
	_Atomic uint64_t durable;
	_Atomic uint64_t runs;
};

struct numbers {
	struct ew_instance *inst;
	const struct settings *settings;
	struct ew_timer *timer;
	struct place *place;
	struct place own;               /* without `repeat` */
	struct gate *gate;              /* NULL: none */
	uint32_t tags[TAGS_MAX + 1];
	uint64_t next;
	uint64_t first_batch;           /* batch number of first_number; 0: none yet */
	uint64_t first_number;
	bool is_full;
};

enum { METRIC_PUBLISHED, METRIC_WAITS, METRIC_COUNT };

static const struct ew_metric metrics[METRIC_COUNT] = {
	[METRIC_PUBLISHED] = { .name = "published_total", .kind = EW_COUNTER,
			       .help = "numbers" },
	[METRIC_WAITS] = { .name = "waits_total", .kind = EW_COUNTER,
			   .help = "a route had no room" },
};

static int numbers_map(struct numbers *numbers)
{
	char path[4096];
	int fd;

	numbers->place = &numbers->own;
	if (!numbers->settings->repeat) {
		return 0;
	}
	(void)snprintf(path, sizeof(path), "%s/place", ew_state_dir(numbers->inst));
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		return -errno;
	}
	if (ftruncate(fd, sizeof(struct place)) < 0) {
		(void)close(fd);
		return -errno;
	}
	numbers->place = mmap(NULL, sizeof(struct place), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			      0);
	(void)close(fd);
	return numbers->place == MAP_FAILED ? -errno : 0;
}

/* Samples of a batch. */
static int64_t numbers_width(const struct numbers *numbers)
{
	return numbers->settings->tags + (numbers->settings->mono ? 1 : 0);
}

static int numbers_declare(struct numbers *numbers)
{
	const struct ew_device_spec device = { .size = sizeof(device),
					       .path = ew_name(numbers->inst) };
	uint32_t id;
	int error = ew_device_declare(numbers->inst, &device, &id);

	for (int64_t i = 0; error == 0 && i < numbers_width(numbers); i++) {
		char name[24];
		const struct ew_tag_spec tag = { .size = sizeof(tag), .name = name,
						 .type = EW_TYPE_U64 };

		if (i < numbers->settings->tags) {
			(void)snprintf(name, sizeof(name), "N%lld", (long long)i);
		} else {
			(void)snprintf(name, sizeof(name), "Mono");
		}
		error = ew_tag_declare(numbers->inst, id, &tag, &numbers->tags[i]);
	}
	return error == 0 ? ew_device_state(numbers->inst, id, EW_DEVICE_UP, NULL) : error;
}

static bool numbers_is_held(const struct numbers *numbers)
{
	const struct gate *gate = numbers->gate;
	uint64_t ahead = gate != NULL ? atomic_load(&gate->ahead) : 0;

	return gate != NULL &&
	       (numbers->next > atomic_load(&gate->allowed) ||
		(ahead != 0 && numbers->next > atomic_load(&gate->seen) + ahead));
}

/* Publish the next number; false: no room, or all is said. */
static bool numbers_say(struct numbers *numbers)
{
	struct ew_sample samples[TAGS_MAX + 1];
	int64_t limit = numbers->settings->limit;
	uint64_t batch;
	int error;

	if ((limit > 0 && numbers->next > (uint64_t)limit) || numbers_is_held(numbers) ||
	    (numbers->settings->repeat &&
	     numbers->next - atomic_load(&numbers->place->durable) > OPEN_MAX)) {
		return false;
	}
	for (int64_t i = 0; i < numbers->settings->tags; i++) {
		samples[i] = ew_sample_u64(numbers->tags[i], 0, numbers->next);
	}
	samples[numbers->settings->tags] = ew_sample_u64(
		numbers->tags[numbers->settings->tags], 0, (uint64_t)ew_now());
	error = ew_publish(numbers->inst, samples, (size_t)numbers_width(numbers), &batch);
	if (error != 0) {
		if (error != -EAGAIN) {
			ew_log(numbers->inst, EW_LOG_ERROR, "publish: error %d", error);
		}
		numbers->is_full = error == -EAGAIN;
		ew_metric_add(numbers->inst, METRIC_WAITS, 1);
		return false;
	}
	if (numbers->first_batch == 0) {
		numbers->first_batch = batch;
		numbers->first_number = numbers->next;
	}
	/* batches have no other numbers: it says nothing else */
	if (batch - numbers->first_batch != numbers->next - numbers->first_number) {
		ew_log(numbers->inst, EW_LOG_ERROR, "batch numbers have a hole");
	}
	atomic_store(&numbers->place->published, numbers->next);
	ew_metric_add(numbers->inst, METRIC_PUBLISHED, 1);
	numbers->next++;
	return true;
}

static void numbers_tick(void *arg)
{
	struct numbers *numbers = arg;

	for (int64_t i = 0; i < numbers->settings->burst && !numbers->is_full; i++) {
		if (!numbers_say(numbers)) {
			return;
		}
	}
}

static void numbers_room(void *self)
{
	((struct numbers *)self)->is_full = false;
}

static void numbers_durable(void *self, uint64_t batch)
{
	struct numbers *numbers = self;

	if (numbers->first_batch != 0 && batch >= numbers->first_batch) {
		atomic_store(&numbers->place->durable,
			     numbers->first_number + (batch - numbers->first_batch));
	}
}

static void numbers_close(void *self)
{
	struct numbers *numbers = self;

	ew_timer_free(&numbers->timer);
	gate_close(&numbers->gate);
	if (numbers->place != &numbers->own && numbers->place != MAP_FAILED) {
		(void)munmap(numbers->place, sizeof(*numbers->place));
	}
	free(numbers);
}

static int numbers_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	struct numbers *numbers = calloc(1, sizeof(*numbers));
	int error;

	if (numbers == NULL) {
		return -ENOMEM;
	}
	numbers->inst = inst;
	numbers->settings = settings;
	error = numbers_map(numbers);
	if (error == 0 && numbers->settings->gate != NULL) {
		error = gate_open(numbers->settings->gate, &numbers->gate);
	}
	error = error != 0 ? error : numbers_declare(numbers);
	error = error != 0 ? error : ew_timer_new(inst, "tick", numbers_tick, numbers,
						  &numbers->timer);
	if (error != 0) {
		numbers_close(numbers);
		return error;
	}
	numbers->next = atomic_load(&numbers->place->durable) + 1;
	(void)atomic_fetch_add(&numbers->place->runs, 1);
	*self_out = numbers;
	return 0;
}

static int numbers_start(void *self)
{
	struct numbers *numbers = self;

	ew_timer_set(numbers->timer, numbers->settings->every, numbers->settings->every);
	return 0;
}

EW_MODULE(.name = "numbers", .version = "1.0", .summary = "a source of numbered samples",
	  .flags = EW_CAN_WAIT, .options = options, .settings_size = sizeof(struct settings),
	  .metric_count = METRIC_COUNT, .metrics = metrics, .open = numbers_open,
	  .start = numbers_start, .close = numbers_close, .room = numbers_room,
	  .durable = numbers_durable);
