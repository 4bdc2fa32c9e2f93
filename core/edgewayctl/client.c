/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connecting, asking, and reading lines with a bound on each.
 */
#include "core/edgewayctl/client.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENT_LINE_MAX  ((size_t)1 << 20)
#define CLIENT_READ      65536

int client_fail(int status, const char *fmt, ...)
{
	va_list args;

	fputs("edgewayctl: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	return status;
}

void client_init(struct client *client)
{
	memset(client, 0, sizeof(*client));
	client->fd = -1;
	buf_init(&client->in, CLIENT_LINE_MAX + CLIENT_READ);
	buf_init(&client->line, CLIENT_LINE_MAX);
}

void client_fini(struct client *client)
{
	if (client->fd >= 0) {
		(void)close(client->fd);
	}
	buf_fini(&client->in);
	buf_fini(&client->line);
}

void client_begin(struct buf *request, const char *command)
{
	buf_init(request, CLIENT_LINE_MAX);
	json_begin(request);
	json_add_text(request, "do", command);
}

static int client_connect(struct client *client)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t size = strlen(client->socket);

	if (size >= sizeof(address.sun_path)) {
		return client_fail(CTL_USAGE, "the socket's path is longer than %zu bytes",
				   sizeof(address.sun_path) - 1);
	}
	memcpy(address.sun_path, client->socket, size);
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0 ||
	    connect(client->fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		return client_fail(CTL_UNREACHABLE, "no daemon answers at '%s': %s",
				   client->socket, strerror(errno));
	}
	return CTL_OK;
}

int client_send(struct client *client, struct buf *request)
{
	int status = CTL_OK;
	size_t sent = 0;

	json_end(request);
	buf_add_byte(request, '\n');
	if (request->fault != 0) {
		status = client_fail(CTL_USAGE, "the request is too long");
	} else if (client->fd < 0) {
		status = client_connect(client);
	}
	while (status == CTL_OK && sent < request->size) {
		ssize_t size = send(client->fd, request->at + sent, request->size - sent,
				    MSG_NOSIGNAL);

		if (size > 0) {
			sent += (size_t)size;
		} else if (errno == EPIPE || errno == ECONNRESET) {
			break; /* it turned us away and has said why */
		} else if (errno != EINTR) {
			status = client_fail(CTL_UNREACHABLE, "cannot send: %s", strerror(errno));
		}
	}
	buf_fini(request);
	return status;
}

/* A whole line at the start of `in`: its size, 0 when the daemon went away. */
static size_t client_line(struct client *client)
{
	struct buf *in = &client->in;
	size_t seen = 0;

	for (;;) {
		char *feed = in->size > seen ? memchr(in->at + seen, '\n', in->size - seen) : NULL;
		ssize_t size;

		if (feed != NULL) {
			return (size_t)(feed - in->at) + 1;
		}
		seen = in->size;
		if (seen > CLIENT_LINE_MAX || buf_reserve(in, CLIENT_READ) != 0) {
			return 0;
		}
		size = recv(client->fd, in->at + seen, CLIENT_READ, 0);
		if (size < 0 && errno == EINTR) {
			continue;
		}
		if (size <= 0) {
			return 0;
		}
		in->size += (size_t)size;
	}
}

static int client_end(const struct json_object *object, const char *end)
{
	const char *text = json_text(object, "error");
	int64_t code = 0;

	if (strcmp(end, "ok") == 0) {
		return -1;
	}
	if (json_int(object, "code", &code) != 0) {
		code = 0;
	}
	return client_fail(code == ETIMEDOUT ? CTL_UNKNOWN : CTL_REFUSED, "%s",
			   text != NULL ? text : "refused");
}

int client_next(struct client *client, struct json_object *object_out, const char **line_out)
{
	struct buf *in = &client->in;
	const char *end;
	size_t size;

	buf_consume(in, client->used);
	client->used = 0;
	size = client_line(client);
	if (size == 0 && client->is_over != NULL && *client->is_over != 0) {
		return -1;
	}
	if (size == 0) {
		return client_fail(CTL_UNREACHABLE, "the daemon went away");
	}
	client->used = size;
	buf_clear(&client->line);
	/* reading takes the line to pieces */
	if (buf_add(&client->line, in->at, size - 1) != 0 ||
	    json_read(in->at, size - 1, object_out) != 0) {
		return client_fail(CTL_UNREACHABLE, "the answer is not understood");
	}
	*line_out = buf_text(&client->line);
	end = json_text(object_out, "end");
	return end != NULL ? client_end(object_out, end) : CTL_OK;
}
