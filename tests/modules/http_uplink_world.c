/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/modules/http_uplink_world.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PATIENCE  (30 * EW_SECOND)

struct ew_test *test;
struct http_sink *sink;
uint32_t tags[TAGS];
uint64_t numbers[TAGS];

int begin(void **state)
{
	(void)state;
	memset(numbers, 0, sizeof(numbers));
	return ew_test_new(&test);
}

int end(void **state)
{
	(void)state;
	ew_test_free(&test);
	http_sink_stop(&sink);
	return 0;
}

int64_t real_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Let real time and the test's time pass until it is so. */
void wait_for(condition_fn is_so, uint64_t value)
{
	int64_t began = real_now(), last = began, now;

	while (!is_so(value)) {
		(void)poll(NULL, 0, 1);
		now = real_now();
		ew_test_advance(test, now - last);
		last = now;
		if (now - began > PATIENCE) {
			const char *text;

			(void)ew_test_health(test, "up", &text);
			fail_msg("waited in vain; health: %s; %s", text, http_sink_report(sink));
		}
	}
}

bool has_numbered(uint64_t value)
{
	return http_sink_tally(sink).numbered >= value;
}

bool has_requests(uint64_t value)
{
	return http_sink_counts(sink).requests >= value;
}

bool has_sent(uint64_t value)
{
	return ew_test_metric(test, "up", "samples_total") >= (double)value;
}

bool has_buried(uint64_t value)
{
	return ew_test_metric(test, "up", "dead_letters_total") >= (double)value;
}

bool has_health(uint64_t value)
{
	return (uint64_t)ew_test_health(test, "up", NULL) == value;
}

void serve(const struct sink_config *config)
{
	sink = http_sink_start(config);
}

/* The YAML of the instance, the server's port filled in. */
char *yaml(const char *options)
{
	char *text;

	assert_true(asprintf(&text, "url: \"http://127.0.0.1:%u/in\"\nplaintext: yes\n"
			     "%sretry: {min: 20ms, max: 100ms}\n%s", http_sink_port(sink),
			     strstr(options, "batch:") == NULL ? "batch: {delay: 20ms}\n" : "",
			     options) > 0);
	return text;
}

void run(const char *options)
{
	char *text = yaml(options);

	assert_int_equal(ew_test_load(test, &ew_module, "up", text), 0);
	free(text);
	if (ew_test_start(test) != 0) {
		fail_msg("%s", ew_test_error(test));
	}
}

/* Devices d0, d1, ... with a tag `n` each, u64. */
void declare(void)
{
	struct ew_instance *inst = ew_test_begin(test);

	for (uint32_t i = 0; i < TAGS; i++) {
		const struct ew_tag_spec tag = {
			.size = sizeof(tag), .name = "n", .type = EW_TYPE_U64,
		};
		char path[] = {'d', (char)('0' + i), '\0'};
		const struct ew_device_spec device = {.size = sizeof(device), .path = path};
		uint32_t id;

		assert_int_equal(ew_device_declare(inst, &device, &id), 0);
		assert_int_equal(ew_tag_declare(inst, id, &tag, &tags[i]), 0);
	}
	ew_test_end(test);
	ew_test_step(test);
}

/* The next number of every tag, in one batch each time. */
void publish(unsigned batches)
{
	struct ew_sample samples[TAGS];

	for (unsigned b = 0; b < batches; b++) {
		for (uint32_t i = 0; i < TAGS; i++) {
			samples[i] = ew_sample_u64(tags[i], 0, ++numbers[i]);
		}
		assert_int_equal(ew_publish(ew_test_begin(test), samples, TAGS, NULL), 0);
		ew_test_end(test);
		ew_test_step(test);
	}
}

/* A request for each device. */
void run_per_device(const char *options)
{
	char *text;

	assert_true(asprintf(&text, "url: \"http://127.0.0.1:%u/in/{device}\"\nplaintext: yes\n"
			     "batch: {delay: 20ms}\n%s", http_sink_port(sink), options) > 0);
	assert_int_equal(ew_test_load(test, &ew_module, "up", text), 0);
	free(text);
	assert_int_equal(ew_test_start(test), 0);
}

void plan(enum sink_mode mode, int status, unsigned requests)
{
	const struct sink_plan p = {.mode = mode, .status = status, .requests = requests};

	http_sink_plan(sink, &p);
}

/* All that was published has arrived, in order; at most so many twice. */
void assert_whole(uint64_t duplicates)
{
	struct tally_sum sum;

	wait_for(has_numbered, TAGS * numbers[0]);
	wait_for(has_sent, TAGS * numbers[0]);
	sum = http_sink_tally(sink);
	assert_int_equal(sum.numbered, TAGS * numbers[0]);
	assert_int_equal(sum.missing, 0);
	assert_int_equal(sum.reordered, 0);
	assert_int_equal(sum.malformed, 0);
	assert_in_range(sum.duplicates, 0, duplicates);
}
