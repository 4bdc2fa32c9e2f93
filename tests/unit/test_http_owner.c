/* SPDX-License-Identifier: Apache-2.0 */
/* Requests between listener and owner: parked, late, gone, streamed, stopped. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/check.h"

#include "tests/unit/http_fixture.h"

#define ASK(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

static void assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL) {
		fail_msg("'%s' is not in: %s", part, text);
	}
}

/* Connect, send, and wait until the handler has it. */
static int ask(struct fixture *f, const char *request)
{
	unsigned count = f->handled;
	int fd = fixture_connect(f);

	fixture_send(fd, request);
	fixture_wait(f, &f->handled, count + 1);
	return fd;
}

static void test_an_answer_after_the_deadline_is_told(void **state)
{
	struct fixture *f = *state;
	int fd = ask(f, ASK("/quick"));

	fixture_read(f, fd, NULL);
	assert_has(f->text, "HTTP/1.1 504 ");
	fixture_wait(f, &f->gone, 1);
	assert_int_equal(fixture_reply(f, "late"), -ETIMEDOUT);
	(void)close(fd);
}

static void test_an_answer_to_a_client_that_left_is_told(void **state)
{
	struct fixture *f = *state;

	(void)close(ask(f, ASK("/later")));
	fixture_wait(f, &f->gone, 1);
	assert_int_equal(fixture_reply(f, "nobody hears"), -EPIPE);
	fixture_wait_for(f, open_connections, 0);
}

static void test_a_closed_request_is_not_answered_twice(void **state)
{
	struct fixture *f = *state;
	struct ew_http_response response = {.size = sizeof(response)};
	int fd = ask(f, ASK("/later"));
	struct ew_http_request *req = fixture_take(f);

	assert_int_equal(request_reply(req, &response), 0);
	fixture_read(f, fd, NULL);
	fixture_wait_for(f, open_connections, 0);
	assert_int_equal(request_reply(req, &response), -EINVAL);
	assert_int_equal(request_stream_start(req, &response), -EINVAL);
	assert_int_equal(request_stream_end(req), -EINVAL);
	assert_null(http_request_owner(req));
	(void)close(fd);
}

static void test_a_response_that_makes_no_sense_becomes_a_500(void **state)
{
	static const struct ew_http_header headers[] = {
		{"X-A\r\nB", "1"}, {"X-A", "1\r\nX-B: 2"}, {"Content-Length", "5"}, {"", "1"},
		{"X-A", NULL},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < array_count(headers) + 2; i++) {
		struct ew_http_response response = {.size = sizeof(response), .status = 200};
		int fd = ask(f, ASK("/later"));

		if (i < array_count(headers)) {
			response.headers = &headers[i];
			response.header_count = 1;
		} else if (i == array_count(headers)) {
			response.status = 100;
		} else {
			response.size = 1;
		}
		assert_int_equal(request_reply(fixture_take(f), &response), -EINVAL);
		fixture_read(f, fd, NULL);
		assert_has(f->text, "HTTP/1.1 500 ");
		(void)close(fd);
	}
}

static void test_parked_requests_are_limited(void **state)
{
	struct fixture *f = *state;
	int fds[4];

	f->config.max_parked_per_instance = 3;
	fixture_apply(f);
	for (int i = 0; i < 3; i++) {
		fds[i] = ask(f, ASK("/later"));
	}
	fds[3] = fixture_connect(f);
	fixture_send(fds[3], ASK("/later"));
	fixture_read(f, fds[3], NULL);
	assert_has(f->text, "HTTP/1.1 503 ");
	assert_has(f->text, "Retry-After: 5\r\n");
	(void)close(fds[3]);

	/* one answered makes room for another */
	assert_int_equal(fixture_reply(f, "{}"), 0);
	fixture_read(f, fds[0], NULL);
	assert_has(f->text, "HTTP/1.1 200 ");
	(void)close(fds[0]);
	fds[0] = ask(f, ASK("/later"));
	for (int i = 0; i < 3; i++) {
		(void)close(fds[i]);
	}
	fixture_wait(f, &f->gone, 3);
	while (f->parked_count > 0) {
		assert_int_equal(fixture_reply(f, ""), -EPIPE);
	}
}

static void test_a_draining_owner_gets_no_more(void **state)
{
	struct fixture *f = *state;
	int fd = ask(f, ASK("/later"));

	http_owner_drain(f->owner);
	assert_has(fixture_get(f, "GET /now"), "HTTP/1.1 503 ");
	assert_has(f->text, "stopping");
	assert_int_equal(fixture_reply(f, "{\"done\":1}"), 0);
	fixture_read(f, fd, NULL);
	assert_has(f->text, "{\"done\":1}");
	(void)close(fd);
}

static void test_what_a_stopped_owner_leaves_is_answered(void **state)
{
	struct fixture *f = *state;
	struct ew_http_response response = {.size = sizeof(response), .content_type = "text/plain"};
	int fds[3];

	fds[0] = ask(f, ASK("/later"));
	fds[1] = ask(f, ASK("/stream"));
	assert_int_equal(request_stream_start(f->parked[1], &response), 0);
	assert_int_equal(request_stream_write(f->parked[1], "part", 4), 0);
	fixture_read(f, fds[1], "part");
	/* this one the handler never sees */
	fds[2] = fixture_connect(f);
	fixture_send(fds[2], ASK("/now"));
	fixture_wait_for(f, parked, 3);

	http_owner_close(&f->owner);

	fixture_read(f, fds[0], NULL);
	assert_has(f->text, "HTTP/1.1 503 ");
	assert_has(f->text, "stopped before it answered");
	fixture_read(f, fds[1], NULL);
	assert_null(strstr(f->text, "\r\n0\r\n"));
	fixture_read(f, fds[2], NULL);
	assert_has(f->text, "HTTP/1.1 503 ");
	assert_has(fixture_get(f, "GET /now"), "HTTP/1.1 404 ");
	for (int i = 0; i < 3; i++) {
		(void)close(fds[i]);
	}
	fixture_wait_for(f, open_connections, 0);
	fixture_wait_for(f, parked, 0);
	fixture_wait_for(f, streams, 0);
}

static void test_the_listener_stops_with_requests_parked(void **state)
{
	struct fixture *f = *state;
	struct ew_http_response response = {.size = sizeof(response), .content_type = "text/plain"};
	int fds[2];

	fds[0] = ask(f, ASK("/later"));
	fds[1] = ask(f, ASK("/stream"));
	assert_int_equal(request_stream_start(f->parked[1], &response), 0);
	fixture_read(f, fds[1], "200");

	http_stop(f->http);

	assert_int_equal(http_port(f->http), 0);
	fixture_wait(f, &f->gone, 2);
	assert_int_equal(fixture_reply(f, ""), -EPIPE);
	assert_int_equal(request_stream_end(fixture_take(f)), -EPIPE);
	fixture_read(f, fds[0], NULL);
	assert_string_equal(f->text, "");
	(void)close(fds[0]);
	(void)close(fds[1]);
	fixture_apply(f);
	assert_has(fixture_get(f, "GET /now"), "HTTP/1.1 200 ");
}

static void test_other_limits_keep_the_port(void **state)
{
	struct fixture *f = *state;
	char listen[32];

	(void)snprintf(listen, sizeof(listen), "127.0.0.1:%u", http_port(f->http));
	f->config.listen = listen;
	fixture_apply(f);
	f->config.max_connections = 7;
	fixture_apply(f);
	assert_int_equal(http_port(f->http), strtoul(listen + 10, NULL, 10));
	assert_has(fixture_get(f, "GET /now"), "HTTP/1.1 200 ");
	f->config.is_given = false;
	fixture_apply(f);
	assert_int_equal(http_port(f->http), 0);
}

static void test_a_stream_in_the_wrong_state_is_refused(void **state)
{
	struct fixture *f = *state;
	struct ew_http_response response = {.size = sizeof(response), .content_type = "text/plain"};
	static char big[65537];
	int fd = ask(f, ASK("/stream"));
	struct ew_http_request *req = fixture_take(f);

	assert_int_equal(request_stream_write(req, "x", 1), -EINVAL);
	assert_int_equal(request_stream_start(req, &response), 0);
	assert_int_equal(request_stream_start(req, &response), -EINVAL);
	assert_int_equal(request_stream_write(req, big, sizeof(big)), -EMSGSIZE);
	assert_int_equal(request_stream_write(req, "", 0), 0);
	assert_int_equal(request_reply(req, &response), -EINVAL);
	fixture_read(f, fd, NULL);
	assert_null(strstr(f->text, "\r\n0\r\n"));
	(void)close(fd);

	fd = ask(f, ASK("/stream"));
	assert_int_equal(request_stream_end(fixture_take(f)), -EINVAL);
	fixture_read(f, fd, NULL);
	assert_has(f->text, "HTTP/1.1 500 ");
	(void)close(fd);
}

static void test_a_stream_waits_for_a_slow_client_and_loses_nothing(void **state)
{
	struct fixture *f = *state;
	struct ew_http_response response = {.size = sizeof(response), .content_type = "text/plain"};
	const unsigned total = 10000;   /* lines of 1000 bytes: more than sockets hold */
	unsigned sent = 0;
	unsigned stalls = 0;
	uint64_t got = 0;
	char line[1001];
	char buffer[4096];
	int fd = ask(f, ASK("/stream"));
	struct ew_http_request *req = fixture_take(f);

	assert_int_equal(request_stream_start(req, &response), 0);
	while (sent < total) {
		int ret;

		(void)snprintf(line, sizeof(line), "%0999u\n", sent);
		ret = request_stream_write(req, line, 1000);
		if (ret == -EAGAIN) {
			unsigned count = f->writable;

			/* only now does the client read */
			while (f->writable == count) {
				ssize_t n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);

				got += n > 0 ? (uint64_t)n : 0;
				fixture_serve(f);
			}
			stalls++;
			continue;
		}
		assert_int_equal(ret, 0);
		sent++;
	}
	assert_int_equal(request_stream_end(req), 0);
	for (ssize_t n; (n = read(fd, buffer, sizeof(buffer))) > 0;) {
		got += (uint64_t)n;
	}
	(void)close(fd);
	assert_true(stalls > 0);
	assert_true(got > (uint64_t)total * 1000);
	fixture_wait_for(f, sent_bytes, (uint64_t)total * 1000);
}

static void test_a_stream_is_what_curl_sees(void **state)
{
	struct fixture *f = *state;
	struct ew_http_response response = {.size = sizeof(response), .content_type = "text/plain"};
	FILE *pipe;
	char command[128];

	(void)snprintf(command, sizeof(command), "curl -sN -m 60 http://127.0.0.1:%u/stream",
		       http_port(f->http));
	for (int i = 0; i < 2; i++) {
		struct ew_http_request *req;

		pipe = popen(command, "r");
		assert_non_null(pipe);
		fixture_wait(f, &f->handled, (unsigned)i + 1);
		req = fixture_take(f);
		assert_int_equal(request_stream_start(req, &response), 0);
		assert_int_equal(request_stream_write(req, "one,", 4), 0);
		fixture_read(f, fileno(pipe), "one,");
		assert_int_equal(request_stream_write(req, "two", 3), 0);
		fixture_read(f, fileno(pipe), "two");
		if (i == 0) {
			assert_int_equal(request_stream_end(req), 0);
			assert_int_equal(pclose(pipe), 0);
		} else {
			assert_int_equal(request_stream_cut(req), 0);
			/* curl: transfer closed with outstanding data remaining */
			assert_int_equal(WEXITSTATUS(pclose(pipe)), 18);
		}
	}
}

static void test_a_client_that_leaves_a_stream_is_noticed(void **state)
{
	struct fixture *f = *state;
	struct ew_http_response response = {.size = sizeof(response), .content_type = "text/plain"};
	int fd = ask(f, ASK("/stream"));
	struct ew_http_request *req = fixture_take(f);
	int ret;

	/* while the stream is silent */
	assert_int_equal(request_stream_start(req, &response), 0);
	fixture_read(f, fd, "200");
	(void)close(fd);
	fixture_wait(f, &f->gone, 1);
	assert_int_equal(request_stream_write(req, "x", 1), -EPIPE);
	assert_int_equal(request_stream_end(req), -EPIPE);

	/* while it flows */
	fd = ask(f, ASK("/stream"));
	req = fixture_take(f);
	assert_int_equal(request_stream_start(req, &response), 0);
	fixture_read(f, fd, "200");
	assert_int_equal(request_stream_write(req, "x", 1), 0);
	(void)close(fd);
	do {
		ret = request_stream_write(req, "0123456789", 10);
		fixture_serve(f);
	} while (ret == 0 || ret == -EAGAIN);
	assert_int_equal(ret, -EPIPE);
	assert_int_equal(request_stream_cut(req), -EPIPE);
	fixture_wait_for(f, streams, 0);
	fixture_wait_for(f, gone, 2);
}

static void test_a_stream_for_head_ends_at_once(void **state)
{
	struct fixture *f = *state;
	struct ew_http_response response = {.size = sizeof(response), .content_type = "text/plain"};
	int fd = ask(f, "HEAD /stream HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
	struct ew_http_request *req = fixture_take(f);

	assert_int_equal(request_stream_start(req, &response), 0);
	fixture_read(f, fd, NULL);
	assert_has(f->text, "HTTP/1.1 200 ");
	fixture_wait(f, &f->gone, 1);
	assert_int_equal(request_stream_end(req), -EPIPE);
	(void)close(fd);
}

static int fixture_walk(void *arg, const char *owner, unsigned methods,
			const struct ew_http_spec *spec)
{
	unsigned *count = arg;

	assert_string_equal(owner, "test");
	assert_true(methods != 0);
	(*count)++;
	return strcmp(spec->path, "/stream") == 0 ? 7 : 0;
}

static void test_handlers_can_be_listed(void **state)
{
	struct fixture *f = *state;
	unsigned count = 0;

	assert_int_equal(http_walk_routes(f->http, fixture_walk, &count), 7);
	assert_int_equal(count, 8);
}

#define with_listener(test) cmocka_unit_test_setup_teardown(test, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_listener(test_an_answer_after_the_deadline_is_told),
		with_listener(test_an_answer_to_a_client_that_left_is_told),
		with_listener(test_a_closed_request_is_not_answered_twice),
		with_listener(test_a_response_that_makes_no_sense_becomes_a_500),
		with_listener(test_parked_requests_are_limited),
		with_listener(test_a_draining_owner_gets_no_more),
		with_listener(test_what_a_stopped_owner_leaves_is_answered),
		with_listener(test_the_listener_stops_with_requests_parked),
		with_listener(test_other_limits_keep_the_port),
		with_listener(test_a_stream_in_the_wrong_state_is_refused),
		with_listener(test_a_stream_waits_for_a_slow_client_and_loses_nothing),
		with_listener(test_a_stream_is_what_curl_sees),
		with_listener(test_a_client_that_leaves_a_stream_is_noticed),
		with_listener(test_a_stream_for_head_ends_at_once),
		with_listener(test_handlers_can_be_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
