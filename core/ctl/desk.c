/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The desk's life and its table of commands.
 */
#include "core/ctl/desk.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/check.h"
#include "core/conf/own.h"
#include "core/ctl/place.h"

#define DESK_POSTS_MAX  4096

static const struct ctl_command desk_commands[] = {
	{ "devices", desk_run_devices },
	{ "tags", desk_run_tags },
	{ "get", desk_run_get },
	{ "watch", desk_run_watch },
	{ "write", desk_run_write },
	{ "execute", desk_run_write },
	{ "refresh", desk_run_write },
	{ "routes", desk_run_routes },
	{ "store", desk_run_store },
	{ "ledger", desk_run_ledger },
	{ "why", desk_run_why },
	{ NULL, NULL },
};

/* Not a module of a file: the desk's own place on the bus. */
static const struct ew_module desk_module = {
	.magic = EW_MODULE_MAGIC,
	.abi_major = EW_ABI_MAJOR,
	.abi_minor = EW_ABI_MINOR,
	.size = sizeof(struct ew_module),
	.option_size = sizeof(struct ew_option),
	.metric_size = sizeof(struct ew_metric),
	.flags = EW_WANTS_ONLY,
	.name = "control",
	.version = "1",
	.summary = "writes of the control socket",
	.answered = desk_answered,
};

int desk_new(struct bus *bus, struct loop *loop, struct desk **desk_out)
{
	struct desk *desk = calloc(1, sizeof(*desk));
	struct endpoint_config config = {
		.name = OWN_CONTROL, .module = &desk_module, .loop = loop,
	};
	int error;

	if (desk == NULL) {
		return -ENOMEM;
	}
	desk->bus = bus;
	desk->loop = loop;
	list_init(&desk->writes);
	list_init(&desk->watches);
	post_queue_init(&desk->posts, loop, DESK_POSTS_MAX);
	config.control = &desk->posts;
	error = endpoint_new(bus, &config, &desk->endpoint);
	if (error != 0) {
		post_queue_fini(&desk->posts);
		free(desk);
		return error;
	}
	endpoint_set_self(desk->endpoint, desk);
	error = endpoint_join(desk->endpoint);
	check(error == 0 || error == -ENOMEM);
	*desk_out = desk;
	return 0;
}

struct ctl_table desk_table(struct desk *desk)
{
	return (struct ctl_table){ desk_commands, desk };
}

static void desk_on_left(void *arg, struct endpoint *endpoint)
{
	struct desk *desk = arg;

	(void)endpoint;
	endpoint_free(&desk->endpoint);
}

void desk_leave(struct desk *desk)
{
	if (desk->is_leaving) {
		return;
	}
	desk->is_leaving = true;
	watches_leave(desk);
	endpoint_leave(desk->endpoint, false, desk_on_left, desk);
}

bool desk_has_left(const struct desk *desk)
{
	return desk->is_leaving && desk->endpoint == NULL && list_is_empty(&desk->watches);
}

void desk_free(struct desk **desk_at)
{
	struct desk *desk = *desk_at;

	if (desk == NULL) {
		return;
	}
	*desk_at = NULL;
	check(desk_has_left(desk));
	writes_forget(desk);
	post_queue_fini(&desk->posts);
	free(desk);
}
