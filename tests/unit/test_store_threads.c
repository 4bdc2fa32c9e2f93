/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log with its thread, on a real disk: several append at once, one follows,
 * one moves a cursor behind it, while segments end and go.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/store/store.h"

#define WRITERS  3u
#define BATCHES  3000u
#define SAMPLES  32u

struct plant {
	char path[64];
	struct store *store;
	_Atomic uint64_t durable;
};

struct hand {
	struct plant *plant;
	pthread_t thread;
	uint32_t tag;
	uint64_t last;
};

static void on_durable(void *arg, uint64_t lsn)
{
	struct plant *plant = arg;

	plant->durable = lsn;
}

static int on_describe(void *arg, uint32_t tag, struct store_tag *tag_out)
{
	static const char *const names[] = { "a", "b", "c" };

	(void)arg;
	*tag_out = (struct store_tag){
		.device = "pump",
		.device_type = "",
		.name = names[tag % WRITERS],
		.unit = "",
		.type = EW_TYPE_U64,
	};
	return 0;
}

static void open_plant(struct plant *plant)
{
	const struct store_config config = {
		.path = plant->path,
		.bytes = (uint64_t)64 << 20,
		.sync = 1000000,
		.buffer_bytes = (size_t)1 << 18,
	};
	const struct store_listener listener = {
		.durable = on_durable,
		.describe = on_describe,
		.arg = plant,
	};
	struct ew_error err = { 0 };

	assert_int_equal(store_open(&config, &plant->store, &err), 0);
	store_listen(plant->store, &listener);
}

static int setup(void **state)
{
	struct plant *plant = calloc(1, sizeof(*plant));

	(void)snprintf(plant->path, sizeof(plant->path), "/tmp/ew-store.XXXXXX");
	if (mkdtemp(plant->path) == NULL) {
		return -1;
	}
	open_plant(plant);
	*state = plant;
	return 0;
}

static int teardown(void **state)
{
	struct plant *plant = *state;
	char command[96];

	store_close(&plant->store);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", plant->path);
	assert_int_equal(system(command), 0);
	free(plant);
	return 0;
}

static void *append_all(void *arg)
{
	struct hand *hand = arg;
	struct ew_sample samples[SAMPLES];
	struct store_owner *owner = NULL;
	char name[16];

	(void)snprintf(name, sizeof(name), "line%u", hand->tag);
	if (store_owner_find(hand->plant->store, name, &owner) != 0) {
		return NULL;
	}
	for (uint64_t n = 1; n <= BATCHES;) {
		const struct store_batch batch = { .samples = samples, .count = SAMPLES,
						   .number = n, .stamped = 1 };

		for (uint32_t i = 0; i < SAMPLES; i++) {
			samples[i] = ew_sample_u64(hand->tag, 1000 + (ew_time)n, n);
		}
		if (store_append_samples(hand->plant->store, owner, &batch, &hand->last) == 0) {
			n++;
		} else {
			(void)store_sync(hand->plant->store);
		}
	}
	return NULL;
}

/* Follow the log until each owner's last batch has come; each comes once, in order. */
static void follow(struct plant *plant)
{
	uint64_t next[WRITERS] = { 1, 1, 1 };
	struct store_cursor cursor = { 0 };
	struct store_reader *reader;
	const struct store_item *item;
	uint64_t left = (uint64_t)WRITERS * BATCHES;

	assert_int_equal(store_cursor_set(plant->store, "follower", &cursor), 0);
	assert_int_equal(store_reader_open(plant->store, 0, NULL, &reader), 0);
	while (left > 0) {
		uint32_t who;

		if (store_reader_next(reader, UINT64_MAX, &item) != 1) {
			assert_int_equal(store_sync(plant->store), 0);
			continue;
		}
		assert_int_equal(item->kind, STORE_SAMPLES);
		who = (uint32_t)(item->owner[4] - '0');
		assert_true(who < WRITERS);
		assert_int_equal(item->number, next[who]);
		assert_int_equal(item->samples.count, SAMPLES);
		assert_int_equal(item->samples.at[SAMPLES - 1].v.u, item->number);
		next[who]++;
		left--;
		if (left % 100 == 0) {
			cursor.lsn = item->lsn;
			assert_int_equal(store_cursor_set(plant->store, "follower", &cursor), 0);
		}
	}
	store_reader_close(&reader);
}

static void test_many_append_and_one_follows(void **state)
{
	struct plant *plant = *state;
	struct hand hands[WRITERS];

	for (uint32_t i = 0; i < WRITERS; i++) {
		hands[i] = (struct hand){ .plant = plant, .tag = i };
		assert_int_equal(pthread_create(&hands[i].thread, NULL, append_all, &hands[i]), 0);
	}

	follow(plant);

	for (uint32_t i = 0; i < WRITERS; i++) {
		assert_int_equal(pthread_join(hands[i].thread, NULL), 0);
		assert_true(hands[i].last > 0 && hands[i].last <= store_last(plant->store));
	}
	assert_int_equal(store_sync(plant->store), 0);
	assert_int_equal(store_durable(plant->store), store_last(plant->store));
	assert_int_equal(plant->durable, store_last(plant->store));
	assert_int_equal(store_last(plant->store), WRITERS * BATCHES);
}

static void test_second_log_in_the_folder_is_refused(void **state)
{
	struct plant *plant = *state;
	const struct store_config config = { .path = plant->path };
	struct ew_error err = { 0 };
	struct store *second = NULL;

	assert_int_equal(store_open(&config, &second, &err), -EBUSY);

	assert_null(second);
	assert_true(error_is_set(&err));
}

static void test_log_is_on_disk_without_being_asked(void **state)
{
	struct plant *plant = *state;
	struct ew_sample sample = ew_sample_u64(0, 1, 1);
	const struct store_batch batch = { .samples = &sample, .count = 1, .number = 1 };
	struct store_owner *owner;
	uint64_t lsn;

	assert_int_equal(store_owner_find(plant->store, "line0", &owner), 0);
	assert_int_equal(store_append_samples(plant->store, owner, &batch, &lsn), 0);

	/* the test's own deadline bounds this */
	while (store_durable(plant->store) < lsn) {
		(void)sched_yield();
	}

	store_close(&plant->store);
	open_plant(plant);
	assert_int_equal(store_last(plant->store), lsn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_many_append_and_one_follows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_second_log_in_the_folder_is_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_log_is_on_disk_without_being_asked, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
