/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log's thread: from the tail to the disk, in groups. The first append
 * after a pause wakes it; it waits for the rest of the group, puts in the
 * checksums, writes, syncs once, and only then moves `durable`.
 *
 * The tail keeps all that is not synced. A failed write is tried again as it
 * was; after a failed sync the kernel may have forgotten what it had taken, so
 * all since the last good sync is written again before the next.
 */
#include <errno.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/store/inside.h"

#define SECOND          INT64_C(1000000000)
#define BACKOFF_FIRST   (SECOND / 10)
#define BACKOFF_LAST    (2 * SECOND)
#define TICK            SECOND          /* between looks at age and bounds */
#define IDLE_LOOK       (10 * SECOND)
#define UNSYNCED_WRITE  (SECOND / 10)   /* STORE_SYNC_NEVER: how long in the tail */
#define SEAL_COUNT      256u            /* checksums put in at a time */

/* One step of a flush, as found under the lock. */
struct writer_step {
	struct segment *segment;        /* the first that is not all on disk; NULL: none */
	uint64_t limit;                 /* bring it there up to here */
	uint64_t lsn;                   /* the last there */
	uint64_t allocate;              /* bytes of a new file; 0: nothing has to give way to it */
	bool is_last;                   /* nothing comes behind it in this file */
	bool is_synced;
};

/* ---- one segment ---- */

/*
 * Put checksums into records up to `limit`. They are computed without the lock,
 * as nobody writes there, and stored with it, as readers may be copying.
 */
static void writer_seal(struct store *store, struct segment *segment, uint64_t limit)
{
	while (segment->sealed < limit) {
		uint32_t sums[SEAL_COUNT];
		uint64_t offset = segment->sealed;
		size_t count = 0;

		while (count < SEAL_COUNT && offset < limit) {
			unsigned char *at = tail_at(&store->tail, segment->stream + offset);

			sums[count++] = record_sum(at);
			offset += record_bytes(at);
			if (record_at(at).kind == RECORD_FOOTER) {
				offset += SEGMENT_TRAILER_BYTES;
			}
		}
		(void)pthread_mutex_lock(&store->lock);
		for (size_t i = 0; i < count; i++) {
			unsigned char *at = tail_at(&store->tail,
						    segment->stream + segment->sealed);

			record_seal(at, sums[i]);
			segment->sealed += record_bytes(at);
		}
		segment->sealed = offset;
		(void)pthread_mutex_unlock(&store->lock);
	}
}

static int writer_make_file(struct store *store, struct segment *segment, uint64_t allocate)
{
	const struct store_files *files = store->files;
	char name[SEGMENT_NAME_SIZE + 8];
	int error;

	segment_name(segment->header.first, SEGMENT_SUFFIX, name);
	if (segment->fd < 0) {
		segment->fd = files->open(files->arg, name, STORE_FILE_CREATE);
		if (segment->fd < 0) {
			error = segment->fd;
			segment->fd = -1;
			return error;
		}
		store->are_names_dirty = true;
	}
	error = allocate == 0 ? 0 : files->allocate(files->arg, segment->fd, allocate);
	/* a file system that cannot reserve grows the file as it is written */
	return error == -EOPNOTSUPP ? 0 : error;
}

/* A file for the segment; while the disk is full the oldest ones make room. */
static int writer_make(struct store *store, struct segment *segment, uint64_t allocate)
{
	int error;

	do {
		error = allocate == 0 || retention_has_reserve(store)
				? writer_make_file(store, segment, allocate)
				: -ENOSPC;
	} while (allocate > 0 && (error == -ENOSPC || error == -EDQUOT) &&
		 retention_give(store));
	if (error == 0) {
		(void)pthread_mutex_lock(&store->lock);
		segment->is_made = true;
		(void)pthread_mutex_unlock(&store->lock);
		store->tick_at = 0; /* the log has grown: look at its bounds */
	}
	return error;
}

static int writer_sync_file(struct store *store, struct segment *segment)
{
	int64_t begin = clock_mono();
	int error = store->files->sync(store->files->arg, segment->fd);

	(void)pthread_mutex_lock(&store->lock);
	store->counts.syncs++;
	store->counts.sync_ns += (uint64_t)(clock_mono() - begin);
	if (error != 0) {
		/* the kernel may have dropped what it could not write: all of it again */
		segment->written = segment->synced;
	}
	(void)pthread_mutex_unlock(&store->lock);
	return error;
}

static int writer_put(struct store *store, struct segment *segment, uint64_t limit)
{
	uint64_t from = segment->written;
	int error;

	writer_seal(store, segment, limit);
	error = store_files_write(store->files, segment->fd,
				  tail_at(&store->tail, segment->stream + from), limit - from,
				  from);
	if (error != 0) {
		return error;
	}
	(void)pthread_mutex_lock(&store->lock);
	segment->written = limit;
	store->counts.written_bytes += limit - from;
	(void)pthread_mutex_unlock(&store->lock);
	return 0;
}

/* What the step says is safe: the tail need not keep it. */
static void writer_settle(struct store *store, const struct writer_step *step)
{
	(void)pthread_mutex_lock(&store->lock);
	step->segment->synced = step->limit;
	store->tail.begin = step->segment->stream + step->limit;
	if (step->lsn > store_durable(store)) {
		atomic_store_explicit(&store->durable, step->lsn, memory_order_release);
	}
	(void)pthread_mutex_unlock(&store->lock);
}

static int writer_take_step(struct store *store, const struct writer_step *step)
{
	const struct store_files *files = store->files;
	struct segment *segment = step->segment;
	int error = segment->is_made ? 0 : writer_make(store, segment, step->allocate);

	if (error == 0 && segment->written < step->limit) {
		error = writer_put(store, segment, step->limit);
	}
	if (error == 0 && step->is_last) {
		error = files->truncate(files->arg, segment->fd, step->limit);
	}
	if (error == 0 && step->is_synced) {
		error = writer_sync_file(store, segment);
	}
	if (error == 0 && step->is_synced && store->are_names_dirty) {
		error = files->sync_names(files->arg);
		store->are_names_dirty = error != 0;
	}
	if (error != 0) {
		return error;
	}
	writer_settle(store, step);
	if (step->is_last) {
		files->close(files->arg, segment->fd);
		segment->fd = -1;
	}
	return 0;
}

/* ---- one group ---- */

static struct writer_step writer_next(const struct store *store)
{
	struct list *at;

	list_for_each(at, &store->segments) {
		struct segment *segment = list_entry(at, struct segment, node);

		if (segment->synced < segment->size) {
			return (struct writer_step){
				.segment = segment,
				.limit = segment->size,
				/* the number that a segment without data took */
				.lsn = segment->is_closed && segment->index.records == 0
					       ? segment->header.first
					       : segment->index.last,
				/* nothing comes into one that was closed without data */
				.allocate = segment->is_closed && segment->index.records == 0
						    ? 0
						    : store->segment_bytes,
				.is_last = segment->is_closed,
				.is_synced = store->config.sync != STORE_SYNC_NEVER,
			};
		}
	}
	return (struct writer_step){ 0 };
}

static enum store_state writer_state_of(int error)
{
	return error == 0				      ? STORE_GOOD
	       : error == -ENOSPC || error == -EDQUOT ? STORE_NO_SPACE
							      : STORE_FAILING;
}

static void writer_tell(struct store *store, uint64_t before)
{
	uint64_t durable = store_durable(store);

	if (durable != before && store->listener.durable != NULL) {
		store->listener.durable(store->listener.arg, durable);
	}
}

int writer_flush(struct store *store)
{
	uint64_t before = store_durable(store);
	uint64_t goal;
	int error = 0;

	(void)pthread_mutex_lock(&store->lock);
	(void)cursor_record_moved(store); /* what finds no room goes with the next group */
	goal = store->tail.head;
	while (error == 0) {
		struct writer_step step = writer_next(store);

		if (step.segment == NULL || store->tail.begin >= goal) {
			break;
		}
		(void)pthread_mutex_unlock(&store->lock);
		error = writer_take_step(store, &step);
		(void)pthread_mutex_lock(&store->lock);
	}
	store->counts.disk_errors += error != 0 ? 1 : 0;
	(void)pthread_mutex_unlock(&store->lock);
	if (error != 0 || store->backoff != 0) {
		store_set_state(store, writer_state_of(error), error);
	}
	store->backoff = error == 0		 ? 0
			 : store->backoff == 0	 ? BACKOFF_FIRST
			 : 2 * store->backoff < BACKOFF_LAST ? 2 * store->backoff
						 : BACKOFF_LAST;
	store->retry_at = clock_mono() + store->backoff;
	writer_tell(store, before);
	return error;
}

/* ---- the thread ---- */

static bool writer_has_work(const struct store *store)
{
	return store->tail.head != store->tail.begin || store->are_cursors_dirty;
}

/* Wait on `wake` for so long at most. The wait follows the real clock. Locked. */
static void writer_wait(struct store *store, enum writer_wait how, ew_dur most)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(most / SECOND);
	until.tv_nsec += (long)(most % SECOND);
	if (until.tv_nsec >= SECOND) {
		until.tv_nsec -= (long)SECOND;
		until.tv_sec++;
	}
	store->waits = how;
	while (store->waits == how && !store->is_stopping &&
	       store->sync_asked == store->sync_done) {
		if (pthread_cond_timedwait(&store->wake, &store->lock, &until) == ETIMEDOUT) {
			break;
		}
	}
	store->waits = WRITER_BUSY;
}

static ew_dur writer_group_time(const struct store *store)
{
	if (store->backoff != 0) {
		return store->backoff;
	}
	return store->config.sync == STORE_SYNC_NEVER ? UNSYNCED_WRITE : store->config.sync;
}

static void writer_tell_room(struct store *store)
{
	bool has_room;

	(void)pthread_mutex_lock(&store->lock);
	has_room = append_look_for_room(store);
	(void)pthread_mutex_unlock(&store->lock);
	if (has_room && store->room != NULL) {
		store->room(store->room_arg);
	}
}

/* Flush and answer those who wait for it. Called and left locked. */
static void writer_turn(struct store *store)
{
	uint64_t asked = store->sync_asked;
	int error;

	store->is_urgent = false;
	(void)pthread_mutex_unlock(&store->lock);
	error = writer_flush(store);
	if (clock_mono() >= store->tick_at) {
		retention_run(store);
		store->tick_at = clock_mono() + TICK;
	}
	writer_tell_room(store);
	(void)pthread_mutex_lock(&store->lock);
	store->sync_done = asked;
	store->sync_result = error;
	(void)pthread_cond_broadcast(&store->done);
}

static void *writer_main(void *arg)
{
	struct store *store = arg;

	(void)pthread_mutex_lock(&store->lock);
	while (!store->is_stopping) {
		if (!writer_has_work(store)) {
			writer_wait(store, WRITER_IDLE, IDLE_LOOK);
		}
		if (writer_has_work(store) && !store->is_urgent) {
			writer_wait(store, WRITER_TIMED, writer_group_time(store));
		}
		if (!store->is_stopping) {
			writer_turn(store);
		}
	}
	(void)pthread_mutex_unlock(&store->lock);
	return NULL;
}

int writer_start(struct store *store)
{
	int error = -pthread_create(&store->thread, NULL, writer_main, store);

	store->has_thread = error == 0;
	return error;
}

void writer_stop(struct store *store)
{
	if (!store->has_thread) {
		return;
	}
	(void)pthread_mutex_lock(&store->lock);
	store->is_stopping = true;
	(void)pthread_cond_signal(&store->wake);
	(void)pthread_mutex_unlock(&store->lock);
	(void)pthread_join(store->thread, NULL);
	store->has_thread = false;
}

int store_sync(struct store *store)
{
	uint64_t mine;
	int error;

	if (!store->has_thread) {
		error = writer_flush(store);
		retention_run(store);
		writer_tell_room(store);
		return error;
	}
	(void)pthread_mutex_lock(&store->lock);
	mine = ++store->sync_asked;
	(void)pthread_cond_signal(&store->wake);
	while (store->sync_done < mine && !store->is_stopping) {
		(void)pthread_cond_wait(&store->done, &store->lock);
	}
	error = store->sync_result;
	(void)pthread_mutex_unlock(&store->lock);
	return error;
}
