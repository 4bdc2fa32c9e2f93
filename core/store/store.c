/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening and closing a log, and the small tables that belong to the whole of
 * it: owners, clocks of boots, what was lost and why, its state.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/base/clock.h"
#include "core/store/inside.h"

#define BYTES_DEFAULT      ((uint64_t)1 << 30)
#define BUFFER_DEFAULT     ((size_t)4 << 20)
#define SEGMENT_SHARE      64u
#define SEGMENT_BYTES_MIN  ((uint64_t)256 << 10)
#define SEGMENT_BYTES_MAX  ((uint64_t)64 << 20)

static uint64_t segment_bytes_of(uint64_t bytes)
{
	uint64_t share = bytes / SEGMENT_SHARE;

	return share < SEGMENT_BYTES_MIN   ? SEGMENT_BYTES_MIN
	       : share > SEGMENT_BYTES_MAX ? SEGMENT_BYTES_MAX
					   : share;
}

static void store_take_limits(struct store *store, const struct store_config *config)
{
	store->config.bytes = config->bytes == 0 ? BYTES_DEFAULT : config->bytes;
	store->config.age = config->age;
	store->config.drop = config->drop;
	store->config.sync = config->sync;
	store->config.reserve = config->reserve;
	store->mark->sync = config->sync;
	store->segment_bytes = segment_bytes_of(store->config.bytes);
}

static int store_init(struct store *store, const struct store_config *config)
{
	pthread_condattr_t attributes;
	size_t buffer = config->buffer_bytes == 0 ? BUFFER_DEFAULT : config->buffer_bytes;

	store->mark = &store->own_mark;
	store->config = *config;
	store->config.path = NULL;
	store->config.files = NULL;
	store_take_limits(store, config);
	list_init(&store->segments);
	(void)pthread_mutex_init(&store->lock, NULL);
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&store->wake, &attributes);
	(void)pthread_cond_init(&store->done, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	store->since = clock_mono();
	boot_id_read(store->boot);
	if (config->boot != NULL) {
		memset(store->boot, 0, sizeof(store->boot));
		memcpy(store->boot, config->boot, strnlen(config->boot, BOOT_ID_SIZE - 1));
	}
	store->path = strdup(config->path);
	store->ids = calloc(EW_BATCH_MAX, sizeof(*store->ids));
	return store->path == NULL || store->ids == NULL ? -ENOMEM
							 : tail_init(&store->tail, buffer);
}

static void store_free(struct store **store_at)
{
	struct store *store = *store_at;

	*store_at = NULL;
	while (!list_is_empty(&store->segments)) {
		struct segment *segment =
			list_entry(list_pop(&store->segments), struct segment, node);

		segment_free(store, segment);
	}
	for (uint32_t i = 0; i < store->owner_count; i++) {
		free(store->owners[i]);
	}
	cursor_free_all(store);
	dictionary_fini(&store->dictionary);
	tail_fini(&store->tail);
	mark_close(&store->file_mark);
	store_files_close(&store->own_files);
	(void)pthread_cond_destroy(&store->wake);
	(void)pthread_cond_destroy(&store->done);
	(void)pthread_mutex_destroy(&store->lock);
	free(store->ids);
	free(store->path);
	free(store);
}

/* From here on the next run will know how far this one came. */
static void store_take_mark(struct store *store)
{
	if (store->own_files != NULL) {
		store->file_mark = mark_open(store->path, store->boot);
	}
	if (store->file_mark != NULL) {
		store->file_mark->base = store_last(store);
		atomic_store(&store->file_mark->last, store->file_mark->base);
		store->file_mark->sync = store->config.sync;
		store->mark = store->file_mark;
	}
}

int store_open(const struct store_config *config, struct store **store_out, struct ew_error *err)
{
	struct store *store = calloc(1, sizeof(*store));
	int error;

	if (store == NULL) {
		return -ENOMEM;
	}
	error = store_init(store, config);
	store->files = config->files;
	if (error == 0 && store->files == NULL) {
		error = store_files_open(config->path, &store->own_files);
		store->files = store->own_files;
	}
	if (error != 0) {
		(void)ew_fail(err, "the store '%s' cannot be opened: %s", config->path,
			      error == -EBUSY ? "another process has it" : strerror(-error));
	} else {
		error = recovery_run(store, err);
	}
	if (error == 0) {
		store_take_mark(store);
		(void)append_look_for_room(store);
	}
	if (error == 0 && !config->is_stepped) {
		error = writer_start(store);
	}
	if (error != 0) {
		store_free(&store);
		return error;
	}
	*store_out = store;
	return 0;
}

void store_close(struct store **store_at)
{
	struct store *store = *store_at;
	int error;

	if (store == NULL) {
		return;
	}
	*store_at = NULL;
	writer_stop(store);
	/* with what waits on disk, the tail has room for the closing */
	error = writer_flush(store);
	if (error == 0 && store->open != NULL) {
		(void)pthread_mutex_lock(&store->lock);
		store->open->index.is_clean = true;
		error = append_close_segment(store);
		error = error == 0 ? append_seal(store) : error;
		(void)pthread_mutex_unlock(&store->lock);
		error = error == 0 ? writer_flush(store) : error;
	}
	if (error != 0) {
		log_msg(LOG_LEVEL_ERROR, "store", "%s: %s; %llu bytes were not written",
			store->path, strerror(-error),
			(unsigned long long)(store->tail.head - store->tail.begin));
	}
	store_free(&store);
}

void store_listen(struct store *store, const struct store_listener *listener)
{
	(void)pthread_mutex_lock(&store->lock);
	store->listener = *listener;
	(void)pthread_mutex_unlock(&store->lock);
}

void store_set_limits(struct store *store, const struct store_config *config)
{
	(void)pthread_mutex_lock(&store->lock);
	store_take_limits(store, config);
	/* the log's thread drops what is too much now, and tells of room */
	store->waits = WRITER_BUSY;
	(void)pthread_cond_signal(&store->wake);
	(void)pthread_mutex_unlock(&store->lock);
}

void store_listen_for_room(struct store *store, void (*room)(void *arg), void *arg)
{
	(void)pthread_mutex_lock(&store->lock);
	store->room = room;
	store->room_arg = arg;
	(void)pthread_mutex_unlock(&store->lock);
}

uint64_t store_last(const struct store *store)
{
	return atomic_load_explicit(&store->mark->last, memory_order_acquire);
}

uint64_t store_durable(const struct store *store)
{
	return atomic_load_explicit(&store->durable, memory_order_acquire);
}

/* ---- segments ---- */

struct segment *store_segment(const struct store *store, uint64_t lsn)
{
	struct list *at;

	/* most ask for what is near the end */
	for (at = store->segments.prev; at != &store->segments; at = at->prev) {
		struct segment *segment = list_entry(at, struct segment, node);

		if (segment->header.first <= lsn) {
			break;
		}
	}
	/* that one, or one behind it that has something */
	for (at = at == &store->segments ? at->next : at; at != &store->segments; at = at->next) {
		struct segment *segment = list_entry(at, struct segment, node);

		if (segment->index.last >= lsn && segment->index.records > 0) {
			return segment;
		}
	}
	return NULL;
}

uint64_t store_oldest(struct store *store)
{
	const struct segment *segment;
	uint64_t oldest;

	(void)pthread_mutex_lock(&store->lock);
	segment = store_segment(store, 0);
	oldest = segment != NULL ? segment->header.first : store_last(store) + 1;
	(void)pthread_mutex_unlock(&store->lock);
	return oldest;
}

uint64_t store_bytes(const struct store *store)
{
	struct list *at;
	uint64_t bytes = 0;

	list_for_each(at, &store->segments) {
		const struct segment *segment = list_entry(at, struct segment, node);

		bytes += segment->is_closed || segment->size > store->segment_bytes
				 ? segment->size
				 : store->segment_bytes;
	}
	return bytes;
}

void segment_free(struct store *store, struct segment *segment)
{
	if (segment->fd >= 0) {
		store->files->close(store->files->arg, segment->fd);
	}
	free(segment);
}

/* ---- owners ---- */

int store_owner_make(struct store *store, const char *name, struct store_owner **owner_out)
{
	size_t size = strlen(name) + 1;
	struct store_owner *owner;

	for (uint32_t i = 0; i < store->owner_count; i++) {
		if (strcmp(store->owners[i]->name, name) == 0) {
			*owner_out = store->owners[i];
			return 0;
		}
	}
	if (store->owner_count == STORE_OWNERS_MAX) {
		return -ENOSPC;
	}
	owner = calloc(1, sizeof(*owner) + size);
	if (owner == NULL) {
		return -ENOMEM;
	}
	owner->id = store->owner_count;
	memcpy(owner->name, name, size);
	store->owners[store->owner_count++] = owner;
	store->owner_name_bytes += size - 1;
	*owner_out = owner;
	return 0;
}

/* ---- clocks ---- */

const struct record_base *store_clock_of(const struct store *store, const char *boot)
{
	for (uint32_t i = store->boot_count; i-- > 0;) {
		if (strcmp(store->boots[i].boot, boot) == 0) {
			return &store->boots[i].pair;
		}
	}
	return NULL;
}

void store_learn_clock(struct store *store, const char *boot, const struct record_base *pair)
{
	struct boot_clock *clock;

	/* one pair a boot will do: the monotonic clock goes at the same rate */
	if (store_clock_of(store, boot) != NULL) {
		return;
	}
	if (store->boot_count == STORE_BOOTS_MAX) {
		store->boot_count--;
		memmove(&store->boots[0], &store->boots[1],
			store->boot_count * sizeof(store->boots[0]));
	}
	clock = &store->boots[store->boot_count++];
	memset(clock, 0, sizeof(*clock));
	memcpy(clock->boot, boot, strnlen(boot, BOOT_ID_SIZE - 1));
	clock->pair = *pair;
}

/* ---- losses ---- */

void store_note_loss(struct store *store, uint64_t first, uint64_t last, enum store_loss why)
{
	struct loss *newest = store->loss_count == 0 ? NULL : &store->losses[store->loss_count - 1];

	if (newest != NULL && newest->why == why && newest->last + 1 >= first) {
		newest->last = last;
		return;
	}
	if (store->loss_count == STORE_LOSSES_MAX) {
		store->loss_count--;
		memmove(&store->losses[0], &store->losses[1],
			store->loss_count * sizeof(store->losses[0]));
	}
	store->losses[store->loss_count++] = (struct loss){ first, last, why };
}

enum store_loss store_why_lost(const struct store *store, uint64_t lsn)
{
	for (uint32_t i = 0; i < store->loss_count; i++) {
		if (lsn <= store->losses[i].last) {
			return store->losses[i].why;
		}
	}
	/* from before this run: a bound took it, as a rule that of size */
	return STORE_LOST_SIZE;
}

/* ---- state ---- */

void store_set_state(struct store *store, enum store_state state, int error)
{
	bool is_new;

	(void)pthread_mutex_lock(&store->lock);
	is_new = store->state != state || store->error != error;
	if (is_new) {
		store->since = clock_mono();
		store->state = state;
		store->error = error;
	}
	(void)pthread_mutex_unlock(&store->lock);
	if (is_new && state == STORE_GOOD) {
		log_msg(LOG_LEVEL_NOTICE, "store", "%s: the disk takes data again", store->path);
	} else if (is_new) {
		log_msg(LOG_LEVEL_ERROR, "store", "%s: %s: %s; tried again", store->path,
			store_state_name(state), strerror(-error));
	}
}
