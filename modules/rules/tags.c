/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other instances' tags: what is wanted of the bus, and which tag is which of
 * our inputs and outputs. Tags come and go; what is not there is bad.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/rules/rules.h"

#define WANT_SINGLY_MAX  64     /* more tags than this are wanted by their devices */

static int tags_add(struct rules *rules, const char *tag, enum use_kind kind, uint32_t index)
{
	uint32_t other = 0, place = rules->use_count++;

	rules->uses[place] = (struct use){ kind, index, 0 };
	if (names_add(&rules->tags, tag, place, &other) == -EEXIST) {
		rules->uses[place].next = rules->uses[other].next;
		rules->uses[other].next = place + 1;
	}
	return 0;
}

int tags_make(struct rules *rules)
{
	const struct rules_settings *settings = rules->settings;
	size_t room = settings->input_count + 2 * (size_t)rules->model->output_count +
		      rules->own_count;

	rules->uses = calloc(room + 1, sizeof(*rules->uses));
	if (rules->uses == NULL || names_init(&rules->tags, room) != 0) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < settings->input_count; i++) {
		(void)tags_add(rules, ew_node_text(settings->inputs[i].tag), USE_INPUT, i);
	}
	for (uint32_t i = 0; i < rules->model->output_count; i++) {
		const struct model_output *output = &rules->model->outputs[i];

		(void)tags_add(rules, output->tag, USE_OUTPUT, i);
		if (output->heartbeat != NULL) {
			(void)tags_add(rules, output->heartbeat, USE_HEARTBEAT, i);
		}
	}
	return 0;
}

/* The device of `device:tag`, once each: so many patterns would cost more than samples. */
static int tags_want_devices(struct rules *rules, const struct ew_want *want,
			     const char *const *tags, size_t count)
{
	char pattern[EW_PATH_MAX + 1];
	struct names seen;
	char **devices = calloc(count + 1, sizeof(*devices));
	int error = devices == NULL ? -ENOMEM : names_init(&seen, count);
	uint32_t used = 0, other;

	if (error != 0) {
		free(devices);
		return error;
	}
	for (size_t i = 0; error == 0 && i < count; i++) {
		size_t size = strcspn(tags[i], ":");

		(void)snprintf(pattern, sizeof(pattern), "%.*s", (int)size, tags[i]);
		if (names_find(&seen, pattern, strlen(pattern)) != NAMES_NONE) {
			continue;
		}
		devices[used] = strdup(pattern);
		error = devices[used] == NULL ? -ENOMEM
			: names_add(&seen, devices[used], used, &other);
		if (error == 0) {
			error = ew_want(rules->inst, devices[used++], want);
		}
	}
	for (uint32_t i = 0; i < used; i++) {
		free(devices[i]);
	}
	free(devices);
	names_fini(&seen);
	return error;
}

int tags_want(struct rules *rules)
{
	const struct rules_settings *settings = rules->settings;
	const struct model *model = rules->model;
	const struct ew_want want = { .size = sizeof(want) };
	size_t count = 0;
	const char **tags = calloc(settings->input_count + 2 * (size_t)model->output_count + 1,
				   sizeof(*tags));
	int error = 0;

	if (tags == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < settings->input_count; i++) {
		tags[count++] = ew_node_text(settings->inputs[i].tag);
	}
	for (size_t i = 0; i < model->output_count; i++) {
		tags[count++] = model->outputs[i].tag;
		if (model->outputs[i].heartbeat != NULL) {
			tags[count++] = model->outputs[i].heartbeat;
		}
	}
	if (count > WANT_SINGLY_MAX) {
		error = tags_want_devices(rules, &want, tags, count);
	}
	for (size_t i = 0; count <= WANT_SINGLY_MAX && error == 0 && i < count; i++) {
		error = ew_want(rules->inst, tags[i], &want);
	}
	free(tags);
	return error;
}

uint32_t tags_use(const struct rules *rules, uint32_t tag)
{
	return tag < rules->tag_room ? rules->first_use[tag] : 0;
}

/* Remember the first use of a tag's id, from 1. */
static int tags_note(struct rules *rules, uint32_t tag, uint32_t use)
{
	if (tag >= rules->tag_room) {
		uint32_t room = tag + tag / 2 + 64;
		uint32_t *grown = realloc(rules->first_use, room * sizeof(*grown));

		if (grown == NULL) {
			return -ENOMEM;
		}
		memset(grown + rules->tag_room, 0, (room - rules->tag_room) * sizeof(*grown));
		rules->first_use = grown;
		rules->tag_room = room;
	}
	rules->first_use[tag] = use;
	return 0;
}

int tags_own(struct rules *rules, uint32_t tag, uint32_t own)
{
	uint32_t place = rules->use_count++;

	rules->uses[place] = (struct use){ USE_OWN, own, 0 };
	return tags_note(rules, tag, place + 1);
}

static bool tags_is_number(enum ew_carrier carrier)
{
	return carrier == EW_I64 || carrier == EW_U64 || carrier == EW_F64;
}

/* Why a tag is not what an input wants; NULL: it is. */
static const char *tags_fault(const struct rules *rules, uint32_t input,
			      const struct ew_tag_info *info)
{
	const struct input_settings *settings = &rules->settings->inputs[input];
	const struct lang_symbol *symbol = &rules->model->symbols[input];
	struct unit unit;

	if (!tags_is_number(info->carrier) && info->carrier != EW_BOOL) {
		return "is neither a number nor yes or no";
	}
	if (symbol->type == LANG_BOOL && info->carrier != EW_BOOL) {
		return "is a number, and is used as yes or no";
	}
	if (symbol->type == LANG_NUMBER && info->carrier == EW_BOOL) {
		return "is yes or no, and is used as a number";
	}
	if (settings->unit == NULL || info->spec.unit == NULL) {
		return NULL;
	}
	if (strcmp(settings->unit, info->spec.unit) == 0) {
		return NULL;
	}
	if (unit_parse(info->spec.unit, strlen(info->spec.unit), &unit) != 0 ||
	    !unit_is_same(&unit, &symbol->unit)) {
		return "has another unit";
	}
	return NULL;
}

/* A number's value; NaN and text have none. */
struct lang_value tags_value(const struct ew_sample *sample)
{
	struct lang_value value = { 0.0, sample->quality };

	switch ((enum ew_carrier)sample->type) {
	case EW_BOOL:
		value.x = sample->v.b ? 1.0 : 0.0;
		break;
	case EW_I64:
		value.x = (double)sample->v.i;
		break;
	case EW_U64:
		value.x = (double)sample->v.u;
		break;
	case EW_F64:
		value.x = sample->v.f;
		break;
	case EW_NONE:
		return EW_QUALITY_CLASS(sample->quality) == EW_BAD
			? (struct lang_value){ NAN, sample->quality }
			: lang_bad(EW_REASON_NO_VALUE);
	case EW_TEXT:
	case EW_BYTES:
		return lang_bad(EW_REASON_NOT_CONFIGURED);
	}
	if (EW_QUALITY_CLASS(value.quality) == EW_BAD) {
		value.x = NAN;
	} else if (!isfinite(value.x)) {
		return lang_bad(EW_REASON_OUT_OF_RANGE);
	}
	return value;
}

/* What a device that is not up said last is not what is. */
static enum ew_reason tags_down(const struct ew_device_info *device)
{
	if (device == NULL || device->state == EW_DEVICE_DOWN) {
		return EW_REASON_DEVICE_DOWN;
	}
	return device->state == EW_DEVICE_STALE ? EW_REASON_STALE : EW_REASON_NONE;
}

static void tags_take_input(struct rules *rules, uint32_t index, const struct ew_tag_info *info)
{
	struct input *input = &rules->inputs[index];

	input->tag = info->id;
	input->device = info->device;
	input->fault = tags_fault(rules, index, info);
	input->down = tags_down(ew_device(rules->inst, info->device));
	if (rules->settings->inputs[index].stale == 0) {
		rules->engine.stale[index] = info->spec.max_age;
	}
	if (input->fault != NULL) {
		engine_spoil(&rules->engine, index, EW_REASON_NOT_CONFIGURED);
	}
}

static void tags_take(struct rules *rules, const struct use *use, const struct ew_tag_info *info)
{
	switch (use->kind) {
	case USE_INPUT:
		tags_take_input(rules, use->index, info);
		break;
	case USE_OUTPUT:
		rules->outputs[use->index].tag = info->id;
		rules->outputs[use->index].carrier = info->carrier;
		act_mark(rules, use->index);
		break;
	case USE_HEARTBEAT:
		rules->outputs[use->index].heartbeat = info->id;
		rules->outputs[use->index].heartbeat_carrier = info->carrier;
		break;
	case USE_OWN:
		break;
	}
}

static void tags_lose(struct rules *rules, const struct use *use)
{
	switch (use->kind) {
	case USE_INPUT:
		rules->inputs[use->index].tag = EW_NO_ID;
		engine_spoil(&rules->engine, use->index, EW_REASON_NOT_CONFIGURED);
		break;
	case USE_OUTPUT:
		rules->outputs[use->index].tag = EW_NO_ID;
		rules->outputs[use->index].is_holding = false;
		rules->outputs[use->index].is_greeted = false;
		break;
	case USE_HEARTBEAT:
		rules->outputs[use->index].heartbeat = EW_NO_ID;
		break;
	case USE_OWN:
		break;
	}
}

void tags_on_tag(void *self, enum ew_change change, const struct ew_tag_info *info)
{
	struct rules *rules = self;
	const struct ew_device_info *device = ew_device(rules->inst, info->device);
	char name[EW_PATH_MAX + EW_NAME_MAX + 2];
	uint32_t place;

	if (device == NULL) {
		return;
	}
	(void)snprintf(name, sizeof(name), "%s:%s", device->spec.path, info->spec.name);
	place = names_find(&rules->tags, name, strlen(name));
	if (place == NAMES_NONE || tags_note(rules, info->id, place + 1) != 0) {
		return;
	}
	for (uint32_t at = place + 1; at != 0; at = rules->uses[at - 1].next) {
		if (change == EW_REMOVED) {
			tags_lose(rules, &rules->uses[at - 1]);
		} else {
			tags_take(rules, &rules->uses[at - 1], info);
		}
	}
	rules_settle(rules, ew_now());
	rules_soon_health(rules);
}

/* A device that is up again may say again what it said last. */
void tags_on_device(void *self, enum ew_change change, const struct ew_device_info *info)
{
	struct rules *rules = self;
	ew_dur now = ew_now();

	if (change != EW_STATE_CHANGED) {
		return;
	}
	for (uint32_t i = 0; i < rules->settings->input_count; i++) {
		struct input *input = &rules->inputs[i];
		struct ew_sample sample;

		if (input->tag == EW_NO_ID || input->device != info->id || input->fault != NULL) {
			continue;
		}
		input->down = tags_down(info);
		if (input->down != EW_REASON_NONE) {
			engine_spoil(&rules->engine, i, input->down);
		} else if (ew_view(rules->inst, input->tag, &sample) == 0) {
			engine_put(&rules->engine, i, tags_value(&sample), now);
		}
	}
	rules_settle(rules, now);
}
