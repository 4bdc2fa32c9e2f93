/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A receiver that looks at numbered samples (numbers.c): each tag must go up by
 * one. What it saw is a line of a file, written anew ten times a second:
 *
 *   samples=N lost=N again=N told_lost=N declared=N changed=N synced=N highest=N
 *
 *   lost       numbers that were left out, per tag
 *   again      numbers that came before
 *   told_lost  samples that gaps told of
 *   declared   tags; changed: any other word about a device or tag
 */
#include <edgeway/module.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/gate.h"

#define TAGS_MAX  4096u         /* ids that are looked at */
#define HELD_MAX  65536u
#define MARKS_MAX ((size_t)1 << 24)     /* numbers */

struct settings {
	bool hold;
	const char *gate;
	const char *marks;
	const char *trips;
};

static const struct ew_option options[] = {
	EW_OPTION(struct settings, hold, .fallback = "no",
		  .help = "keep every batch for ever"),
	EW_OPTION(struct settings, gate,
		  .help = "file that is told what has arrived; see tests/lib/gate.h"),
	EW_OPTION(struct settings, marks,
		  .help = "file with a byte for each number from 1 on: 1, it has arrived; "
			  "outlives a kill"),
	EW_OPTION(struct settings, trips,
		  .help = "file with the time that each sample of a tag `Mono` took"),
	EW_OPTION_END
};

struct checker {
	struct ew_instance *inst;
	const struct settings *settings;
	struct ew_timer *timer;
	uint64_t last[TAGS_MAX];
	struct gate *gate;              /* NULL: none */
	uint8_t *marks;                 /* MARKS_MAX; NULL: none */
	struct trips *trips;            /* NULL: none */
	uint32_t mono;                  /* the tag; 0: not known */
	const struct ew_batch *held[HELD_MAX];
	size_t held_count;
	uint64_t samples, lost, again, told_lost, declared, changed, synced, highest, refused;
};

static void checker_report(void *arg)
{
	const struct checker *checker = arg;
	char path[4096], fresh[4096 + 8];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/report", ew_state_dir(checker->inst));
	(void)snprintf(fresh, sizeof(fresh), "%s.new", path);
	file = fopen(fresh, "we");
	if (file == NULL) {
		ew_log(checker->inst, EW_LOG_ERROR, "%s cannot be written", fresh);
		return;
	}
	(void)fprintf(file,
		      "samples=%" PRIu64 " lost=%" PRIu64 " again=%" PRIu64 " told_lost=%" PRIu64
		      " declared=%" PRIu64 " changed=%" PRIu64 " synced=%" PRIu64
		      " highest=%" PRIu64 " held=%zu refused=%" PRIu64 "\n",
		      checker->samples, checker->lost, checker->again, checker->told_lost,
		      checker->declared, checker->changed, checker->synced, checker->highest,
		      checker->held_count, checker->refused);
	if (fclose(file) != 0 || rename(fresh, path) < 0) {
		ew_log(checker->inst, EW_LOG_ERROR, "%s cannot be written", path);
	}
}

static void checker_time(struct trips *trips, uint64_t said)
{
	uint64_t count = atomic_load(&trips->count);

	if (count < TRIPS_MAX) {
		trips->took[count] = ew_now() - (int64_t)said;
		atomic_store(&trips->count, count + 1);
	}
}

static void checker_look(struct checker *checker, const struct ew_sample *sample, bool is_value)
{
	/* some far ends know numbers as floats */
	uint64_t number = sample->type == EW_F64 ? (uint64_t)sample->v.f : sample->v.u;
	uint64_t *last;

	if (sample->tag >= TAGS_MAX || (sample->type != EW_U64 && sample->type != EW_F64)) {
		return;
	}
	if (checker->trips != NULL && sample->tag == checker->mono) {
		if (!is_value) {
			checker_time(checker->trips, number);
		}
		return;
	}
	if (checker->marks != NULL && number > 0 && number <= MARKS_MAX) {
		checker->marks[number - 1] = 1;
	}
	last = &checker->last[sample->tag];
	if (is_value && number <= *last) {
		return;                 /* the image's, known already */
	}
	checker->samples++;
	if (*last != 0 && number > *last + 1) {
		ew_log(checker->inst, EW_LOG_ERROR, "tag %u: %" PRIu64 " after %" PRIu64,
		       sample->tag, number, *last);
		checker->lost += number - *last - 1;
	}
	if (number <= *last) {
		checker->again++;
		return;
	}
	*last = number;
	checker->highest = number > checker->highest ? number : checker->highest;
}

static void checker_tell(const struct checker *checker)
{
	struct gate *gate = checker->gate;

	atomic_store(&gate->lost, checker->lost);
	atomic_store(&gate->again, checker->again);
	atomic_store(&gate->samples, checker->samples);
	atomic_store(&gate->seen, checker->highest);
}

static void checker_batch(void *self, const struct ew_batch *batch)
{
	struct checker *checker = self;
	bool is_value = (batch->flags & (EW_BATCH_INITIAL | EW_BATCH_RESYNC)) != 0;

	for (uint32_t i = 0; i < batch->count; i++) {
		checker_look(checker, &batch->samples[i], is_value);
	}
	if (checker->gate != NULL && batch->count > 0) {
		checker_tell(checker);
	}
	if (checker->settings->hold && checker->held_count < HELD_MAX) {
		int error = ew_batch_hold(checker->inst, batch,
					  &checker->held[checker->held_count]);

		checker->held_count += error == 0 ? 1 : 0;
		checker->refused += error == -EAGAIN ? 1 : 0;
	}
}

static void checker_gap(void *self, const struct ew_gap *gap)
{
	((struct checker *)self)->told_lost += gap->samples;
}

static void checker_device(void *self, enum ew_change change, const struct ew_device_info *device)
{
	struct checker *checker = self;

	(void)device;
	checker->changed += change == EW_DECLARED ? 0 : 1;
}

static void checker_tag(void *self, enum ew_change change, const struct ew_tag_info *tag)
{
	struct checker *checker = self;

	if (strcmp(tag->spec.name, "Mono") == 0) {
		checker->mono = tag->id;
	}
	checker->declared += change == EW_DECLARED ? 1 : 0;
	checker->changed += change == EW_DECLARED ? 0 : 1;
}

static void checker_synced(void *self, uint32_t route)
{
	(void)route;
	((struct checker *)self)->synced++;
}

static void checker_stop(void *self)
{
	struct checker *checker = self;

	while (checker->held_count > 0) {
		ew_batch_release(checker->inst, &checker->held[--checker->held_count]);
	}
	checker_report(checker);
	ew_stopped(checker->inst);
}

/* The files that it tells. */
static int checker_map(struct checker *checker)
{
	const struct settings *settings = checker->settings;
	void *at = NULL;
	int error = settings->gate != NULL ? gate_open(settings->gate, &checker->gate) : 0;

	if (error == 0 && settings->marks != NULL) {
		error = gate_map(settings->marks, MARKS_MAX, &at);
		checker->marks = error == 0 ? at : NULL;
	}
	if (error == 0 && settings->trips != NULL) {
		error = gate_map(settings->trips, sizeof(*checker->trips), &at);
		checker->trips = error == 0 ? at : NULL;
	}
	return error;
}

static void checker_close(void *self)
{
	struct checker *checker = self;

	ew_timer_free(&checker->timer);
	gate_close(&checker->gate);
	if (checker->marks != NULL) {
		(void)munmap(checker->marks, MARKS_MAX);
	}
	if (checker->trips != NULL) {
		(void)munmap(checker->trips, sizeof(*checker->trips));
	}
	free(checker);
}

static int checker_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	struct checker *checker = calloc(1, sizeof(*checker));
	int error;

	if (checker == NULL) {
		return -ENOMEM;
	}
	checker->inst = inst;
	checker->settings = settings;
	error = checker_map(checker);
	error = error != 0 ? error : ew_timer_new(inst, "report", checker_report, checker,
						  &checker->timer);
	if (error != 0) {
		checker_close(checker);
		return error;
	}
	*self_out = checker;
	return 0;
}

static int checker_start(void *self)
{
	ew_timer_set(((struct checker *)self)->timer, 0, 100 * EW_MILLISECOND);
	return 0;
}

EW_MODULE(.name = "checker", .version = "1.0", .summary = "looks at numbered samples",
	  .options = options, .settings_size = sizeof(struct settings), .open = checker_open,
	  .start = checker_start, .stop = checker_stop, .close = checker_close,
	  .batch = checker_batch, .gap = checker_gap, .device = checker_device,
	  .tag = checker_tag, .synced = checker_synced);
