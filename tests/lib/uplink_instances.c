/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two instances of a module that uses <edgeway/uplink.h>, in a fleet of their
 * own: `owner` owns the will, `guest` does not. Each callback is a line of
 * output. SIGTERM ends them in order: guest, owner, uplink.
 *
 *   uplink_instances [name=value...]       options as uplink_driver
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <edgeway/module.h>
#include <edgeway/uplink.h>

#include "core/base/check.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/module/instance.h"
#include "core/uplink/cause.h"
#include "core/uplink/uplinks.h"
#include "tests/lib/uplink_options.h"

#define PATIENCE (20 * EW_SECOND)

#define TOKEN_HELLO 1u
#define TOKEN_BYE 9u

/* ---- the module ---- */

struct user {
	struct ew_instance *inst;
	const char *name;
	uint64_t epoch;
	uint32_t subscription;
	char will[32];
};

static volatile sig_atomic_t is_ending;

static bool user_owns_will(const struct user *user)
{
	return strcmp(user->name, "owner") == 0;
}

static void user_publish(struct user *user, const char *topic, uint64_t token)
{
	struct ew_uplink_message message = {
		.size = sizeof(message),
		.topic = topic,
		.payload = user->name,
		.payload_size = strlen(user->name),
		.qos = 1,
		.traffic = EW_TRAFFIC_CONTROL,
		.epoch = user->epoch,
		.token = token,
	};

	printf("%s publish %s status=%d\n", user->name, topic,
	       -ew_uplink_publish(user->inst, &message));
}

static int user_prepare(void *self, uint64_t epoch, struct ew_uplink_will *will)
{
	struct user *user = self;

	(void)snprintf(user->will, sizeof(user->will), "epoch-%" PRIu64, epoch);
	will->topic = "will/owner";
	will->payload = user->will;
	will->payload_size = strlen(user->will);
	printf("%s prepare %" PRIu64 "\n", user->name, epoch);
	return 0;
}

static void user_online(void *self, const struct ew_uplink_session *session)
{
	struct user *user = self;

	user->epoch = session->epoch;
	printf("%s online %" PRIu64 "\n", user->name, session->epoch);
	user_publish(user, user_owns_will(user) ? "birth" : "register", TOKEN_HELLO);
	if (user_owns_will(user)) {
		printf("%s release status=%d\n", user->name,
		       -ew_uplink_release(user->inst, session->epoch));
	} else {
		printf("%s release status=%d cycle status=%d\n", user->name,
		       -ew_uplink_release(user->inst, session->epoch),
		       -ew_uplink_cycle(user->inst, "no"));
	}
}

static void user_offline(void *self, uint64_t epoch, enum ew_uplink_cause cause, const char *text)
{
	struct user *user = self;

	user->epoch = 0;
	printf("%s offline %" PRIu64 " cause=%s text=%s\n", user->name, epoch, cause_name(cause),
	       text);
}

static void user_acked(void *self, const struct ew_uplink_ack *acks, size_t count)
{
	struct user *user = self;
	size_t i;

	for (i = 0; i < count; i++) {
		printf("%s acked %" PRIu64 " status=%d\n", user->name, acks[i].token,
		       -acks[i].status);
		if (acks[i].token == TOKEN_BYE) {
			ew_stopped(user->inst);
		}
	}
}

static void user_subscribed(void *self, const struct ew_uplink_ack *ack)
{
	struct user *user = self;

	printf("%s subscribed same=%d status=%d\n", user->name, ack->token == user->subscription,
	       -ack->status);
}

static void user_received(void *self, uint32_t subscription,
			  const struct ew_uplink_received *messages, size_t count)
{
	struct user *user = self;
	size_t i;

	check(subscription == user->subscription);
	for (i = 0; i < count; i++) {
		printf("%s received %s %.*s\n", user->name, messages[i].topic,
		       (int)messages[i].payload_size, (const char *)messages[i].payload);
		if (messages[i].payload_size == 5 && memcmp(messages[i].payload, "cycle", 5) == 0) {
			(void)ew_uplink_cycle(user->inst, "told to");
		}
	}
}

static const struct ew_uplink_ops owner_ops = {
	.size = sizeof(struct ew_uplink_ops),
	.prepare = user_prepare,
	.online = user_online,
	.offline = user_offline,
	.acked = user_acked,
	.subscribed = user_subscribed,
	.received = user_received,
};

static const struct ew_uplink_ops guest_ops = {
	.size = sizeof(struct ew_uplink_ops),
	.online = user_online,
	.offline = user_offline,
	.acked = user_acked,
	.subscribed = user_subscribed,
	.received = user_received,
};

static int user_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	struct user *user = calloc(1, sizeof(*user));
	char filter[64];
	struct ew_uplink_filter spec = {.size = sizeof(spec), .filter = filter, .qos = 1};
	struct ew_uplink_ops bad = {.size = 1};
	int rc;

	(void)settings;
	check(user != NULL);
	user->inst = inst;
	user->name = ew_name(inst);
	(void)snprintf(filter, sizeof(filter), "cmd/%s", user->name);
	check(ew_uplink_join(inst, &bad) == -EINVAL);
	rc = ew_uplink_join(inst, strcmp(user->name, "guest") == 0 ? &guest_ops : &owner_ops);
	printf("%s join status=%d\n", user->name, -rc);
	if (rc < 0) {
		free(user);
		return rc;
	}
	check(ew_uplink_join(inst, &guest_ops) == -EEXIST);
	check(ew_uplink_unsubscribe(inst, 12345) == -ENOENT);
	check(ew_uplink_subscribe(inst, &spec, &user->subscription) == 0);
	*self_out = user;
	return 0;
}

static int user_start(void *self)
{
	(void)self;
	return 0;
}

static void user_stop(void *self)
{
	struct user *user = self;

	user_publish(user, user_owns_will(user) ? "death" : "deregister", TOKEN_BYE);
}

static void user_close(void *self)
{
	free(self);
}

static const struct ew_module user_module = {
	.magic = EW_MODULE_MAGIC,
	.abi_major = EW_ABI_MAJOR,
	.abi_minor = EW_ABI_MINOR,
	.size = sizeof(struct ew_module),
	.option_size = sizeof(struct ew_option),
	.metric_size = sizeof(struct ew_metric),
	.name = "user",
	.version = "1.0",
	.summary = "speaks through the uplink",
	.open = user_open,
	.start = user_start,
	.stop = user_stop,
	.close = user_close,
};

/* ---- the fleet ---- */

struct world {
	struct uplink_config config;
	struct loop *main;
	struct bus *bus;
	struct fleet *fleet;
	struct uplinks *uplinks;
	struct module *module;
};

static void on_signal(int signal)
{
	(void)signal;
	is_ending = 1;
}

static void step(struct world *world)
{
	if (!loop_step(world->main)) {
		(void)poll(NULL, 0, 2);
	}
}

static void wait_state(struct world *world, struct ew_instance *inst, enum instance_state state)
{
	ew_dur limit = clock_mono() + PATIENCE;

	while (instance_state(inst) != state) {
		check(clock_mono() < limit);
		step(world);
	}
	printf("%s is %s\n", instance_name(inst), instance_state_name(state));
}

static struct ew_instance *make(struct world *world, const char *name, const char *uplink)
{
	struct instance_config config = {.name = name, .uplink = uplink};
	struct instance_settings settings = {.settings = world};
	struct ew_instance *inst = NULL;

	check(instance_new(world->fleet, world->module, &config, &settings, &inst) == 0);
	check(instance_run(inst) == 0);
	return inst;
}

static void end(struct world *world, struct ew_instance **inst)
{
	instance_stop(*inst, false);
	wait_state(world, *inst, INSTANCE_CLOSED);
	instance_free(inst);
}

static void on_stopped(void *arg)
{
	atomic_store((atomic_bool *)arg, true);
}

static void set_up(struct world *world, int argc, char **argv)
{
	int i;

	options_defaults(&world->config);
	world->config.name = "main";
	for (i = 1; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		check(value != NULL);
		*value = '\0';
		options_set(&world->config, argv[i], value + 1);
	}
	check(loop_new("main", &world->main) == 0);
	check(bus_new(&world->bus) == 0);
	check(module_new(&user_module, "(test)", NULL, &world->module, NULL) == 0);
	check(uplinks_open(&world->config, 1, &world->uplinks) == 0);
	check(fleet_new(&(struct fleet_config){.bus = world->bus,
					       .main = world->main,
					       .uplinks = world->uplinks},
			&world->fleet) == 0);
}

static void tear_down(struct world *world)
{
	atomic_bool is_stopped = false;
	ew_dur limit = clock_mono() + PATIENCE;

	uplinks_stop(world->uplinks, 5 * EW_SECOND, on_stopped, &is_stopped);
	while (!atomic_load(&is_stopped)) {
		check(clock_mono() < limit);
		step(world);
	}
	printf("stopped\n");
	uplinks_close(&world->uplinks);
	fleet_free(&world->fleet);
	bus_free(&world->bus);
	module_free(&world->module);
	loop_free(&world->main);
	printf("closed\n");
}

int main(int argc, char **argv)
{
	struct world world = {.main = NULL};
	struct ew_instance *owner;
	struct ew_instance *guest;
	struct ew_instance *refused;
	struct ew_instance *lonely;

	setlinebuf(stdout);
	(void)signal(SIGTERM, on_signal);
	set_up(&world, argc, argv);
	owner = make(&world, "owner", NULL);
	wait_state(&world, owner, INSTANCE_RUNNING);
	guest = make(&world, "guest", "main");
	refused = make(&world, "owner-2", "main");
	lonely = make(&world, "lonely", "elsewhere");
	wait_state(&world, guest, INSTANCE_RUNNING);
	wait_state(&world, refused, INSTANCE_FAILED);
	wait_state(&world, lonely, INSTANCE_FAILED);
	check(uplinks_start(world.uplinks) == 0);
	while (!is_ending) {
		step(&world);
	}
	instance_free(&refused);
	instance_free(&lonely);
	end(&world, &guest);
	end(&world, &owner);
	tear_down(&world);
	return EXIT_SUCCESS;
}
