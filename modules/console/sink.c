/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing without waiting: see sink.h. Standard output may be shared with a
 * shell, so its flags are left alone; poll(2) says whether PIPE_BUF bytes can
 * be written without blocking, and no more than that is written at a time.
 */
#include "modules/console/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WAITING_MAX (1u << 20) /* bytes */

void sink_init(struct sink *sink, struct ew_instance *inst)
{
	memset(sink, 0, sizeof(*sink));
	sink->inst = inst;
	sink->fd = STDOUT_FILENO;
	sink->waiting.limit = WAITING_MAX;
}

int sink_open(struct sink *sink, const char *path)
{
	if (path == NULL) {
		return 0;
	}
	sink->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
			0640);
	if (sink->fd < 0) {
		return -errno;
	}
	sink->owned = true;
	return 0;
}

/* False: not now. */
static bool sink_write_some(struct sink *sink)
{
	struct pollfd ready = {.fd = sink->fd, .events = POLLOUT};
	size_t size = sink->waiting.size < PIPE_BUF ? sink->waiting.size : PIPE_BUF;
	ssize_t done;

	if (poll(&ready, 1, 0) <= 0) {
		return false;
	}
	done = write(sink->fd, sink->waiting.at, size);
	if (done >= 0) {
		text_drop(&sink->waiting, (size_t)done);
		return true;
	}
	if (errno == EINTR) {
		return true;
	}
	if (errno == EAGAIN) {
		return false;
	}
	ew_log(sink->inst, EW_LOG_ERROR, "output failed, nothing more is written error=%d", errno);
	sink->broken = true;
	text_clear(&sink->waiting);
	return false;
}

static void sink_on_writable(void *arg, int fd, unsigned events)
{
	struct sink *sink = arg;

	(void)fd;
	(void)events;
	sink_flush(sink);
}

static void sink_watch(struct sink *sink)
{
	bool wanted = sink->waiting.size > 0;

	if (wanted && sink->watch == NULL) {
		int rc = ew_watch_new(sink->inst, "output", sink->fd, EW_FD_WRITE,
				      sink_on_writable, sink, &sink->watch);

		if (rc != 0) {
			ew_log(sink->inst, EW_LOG_WARNING, "output cannot be watched error=%d",
			       -rc);
		}
	} else if (!wanted) {
		ew_watch_free(&sink->watch);
	}
}

void sink_flush(struct sink *sink)
{
	if (sink->broken) {
		text_clear(&sink->waiting);
	}
	while (sink->waiting.size > 0 && sink_write_some(sink)) {
		continue;
	}
	if (sink->broken) {
		ew_health(sink->inst, EW_DOWN, "output failed");
	}
	sink_watch(sink);
}

void sink_close(struct sink *sink)
{
	while (!sink->broken && sink->waiting.size > 0 && sink_write_some(sink)) {
		continue;
	}
	ew_watch_free(&sink->watch);
	text_free(&sink->waiting);
	if (sink->owned) {
		(void)close(sink->fd); /* nothing could be done about an error */
		sink->owned = false;
	}
}

bool sink_is_terminal(const struct sink *sink)
{
	return isatty(sink->fd) == 1;
}

void sink_size(const struct sink *sink, size_t *columns_out, size_t *lines_out)
{
	struct winsize size = {0};

	if (ioctl(sink->fd, TIOCGWINSZ, &size) != 0) {
		size.ws_col = 0;
		size.ws_row = 0;
	}
	*columns_out = size.ws_col;
	*lines_out = size.ws_row;
}

bool sink_is_idle(const struct sink *sink)
{
	return sink->waiting.size == 0;
}
