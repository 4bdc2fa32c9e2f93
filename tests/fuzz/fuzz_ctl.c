/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client that sends any bytes to the control socket: every line is answered
 * or the client is cut off, and nothing of it stays.
 */
#include "core/ctl/ctl.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/check.h"
#include "tests/fuzz/fuzz.h"

static void run_echo(struct ctl_request *request, void *arg)
{
	const struct json_object *fields = ctl_fields(request);
	struct buf *row = ctl_row(request);

	(void)arg;
	for (size_t i = 0; i < fields->count; i++) {
		json_add_text(row, fields->fields[i].key, fields->fields[i].text);
	}
	ctl_row_end(request);
	ctl_end(request);
}

static void on_gone(void *arg)
{
	(void)arg;
}

static void run_hold(struct ctl_request *request, void *arg)
{
	(void)arg;
	ctl_wait(request, &(struct ctl_hooks){ .gone = on_gone });
}

static const struct ctl_command commands[] = {
	{ "echo", run_echo },
	{ "hold", run_hold },
	{ NULL, NULL },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ctl_config config = { .group = (gid_t)-1, .tables = { { commands, NULL } } };
	static char answer[65536];
	struct loop *loop;
	struct ctl *ctl;
	int pair[2];

	check(loop_new("fuzz", &loop) == 0);
	config.loop = loop;
	check(ctl_new(&config, &ctl, NULL) == 0);
	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
	check(ctl_adopt(ctl, pair[0]) == 0);
	while (size > 0) {
		ssize_t sent = send(pair[1], data, size < 1000 ? size : 1000, MSG_NOSIGNAL);

		if (sent > 0) {
			data += sent;
			size -= (size_t)sent;
		}
		while (loop_step(loop)) {
		}
		if (sent <= 0 || recv(pair[1], answer, sizeof(answer), 0) == 0) {
			break;
		}
	}
	(void)close(pair[1]);
	while (loop_step(loop)) {
	}
	ctl_free(&ctl);
	loop_free(&loop);
	return 0;
}
