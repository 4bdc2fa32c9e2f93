/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libedgeway-test: the instance that the test speaks for. A module like any
 * other, which keeps what it receives.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "tests/lib/kit.h"

#define TOKEN_OF_WRITE  0xe3d97e57ull   /* a write of ew_test_write() */

static const char *copy(struct ew_test *test, const char *text)
{
	return text == NULL ? NULL : arena_text(&test->records.arena, text, strlen(text));
}

void kit_records_clear(struct ew_test *test)
{
	arena_fini(&test->records.arena);
	arena_init(&test->records.arena, KIT_ARENA_MAX);
	test->records.count = 0;
}

static struct ew_test_record *add_record(struct ew_test *test, enum ew_test_kind kind)
{
	struct kit_records *records = &test->records;

	if (records->count == records->room) {
		size_t room = records->room == 0 ? 256 : records->room * 2;
		struct ew_test_record *at = NULL;

		if (room <= KIT_RECORDS_MAX * 2) {
			at = realloc(records->at, room * sizeof(*at));
		}
		if (at == NULL) {
			kit_abort(__func__, "too much was received: call ew_test_forget()");
		}
		records->at = at;
		records->room = room;
	}
	records->at[records->count] = (struct ew_test_record){ .kind = kind, .name = "" };
	return &records->at[records->count++];
}

static const char *name_of_tag(struct ew_test *test, const struct ew_tag_info *tag)
{
	const struct ew_device_info *device = NULL;

	if (tag != NULL) {
		device = endpoint_device(instance_endpoint(test->own), tag->device);
	}
	return arena_printf(&test->records.arena, "%s:%s",
			    device != NULL ? device->spec.path : "?",
			    tag != NULL ? tag->spec.name : "?");
}

static int own_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	(void)settings;
	kit_running->own = inst;
	*self_out = kit_running;
	return 0;
}

static void own_close(void *self)
{
	(void)self;
}

static void own_device(void *self, enum ew_change change, const struct ew_device_info *device)
{
	struct ew_test *test = self;
	struct ew_test_record *record = add_record(test, EW_TEST_DEVICE);

	record->name = copy(test, device->spec.path);
	record->change = change;
	record->state = device->state;
}

static void own_tag(void *self, enum ew_change change, const struct ew_tag_info *tag)
{
	struct ew_test *test = self;
	struct ew_test_record *record = add_record(test, EW_TEST_TAG);

	record->name = name_of_tag(test, tag);
	record->change = change;
}

static void own_batch(void *self, const struct ew_batch *batch)
{
	struct ew_test *test = self;

	for (uint32_t i = 0; i < batch->count; i++) {
		struct ew_test_record *record = add_record(test, EW_TEST_SAMPLE);
		struct ew_sample *sample = &record->sample;

		*sample = batch->samples[i];
		record->route = batch->route;
		record->batch_flags = batch->flags;
		record->name = name_of_tag(test, endpoint_tag(instance_endpoint(test->own),
							      sample->tag));
		if (ew_sample_has_bytes(sample)) {
			sample->v.x.at = arena_text(&test->records.arena, sample->v.x.at,
						    sample->v.x.size);
		}
	}
}

static void own_event(void *self, const struct ew_event *event)
{
	struct ew_test *test = self;
	struct ew_test_record *record = add_record(test, EW_TEST_EVENT);

	record->event = *event;
	record->event.kind = copy(test, event->kind);
	record->event.key = copy(test, event->key);
	record->event.body = copy(test, event->body);
	record->name = record->event.kind;
}

static void own_gap(void *self, const struct ew_gap *gap)
{
	struct ew_test_record *record = add_record(self, EW_TEST_GAP);

	record->gap = *gap;
	record->route = gap->route;
}

static void own_synced(void *self, uint32_t route)
{
	add_record(self, EW_TEST_SYNCED)->route = route;
}

static void own_room(void *self)
{
	(void)self;
}

static void own_write(void *self, struct ew_write *write)
{
	struct ew_test *test = self;

	/* too late is told by core */
	if (test->own_answer == 0) {
		(void)ew_write_done(test->own, &write, NULL);
	} else {
		(void)ew_write_refuse(test->own, &write, test->own_answer);
	}
}

static void own_answered(void *self, const struct ew_write_answer *answer)
{
	struct ew_test *test = self;
	struct ew_test_record *record;
	struct ew_write_status *status;

	if (answer->token == test->waited_token && test->waited_token != 0) {
		test->was_answered = true;
		test->waited_error = answer->status[0].error;
		return;
	}
	record = add_record(test, EW_TEST_ANSWER);
	status = arena_array(&test->records.arena, answer->count, sizeof(*status));
	if (status != NULL) {
		memcpy(status, answer->status, answer->count * sizeof(*status));
	}
	record->answer = *answer;
	record->answer.status = status;
	record->answer.text = copy(test, answer->text);
}

const struct ew_module kit_own_module = {
	.magic = EW_MODULE_MAGIC,
	.abi_major = EW_ABI_MAJOR,
	.abi_minor = EW_ABI_MINOR,
	.size = sizeof(struct ew_module),
	.option_size = sizeof(struct ew_option),
	.metric_size = sizeof(struct ew_metric),
	.flags = EW_CAN_WAIT,
	.name = "test",
	.version = "1.0",
	.summary = "the test itself",
	.open = own_open,
	.close = own_close,
	.device = own_device,
	.tag = own_tag,
	.batch = own_batch,
	.event = own_event,
	.gap = own_gap,
	.synced = own_synced,
	.room = own_room,
	.write = own_write,
	.answered = own_answered,
};

struct ew_instance *ew_test_begin(struct ew_test *test)
{
	if (instance_current() != NULL) {
		kit_abort(__func__, "the test speaks already, or a callback runs");
	}
	instance_enter(test->own, test->own_callback);
	return test->own;
}

void ew_test_end(struct ew_test *test)
{
	if (instance_current() != test->own) {
		kit_abort(__func__, "without ew_test_begin()");
	}
	instance_leave(test->own);
}

void ew_test_answer(struct ew_test *test, int error)
{
	test->own_answer = error;
}

static bool was_answered(void *arg)
{
	const struct ew_test *test = arg;

	return test->was_answered;
}

int ew_test_write(struct ew_test *test, const char *tag, struct ew_sample value)
{
	struct ew_write_request request = {
		.size = sizeof(request),
		.op = value.type == EW_NONE ? EW_WRITE_EXECUTE : EW_WRITE_SET,
		.items = &value,
		.count = 1,
		.priority = EW_PRIORITY_OPERATOR,
		.timeout = 5 * EW_SECOND,
		.token = TOKEN_OF_WRITE,
	};
	int error;

	value.tag = ew_test_tag(test, tag);
	test->waited_token = request.token;
	test->was_answered = false;
	error = endpoint_write_as(instance_endpoint(test->own), NULL, &request);
	if (error == 0) {
		(void)stepped_run_until(&test->stepped, clock_mono() + 6 * EW_SECOND, was_answered,
					test);
		error = test->was_answered ? test->waited_error : -ETIMEDOUT;
	}
	test->waited_token = 0;
	return error;
}
