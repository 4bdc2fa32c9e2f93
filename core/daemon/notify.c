/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connected datagram socket. What cannot be sent is not sent: the manager
 * is then gone, or so busy that its watchdog says the rest.
 */
#include "core/daemon/notify.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/text.h"

static int notify_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t size = strlen(path);
	socklen_t length;
	int fd;

	if (size < 2 || size >= sizeof(address.sun_path) || (*path != '/' && *path != '@')) {
		return -1;
	}
	memcpy(address.sun_path, path, size);
	if (*path == '@') {
		address.sun_path[0] = '\0'; /* the abstract namespace */
	}
	length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, length) != 0) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

void notify_open(struct notify *notify)
{
	const char *path = getenv("NOTIFY_SOCKET");
	const char *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");
	uint64_t value;

	*notify = (struct notify){ .fd = path != NULL ? notify_connect(path) : -1 };
	if (notify->fd >= 0 && usec != NULL && text_parse_uint(usec, &value) == 0 &&
	    value <= INT64_MAX / 1000) {
		notify->watchdog = (ew_dur)value * 1000;
	}
	if (pid != NULL && (text_parse_uint(pid, &value) != 0 || value != (uint64_t)getpid())) {
		notify->watchdog = 0;
	}
	/* what modules may start must not speak for us */
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
}

void notify_close(struct notify *notify)
{
	if (notify->fd >= 0) {
		(void)close(notify->fd);
	}
	notify->fd = -1;
}

static void notify_send(struct notify *notify, const char *fmt, ...) EW_PRINTF(2, 3);

static void notify_send(struct notify *notify, const char *fmt, ...)
{
	char text[512];
	va_list args;
	int size;

	if (notify->fd < 0) {
		return;
	}
	va_start(args, fmt);
	size = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (size >= (int)sizeof(text)) {
		size = sizeof(text) - 1;
	}
	(void)!send(notify->fd, text, (size_t)size, MSG_NOSIGNAL); /* see above */
}

void notify_ready(struct notify *notify, const char *status)
{
	notify_send(notify, "READY=1\nSTATUS=%s\n", status);
}

void notify_status(struct notify *notify, const char *status)
{
	notify_send(notify, "STATUS=%s\n", status);
}

void notify_reloading(struct notify *notify)
{
	notify_send(notify, "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\nSTATUS=reloading\n",
		    clock_mono() / 1000);
}

void notify_stopping(struct notify *notify, const char *status)
{
	notify_send(notify, "STOPPING=1\nSTATUS=%s\n", status);
}

void notify_alive(struct notify *notify)
{
	notify_send(notify, "WATCHDOG=1\n");
}
