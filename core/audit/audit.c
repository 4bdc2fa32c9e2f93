/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer. A record is made into its line on the caller's thread, posted,
 * and written on the loop "audit". One write(2) a record: O_APPEND keeps lines
 * whole, and the end of a torn one, left by a power cut, is repaired at start.
 */
#include "core/audit/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/log.h"

#define AUDIT_BYTES_DEFAULT  ((uint64_t)8 << 20)
#define AUDIT_LINE_MAX       8192

struct audit {
	struct audit_config config;
	char *path;
	struct loop *loop;
	struct post_queue queue;
	struct loop_timer sync_timer;
	int fd;                         /* -1: could not be opened anew; tried at each record */
	uint64_t bytes;                 /* in the file */
	uint64_t number;                /* of the last record */
	uint64_t told;                  /* of what was lost */
	struct log_limit limit;
	_Atomic uint64_t written;
	_Atomic uint64_t lost;
};

struct audit_line {
	struct post post;
	struct audit *audit;
	size_t size;
	char text[];                    /* `"time":...}` and a line feed: all behind the number */
};

static int audit_open(struct audit *audit)
{
	struct stat st;

	audit->fd = open(audit->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (audit->fd < 0 || fstat(audit->fd, &st) != 0) {
		return -errno;
	}
	audit->bytes = (uint64_t)st.st_size;
	return 0;
}

/* Go on behind the last number; end a line that a power cut tore. */
static int audit_resume(struct audit *audit)
{
	struct audit_reader *reader;
	struct json_object object;
	const char *line;
	size_t size;
	char last = '\n';
	int fd, error;

	error = audit_reader_new(audit->path, 2, &reader);
	if (error != 0) {
		return error;
	}
	while ((error = audit_reader_next(reader, &line, &size)) > 0) {
		char copy[AUDIT_LINE_MAX + 1];
		int64_t number;

		if (size > AUDIT_LINE_MAX) {
			continue;
		}
		memcpy(copy, line, size);
		if (json_read(copy, size, &object) == 0 && json_int(&object, "n", &number) == 0 &&
		    number > 0) {
			audit->number = (uint64_t)number;
		}
	}
	audit_reader_free(&reader);
	fd = open(audit->path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (audit->bytes > 0 && pread(fd, &last, 1, (off_t)audit->bytes - 1) != 1) {
			error = -EIO;
		}
		(void)close(fd);
	}
	if (error == 0 && last != '\n') {
		error = write(audit->fd, "\n", 1) == 1 ? 0 : -errno;
		audit->bytes++;
	}
	return error;
}

/* path.1 -> path.2 ..., path -> path.1; the oldest is replaced or removed. */
static void audit_rename_all(const struct audit *audit)
{
	size_t room = strlen(audit->path) + 8;
	char *from = malloc(room);
	char *into = malloc(room);

	for (unsigned i = audit->config.keep; from != NULL && into != NULL && i > 0; i--) {
		(void)snprintf(into, room, "%s.%u", audit->path, i);
		if (i == 1) {
			(void)snprintf(from, room, "%s", audit->path);
		} else {
			(void)snprintf(from, room, "%s.%u", audit->path, i - 1);
		}
		(void)rename(from, into); /* not all of them exist yet */
	}
	free(from);
	free(into);
}

static void audit_rotate(struct audit *audit)
{
	(void)fdatasync(audit->fd); /* a full disk shows at the next record */
	(void)close(audit->fd);
	audit->fd = -1;
	audit_rename_all(audit);
	if (audit->config.keep == 0) {
		(void)unlink(audit->path); /* a name that stays is appended to */
	}
}

static void audit_lose(struct audit *audit, const char *why, int error)
{
	uint32_t held;

	atomic_fetch_add_explicit(&audit->lost, 1, memory_order_relaxed);
	if (log_limit_pass(&audit->limit, &held)) {
		log_msg(LOG_LEVEL_ERROR, "audit", "%s %s: %s; records are lost", why, audit->path,
			strerror(-error));
	}
}

static void audit_put(struct audit *audit, const char *rest, size_t size)
{
	char line[AUDIT_LINE_MAX + 64];
	int head = snprintf(line, sizeof(line), "{\"n\":%llu,",
			    (unsigned long long)++audit->number);
	size_t whole = (size_t)head + size;
	int error;

	if (audit->fd >= 0 && audit->bytes > 0 && audit->bytes + whole > audit->config.max_bytes) {
		audit_rotate(audit);
	}
	error = audit->fd >= 0 ? 0 : audit_open(audit);
	if (error != 0) {
		audit_lose(audit, "cannot open", error);
		return;
	}
	memcpy(line + head, rest, size);
	if (write(audit->fd, line, whole) != (ssize_t)whole) {
		audit_lose(audit, "cannot write", -errno);
		return;
	}
	audit->bytes += whole;
	atomic_fetch_add_explicit(&audit->written, 1, memory_order_relaxed);
	if (audit->config.sync == 0) {
		(void)fdatasync(audit->fd); /* as above */
	} else if (audit->config.sync > 0 && !heap_holds(&audit->sync_timer.node)) {
		timer_set(&audit->sync_timer, audit->config.sync, 0);
	}
}

static void audit_format(struct buf *buf, const struct audit_record *record)
{
	json_add_time(buf, "time", record->time);
	json_add_text(buf, "origin", record->origin);
	json_add_text(buf, "remote", record->remote);
	json_add_text(buf, "what", record->what);
	json_add_text(buf, "target", record->target);
	json_add_text(buf, "value", record->value);
	json_add_uint(buf, "items", record->items);
	json_add_uint(buf, "priority", record->priority);
	json_add_text(buf, "result", record->result);
	json_add_text(buf, "text", record->text);
	json_end(buf);
	buf_add_byte(buf, '\n');
}

/* Say once how many records are missing, where they are missing. */
static void audit_tell_lost(struct audit *audit)
{
	uint64_t lost = atomic_load_explicit(&audit->lost, memory_order_relaxed);
	struct audit_record record = { .origin = "audit", .what = "lost", .result = "done" };
	char count[32];
	struct buf buf;

	if (lost == audit->told || audit->fd < 0) {
		return;
	}
	(void)snprintf(count, sizeof(count), "%llu", (unsigned long long)(lost - audit->told));
	audit->told = lost;
	record.value = count;
	record.text = "records that could not be kept";
	buf_init(&buf, AUDIT_LINE_MAX);
	audit_format(&buf, &record);
	if (buf.fault == 0) {
		audit_put(audit, buf.at, buf.size);
	}
	buf_fini(&buf);
}

static void audit_run_line(struct post *post)
{
	struct audit_line *line = container_of(post, struct audit_line, post);

	audit_tell_lost(line->audit);
	audit_put(line->audit, line->text, line->size);
	free(line);
}

static void audit_on_sync(struct loop_timer *timer)
{
	struct audit *audit = container_of(timer, struct audit, sync_timer);

	if (audit->fd >= 0) {
		(void)fdatasync(audit->fd); /* a full disk shows at the next record */
	}
}

int audit_new(const struct audit_config *config, struct audit **audit_out, struct ew_error *err)
{
	struct audit *audit = calloc(1, sizeof(*audit));
	int error;

	if (audit == NULL) {
		return -ENOMEM;
	}
	audit->config = *config;
	audit->fd = -1;
	audit->limit = (struct log_limit){ .burst = 2, .window = 60 * (ew_dur)1000000000 };
	if (config->max_bytes == 0) {
		audit->config.max_bytes = AUDIT_BYTES_DEFAULT;
	}
	check(config->keep <= AUDIT_KEEP_MAX);
	audit->path = strdup(config->path);
	error = audit->path == NULL ? -ENOMEM : loop_new("audit", &audit->loop);
	if (error == 0) {
		post_queue_init(&audit->queue, audit->loop, AUDIT_QUEUE_MAX);
		error = timer_init(&audit->sync_timer, audit->loop, audit_on_sync);
	}
	error = error != 0 ? error : audit_open(audit);
	error = error != 0 ? error : audit_resume(audit);
	error = error != 0 ? error : loop_start(audit->loop);
	if (error != 0) {
		(void)ew_fail(err, "the audit log '%s' cannot be kept: %s", config->path,
			      strerror(-error));
		audit_free(&audit);
		return error;
	}
	*audit_out = audit;
	return 0;
}

void audit_free(struct audit **audit_at)
{
	struct audit *audit = *audit_at;

	if (audit == NULL) {
		return;
	}
	*audit_at = NULL;
	if (audit->loop != NULL) {
		post_queue_close(&audit->queue);
		loop_stop(audit->loop);
		/* what was posted last is written here */
		while (loop_step(audit->loop)) {
		}
		if (audit->fd >= 0) {
			audit_tell_lost(audit);
		}
		post_queue_fini(&audit->queue);
		timer_fini(&audit->sync_timer);
		loop_free(&audit->loop);
	}
	if (audit->fd >= 0) {
		(void)fdatasync(audit->fd); /* the process ends; there is nobody to tell */
		(void)close(audit->fd);
	}
	free(audit->path);
	free(audit);
}

void audit_write(struct audit *audit, const struct audit_record *record)
{
	struct audit_line *line = NULL;
	struct buf buf;

	buf_init(&buf, AUDIT_LINE_MAX);
	audit_format(&buf, record);
	if (buf.fault == 0) {
		line = malloc(sizeof(*line) + buf.size);
	}
	if (line != NULL) {
		*line = (struct audit_line){ .audit = audit, .size = buf.size };
		line->post.run = audit_run_line;
		line->post.drop = audit_run_line;
		memcpy(line->text, buf.at, buf.size);
		if (post_push(&audit->queue, &line->post) == 0) {
			line = NULL;
		} else {
			atomic_fetch_add_explicit(&audit->lost, 1, memory_order_relaxed);
		}
	} else {
		atomic_fetch_add_explicit(&audit->lost, 1, memory_order_relaxed);
	}
	free(line);
	buf_fini(&buf);
}

void audit_on_record(void *arg, const struct audit_record *record)
{
	audit_write(arg, record);
}

struct audit_stats audit_stats(const struct audit *audit)
{
	return (struct audit_stats){
		.written = atomic_load_explicit(&audit->written, memory_order_relaxed),
		.lost = atomic_load_explicit(&audit->lost, memory_order_relaxed),
	};
}
