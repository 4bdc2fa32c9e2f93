/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket with commands of the test's own, its loop stepped by hand. */
#include "core/ctl/ctl.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "tests/unit/unit.h"

static struct loop *loop;
static struct ctl *ctl;
static int client;
static char got[4 << 20];
static size_t got_size;

static struct ctl_request *held;        /* by the command "hold" */
static int gone_calls;
static uint64_t flood_left;
static int64_t now = 1000;

static int64_t read_now(void *arg)
{
	(void)arg;
	return now;
}

static void run_echo(struct ctl_request *request, void *arg)
{
	struct buf *row = ctl_row(request);

	json_add_text(row, "text", json_text(ctl_fields(request), "text"));
	json_add_text(row, "arg", arg);
	json_add_text(row, "who", ctl_who(request));
	ctl_row_end(request);
	ctl_end(request);
}

static void run_refuse(struct ctl_request *request, void *arg)
{
	(void)arg;
	ctl_fail(request, -ENOENT, "no tag \"%s\"", json_text(ctl_fields(request), "text"));
}

static void on_gone(void *arg)
{
	(void)arg;
	gone_calls++;
	held = NULL;
}

static void run_hold(struct ctl_request *request, void *arg)
{
	(void)arg;
	held = request;
	ctl_wait(request, &(struct ctl_hooks){ .gone = on_gone });
}

static void flood(struct ctl_request *request, void *arg)
{
	(void)arg;
	while (flood_left > 0 && ctl_has_room(request)) {
		json_add_uint(ctl_row(request), "left", flood_left--);
		ctl_row_end(request);
	}
	if (flood_left == 0) {
		ctl_end(request);
	}
}

static void run_flood(struct ctl_request *request, void *arg)
{
	flood_left = 200000;
	ctl_wait(request, &(struct ctl_hooks){ .room = flood, .gone = on_gone });
	flood(request, arg);
}

static const struct ctl_command commands[] = {
	{ "echo", run_echo },
	{ "refuse", run_refuse },
	{ "hold", run_hold },
	{ "flood", run_flood },
	{ NULL, NULL },
};

static int setup(void **state)
{
	struct ctl_config config = { .group = (gid_t)-1 };
	struct ew_error err = { .text = "" };
	int pair[2];

	(void)state;
	assert_int_equal(loop_new("test", &loop), 0);
	config.loop = loop;
	config.tables[1] = (struct ctl_table){ commands, (void *)(uintptr_t)"x" };
	assert_int_equal(ctl_new(&config, &ctl, &err), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(ctl_adopt(ctl, pair[0]), 0);
	client = pair[1];
	got_size = 0;
	gone_calls = 0;
	held = NULL;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (client >= 0) {
		(void)close(client);
	}
	ctl_free(&ctl);
	loop_free(&loop);
	return 0;
}

static void settle(void)
{
	ssize_t size;

	do {
		while (loop_step(loop)) {
		}
		size = recv(client, got + got_size, sizeof(got) - got_size - 1, 0);
		got_size += size > 0 ? (size_t)size : 0;
	} while (size > 0);
	got[got_size] = '\0';
}

static const char *ask(const char *text)
{
	got_size = 0;
	assert_int_equal(send(client, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	settle();
	return got;
}

static void step(void)
{
	while (loop_step(loop)) {
	}
}

static void test_what_is_no_request_is_refused_and_the_next_one_served(void **state)
{
	(void)state;
	assert_non_null(strstr(ask("hello\n"), "\"not a request\""));
	assert_non_null(strstr(ask("{\"do\":1}\n"), "\"not a request\""));
	assert_non_null(strstr(ask("{\"do\":\"dance\"}\n"), "\"no such command\""));
	assert_int_equal(ctl_stats(ctl).faulty, 3);
	assert_string_equal(ask("{\"do\":\"echo\",\"text\":\"a\\nb\"}\n"),
			    "{\"text\":\"a\\nb\",\"arg\":\"x\",\"who\":\"test\"}\n"
			    "{\"end\":\"ok\"}\n");
}

static void test_a_line_without_end_is_cut_off(void **state)
{
	char text[CTL_REQUEST_MAX + 1];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[CTL_REQUEST_MAX] = '\0';
	assert_non_null(strstr(ask(text), "\"the request is too long\""));
	assert_int_equal(recv(client, text, 1, 0), 0);
}

static void test_an_error_has_its_sentence_and_its_number(void **state)
{
	(void)state;
	assert_string_equal(ask("{\"do\":\"refuse\",\"text\":\"a:b\"}\n"),
			    "{\"end\":\"error\",\"error\":\"no tag \\\"a:b\\\"\",\"code\":2}\n");
}

static void test_requests_sent_together_are_answered_in_order(void **state)
{
	(void)state;
	assert_string_equal(ask("{\"do\":\"echo\",\"text\":\"1\"}\n{\"do\":\"hold\"}\n"
				"{\"do\":\"echo\",\"text\":\"2\"}\n"),
			    "{\"text\":\"1\",\"arg\":\"x\",\"who\":\"test\"}\n"
			    "{\"end\":\"ok\"}\n");
	assert_non_null(held);
	got_size = 0;
	ctl_end(held);
	settle();
	assert_string_equal(got, "{\"end\":\"ok\"}\n"
				 "{\"text\":\"2\",\"arg\":\"x\",\"who\":\"test\"}\n"
				 "{\"end\":\"ok\"}\n");
}

static void test_a_client_that_leaves_ends_its_request(void **state)
{
	(void)state;
	(void)ask("{\"do\":\"hold\"}\n");
	assert_non_null(held);
	(void)close(client);
	client = -1;
	step();
	assert_int_equal(gone_calls, 1);
}

static void test_who_sends_on_during_a_request_is_left_unread_at_no_cost(void **state)
{
	char text[CTL_REQUEST_MAX];
	int turns = 0;

	(void)state;
	(void)ask("{\"do\":\"hold\"}\n");
	memset(text, 'x', sizeof(text));
	assert_int_equal(send(client, text, sizeof(text), 0), sizeof(text));
	assert_int_equal(send(client, text, sizeof(text), 0), sizeof(text));

	while (turns < 100 && loop_step(loop)) {
		turns++;
	}

	assert_in_range(turns, 1, 99);
	assert_non_null(held);
	(void)close(client);
	client = -1;
	step();
	assert_int_equal(gone_calls, 1);
}

static void test_a_long_answer_waits_for_its_reader(void **state)
{
	(void)state;
	assert_int_equal(send(client, "{\"do\":\"flood\"}\n", 15, 0), 15);
	step();
	assert_in_range(flood_left, 1, 199999);
	got_size = 0;
	settle();
	assert_int_equal(flood_left, 0);
	assert_non_null(strstr(got, "{\"left\":200000}\n{\"left\":199999}\n"));
	assert_non_null(strstr(got, "{\"left\":1}\n{\"end\":\"ok\"}\n"));
	assert_int_equal(gone_calls, 0);
}

static void test_who_does_not_read_is_cut_off(void **state)
{
	struct clock_source source = { read_now, read_now, NULL };

	(void)state;
	clock_set_source(&source);
	assert_int_equal(send(client, "{\"do\":\"flood\"}\n", 15, 0), 15);
	step();
	now += CTL_PATIENCE + 1;
	step();
	assert_int_equal(gone_calls, 1);
	assert_int_equal(ctl_stats(ctl).slow, 1);
	clock_set_source(NULL);
}

static void test_half_a_line_is_not_waited_for_without_end(void **state)
{
	struct clock_source source = { read_now, read_now, NULL };
	char byte;

	(void)state;
	clock_set_source(&source);
	(void)ask("{\"do\":");
	now += CTL_PATIENCE + 1;
	step();
	assert_int_equal(recv(client, &byte, 1, 0), 0);
	clock_set_source(NULL);
}

static void test_a_path_that_is_too_long_is_named(void **state)
{
	struct ctl_config config = { .loop = loop, .group = (gid_t)-1 };
	struct ew_error err = { .text = "" };
	struct ctl *other = NULL;
	char path[300];

	(void)state;
	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	config.path = path;
	assert_int_equal(ctl_new(&config, &other, &err), -ENAMETOOLONG);
	assert_non_null(strstr(err.text, "longer than"));
}

static void test_the_socket_serves_its_own_user_and_is_removed(void **state)
{
	struct ctl_config config = { .loop = loop, .group = (gid_t)-1 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct ew_error err = { .text = "" };
	char dir[] = "ctl-XXXXXX";
	struct ctl *other = NULL;
	char answer[256] = "";
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", dir);
	config.path = address.sun_path;
	config.tables[0] = (struct ctl_table){ commands, NULL };
	assert_int_equal(ctl_new(&config, &other, &err), 0);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(send(fd, "{\"do\":\"echo\"}\n", 14, 0), 14);
	step();
	assert_true(recv(fd, answer, sizeof(answer) - 1, 0) > 0);
	assert_non_null(strstr(answer, "\"text\":null"));
	assert_non_null(strstr(answer, "\"who\":\"uid "));
	(void)close(fd);
	ctl_free(&other);
	assert_int_equal(access(address.sun_path, F_OK), -1);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
#define ctl_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		ctl_test(test_what_is_no_request_is_refused_and_the_next_one_served),
		ctl_test(test_a_line_without_end_is_cut_off),
		ctl_test(test_an_error_has_its_sentence_and_its_number),
		ctl_test(test_requests_sent_together_are_answered_in_order),
		ctl_test(test_a_client_that_leaves_ends_its_request),
		ctl_test(test_who_sends_on_during_a_request_is_left_unread_at_no_cost),
		ctl_test(test_a_long_answer_waits_for_its_reader),
		ctl_test(test_who_does_not_read_is_cut_off),
		ctl_test(test_half_a_line_is_not_waited_for_without_end),
		ctl_test(test_a_path_that_is_too_long_is_named),
		ctl_test(test_the_socket_serves_its_own_user_and_is_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
