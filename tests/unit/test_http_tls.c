/* SPDX-License-Identifier: Apache-2.0 */
/* TLS and tokens: who gets in, with which role, and what a reload changes. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/check.h"

#include "tests/unit/http_fixture.h"

#define URL "https://127.0.0.1:$PORT"

static char viewer[TOKEN_TEXT_BYTES];
static char operator[TOKEN_TEXT_BYTES];

static void assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL) {
		fail_msg("'%s' is not in: %s", part, text);
	}
}

/* A certificate NAME.pem with NAME.key for 127.0.0.1 that signs itself. */
static void make_certificate(struct fixture *f, const char *name, const char *how)
{
	char command[512];

	(void)snprintf(command, sizeof(command),
		       "cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
		       "-nodes -keyout %s.key -out %s.pem -subj /CN=%s "
		       "-addext subjectAltName=IP:127.0.0.1 %s 2>/dev/null",
		       f->folder, name, name, name, how);
	assert_int_equal(system(command), 0);
}

static void use_certificate(struct fixture *f, const char *certificate, const char *key)
{
	f->config.certificate = fixture_path(f, certificate);
	f->config.key = fixture_path(f, key);
}

static int open_tls(void **state)
{
	struct ew_error err = {0};
	struct fixture *f;
	const char *tokens;

	(void)fixture_open(state);
	f = *state;
	make_certificate(f, "one", "-days 30");
	tokens = strdup(fixture_path(f, "tokens.yaml"));
	assert_int_equal(token_new(tokens, "grafana", EW_ROLE_VIEWER, viewer, &err), 0);
	assert_int_equal(token_new(tokens, "hmi", EW_ROLE_OPERATOR, operator, &err), 0);
	f->config.tokens = tokens;
	use_certificate(f, "one.pem", "one.key");
	fixture_apply(f);
	return 0;
}

static int close_tls(void **state)
{
	struct fixture *f = *state;
	const char *tokens = f->config.tokens;
	char *text;

	memcpy(&text, &tokens, sizeof(text)); /* strdup() made it */
	(void)fixture_close(state);
	free(text);
	return 0;
}

/* curl a path with a token, trusting a certificate; output ends in the status. */
static int ask(struct fixture *f, const char *trusted, const char *token, const char *rest)
{
	char words[512];

	(void)snprintf(words, sizeof(words), "--cacert %s -w ' %%{http_code}' %s%s%s %s",
		       fixture_path(f, trusted), token != NULL ? "-H 'Authorization: Bearer " : "",
		       token != NULL ? token : "", token != NULL ? "'" : "", rest);
	return fixture_curl(f, words);
}

static void test_who_does_not_trust_the_certificate_is_not_served(void **state)
{
	struct fixture *f = *state;

	make_certificate(f, "other", "-days 30");
	/* curl: peer certificate cannot be authenticated */
	assert_int_equal(ask(f, "other.pem", viewer, URL "/viewer"), 60);
	assert_int_equal(f->handled, 0);
}

static void test_plain_text_on_a_tls_port_is_not_served(void **state)
{
	struct fixture *f = *state;

	assert_null(strstr(fixture_get(f, "GET /healthz"), "200"));
	fixture_wait_for(f, open_connections, 0);
}

static void test_old_protocol_versions_are_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_not_equal(ask(f, "one.pem", viewer,
				 "--tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0 " URL "/viewer"), 0);
	assert_int_equal(ask(f, "one.pem", viewer, "--tls-max 1.2 " URL "/viewer"), 0);
	assert_int_equal(ask(f, "one.pem", viewer, "--tlsv1.3 " URL "/viewer"), 0);
}

static void test_without_a_token_nothing_is_told(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ask(f, "one.pem", NULL, "-i " URL "/viewer"), 0);
	assert_has(f->text, " 401");
	assert_has(f->text, "WWW-Authenticate: Bearer realm=\"edgeway\"\r\n");
	assert_int_equal(ask(f, "one.pem", NULL, URL "/no/such/path"), 0);
	assert_has(f->text, " 401");
	assert_int_equal(ask(f, "one.pem", NULL, "-X DELETE " URL "/viewer"), 0);
	assert_has(f->text, " 401");
	/* what is public stays so, and says the least */
	http_set_ready(f->http, false, "uplink: connecting to b1");
	assert_int_equal(ask(f, "one.pem", NULL, URL "/healthz"), 0);
	assert_string_equal(f->text, "ok\n 200");
	assert_int_equal(ask(f, "one.pem", NULL, URL "/readyz"), 0);
	assert_string_equal(f->text, "not ready\n 503");
	assert_int_equal(ask(f, "one.pem", viewer, URL "/readyz"), 0);
	assert_string_equal(f->text, "uplink: connecting to b1\n 503");
	assert_int_equal(f->handled, 0);
}

static void test_a_wrong_token_is_refused(void **state)
{
	struct fixture *f = *state;
	char wrong[TOKEN_TEXT_BYTES];
	struct http_stats stats;

	memcpy(wrong, viewer, sizeof(wrong));
	wrong[20] = wrong[20] == 'a' ? 'b' : 'a';
	assert_int_equal(ask(f, "one.pem", wrong, "-i " URL "/viewer"), 0);
	assert_has(f->text, " 401");
	assert_has(f->text, "error=\"invalid_token\"");
	assert_int_equal(ask(f, "one.pem", "", URL "/viewer"), 0);
	assert_has(f->text, " 401");
	assert_int_equal(ask(f, "one.pem", NULL, "-u grafana:secret " URL "/viewer"), 0);
	assert_has(f->text, " 401");
	http_read_stats(f->http, &stats);
	assert_int_equal(stats.refused_token, 3);
	assert_int_equal(f->handled, 0);
}

static void test_a_role_that_is_too_low_is_told(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ask(f, "one.pem", viewer, URL "/operator"), 0);
	assert_has(f->text, "this needs the role operator, grafana is viewer");
	assert_has(f->text, " 403");
	assert_int_equal(ask(f, "one.pem", operator, URL "/viewer"), 0);
	assert_has(f->text, "auth=- hmi/operator@127.0.0.1 200");
	assert_int_equal(f->handled, 1);
}

static void test_a_new_tokens_file_is_read_at_reload(void **state)
{
	struct fixture *f = *state;
	char later[TOKEN_TEXT_BYTES];
	struct ew_error err = {0};
	unsigned port = http_port(f->http);
	FILE *file;

	assert_int_equal(token_new(f->config.tokens, "later", EW_ROLE_VIEWER, later, &err), 0);
	assert_int_equal(ask(f, "one.pem", later, URL "/viewer"), 0);
	assert_has(f->text, " 401");
	fixture_apply(f);
	assert_int_equal(http_port(f->http), port);
	assert_int_equal(ask(f, "one.pem", later, URL "/viewer"), 0);
	assert_has(f->text, " 200");

	/* a damaged one changes nothing */
	file = fopen(f->config.tokens, "a");
	assert_non_null(file);
	(void)fputs("oops\n", file);
	(void)fclose(file);
	assert_int_equal(http_apply(f->http, &f->config, &err), -EINVAL);
	assert_has(err.file, "tokens.yaml");
	assert_int_equal(ask(f, "one.pem", viewer, URL "/viewer"), 0);
	assert_has(f->text, " 200");
}

static void test_a_new_certificate_is_used_without_a_stop(void **state)
{
	struct fixture *f = *state;
	struct ew_error err = {0};
	struct http_stats stats;
	unsigned port = http_port(f->http);

	make_certificate(f, "two", "-days 400");
	/* a key of another: refused, and the old pair stays */
	use_certificate(f, "two.pem", "one.key");
	assert_int_equal(http_apply(f->http, &f->config, &err), -EINVAL);
	assert_has(err.text, "does not belong");
	use_certificate(f, "two.pem", "missing.key");
	assert_int_equal(http_apply(f->http, &f->config, &err), -EINVAL);
	assert_has(err.text, "missing.key");
	use_certificate(f, "one.key", "one.key");
	assert_int_equal(http_apply(f->http, &f->config, &err), -EINVAL);
	assert_int_equal(ask(f, "one.pem", viewer, URL "/viewer"), 0);
	assert_has(f->text, " 200");
	http_read_stats(f->http, &stats);
	assert_true(stats.certificate_until > 0);

	use_certificate(f, "two.pem", "two.key");
	fixture_apply(f);
	assert_int_equal(http_port(f->http), port);
	assert_int_equal(ask(f, "two.pem", viewer, URL "/viewer"), 0);
	assert_has(f->text, " 200");
	assert_int_equal(ask(f, "one.pem", viewer, URL "/viewer"), 60);
}

static void test_streams_work_over_tls(void **state)
{
	struct fixture *f = *state;
	struct ew_http_response response = {.size = sizeof(response), .content_type = "text/plain"};
	struct ew_http_request *req;
	static char block[60000];
	char command[256];
	size_t total = 0;
	FILE *pipe;
	int ret;

	memset(block, 'x', sizeof(block));
	(void)snprintf(command, sizeof(command),
		       "curl -sN -m 60 --cacert %s https://127.0.0.1:%u/stream | wc -c",
		       fixture_path(f, "one.pem"), http_port(f->http));
	pipe = popen(command, "r");
	assert_non_null(pipe);
	fixture_wait(f, &f->handled, 1);
	req = fixture_take(f);
	assert_int_equal(request_stream_start(req, &response), 0);
	while (total < 6000000) {
		ret = request_stream_write(req, block, sizeof(block));
		if (ret == -EAGAIN) {
			fixture_wait(f, &f->writable, f->writable + 1);
			continue;
		}
		assert_int_equal(ret, 0);
		total += sizeof(block);
	}
	assert_int_equal(request_stream_end(req), 0);
	fixture_read(f, fileno(pipe), NULL);
	assert_int_equal(strtoul(f->text, NULL, 10), total);
	assert_int_equal(pclose(pipe), 0);

}

static void test_who_goes_while_parked_is_gone_over_tls(void **state)
{
	struct fixture *f = *state;
	char command[256], line[32];
	FILE *pipe;
	long pid;

	(void)snprintf(command, sizeof(command),
		       "echo $$; exec curl -s -m 60 --cacert %s https://127.0.0.1:%u/later",
		       fixture_path(f, "one.pem"), http_port(f->http));
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_non_null(fgets(line, sizeof(line), pipe));
	pid = strtol(line, NULL, 10);
	assert_true(pid > 1);
	fixture_wait(f, &f->handled, 1);
	assert_int_equal(kill((pid_t)pid, SIGTERM), 0);
	fixture_wait(f, &f->gone, 1);
	assert_int_equal(fixture_reply(f, "nobody"), -EPIPE);
	(void)pclose(pipe);
}

#define with_tls(test) cmocka_unit_test_setup_teardown(test, open_tls, close_tls)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_tls(test_who_does_not_trust_the_certificate_is_not_served),
		with_tls(test_plain_text_on_a_tls_port_is_not_served),
		with_tls(test_old_protocol_versions_are_refused),
		with_tls(test_without_a_token_nothing_is_told),
		with_tls(test_a_wrong_token_is_refused),
		with_tls(test_a_role_that_is_too_low_is_told),
		with_tls(test_a_new_tokens_file_is_read_at_reload),
		with_tls(test_a_new_certificate_is_used_without_a_stop),
		with_tls(test_streams_work_over_tls),
		with_tls(test_who_goes_while_parked_is_gone_over_tls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
