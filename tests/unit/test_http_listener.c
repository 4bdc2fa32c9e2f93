/* SPDX-License-Identifier: Apache-2.0 */
/* The listener with real clients: form, size, slowness, methods, roles. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/check.h"
#include "core/base/clock.h"

#include "tests/unit/http_fixture.h"

#define HOST "Host: localhost\r\n"
#define CLOSE "Connection: close\r\n"

static void assert_starts(const char *text, const char *start)
{
	if (strncmp(text, start, strlen(start)) != 0) {
		fail_msg("'%s' does not start with '%s'", text, start);
	}
}

static void assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL) {
		fail_msg("'%s' is not in: %s", part, text);
	}
}

static void test_off_loopback_needs_tls_and_tokens(void **state)
{
	struct http_config config;
	struct ew_error err = {0};

	(void)state;
	fixture_config(&config);
	config.listen = "0.0.0.0:0";
	assert_int_equal(http_config_check(&config, &err), -EINVAL);
	assert_has(err.text, "set certificate and key");
	config.certificate = "c.pem";
	config.key = "k.pem";
	assert_int_equal(http_config_check(&config, &err), -EINVAL);
	assert_has(err.text, "set tokens to a file made by edgewayctl token new");
	config.tokens = "tokens.yaml";
	assert_int_equal(http_config_check(&config, &err), 0);
	config.listen = "[::]:1";
	config.key = NULL;
	assert_int_equal(http_config_check(&config, &err), -EINVAL);
}

static void test_a_listen_address_is_numbers_only(void **state)
{
	static const char *const wrong[] = {
		"", ":1", "localhost:1", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:80",
		"[::1]", "[::1:80", "[]:1", "127.0.0.1:0x", "1.2.3:4", "127.0.0.1:-1",
	};
	struct sockaddr_storage address;
	socklen_t size;

	(void)state;
	for (size_t i = 0; i < array_count(wrong); i++) {
		if (http_parse_listen(wrong[i], &address, &size) != -EINVAL) {
			fail_msg("'%s' is not refused", wrong[i]);
		}
	}
	assert_int_equal(http_parse_listen("[::1]:0", &address, &size), 0);
	assert_true(http_is_loopback(&address));
	assert_int_equal(http_parse_listen("127.8.0.1:65535", &address, &size), 0);
	assert_true(http_is_loopback(&address));
	assert_int_equal(http_parse_listen("[::ffff:127.0.0.1]:0", &address, &size), 0);
	assert_true(http_is_loopback(&address));
	assert_int_equal(http_parse_listen("[::]:0", &address, &size), 0);
	assert_false(http_is_loopback(&address));
	assert_int_equal(http_parse_listen("10.0.0.1:0", &address, &size), 0);
	assert_false(http_is_loopback(&address));
}

static void test_a_taken_port_is_named(void **state)
{
	struct fixture *f = *state;
	struct http *other;
	struct http_config config = f->config;
	struct ew_error err = {0};
	char listen[32];

	(void)snprintf(listen, sizeof(listen), "127.0.0.1:%u", http_port(f->http));
	config.listen = listen;
	assert_int_equal(http_new(&other), 0);
	assert_int_equal(http_apply(other, &config, &err), -EADDRINUSE);
	assert_has(err.text, listen);
	assert_int_equal(http_port(other), 0);
	http_free(&other);
}

static void test_a_malformed_request_is_refused(void **state)
{
	struct fixture *f = *state;
	char target[5000];

	assert_starts(fixture_get(f, "GET /%zz"), "HTTP/1.1 400 ");
	assert_has(f->text, "Content-Type: application/json");
	assert_has(f->text, "{\"error\":\"the address is not well-formed\"}");
	assert_starts(fixture_get(f, "GET /../etc/passwd"), "HTTP/1.1 400 ");
	assert_starts(fixture_get(f, "BREW /now"), "HTTP/1.1 501 ");
	memset(target, 'a', sizeof(target));
	memcpy(target, "GET /", 5);
	target[4500] = '\0';
	assert_starts(fixture_get(f, target), "HTTP/1.1 414 ");
	assert_string_equal(fixture_ask(f, "nonsense\r\n\r\n"), "");
	assert_int_equal(f->handled, 0);
}

static void test_too_many_header_bytes_are_refused(void **state)
{
	struct fixture *f = *state;
	struct buf request;

	buf_init(&request, 65536);
	(void)buf_add_text(&request, "GET /now HTTP/1.1\r\n" HOST CLOSE);
	for (int i = 0; i < 30; i++) {
		(void)buf_printf(&request, "X-%d: %0600d\r\n", i, i);
	}
	assert_int_equal(buf_add_text(&request, "\r\n"), 0);
	assert_starts(fixture_ask(f, request.at), "HTTP/1.1 431 ");
	buf_clear(&request);
	(void)buf_add_text(&request, "GET /now HTTP/1.1\r\n" HOST CLOSE);
	for (int i = 0; i < 80; i++) {
		(void)buf_printf(&request, "X-%d: 1\r\n", i);
	}
	assert_int_equal(buf_add_text(&request, "\r\n"), 0);
	assert_starts(fixture_ask(f, request.at), "HTTP/1.1 431 ");
	buf_fini(&request);
	assert_int_equal(f->handled, 0);
}

static void test_an_unknown_path_and_method_are_told_apart(void **state)
{
	struct fixture *f = *state;

	assert_starts(fixture_get(f, "GET /nowhere"), "HTTP/1.1 404 ");
	assert_has(f->text, "{\"error\":\"nothing here\"}");
	assert_starts(fixture_get(f, "DELETE /operator"), "HTTP/1.1 405 ");
	assert_has(f->text, "Allow: GET, HEAD, POST\r\n");
	assert_starts(fixture_get(f, "POST /healthz"), "HTTP/1.1 405 ");
	assert_has(f->text, "Allow: GET, HEAD\r\n");
}

static void test_a_body_over_the_limit_is_refused(void **state)
{
	struct fixture *f = *state;
	struct buf big;

	assert_starts(fixture_ask(f, "POST /operator HTTP/1.1\r\n" HOST CLOSE
				  "Content-Length: 1\r\n\r\nx"), "HTTP/1.1 413 ");
	/* told before the body is sent */
	assert_starts(fixture_ask(f, "POST /echo HTTP/1.1\r\n" HOST
				  "Content-Length: 999999999\r\n\r\n"), "HTTP/1.1 413 ");
	assert_starts(fixture_ask(f, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 100001\r\n"
				  "Expect: 100-continue\r\n\r\n"), "HTTP/1.1 413 ");
	/* a length that is not said, and found too long on the way */
	buf_init(&big, 200000);
	assert_int_equal(buf_printf(&big, "POST /echo HTTP/1.1\r\n" HOST CLOSE
				    "Transfer-Encoding: chunked\r\n\r\n186a1\r\n"
				    "%0100001d\r\n0\r\n\r\n", 1), 0);
	assert_starts(fixture_ask(f, big.at), "HTTP/1.1 413 ");
	assert_int_equal(f->handled, 0);
	buf_fini(&big);
}

static void test_a_body_arrives_whole(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fixture_curl(f, "-d hello http://127.0.0.1:$PORT/echo"), 0);
	assert_string_equal(f->text, "hello");
	assert_int_equal(fixture_curl(f, "-H 'Transfer-Encoding: chunked' -X PUT -d chunked "
				      "http://127.0.0.1:$PORT/echo"), 0);
	assert_string_equal(f->text, "chunked");
	assert_int_equal(fixture_curl(f, "-H 'Expect: 100-continue' -d wait "
				      "http://127.0.0.1:$PORT/echo"), 0);
	assert_string_equal(f->text, "wait");
	assert_int_equal(fixture_curl(f, "-w '%{http_code}' -X POST "
				      "http://127.0.0.1:$PORT/echo"), 0);
	assert_string_equal(f->text, "200");
	assert_int_equal(f->handled, 4);
}

static void test_a_handler_sees_what_was_asked(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fixture_curl(f, "-H 'X-Test: yes' "
				      "\"http://127.0.0.1:$PORT/now/a%2Fb?q=1+2&q=3\""), 0);
	assert_string_equal(f->text, "GET /now/a%2Fb name=a/b q=1 2 x=yes auth=- "
			    "anonymous/admin@127.0.0.1");
}

static void test_a_head_is_answered_without_a_body(void **state)
{
	struct fixture *f = *state;

	assert_starts(fixture_get(f, "HEAD /now"), "HTTP/1.1 200 ");
	assert_has(f->text, "Content-Length: ");
	assert_string_equal(strstr(f->text, "\r\n\r\n"), "\r\n\r\n");
	assert_starts(f->seen, "HEAD /now");
	assert_has(f->text, "Cache-Control: no-store\r\n");
	assert_has(f->text, "X-Content-Type-Options: nosniff\r\n");
}

static void test_pipelined_requests_are_answered_in_order(void **state)
{
	struct fixture *f = *state;
	const char *at;

	fixture_ask(f, "GET /now/1 HTTP/1.1\r\n" HOST "\r\n"
		    "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\ntwo"
		    "GET /nowhere HTTP/1.1\r\n" HOST "\r\n"
		    "GET /now/4 HTTP/1.1\r\n" HOST CLOSE "\r\n");

	at = strstr(f->text, "name=1");
	assert_non_null(at);
	at = strstr(at, "two");
	assert_non_null(at);
	at = strstr(at, "nothing here");
	assert_non_null(at);
	assert_non_null(strstr(at, "name=4"));
	assert_int_equal(f->handled, 3);
}

static void test_a_slow_client_is_cut_off(void **state)
{
	struct fixture *f = *state;
	int64_t begin = clock_mono();
	int fd;

	f->config.timeouts.header = 100000000;
	f->config.timeouts.body = 100000000;
	f->config.timeouts.idle = 100000000;
	fixture_apply(f);

	/* says nothing; half a head; a body that does not come; nothing more after an answer */
	assert_string_equal(fixture_ask(f, ""), "");
	assert_string_equal(fixture_ask(f, "GET /now HTTP/1.1\r\nHo"), "");
	assert_string_equal(fixture_ask(f, "POST /echo HTTP/1.1\r\n" HOST
					"Content-Length: 5\r\n\r\nhe"), "");
	assert_starts(fixture_ask(f, "GET /now HTTP/1.1\r\n" HOST "\r\n"), "HTTP/1.1 200 ");
	assert_true(clock_mono() - begin < 3000000000);

	/* a byte now and then does not help */
	begin = clock_mono();
	fd = fixture_connect(f);
	while (send(fd, "G", 1, MSG_NOSIGNAL) == 1) {
		assert_true(clock_mono() - begin < 3000000000);
		(void)poll(NULL, 0, 10);
	}
	(void)close(fd);
	fixture_wait_for(f, open_connections, 0);
}

static void test_connections_are_limited(void **state)
{
	struct fixture *f = *state;
	int fds[3];

	f->config.max_connections = 4;
	f->config.max_connections_per_address = 2;
	fixture_apply(f);
	for (int i = 0; i < 2; i++) {
		fds[i] = fixture_connect(f);
	}
	fixture_wait_for(f, open_connections, 2);
	fds[2] = fixture_connect(f);
	fixture_send(fds[2], "GET /now HTTP/1.1\r\n" HOST CLOSE "\r\n");
	fixture_read(f, fds[2], NULL);
	assert_string_equal(f->text, "");
	for (int i = 0; i < 3; i++) {
		(void)close(fds[i]);
	}
	fixture_wait_for(f, open_connections, 0);

	/* over the limit of all: it waits for its turn */
	f->config.max_connections = 2;
	f->config.max_connections_per_address = 4;
	fixture_apply(f);
	for (int i = 0; i < 3; i++) {
		fds[i] = fixture_connect(f);
	}
	fixture_wait_for(f, open_connections, 2);
	fixture_send(fds[2], "GET /now HTTP/1.1\r\n" HOST CLOSE "\r\n");
	(void)close(fds[0]);
	fixture_read(f, fds[2], NULL);
	assert_starts(f->text, "HTTP/1.1 200 ");
	(void)close(fds[1]);
	(void)close(fds[2]);
}

static void abort_handler(void *arg, struct ew_http_request *req)
{
	(void)arg;
	(void)req;
	fail();
}

static void test_health_and_readiness_are_the_cores(void **state)
{
	struct fixture *f = *state;
	struct ew_http_spec spec = {
		.size = sizeof(spec), .methods = "GET", .path = "/readyz", .handle = abort_handler,
	};

	assert_int_equal(http_owner_handle(f->owner, &spec), -EEXIST);
	assert_starts(fixture_get(f, "GET /healthz"), "HTTP/1.1 200 ");
	assert_has(f->text, "\r\n\r\nok\n");
	assert_starts(fixture_get(f, "GET /readyz"), "HTTP/1.1 503 ");
	assert_has(f->text, "\r\n\r\nstarting\n");
	http_set_ready(f->http, true, "3 of 3 instances are up");
	assert_starts(fixture_get(f, "GET /readyz"), "HTTP/1.1 200 ");
	assert_has(f->text, "\r\n\r\n3 of 3 instances are up\n");
}

static void test_a_web_page_does_not_pass_for_a_local_program(void **state)
{
	struct fixture *f = *state;

	assert_starts(fixture_ask(f, "GET /viewer HTTP/1.1\r\nHost: evil.example:80\r\n" CLOSE
				  "\r\n"), "HTTP/1.1 403 ");
	assert_starts(fixture_ask(f, "POST /operator HTTP/1.1\r\nHost: 127.0.0.1\r\n"
				  "Origin: http://evil.example\r\n" CLOSE "\r\n"),
		      "HTTP/1.1 403 ");
	assert_int_equal(f->handled, 0);
	assert_starts(fixture_ask(f, "POST /operator HTTP/1.1\r\nHost: [::1]:80\r\n"
				  "Origin: http://[::1]:80\r\n" CLOSE "\r\n"), "HTTP/1.1 200 ");
}

/* How often the listener's thread has gone to sleep so far, from /proc. */
static void read_switches(char *out, size_t size)
{
	char command[256];
	FILE *pipe;

	(void)snprintf(command, sizeof(command),
		       "for t in /proc/%d/task/*; do grep -qx http $t/comm && "
		       "grep ^voluntary $t/status; done", (int)getpid());
	pipe = popen(command, "r");
	assert_non_null(pipe);
	(void)!fread(out, 1, size - 1, pipe);
	(void)pclose(pipe);
}

static void test_an_idle_listener_does_not_wake(void **state)
{
	struct fixture *f = *state;
	char before[256] = "";
	char after[256] = "";

	assert_starts(fixture_get(f, "GET /now"), "HTTP/1.1 200 ");
	fixture_wait_for(f, open_connections, 0);
	read_switches(before, sizeof(before));
	(void)poll(NULL, 0, 300);
	read_switches(after, sizeof(after));
	assert_string_not_equal(before, "");
	assert_string_equal(before, after);
}

#define with_listener(test) cmocka_unit_test_setup_teardown(test, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_off_loopback_needs_tls_and_tokens),
		cmocka_unit_test(test_a_listen_address_is_numbers_only),
		with_listener(test_a_taken_port_is_named),
		with_listener(test_a_malformed_request_is_refused),
		with_listener(test_too_many_header_bytes_are_refused),
		with_listener(test_an_unknown_path_and_method_are_told_apart),
		with_listener(test_a_body_over_the_limit_is_refused),
		with_listener(test_a_body_arrives_whole),
		with_listener(test_a_handler_sees_what_was_asked),
		with_listener(test_a_head_is_answered_without_a_body),
		with_listener(test_pipelined_requests_are_answered_in_order),
		with_listener(test_a_slow_client_is_cut_off),
		with_listener(test_connections_are_limited),
		with_listener(test_health_and_readiness_are_the_cores),
		with_listener(test_a_web_page_does_not_pass_for_a_local_program),
		with_listener(test_an_idle_listener_does_not_wake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
