/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appending samples: what they take at most is known before the lock is taken,
 * their tags are in the open segment's dictionary before the first of them.
 */
#include <errno.h>

#include "core/store/inside.h"
#include "core/store/samples.h"

#define PART_BYTES     ((size_t)256 << 10)      /* of samples in one record, about */
#define TAG_BYTES_MAX  8192u                    /* of a dictionary entry */

/* A tag that the open segment does not know yet. */
static int append_tag(struct store *store, uint32_t tag, uint32_t *id_out)
{
	struct store_tag described = { 0 };
	unsigned char *at;
	int error = -ENOENT;

	if (store->listener.describe != NULL) {
		error = store->listener.describe(store->listener.arg, tag, &described);
	}
	if (error == 0 && record_tag_bound(&described) > TAG_BYTES_MAX) {
		error = -EMSGSIZE;
	}
	if (error == 0 && tail_room(&store->tail) < record_tag_bound(&described)) {
		error = -EAGAIN;
	}
	if (error == 0) {
		error = dictionary_add(&store->dictionary, tag, id_out);
	}
	if (error != 0) {
		return error;
	}
	at = tail_at(&store->tail, store->tail.head);
	append_commit(store, at + record_frame(at, RECORD_TAG, store->open->index.last,
					       record_tag_put(at + RECORD_HEADER_BYTES, *id_out,
							      &described)));
	return 0;
}

/* Make sure that the open segment's dictionary has all tags; their numbers to ids. */
static int append_tags(struct store *store, const struct store_batch *batch, uint32_t *ids_out)
{
	/* a copy: writing ids would make the loop read it anew */
	struct dictionary known = store->dictionary;
	int error = 0;

	for (uint32_t i = 0; i < batch->count && error == 0; i++) {
		if (!dictionary_find(&known, batch->samples[i].tag, &ids_out[i])) {
			error = append_tag(store, batch->samples[i].tag, &ids_out[i]);
			known = store->dictionary;
		}
	}
	return error;
}

/* What one look at a batch, without the lock, tells. */
struct append_size {
	size_t bytes;                   /* of the samples, at most */
	size_t bound;                   /* of all their records */
	ew_time earliest, latest;
	bool is_run;
};

/* Their times, and the bytes of their texts. */
static int append_look(const struct store_batch *batch, struct append_size *size)
{
	bool has_texts = false;

	for (uint32_t i = 0; i < batch->count; i++) {
		const struct ew_sample *sample = &batch->samples[i];

		size->earliest = sample->time < size->earliest ? sample->time : size->earliest;
		size->latest = sample->time > size->latest ? sample->time : size->latest;
		has_texts |= ew_sample_has_bytes(sample);
	}
	for (uint32_t i = 0; has_texts && i < batch->count; i++) {
		const struct ew_sample *sample = &batch->samples[i];
		size_t bytes = ew_sample_has_bytes(sample) ? sample->v.x.size : 0;

		if (bytes > STORE_TEXT_MAX) {
			return -EMSGSIZE;
		}
		size->bytes += bytes;
	}
	return 0;
}

static int append_measure(const struct store *store, const struct store_batch *batch,
			  struct append_size *size_out)
{
	struct append_size size = {
		.bytes = batch->count * (size_t)SAMPLES_ONE_MAX,
		.earliest = batch->samples[0].time,
		.latest = batch->samples[0].time,
		.is_run = samples_are_run(batch->samples, batch->count),
	};
	int error = size.is_run ? 0 : append_look(batch, &size);

	if (error != 0) {
		return error;
	}
	size.bound = size.bytes + (1 + 2 * size.bytes / PART_BYTES) *
					  (RECORD_HEADER_BYTES + 2 * RECORD_NUMBER_MAX);
	*size_out = size;
	return size.bound <= store->tail.size / 2 ? 0 : -EMSGSIZE;
}

/* How many samples from here make one record. */
static uint32_t append_part(const struct ew_sample *samples, uint32_t count)
{
	size_t bytes = 0;
	uint32_t i = 0;

	while (i < count && (i == 0 || bytes < PART_BYTES)) {
		bytes += SAMPLES_ONE_MAX;
		if (ew_sample_has_bytes(&samples[i])) {
			/* a long text ends the part before it */
			if (i > 0 && samples[i].v.x.size > PART_BYTES - SAMPLES_ONE_MAX) {
				break;
			}
			bytes += samples[i].v.x.size;
		}
		i++;
	}
	return i;
}

/* NULL ids: they are a run, from the number `id`. */
static uint64_t append_record(struct store *store, struct store_owner *owner,
			      const struct store_batch *part, const uint32_t *ids, uint32_t id)
{
	struct segment *segment = store->open;
	struct segment_index *index = &segment->index;
	const struct record_base *base = &segment->header.base;
	unsigned char *at = append_put_head(store, owner, part->number, part->stamped,
					    (part->samples[0].flags & EW_CLOCK_UNSET) != 0);

	at = ids == NULL ? samples_put_run(at, part->samples, id, part->count, base) :
			   samples_put(at, part->samples, ids, part->count, base);
	index->samples += part->count;
	owner->samples += part->count;
	store->counts.appended_samples += part->count;
	return append_data(store, RECORD_SAMPLES, at);
}

/* With tags known one after the other, as mostly: neither numbers nor parts have to be found. */
static bool append_run(struct store *store, struct store_owner *owner,
		       const struct store_batch *batch, const struct append_size *size,
		       uint64_t *lsn_out)
{
	uint32_t id;

	if (!size->is_run || size->bytes > PART_BYTES ||
	    tail_room(&store->tail) < size->bound ||
	    !dictionary_find_run(&store->dictionary, batch->samples[0].tag, batch->count, &id)) {
		return false;
	}
	*lsn_out = append_record(store, owner, batch, NULL, id);
	return true;
}

static int append_parts(struct store *store, struct store_owner *owner,
			const struct store_batch *batch, const struct append_size *size,
			uint64_t *lsn_out)
{
	uint32_t *ids = store->ids;
	int error = append_tags(store, batch, ids);

	if (error == 0 && tail_room(&store->tail) < size->bound) {
		error = -EAGAIN;
	}
	if (error != 0) {
		return error;
	}
	for (uint32_t done = 0; done < batch->count;) {
		struct store_batch part = *batch;

		part.samples += done;
		part.count = size->bytes <= PART_BYTES ?
				     batch->count : append_part(part.samples, batch->count - done);
		*lsn_out = append_record(store, owner, &part, ids + done, 0);
		done += part.count;
	}
	return 0;
}

static int append_samples(struct store *store, struct store_owner *owner,
			  const struct store_batch *batch, const struct append_size *size,
			  uint64_t *lsn_out)
{
	int error = append_prepare(store, owner, size->bound);

	if (error == 0 && !append_run(store, owner, batch, size, lsn_out)) {
		error = append_parts(store, owner, batch, size, lsn_out);
	}
	if (error != 0) {
		return error;
	}
	segment_index_time(&store->open->index, size->earliest);
	segment_index_time(&store->open->index, size->latest);
	return 0;
}

int store_append_samples(struct store *store, struct store_owner *owner,
			 const struct store_batch *batch, uint64_t *lsn_out)
{
	struct append_size size;
	int error;

	check(batch->count > 0 && batch->count <= EW_BATCH_MAX);
	error = append_measure(store, batch, &size);
	(void)pthread_mutex_lock(&store->lock);
	if (error == 0) {
		error = append_samples(store, owner, batch, &size, lsn_out);
	}
	return append_leave(store, error);
}
