/* SPDX-License-Identifier: Apache-2.0 */
/* Observations: see observe.h. */
#include "modules/lwm2m/observe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void observe_init(struct observe *observe, const struct observe_ops *ops,
		  const struct tree *tree)
{
	memset(observe, 0, sizeof(*observe));
	observe->ops = *ops;
	observe->tree = tree;
}

void observe_fini(struct observe *observe)
{
	observe_end_all(observe);
}

static void observe_keep(struct observe_path *at, const struct lwm2m_path *path)
{
	at->path = *path;
	if (path->prefix_size > 0) {
		memcpy(at->prefix, path->prefix, path->prefix_size);
		at->path.prefix = at->prefix;
	}
}

/* FNV-1a: whether two payloads are the same is all that it must tell. */
static uint64_t observe_hash(struct lwm2m_text payload)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < payload.size; i++) {
		hash = (hash ^ (unsigned char)payload.at[i]) * UINT64_C(1099511628211);
	}
	return hash;
}

static struct observation *observe_find(struct observe *observe, uint64_t token)
{
	for (size_t i = 0; i < OBSERVE_MAX; i++) {
		if (observe->list[i].is_used && observe->list[i].token == token) {
			return &observe->list[i];
		}
	}
	return NULL;
}

bool observe_end(struct observe *observe, uint64_t token)
{
	struct observation *observation = observe_find(observe, token);

	if (observation == NULL) {
		return false;
	}
	free(observation->paths);
	memset(observation, 0, sizeof(*observation));
	return true;
}

void observe_end_all(struct observe *observe)
{
	for (size_t i = 0; i < OBSERVE_MAX; i++) {
		free(observe->list[i].paths);
		memset(&observe->list[i], 0, sizeof(observe->list[i]));
	}
}

static double observe_double(const struct lwm2m_value *value)
{
	return value->type == LWM2M_FLOAT ? value->v.f : value->v.b ? 1 : 0;
}

/* Where steps and crossings are counted from. */
static void observe_number(struct lwm2m_notified *notified, const struct lwm2m_value *value)
{
	notified->is_number = true;
	notified->value = observe_double(value);
	notified->seen = notified->value;
}

int observe_begin(struct observe *observe, uint64_t token, const struct lwm2m_path *path,
		  struct lwm2m_text paths, ew_dur now)
{
	struct observation *observation = NULL;
	const struct tree_entry *entry;
	struct lwm2m_value value;

	if (paths.size > OBSERVE_PATHS_MAX) {
		return -EMSGSIZE;
	}
	(void)observe_end(observe, token);      /* the same token again replaces it */
	for (size_t i = 0; i < OBSERVE_MAX && observation == NULL; i++) {
		observation = observe->list[i].is_used ? NULL : &observe->list[i];
	}
	if (observation == NULL) {
		return -ENOSPC;
	}
	if (paths.at != NULL) {
		observation->paths = malloc(paths.size + 1);
		if (observation->paths == NULL) {
			return -ENOMEM;
		}
		memcpy(observation->paths, paths.at, paths.size);
		observation->paths_size = paths.size;
	} else {
		observe_keep(&observation->at, path);
	}
	observation->is_used = true;
	observation->token = token;
	observation->notified.time = now;
	observation->later = INT64_MAX;
	entry = paths.at != NULL ? NULL : tree_find(observe->tree, path);
	if (entry != NULL && observe->tree->ask.value(observe->tree->ask.arg, entry, &value)) {
		observe_number(&observation->notified, &value);
	}
	return 0;
}

void observe_said(struct observe *observe, uint64_t token, struct lwm2m_text payload)
{
	struct observation *observation = observe_find(observe, token);

	if (observation != NULL) {
		observation->said = observe_hash(payload);
	}
}

/* ---- attributes ---- */

int observe_attach(struct observe *observe, const struct lwm2m_path *path,
		   const struct lwm2m_message *message)
{
	struct lwm2m_attributes attributes = {0};
	size_t i = 0;
	int rc;

	while (i < observe->attached_count &&
	       !lwm2m_path_equal(&observe->attached[i].at.path, path)) {
		i++;
	}
	if (i < observe->attached_count) {
		attributes = observe->attached[i].attributes;
	}
	rc = lwm2m_attributes_write(&attributes, message, (enum lwm2m_level)path->depth);
	if (rc != 0) {
		return rc;
	}
	if (i == OBSERVE_MAX) {
		return -ENOSPC;
	}
	if (i == observe->attached_count) {
		observe->attached_count++;
		observe_keep(&observe->attached[i].at, path);
	}
	observe->attached[i].attributes = attributes;
	return 0;
}

const struct lwm2m_attributes *observe_attached(const struct observe *observe,
						const struct lwm2m_path *path)
{
	for (size_t i = 0; i < observe->attached_count; i++) {
		if (lwm2m_path_equal(&observe->attached[i].at.path, path)) {
			return &observe->attached[i].attributes;
		}
	}
	return NULL;
}

/* What counts for an observation: of its path, then of what is above. */
static struct lwm2m_attributes observe_attributes(const struct observe *observe,
						  const struct observation *observation)
{
	struct lwm2m_attributes all = {0};
	struct lwm2m_path path = observation->at.path;

	while (observation->paths == NULL && path.depth > 0) {
		const struct lwm2m_attributes *here = observe_attached(observe, &path);

		if (here != NULL) {
			lwm2m_attributes_inherit(&all, here);
		}
		path.depth--;
	}
	return all;
}

/* ---- changes ---- */

static bool observe_covers(const struct observation *observation, const struct lwm2m_path *path)
{
	const struct lwm2m_source source = {
		.bytes = observation->paths, .size = observation->paths_size,
	};
	struct lwm2m_decoder decoder;
	struct lwm2m_record record;
	int rc;

	if (observation->paths == NULL) {
		return lwm2m_path_is_below(path, &observation->at.path);
	}
	rc = lwm2m_decoder_begin(&decoder, LWM2M_CONTENT_ETCH_CBOR, &source);
	while (rc >= 0 && (rc = lwm2m_decoder_next(&decoder, &record)) > 0) {
		if (lwm2m_path_is_below(path, &record.path)) {
			return true;
		}
	}
	return false;
}

static void observe_change(struct observe *observe, struct observation *observation,
			   const struct lwm2m_value *value, ew_dur now)
{
	struct lwm2m_attributes attributes = observe_attributes(observe, observation);
	struct lwm2m_notified *notified = &observation->notified;
	bool single = observation->paths == NULL && observation->at.path.depth >= LWM2M_RESOURCE;
	int64_t at;

	if (single && !notified->is_number) {   /* it had no value before */
		observe_number(notified, value);
		observation->due = true;
		return;
	}
	switch (lwm2m_attributes_judge(&attributes, notified, observe_double(value), now, &at)) {
	case LWM2M_NOT_NOW:
		break;
	case LWM2M_SAY:
		observation->due = true;
		break;
	case LWM2M_SAY_LATER:
		observation->later = at;
		break;
	}
}

void observe_samples(struct observe *observe, const struct ew_batch *batch, ew_dur now)
{
	for (size_t i = 0; i < OBSERVE_MAX; i++) {
		if (!observe->list[i].is_used) {
			continue;
		}
		for (uint32_t j = 0; j < batch->count; j++) {
			const struct ew_sample *sample = &batch->samples[j];
			const struct tree_entry *entry = tree_entry_of(observe->tree, sample->tag);
			struct lwm2m_value value;
			struct lwm2m_path path;

			/* an old value is no change of what is */
			if (entry == NULL || (sample->flags & EW_HISTORICAL) != 0 ||
			    !ipso_from_sample(&entry->place, sample, &value)) {
				continue;
			}
			path = tree_path(entry);
			if (observe_covers(&observe->list[i], &path)) {
				observe_change(observe, &observe->list[i], &value, now);
			}
		}
	}
}

void observe_touch(struct observe *observe, const struct lwm2m_path *path)
{
	for (size_t i = 0; i < OBSERVE_MAX; i++) {
		struct observation *observation = &observe->list[i];

		if (observation->is_used &&
		    (observation->paths != NULL ||
		     lwm2m_path_is_below(&observation->at.path, path) ||
		     lwm2m_path_is_below(path, &observation->at.path))) {
			observation->due = true;        /* the same again is not sent */
		}
	}
}

static void observe_notify(struct observe *observe, struct observation *observation, bool forced,
			   ew_dur now)
{
	const struct lwm2m_text paths = {
		(const char *)observation->paths, observation->paths_size,
	};
	struct lwm2m_text payload;
	unsigned content;
	uint64_t hash;

	if (observe->ops.content(observe->ops.arg, &observation->at.path, paths, &payload,
				 &content) != 0) {
		observation->due = false;       /* what was observed is gone, for now */
		observation->later = INT64_MAX;
		observation->notified.time = now;
		return;
	}
	hash = observe_hash(payload);
	if ((forced || hash != observation->said) &&
	    observe->ops.notify(observe->ops.arg, observation->token, content, payload) != 0) {
		return;                         /* it stays due */
	}
	if (forced || hash != observation->said) {
		observation->notified.time = now;
		observation->notified.value = observation->notified.seen;
	}
	observation->said = hash;
	observation->due = false;
	observation->later = INT64_MAX;
}

void observe_work(struct observe *observe, ew_dur now)
{
	for (size_t i = 0; i < OBSERVE_MAX; i++) {
		struct observation *observation = &observe->list[i];
		struct lwm2m_attributes attributes;
		bool forced;

		if (!observation->is_used) {
			continue;
		}
		attributes = observe_attributes(observe, observation);
		forced = now >= lwm2m_attributes_due(&attributes, &observation->notified);
		if (forced || observation->due || now >= observation->later) {
			observe_notify(observe, observation, forced, now);
		}
	}
}

ew_dur observe_due(const struct observe *observe)
{
	ew_dur due = INT64_MAX;

	for (size_t i = 0; i < OBSERVE_MAX; i++) {
		const struct observation *observation = &observe->list[i];
		struct lwm2m_attributes attributes;
		ew_dur at;

		if (!observation->is_used) {
			continue;
		}
		attributes = observe_attributes(observe, observation);
		at = lwm2m_attributes_due(&attributes, &observation->notified);
		at = observation->later < at ? observation->later : at;
		due = at < due ? at : due;
	}
	return due;
}
