/* SPDX-License-Identifier: Apache-2.0 */
/* The listener under test, its owner and its clients. */
#include "tests/unit/http_fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"

#define DEADLINE 60000000000    /* ns; a test that waits so long has failed */

void fixture_config(struct http_config *config)
{
	*config = (struct http_config){
		.is_given = true,
		.listen = "127.0.0.1:0",
		.anonymous = EW_ROLE_ADMIN,
		.max_connections = 32,
		.max_connections_per_address = 32,
		.max_parked = 16,
		.max_parked_per_instance = 8,
		.timeouts = {
			.header = 5000000000, .body = 5000000000,
			.idle = 5000000000, .answer = 5000000000,
		},
	};
}

static void fixture_wake(void *arg)
{
	struct fixture *f = arg;
	uint64_t one = 1;

	assert_int_equal(write(f->wake_fd, &one, sizeof(one)), sizeof(one));
}

static void fixture_text(struct ew_http_request *req, int status, const char *text)
{
	const struct ew_http_response response = {
		.size = sizeof(response),
		.status = status,
		.content_type = "text/plain",
		.body = text,
		.body_size = strlen(text),
	};

	assert_int_equal(request_reply(req, &response), 0);
}

/* Says what it saw. */
static void on_now(void *arg, struct ew_http_request *req)
{
	struct fixture *f = arg;
	const struct ew_http_peer *peer = request_peer(req);
	const char *name = request_param(req, "name");
	const char *query = request_query(req, "q", 0);
	const char *header = request_header(req, "x-test");

	f->handled++;
	(void)snprintf(f->seen, sizeof(f->seen), "%s %s name=%s q=%s x=%s auth=%s %s/%s@%s",
		       request_method(req), request_path(req), name != NULL ? name : "-",
		       query != NULL ? query : "-", header != NULL ? header : "-",
		       request_header(req, "Authorization") != NULL ? "shown" : "-", peer->user,
		       role_name(peer->role), peer->address);
	fixture_text(req, 200, f->seen);
}

static void on_echo(void *arg, struct ew_http_request *req)
{
	struct fixture *f = arg;
	size_t size;
	const void *body = request_body(req, &size);
	const struct ew_http_response response = {
		.size = sizeof(response), .content_type = "text/plain", .body = body,
		.body_size = size,
	};

	f->handled++;
	assert_int_equal(request_reply(req, &response), 0);
}

static void on_later(void *arg, struct ew_http_request *req)
{
	struct fixture *f = arg;

	f->handled++;
	assert_true(f->parked_count < FIXTURE_PARKED);
	f->parked[f->parked_count] = req;
	f->parked_count++;
}

static void on_gone(void *arg, struct ew_http_request *req)
{
	struct fixture *f = arg;

	(void)req;
	f->gone++;
}

static void on_writable(void *arg, struct ew_http_request *req)
{
	struct fixture *f = arg;

	(void)req;
	f->writable++;
}

static void fixture_handle(struct fixture *f, struct ew_http_spec spec)
{
	spec.size = sizeof(spec);
	spec.arg = f;
	assert_int_equal(http_owner_handle(f->owner, &spec), 0);
}

static void fixture_handlers(struct fixture *f)
{
	fixture_handle(f, (struct ew_http_spec){.methods = "GET", .path = "/now",
						.handle = on_now});
	fixture_handle(f, (struct ew_http_spec){.methods = "GET", .path = "/now/{name}",
						.handle = on_now});
	fixture_handle(f, (struct ew_http_spec){.methods = "GET", .path = "/viewer",
						.role = EW_ROLE_VIEWER, .handle = on_now});
	fixture_handle(f, (struct ew_http_spec){.methods = "GET POST", .path = "/operator",
						.role = EW_ROLE_OPERATOR, .handle = on_now});
	fixture_handle(f, (struct ew_http_spec){.methods = "POST PUT", .path = "/echo",
						.body_max = 100000, .handle = on_echo});
	fixture_handle(f, (struct ew_http_spec){.methods = "GET", .path = "/later",
						.handle = on_later, .gone = on_gone});
	fixture_handle(f, (struct ew_http_spec){.methods = "GET", .path = "/quick",
						.handle = on_later, .gone = on_gone,
						.deadline = 50000000});
	fixture_handle(f, (struct ew_http_spec){.methods = "GET", .path = "/stream",
						.handle = on_later, .gone = on_gone,
						.writable = on_writable, .stream_max = 65536});
}

int fixture_open(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct http_owner_ops ops = {.wake = fixture_wake, .arg = f};

	assert_non_null(f);
	(void)snprintf(f->folder, sizeof(f->folder), "/tmp/test_http.XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	f->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_true(f->wake_fd >= 0);
	assert_int_equal(http_new(&f->http), 0);
	assert_int_equal(http_owner_new(f->http, "test", &ops, &f->owner), 0);
	fixture_handlers(f);
	fixture_config(&f->config);
	fixture_apply(f);
	*state = f;
	return 0;
}

int fixture_close(void **state)
{
	struct fixture *f = *state;
	char command[64];

	http_owner_close(&f->owner);
	http_free(&f->http);
	(void)close(f->wake_fd);
	(void)snprintf(command, sizeof(command), "rm -rf %s", f->folder);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

void fixture_apply(struct fixture *f)
{
	struct ew_error err = {0};

	if (http_apply(f->http, &f->config, &err) < 0) {
		fail_msg("%s", err.text);
	}
}

const char *fixture_path(struct fixture *f, const char *name)
{
	static char paths[4][128];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", f->folder, name);
	return path;
}

int fixture_connect(struct fixture *f)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)http_port(f->http)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

void fixture_send(int fd, const char *text)
{
	size_t size = strlen(text);

	while (size > 0) {
		ssize_t n = send(fd, text, size, MSG_NOSIGNAL);

		if (n < 0) {
			return; /* the listener has closed; the test sees by reading */
		}
		text += n;
		size -= (size_t)n;
	}
}

/* Wait for the owner's queue or fd; true: fd is readable. */
static bool fixture_poll(struct fixture *f, int fd, int64_t deadline)
{
	struct pollfd fds[2] = {
		{.fd = f->wake_fd, .events = POLLIN}, {.fd = fd, .events = POLLIN},
	};
	int64_t left = deadline - clock_mono();

	if (left <= 0) {
		fail_msg("nothing happened; read so far: %s", f->text);
	}
	assert_true(poll(fds, 2, (int)(left / 1000000) + 1) >= 0);
	if (fds[0].revents != 0) {
		fixture_serve(f);
	}
	return fd >= 0 && fds[1].revents != 0;
}

void fixture_serve(struct fixture *f)
{
	uint64_t count;

	if (read(f->wake_fd, &count, sizeof(count)) == sizeof(count)) {
		while (f->owner != NULL && http_owner_run(f->owner)) {
			continue;
		}
	}
}

void fixture_read(struct fixture *f, int fd, const char *until)
{
	int64_t deadline = clock_mono() + DEADLINE;

	f->size = 0;
	f->text[0] = '\0';
	while (until == NULL || strstr(f->text, until) == NULL) {
		ssize_t n;

		if (!fixture_poll(f, fd, deadline)) {
			continue;
		}
		assert_true(f->size < sizeof(f->text) - 1);
		n = read(fd, f->text + f->size, sizeof(f->text) - 1 - f->size);
		if (n <= 0) {
			break;
		}
		f->size += (size_t)n;
		f->text[f->size] = '\0';
	}
	if (until != NULL && strstr(f->text, until) == NULL) {
		fail_msg("'%s' did not come, but: %s", until, f->text);
	}
}

const char *fixture_ask(struct fixture *f, const char *request)
{
	int fd = fixture_connect(f);

	fixture_send(fd, request);
	fixture_read(f, fd, NULL);
	(void)close(fd);
	return f->text;
}

const char *fixture_get(struct fixture *f, const char *line)
{
	char request[8192];

	(void)snprintf(request, sizeof(request),
		       "%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", line);
	return fixture_ask(f, request);
}

int fixture_curl(struct fixture *f, const char *words)
{
	char port[8];
	char command[1024];
	FILE *pipe;
	int status;

	(void)snprintf(port, sizeof(port), "%u", http_port(f->http));
	(void)snprintf(command, sizeof(command), "PORT=%s; curl -s -m 60 %s 2>&1", port, words);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	fixture_read(f, fileno(pipe), NULL);
	status = pclose(pipe);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void fixture_wait(struct fixture *f, const unsigned *number, unsigned least)
{
	int64_t deadline = clock_mono() + DEADLINE;

	while (*number < least) {
		(void)fixture_poll(f, -1, deadline);
	}
}

void fixture_wait_stat(struct fixture *f, size_t offset, uint64_t value)
{
	int64_t deadline = clock_mono() + DEADLINE;

	for (;;) {
		struct http_stats stats;
		uint64_t now;

		http_read_stats(f->http, &stats);
		memcpy(&now, (char *)&stats + offset, sizeof(now));
		if (now == value) {
			return;
		}
		if (clock_mono() > deadline) {
			fail_msg("a counter stays at %llu", (unsigned long long)now);
		}
		(void)poll(NULL, 0, 1);
	}
}

struct ew_http_request *fixture_take(struct fixture *f)
{
	struct ew_http_request *req = f->parked[0];

	assert_true(f->parked_count > 0);
	f->parked_count--;
	memmove(f->parked, f->parked + 1, f->parked_count * sizeof(f->parked[0]));
	return req;
}

int fixture_reply(struct fixture *f, const char *body)
{
	const struct ew_http_response response = {
		.size = sizeof(response), .body = body, .body_size = strlen(body),
	};

	return request_reply(fixture_take(f), &response);
}
