/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log sinks and the rate limit. Owns the target and the level; both are
 * process-wide because a log is. Any thread: a line is formatted on the stack
 * and leaves by one system call. journald is spoken to directly (its native
 * protocol is a datagram of KEY=VALUE lines), so no library is needed.
 * Does not rotate, buffer or retry: a line the journal refuses goes to stderr.
 */
#include "core/base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/clock.h"

enum { LOG_TEXT_MAX = 2000 };

static const char log_socket_path[] = "/run/systemd/journal/socket";

static struct {
	atomic_int level;
	atomic_int journal; /* socket + 1; 0: stderr */
	_Atomic(log_fn) sink;
	void *sink_arg;
} log_state = {.level = LOG_LEVEL_INFO};

static const struct {
	const char *name;
	int priority; /* syslog's */
} log_levels[] = {
	[LOG_LEVEL_ERROR] = {"error", 3},   [LOG_LEVEL_WARNING] = {"warning", 4},
	[LOG_LEVEL_NOTICE] = {"notice", 5}, [LOG_LEVEL_INFO] = {"info", 6},
	[LOG_LEVEL_DEBUG] = {"debug", 7},
};

/* $JOURNAL_STREAM is "device:inode" of the stderr that systemd gave us. */
static bool log_stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	uint64_t device, inode;
	struct stat st;

	if (stream == NULL || sscanf(stream, "%" SCNu64 ":%" SCNu64, &device, &inode) != 2 ||
	    fstat(STDERR_FILENO, &st) < 0) {
		return false;
	}
	return st.st_dev == device && st.st_ino == inode;
}

int log_open(enum log_target target)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, ret;

	if (target == LOG_TO_STDERR || (target == LOG_TO_AUTO && !log_stderr_is_journal())) {
		log_close();
		return 0;
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -errno;
	}
	memcpy(address.sun_path, log_socket_path, sizeof(log_socket_path));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		ret = -errno;
		(void)close(fd); /* nothing was written */
		return ret;
	}
	log_close();
	atomic_store(&log_state.journal, fd + 1);
	return 0;
}

void log_close(void)
{
	int journal = atomic_exchange(&log_state.journal, 0);

	if (journal > 0) {
		(void)close(journal - 1); /* a datagram socket holds nothing back */
	}
}

void log_set_level(enum log_level level)
{
	check(level <= LOG_LEVEL_DEBUG);
	atomic_store_explicit(&log_state.level, (int)level, memory_order_relaxed);
}

bool log_is_shown(enum log_level level)
{
	return (int)level <= atomic_load_explicit(&log_state.level, memory_order_relaxed);
}

void log_set_sink(log_fn fn, void *arg)
{
	log_state.sink_arg = arg;
	atomic_store(&log_state.sink, fn);
}

/* "module/instance" as two fields to search by, anything else as one. */
static void log_put_subject(char *out, size_t size, const char *who)
{
	const char *slash = strchr(who, '/');

	if (slash == NULL) {
		(void)snprintf(out, size, "SUBJECT=%s\n", who);
	} else {
		(void)snprintf(out, size, "MODULE=%.*s\nINSTANCE=%s\n", (int)(slash - who), who,
			       slash + 1);
	}
}

static bool log_send_journal(int fd, enum log_level level, const char *who, const char *text)
{
	char line[LOG_TEXT_MAX + 1024];
	char subject[400] = "";
	int size;

	if (who != NULL) {
		log_put_subject(subject, sizeof(subject), who);
	}
	size = snprintf(line, sizeof(line),
			"PRIORITY=%d\nSYSLOG_IDENTIFIER=edgewayd\n%sMESSAGE=%s%s%s\n",
			log_levels[level].priority, subject, who != NULL ? who : "",
			who != NULL ? ": " : "", text);
	if (size < 0 || size >= (int)sizeof(line)) {
		return false;
	}
	return send(fd, line, (size_t)size, MSG_NOSIGNAL) == size;
}

static void log_write_stderr(enum log_level level, const char *who, const char *text)
{
	char line[LOG_TEXT_MAX + 256];
	int size;

	size = snprintf(line, sizeof(line), "%s: %s%s%s\n", log_levels[level].name,
			who != NULL ? who : "", who != NULL ? ": " : "", text);
	if (size >= (int)sizeof(line)) {
		size = (int)sizeof(line) - 1;
		line[size - 1] = '\n';
	}
	if (size > 0 && write(STDERR_FILENO, line, (size_t)size) < 0) {
		return; /* there is nowhere left to say so */
	}
}

void log_vmsg(enum log_level level, const char *who, const char *fmt, va_list args)
{
	char text[LOG_TEXT_MAX];
	log_fn sink;
	int journal;
	char *at;

	check(level <= LOG_LEVEL_DEBUG);
	if (!log_is_shown(level)) {
		return;
	}
	(void)vsnprintf(text, sizeof(text), fmt, args); /* cut is fine */
	for (at = text; *at != '\0'; at++) {
		if ((unsigned char)*at < 0x20 || *at == 0x7f) {
			*at = '?';
		}
	}
	sink = atomic_load(&log_state.sink);
	if (sink != NULL) {
		sink(log_state.sink_arg, level, who, text);
		return;
	}
	journal = atomic_load(&log_state.journal);
	if (journal == 0 || !log_send_journal(journal - 1, level, who, text)) {
		log_write_stderr(level, who, text);
	}
}

void log_msg(enum log_level level, const char *who, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_vmsg(level, who, fmt, args);
	va_end(args);
}

const char *log_level_name(enum log_level level)
{
	check(level <= LOG_LEVEL_DEBUG);
	return log_levels[level].name;
}

int log_level_parse(const char *name, enum log_level *level_out)
{
	size_t i;

	for (i = 0; i < array_count(log_levels); i++) {
		if (strcmp(log_levels[i].name, name) == 0) {
			*level_out = (enum log_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

bool log_limit_pass(struct log_limit *limit, uint32_t *held_out)
{
	int64_t now = clock_mono();

	if (limit->since == 0 || now - limit->since >= limit->window) {
		limit->since = now;
		limit->used = 0;
	}
	if (limit->used >= limit->burst) {
		limit->held++;
		return false;
	}
	limit->used++;
	*held_out = limit->held;
	limit->held = 0;
	return true;
}

void log_limited(struct log_limit *limit, enum log_level level, const char *who,
		 const char *format, ...)
{
	char text[LOG_TEXT_MAX];
	uint32_t held = 0;
	va_list args;

	if (!log_is_shown(level) || !log_limit_pass(limit, &held)) {
		return;
	}
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args); /* cut is fine */
	va_end(args);
	if (held == 0) {
		log_msg(level, who, "%s", text);
	} else {
		log_msg(level, who, "%s (%u like it not shown)", text, held);
	}
}
