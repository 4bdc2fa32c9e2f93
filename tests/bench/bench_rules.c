/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast a rule answers: from the publish of a sample to the write callback
 * of the actuator's owner, all on one loop, and on a loop each against two bare
 * eventfd hops on the same processors; the same while a million samples a
 * second go another way through the bus. Then many rules: what one costs, and
 * that running them takes no memory.
 *
 * BENCH_ROUNDS in the environment sets the size.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/clock.h"
#include "core/conf/config.h"
#include "core/module/apply.h"
#include "core/module/fleet.h"
#include "core/module/instance.h"
#include "core/module/module.h"
#include "modules/rules/engine.h"
#include "tests/bench/bench.h"
#include "tests/bench/wrap.h"
#include "tests/lib/player.h"

#define INPUTS   100000u
#define RULES    10000u

extern const struct ew_module ew_module;        /* rules */

struct times {
	double *values;         /* us */
	size_t count, room;
};

static struct times times_new(size_t room)
{
	struct times times = { calloc(room, sizeof(double)), 0, room };

	check(times.values != NULL);
	return times;
}

/* ---- where threads run ---- */

/*
 * A wake-up between two processors costs several times one that stays, and the
 * scheduler puts threads where it likes: so both sides are put in the same place.
 */
enum placement {
	PLACEMENT_TOGETHER,     /* all on one processor */
	PLACEMENT_APART         /* each hop goes to another one */
};

static void pin(void *self, void *arg)
{
	cpu_set_t set;

	(void)self;
	CPU_ZERO(&set);
	CPU_SET((size_t)(uintptr_t)arg, &set);
	check(pthread_setaffinity_np(pthread_self(), sizeof(set), &set) == 0);
}

static void *other(enum placement placement)
{
	return (void *)(uintptr_t)(placement == PLACEMENT_APART ? 1 : 0);
}

/* ---- the reference ---- */

struct pair {
	enum placement placement;
	size_t rounds;
	struct times *times;
	int there, back;
};

static void *echo(void *arg)
{
	const struct pair *pair = arg;
	uint64_t value;

	pin(NULL, other(pair->placement));
	for (size_t i = 0; i < pair->rounds; i++) {
		check(read(pair->there, &value, sizeof(value)) == sizeof(value));
		check(write(pair->back, &(uint64_t){ 1 }, sizeof(value)) == sizeof(value));
	}
	return NULL;
}

static void *call(void *arg)
{
	const struct pair *pair = arg;
	uint64_t value;

	pin(NULL, NULL);
	for (size_t i = 0; i < pair->rounds; i++) {
		int64_t begin = clock_mono();

		check(write(pair->there, &(uint64_t){ 1 }, sizeof(value)) == sizeof(value));
		check(read(pair->back, &value, sizeof(value)) == sizeof(value));
		pair->times->values[pair->times->count++] = (double)(clock_mono() - begin) / 1e3;
	}
	return NULL;
}

static void two_hops(enum placement placement, size_t rounds, struct times *times)
{
	struct pair pair = { placement, rounds, times, eventfd(0, EFD_CLOEXEC),
			     eventfd(0, EFD_CLOEXEC) };
	pthread_t threads[2];

	check(pthread_create(&threads[0], NULL, echo, &pair) == 0);
	check(pthread_create(&threads[1], NULL, call, &pair) == 0);
	check(pthread_join(threads[0], NULL) == 0 && pthread_join(threads[1], NULL) == 0);
	(void)close(pair.there); /* nothing is left in them */
	(void)close(pair.back);
}

/* ---- a source and an actuator ---- */

static struct round {
	struct ew_instance *source;
	uint32_t sensor;
	double next;            /* value of the sensor */
	_Atomic int64_t begin;
	struct times *times;    /* NULL: the rules find their feet */
	atomic_size_t left;
} round_;

static int source_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	const struct ew_device_spec device = { .size = sizeof(device), .path = "source" };
	const struct ew_tag_spec sensor = { .size = sizeof(sensor), .name = "x",
					    .type = EW_TYPE_F64 };
	uint32_t id;
	int error = ew_device_declare(inst, &device, &id);

	(void)settings;
	round_.source = inst;
	*self_out = &round_;
	error = error != 0 ? error : ew_tag_declare(inst, id, &sensor, &round_.sensor);
	return error != 0 ? error : ew_device_state(inst, id, EW_DEVICE_UP, NULL);
}

static void source_close(void *self)
{
	(void)self;
}

static void source_kick(void *self, void *arg)
{
	struct ew_sample sample = ew_sample_f64(round_.sensor, 1, round_.next);

	(void)self;
	(void)arg;
	round_.next = round_.next == 1 ? 2 : 1;
	atomic_store(&round_.begin, clock_mono());
	check(ew_publish(round_.source, &sample, 1, NULL) == 0);
}

static struct ew_instance *drive;

static int drive_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	const struct ew_device_spec device = { .size = sizeof(device), .path = "drive" };
	const struct ew_tag_spec valve = { .size = sizeof(valve), .name = "y", .type = EW_TYPE_F64,
					   .access = EW_ACCESS_READ | EW_ACCESS_WRITE };
	uint32_t id, tag;
	int error = ew_device_declare(inst, &device, &id);

	(void)settings;
	drive = inst;
	*self_out = &drive;
	return error != 0 ? error : ew_tag_declare(inst, id, &valve, &tag);
}

static void drive_write(void *self, struct ew_write *write)
{
	int64_t now = clock_mono();
	bool is_first = write->items[0].v.f < 0; /* the fail-safe value that goes before all */

	(void)self;
	check(ew_write_done(drive, &write, NULL) == 0);
	if (is_first) {
		return;
	}
	if (round_.times != NULL && round_.times->count < round_.times->room) {
		round_.times->values[round_.times->count++] =
			(double)(now - atomic_load(&round_.begin)) / 1e3;
	}
	if (atomic_fetch_sub(&round_.left, 1) > 1) {
		check(ew_post(round_.source, "kick", source_kick, NULL) == 0);
	}
}

/* ---- a million samples a second between others ---- */

#define FLOOD_TAGS   1000u
#define FLOOD_EVERY  EW_MILLISECOND

static struct flood {
	struct ew_instance *inst;
	struct ew_timer *timer;
	struct ew_sample samples[FLOOD_TAGS];
	ew_dur begun;
	uint64_t published;
	_Atomic uint64_t received;
	double rate;            /* received a nanosecond, while rules were measured */
} flood;

static void flood_tick(void *arg)
{
	uint64_t due = (uint64_t)(ew_now() - flood.begun) * 11 / 10000; /* 1.1 a microsecond */

	(void)arg;
	for (; flood.published < due; flood.published += FLOOD_TAGS) {
		check(ew_publish(flood.inst, flood.samples, FLOOD_TAGS, NULL) == 0);
	}
}

static int flood_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	const struct ew_device_spec device = { .size = sizeof(device), .path = "flood" };
	uint32_t id;

	(void)settings;
	*self_out = &flood;
	flood.inst = inst;
	check(ew_device_declare(inst, &device, &id) == 0);
	for (uint32_t i = 0; i < FLOOD_TAGS; i++) {
		char name[16];
		const struct ew_tag_spec tag = { .size = sizeof(tag), .name = name,
						 .type = EW_TYPE_F64 };
		uint32_t number;

		(void)snprintf(name, sizeof(name), "t%u", i);
		check(ew_tag_declare(inst, id, &tag, &number) == 0);
		flood.samples[i] = ew_sample_f64(number, 1, i);
	}
	return ew_timer_new(inst, "tick", flood_tick, &flood, &flood.timer);
}

static int flood_start(void *self)
{
	(void)self;
	flood.begun = ew_now();
	flood.published = 0;
	ew_timer_set(flood.timer, FLOOD_EVERY, FLOOD_EVERY);
	return 0;
}

static void flood_close(void *self)
{
	(void)self;
	ew_timer_free(&flood.timer);
}

static int sink_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	(void)inst;
	(void)settings;
	*self_out = &flood;
	return 0;
}

static void sink_batch(void *self, const struct ew_batch *batch)
{
	(void)self;
	/* not the sensor's, which it receives, too */
	atomic_fetch_add(&flood.received, batch->count == FLOOD_TAGS ? batch->count : 0);
}

#define DESCRIBE(word, ...)                                                     \
	{ .magic = EW_MODULE_MAGIC, .abi_major = EW_ABI_MAJOR,                  \
	  .abi_minor = EW_ABI_MINOR, .size = sizeof(struct ew_module),          \
	  .option_size = sizeof(struct ew_option),                              \
	  .metric_size = sizeof(struct ew_metric), .name = word,                \
	  .version = "1", .summary = "of the bench", __VA_ARGS__ }

static const struct ew_module source_module = DESCRIBE("source", .open = source_open,
						       .close = source_close);
static const struct ew_module drive_module = DESCRIBE("drive", .open = drive_open,
						      .close = source_close,
						      .write = drive_write);
static const struct ew_module flood_module = DESCRIBE("flood", .open = flood_open,
						      .start = flood_start,
						      .close = flood_close);
static const struct ew_module sink_module = DESCRIBE("sink", .open = sink_open,
						     .close = source_close,
						     .batch = sink_batch);

/* ---- a gateway ---- */

struct gateway {
	struct loop *main;
	struct bus *bus;
	struct fleet *fleet;
	struct config *config;
	size_t count;
	struct module *modules[5];
	struct ew_instance *instances[5];
};

static const char *const names[5] = { "source", "drive", "control", "flood", "sink" };

static struct config *read_text(const char *text)
{
	struct config *config = NULL;
	struct diag diag;

	diag_init(&diag);
	if (config_load_text("bench.yaml", text, strlen(text), &diag, &config) != 0) {
		(void)fprintf(stderr, "%s\n", diag.items[0].text);
		abort();
	}
	diag_fini(&diag);
	return config;
}

static bool is_there(void *arg)
{
	struct gateway *gateway = arg;

	(void)loop_step(gateway->main);
	for (size_t i = 0; i < gateway->count; i++) {
		if (instance_state(gateway->instances[i]) != INSTANCE_RUNNING) {
			return false;
		}
	}
	return true;
}

static void gateway_instance(struct gateway *gateway, size_t index)
{
	const struct config_instance *row = config_find_instance(gateway->config, names[index]);
	struct instance_settings settings;
	struct instance_config how;
	struct diag diag;

	diag_init(&diag);
	check(apply_bind(gateway->config, row, gateway->modules[index], &diag, &settings) == 0);
	diag_fini(&diag);
	how = apply_instance(row);
	check(instance_new(gateway->fleet, gateway->modules[index], &how, &settings,
			   &gateway->instances[index]) == 0);
}

static void gateway_begin(struct gateway *gateway, const char *text)
{
	static const struct ew_module *const found[5] = { &source_module, &drive_module,
							  &ew_module, &flood_module,
							  &sink_module };
	struct ew_error err = { .text = "" };

	gateway->config = read_text(text);
	check(loop_new("main", &gateway->main) == 0 && bus_new(&gateway->bus) == 0);
	check(fleet_new(&(struct fleet_config){ .bus = gateway->bus, .main = gateway->main,
		.gateway = { "g", "n", "1" } }, &gateway->fleet) == 0);
	for (size_t i = 0; i < gateway->count; i++) {
		check(module_new(found[i], "bench", NULL, &gateway->modules[i], &err) == 0);
		gateway_instance(gateway, i);
	}
	check(apply_access(gateway->bus, gateway->config, &err) == 0);
	for (size_t i = 0; i < gateway->count; i++) {
		check(instance_run(gateway->instances[i]) == 0);
	}
	check(wait_until(is_there, gateway));
}

static bool is_left(void *arg)
{
	struct gateway *gateway = arg;

	(void)loop_step(gateway->main);
	for (size_t i = 0; i < gateway->count; i++) {
		if (instance_state(gateway->instances[i]) != INSTANCE_CLOSED) {
			return false;
		}
	}
	return true;
}

static void gateway_end(struct gateway *gateway)
{
	for (size_t i = gateway->count; i-- > 0;) {
		instance_stop(gateway->instances[i], false);
	}
	check(wait_until(is_left, gateway));
	for (size_t i = 0; i < gateway->count; i++) {
		instance_free(&gateway->instances[i]);
		module_free(&gateway->modules[i]);
	}
	fleet_free(&gateway->fleet);
	bus_free(&gateway->bus);
	loop_free(&gateway->main);
	config_free(&gateway->config);
}

static bool is_done(void *arg)
{
	(void)arg;
	return atomic_load(&round_.left) == 0;
}

static void rounds(size_t count, struct times *times)
{
	round_.times = times;
	atomic_store(&round_.left, count);
	check(ew_post(round_.source, "kick", source_kick, NULL) == 0);
	check(wait_until(is_done, NULL));
}

/* loop: that source, drive and control share; "": a loop each. */
static void reaction_begin(struct gateway *gateway, const char *loop, bool is_flooded)
{
	char text[1024];

	*gateway = (struct gateway){ .count = is_flooded ? 5 : 3 };
	(void)snprintf(text, sizeof(text),
		       "version: 1\n"
		       "instances:\n"
		       "  source: {module: source%s}\n"
		       "  drive: {module: drive%s}\n"
		       "%s"
		       "  control:\n"
		       "    module: rules\n"
		       "%s"
		       "    inputs: {x: source:x}\n"
		       "    rules:\n"
		       "      follow: {value: 10 * x + 1, publish: no,"
		       " write: {to: drive:y, fail_safe: -1, lease: 1h}}\n"
		       "access: {control: {write: [drive:y]}}\n",
		       *loop != '\0' ? ", loop: one" : "", *loop != '\0' ? ", loop: one" : "",
		       is_flooded ? "  flood: {module: flood}\n  sink: {module: sink}\n" : "",
		       *loop != '\0' ? "    loop: one\n" : "");
	round_ = (struct round){ .next = 1 };
	gateway_begin(gateway, text);
	rounds(100, NULL);
}

static void reaction_end(struct gateway *gateway)
{
	flood.rate = (double)atomic_load(&flood.received) / (double)(clock_mono() - flood.begun);
	gateway_end(gateway);
}

static void show_rate(void)
{
	bench_value("   these samples, received", "M/s", flood.rate * 1e3, -1);
}

/* Source, rules and actuator share a loop: rows of the table. */
static void near(const char *name, bool is_flooded, size_t count)
{
	struct times times = times_new(count);
	struct gateway gateway;

	reaction_begin(&gateway, "one", is_flooded);
	rounds(count, &times);
	reaction_end(&gateway);
	bench_values(name, "us", times.values, times.count, 5);
	bench_value("   p99", "us", bench_percentile(times.values, times.count, 0.99),
		    BENCH_NOTHING);
	if (is_flooded) {
		show_rate();
	}
	free(times.values);
}

#define TURNS  20       /* of the reference and the rules, in alternation */

/* A loop each, against two hops in the same place at the same time: rows of the table. */
static void far(const char *name, enum placement placement, bool is_flooded, size_t count)
{
	struct times times = times_new(count), hops = times_new(count);
	struct gateway gateway;

	reaction_begin(&gateway, "", is_flooded);
	check(ew_post(gateway.instances[0], "pin", pin, NULL) == 0);
	check(ew_post(gateway.instances[1], "pin", pin, NULL) == 0);
	check(ew_post(gateway.instances[2], "pin", pin, other(placement)) == 0);
	for (unsigned i = 0; i < TURNS; i++) {
		two_hops(placement, count / TURNS, &hops);
		rounds(count / TURNS, &times);
	}
	reaction_end(&gateway);
	bench_values(name, "us", hops.values, hops.count, BENCH_NOTHING);
	bench_values("   publish to write, a loop each", "us", times.values, times.count,
		     3 * bench_percentile(hops.values, hops.count, 0.5));
	bench_value("   p99", "us", bench_percentile(times.values, times.count, 0.99),
		    BENCH_NOTHING);
	if (is_flooded) {
		show_rate();
	}
	free(times.values);
	free(hops.values);
}

/* ---- many rules ---- */

static void count_run(void *arg, uint32_t rule, bool changed)
{
	(void)rule;
	(void)changed;
	(*(uint64_t *)arg)++;
}

static struct config *many(struct buf *text)
{
	buf_init(text, (size_t)64 << 20);
	(void)buf_add_text(text, "version: 1\ninstances:\n  control:\n    module: rules\n"
				 "    inputs:\n");
	for (unsigned i = 0; i < INPUTS; i++) {
		(void)buf_printf(text, "      i%u: {tag: \"d%u:t%u\"}\n", i, i / 1000, i);
	}
	(void)buf_add_text(text, "    rules:\n");
	for (unsigned i = 0; i < RULES; i++) {
		(void)buf_printf(text, "      r%u: {value: i%u > 5}\n", i, i * (INPUTS / RULES));
	}
	check(text->fault == 0);
	return read_text(buf_text(text));
}

static void many_rules(void)
{
	struct buf text;
	struct config *config = many(&text);
	struct instance_settings settings;
	struct wrap_counts counts = { 0, 0, 0 }, before;
	struct ew_error err = { .text = "" };
	struct module *module = NULL;
	struct bench_span span;
	struct model *model;
	struct engine engine;
	struct diag diag;
	uint64_t runs = 0, puts = 0;
	size_t bytes = 0;

	diag_init(&diag);
	check(module_new(&ew_module, "bench", NULL, &module, &err) == 0);
	check(apply_bind(config, config_find_instance(config, "control"), module, &diag,
			 &settings) == 0);
	check(model_new(settings.settings, &err, &model) == 0);
	check(engine_init(&engine, model, 0) == 0);
	engine.on_run = count_run;
	engine.arg = &runs;
	engine_run_all(&engine, 0);
	runs = 0;
	before = wrap_read();
	span = bench_now();
	for (unsigned pass = 0; pass < 20; pass++) {
		for (uint32_t i = 0; i < INPUTS; i++) {
			engine_put(&engine, i, lang_good(i * 7u % 11u + pass % 2u), pass);
			engine_run(&engine, pass);
			puts++;
		}
	}
	span = bench_since(span);
	wrap_add(&counts, before);
	check(runs == puts / (INPUTS / RULES));
	bench_value("a rule of one comparison, of 10,000 over 100,000 inputs", "ns",
		    (double)span.cpu / (double)runs, 200);
	bench_value("allocations while rules run", "", (double)counts.allocations, 0);
	for (uint32_t i = 0; i < RULES; i++) {
		bytes += model_rule_bytes(&model->rules[i]) + sizeof(struct engine_rule);
	}
	bench_value("memory of such a rule, program and state", "bytes", (double)bytes / RULES,
		    BENCH_NOTHING);
	engine_fini(&engine);
	model_free(&model);
	settings.drop(settings.arg);
	module_free(&module);
	diag_fini(&diag);
	config_free(&config);
	buf_fini(&text);
}

int main(void)
{
	size_t count = bench_setting("BENCH_ROUNDS", 20000);

	near("publish to write, source, rules and actuator on one loop", false, count);
	near("   the same, with samples on other routes", true, count);
	far("two eventfd hops between threads on one processor", PLACEMENT_TOGETHER, false, count);
	if (sysconf(_SC_NPROCESSORS_ONLN) > 1) {
		far("two eventfd hops between two processors", PLACEMENT_APART, false, count);
		far("   the same, with samples on other routes", PLACEMENT_APART, true, count);
	}
	many_rules();
	return bench_end();
}
