/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One client: lines in, lines out, one request at a time.
 *
 * A command may end its request from inside any call, also from the one that
 * started it, and a write that fails may end the connection; so a connection
 * is only marked dead while functions of this file are on the stack, and freed
 * by the outermost.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/ctl/inside.h"

static void connection_enter(struct connection *connection)
{
	connection->depth++;
}

static void connection_leave(struct connection *connection)
{
	if (--connection->depth == 0 && connection->is_dead) {
		connection_free(connection);
	}
}

static void connection_die(struct connection *connection)
{
	connection->is_dead = true;
	(void)watch_set(&connection->watch, 0); /* it is closed right after */
}

void connection_free(struct connection *connection)
{
	struct ctl_request *request = &connection->request;

	if (request->is_open && request->hooks.gone != NULL) {
		request->is_open = false;
		request->hooks.gone(request->hooks.arg);
	}
	list_remove(&connection->node);
	connection->ctl->connection_count--;
	watch_fini(&connection->watch);
	timer_fini(&connection->patience);
	(void)close(connection->fd);
	buf_fini(&connection->in);
	buf_fini(&connection->out);
	free(connection);
}

/* The client owes us the rest of a line, or the reading of an answer. */
static void connection_set_patience(struct connection *connection)
{
	bool waits_for_line = !connection->request.is_open && connection->in.size > 0;

	/* with more to come the kernel may hold all that was made so far */
	if (waits_for_line || connection->out.size > 0 || connection->request.hooks.room != NULL) {
		timer_set(&connection->patience, CTL_PATIENCE, 0);
	} else {
		timer_stop(&connection->patience);
	}
}

static void connection_on_patience(struct loop_timer *timer)
{
	struct connection *connection = container_of(timer, struct connection, patience);

	connection->ctl->stats.slow++;
	connection_free(connection);
}

/* Send what waits, as far as the client takes it. */
static void connection_flush(struct connection *connection)
{
	struct buf *out = &connection->out;
	size_t before = out->size;
	unsigned events = connection->in.size < connection->in.limit ? EPOLLIN : 0;
	ssize_t sent = 0;

	while (out->size > 0 && !connection->is_dead) {
		sent = send(connection->fd, out->at, out->size, MSG_NOSIGNAL);
		if (sent < 0) {
			break;
		}
		buf_consume(out, (size_t)sent);
	}
	if (out->fault != 0 || (sent < 0 && errno != EAGAIN && errno != EINTR)) {
		connection_die(connection);
		return;
	}
	if (out->size == 0 && connection->is_ending) {
		connection_die(connection);
		return;
	}
	if (out->size > 0 || connection->request.hooks.room != NULL) {
		/* while an answer waits no further request is read */
		events = EPOLLOUT;
	}
	if (!connection->is_dead && watch_set(&connection->watch, events) != 0) {
		connection_die(connection);
	}
	if (out->size != before || !heap_holds(&connection->patience.node)) {
		connection_set_patience(connection);
	}
}

static void request_finish(struct ctl_request *request)
{
	struct connection *connection = request->connection;

	check(request->is_open);
	request->is_open = false;
	request->hooks = (struct ctl_hooks){ 0 };
	buf_consume(&connection->in, connection->consumed);
	connection->consumed = 0;
}

static void connection_refuse(struct connection *connection, int error, const char *why)
{
	struct buf *out = &connection->out;

	connection->ctl->stats.faulty++;
	json_begin(out);
	json_add_text(out, "end", "error");
	json_add_text(out, "error", why);
	json_add_int(out, "code", -error);
	json_end(out);
	buf_add_byte(out, '\n');
}

/* The line at the start of `in`, `size` bytes without the line feed. */
static void connection_run_line(struct connection *connection, size_t size)
{
	struct ctl_request *request = &connection->request;
	const struct ctl_command *command;
	const char *name;
	void *arg;
	int error = json_read(connection->in.at, size, &request->fields);

	connection->consumed = size + 1;
	connection->ctl->stats.requests++;
	name = error == 0 ? json_text(&request->fields, "do") : NULL;
	command = name == NULL ? NULL : ctl_find(connection->ctl, name, &arg);
	if (command == NULL) {
		connection_refuse(connection, name == NULL ? -EBADMSG : -ENOSYS,
				  name == NULL ? "not a request" : "no such command");
		buf_consume(&connection->in, connection->consumed);
		connection->consumed = 0;
		return;
	}
	request->is_open = true;
	command->run(request, arg);
	check(!request->is_open || request->hooks.gone != NULL);
}

static void connection_run_lines(struct connection *connection)
{
	struct buf *in = &connection->in;

	while (!connection->request.is_open && !connection->is_dead && connection->out.size == 0 &&
	       in->size > 0) {
		char *feed = memchr(in->at, '\n', in->size);

		if (feed == NULL) {
			if (in->size >= CTL_REQUEST_MAX) {
				connection_refuse(connection, -EMSGSIZE, "the request is too long");
				connection->is_ending = true;
			}
			return;
		}
		connection_run_line(connection, (size_t)(feed - in->at));
		connection_flush(connection);
	}
}

static void connection_read(struct connection *connection)
{
	struct buf *in = &connection->in;
	size_t room = in->limit - in->size;
	ssize_t got;

	if (room == 0) {
		/* the line is complete, its request is open: more lines may wait where they are */
		return;
	}
	got = recv(connection->fd, in->at + in->size, room, 0);
	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
		connection_die(connection);
		return;
	}
	in->size += got > 0 ? (size_t)got : 0;
}

static void connection_on_ready(struct loop_watch *watch, unsigned events)
{
	struct connection *connection = container_of(watch, struct connection, watch);
	struct ctl_request *request = &connection->request;

	connection_enter(connection);
	if ((events & (EPOLLHUP | EPOLLERR)) != 0 && (events & EPOLLIN) == 0) {
		connection_die(connection);
	}
	if ((events & EPOLLOUT) != 0) {
		connection_flush(connection);
		if (request->is_open && request->hooks.room != NULL && ctl_has_room(request)) {
			request->hooks.room(request, request->hooks.arg);
		}
	}
	if ((events & EPOLLIN) != 0) {
		connection_read(connection);
	}
	connection_run_lines(connection);
	if (!connection->is_dead) {
		connection_flush(connection);
	}
	connection_leave(connection);
}

int connection_new(struct ctl *ctl, int fd, const char *who)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	int error;

	if (connection == NULL) {
		(void)close(fd);
		return -ENOMEM;
	}
	connection->ctl = ctl;
	connection->request.connection = connection;
	connection->fd = fd;
	(void)snprintf(connection->who, sizeof(connection->who), "%s", who);
	buf_init(&connection->in, CTL_REQUEST_MAX);
	buf_init(&connection->out, CTL_ANSWER_MAX);
	/* all of it now: the fields of an open request point into it */
	error = buf_reserve(&connection->in, CTL_REQUEST_MAX);
	if (error == 0) {
		error = timer_init(&connection->patience, ctl->config.loop,
				   connection_on_patience);
	}
	if (error == 0) {
		error = watch_init(&connection->watch, ctl->config.loop, fd, EPOLLIN,
				   connection_on_ready);
		if (error != 0) {
			timer_fini(&connection->patience);
		}
	}
	if (error != 0) {
		(void)close(fd);
		buf_fini(&connection->in);
		free(connection);
		return error;
	}
	list_push(&ctl->connections, &connection->node);
	ctl->connection_count++;
	return 0;
}

const struct json_object *ctl_fields(const struct ctl_request *request)
{
	return &request->fields;
}

const char *ctl_who(const struct ctl_request *request)
{
	return request->connection->who;
}

struct buf *ctl_row(struct ctl_request *request)
{
	struct buf *out = &request->connection->out;

	check(request->is_open);
	json_begin(out);
	return out;
}

void ctl_row_end(struct ctl_request *request)
{
	struct buf *out = &request->connection->out;

	json_end(out);
	buf_add_byte(out, '\n');
}

void ctl_add_lines(struct ctl_request *request, const char *lines, size_t size)
{
	check(request->is_open);
	buf_add(&request->connection->out, lines, size);
}

void ctl_flush(struct ctl_request *request)
{
	struct connection *connection = request->connection;

	connection_enter(connection);
	if (connection->depth == 1) {
		connection_flush(connection);
	}
	connection_leave(connection);
}

bool ctl_has_room(const struct ctl_request *request)
{
	return request->connection->out.size < CTL_ANSWER_HIGH;
}

void ctl_wait(struct ctl_request *request, const struct ctl_hooks *hooks)
{
	check(request->is_open && hooks->gone != NULL);
	request->hooks = *hooks;
}

static void request_end(struct ctl_request *request, const char *why, int error)
{
	struct connection *connection = request->connection;
	struct buf *out = &connection->out;

	request_finish(request);
	json_begin(out);
	json_add_text(out, "end", why == NULL ? "ok" : "error");
	if (why != NULL) {
		json_add_text(out, "error", why);
		json_add_int(out, "code", -error);
	}
	json_end(out);
	buf_add_byte(out, '\n');
	connection_enter(connection);
	if (connection->depth == 1) {
		connection_flush(connection);
		connection_run_lines(connection);
	}
	connection_leave(connection);
}

void ctl_end(struct ctl_request *request)
{
	request_end(request, NULL, 0);
}

void ctl_fail(struct ctl_request *request, int error, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args); /* cut is fine */
	va_end(args);
	request_end(request, text, error);
}
