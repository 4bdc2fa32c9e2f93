/* SPDX-License-Identifier: Apache-2.0 */
/* Reference text, man rows and JSON Schema say what the tables say. */
#include "core/conf/describe.h"

#include "core/conf/config.h"
#include "tests/unit/conf_fixture.h"

struct settings {
	ew_dur every;
	double limit;
	int mode;
	const char *key;
};

static const char *const modes[] = {"slow", "fast", NULL};

static const struct ew_option options[] = {
	EW_DURATION_OPTION(struct settings, every, .fallback = "1s", .min = "1ms", .max = "1h",
			   .help = "time between two samples"),
	EW_OPTION(struct settings, limit, .flags = EW_REQUIRED, .min = "-5", .max = "0.5",
		  .unit = "bar", .help = "pressure that \"stops\" it"),
	EW_ENUM_OPTION(struct settings, mode, modes, .help = ".how fast-ish"),
	EW_SECRET_OPTION(struct settings, key, .help = "a \\ key"),
	EW_OPTION_END,
};

static const struct ew_metric metrics[] = {
	{.name = "sent_total", .help = "samples sent"},
};

static int answer(void *self, struct ew_query *query)
{
	(void)self;
	(void)query;
	return 0;
}

static const struct ew_question questions[] = {
	{NULL, "[LINE]", "all lines, or one", answer},
	{"map", NULL, "where what is", answer},
	EW_QUESTION_END,
};

static const struct ew_module module = {
	.option_size = sizeof(struct ew_option),
	.metric_size = sizeof(struct ew_metric),
	.name = "bus",
	.version = "1.2",
	.summary = "reads a bus",
	.options = options,
	.tag_options = options,
	.settings_size = sizeof(struct settings),
	.metrics = metrics,
	.metric_count = 1,
	.questions = questions,
};

static struct buf out;

static int setup(void **state)
{
	(void)state;
	buf_init(&out, 1024 * 1024);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buf_fini(&out);
	return 0;
}

static void assert_says(const char *text)
{
	if (strstr(buf_text(&out), text) == NULL) {
		print_error("not said: %s\nsaid:\n%s", text, buf_text(&out));
		fail();
	}
}

static void test_a_module_is_described_by_its_rows(void **state)
{
	(void)state;
	describe_module(&module, &out);
	assert_int_equal(out.fault, 0);
	assert_says("bus 1.2: reads a bus\n");
	assert_says("every\n    duration, 1ms to 1h, default 1s\n    time between two samples\n");
	assert_says("limit\n    number, required, -5 to 0.5, in bar\n");
	assert_says("mode\n    one of slow, fast\n");
	assert_says("Options of each tag");
	assert_says("[LINE]\n    all lines, or one\nmap\n    where what is\n");
	assert_says("sent_total\n    samples sent\n");
}

static void test_man_rows_are_escaped(void **state)
{
	(void)state;
	describe_module_man(&module, &out);
	assert_says(".TP\n\\fBevery\\fR \\(em duration, 1ms to 1h, default 1s\n");
	assert_says("\\&.how fast\\-ish\n");
	assert_says("a \\e key\n");
}

static void test_the_daemon_is_described_with_paths(void **state)
{
	(void)state;
	describe_daemon(&out);
	assert_int_equal(out.fault, 0);
	assert_says("routes[].queue.size\n");
	assert_says("uplinks.NAME.servers\n");
	assert_says("instances.NAME.on_failure\n    one of continue, stop, default continue\n");
	assert_says("limits.crash_window\n");
	describe_daemon_man(&out);
	assert_int_equal(out.fault, 0);
}

static const struct ew_node *down(const struct ew_node *node, const char *const *path)
{
	for (; *path != NULL; path++) {
		node = ew_node_find(node, *path);
		if (node == NULL) {
			print_error("no %s in the schema\n", *path);
			fail();
		}
	}
	return node;
}

static void test_the_schema_is_json_of_the_same_rows(void **state)
{
	static const char *const limit[] = {"$defs", "instance-bus", "properties", "limit", NULL};
	static const char *const queue[] = {"$defs", "file", "properties", "routes", NULL};
	static const char *const required[] = {"$defs", "instance-bus", "required", NULL};
	const struct ew_module *const all[] = {&module};
	struct conf_limits limits = conf_limits_default;
	const struct ew_node *node;
	struct ew_node *root = NULL;
	struct arena arena;
	struct diag diag;
	struct yaml_reader reader = {.arena = &arena, .diag = &diag, .limits = &limits};

	(void)state;
	arena_init(&arena, limits.memory);
	diag_init(&diag);
	describe_schema(all, 1, &out);
	assert_int_equal(out.fault, 0);
	/* JSON is YAML, so the reader at hand reads it. */
	if (yaml_read(&reader, "schema", buf_text(&out), out.size, &root) < 0) {
		print_error("%s", fixture_told(&diag));
		fail();
	}
	node = down(root, limit);
	assert_string_equal(ew_node_text(ew_node_find(node, "description")),
			    "pressure that \"stops\" it");
	node = ew_node_at(ew_node_find(ew_node_at(ew_node_find(node, "allOf"), 0), "anyOf"), 0);
	assert_string_equal(ew_node_text(ew_node_find(node, "type")), "number");
	assert_string_equal(ew_node_text(ew_node_find(node, "minimum")), "-5");
	assert_string_equal(ew_node_text(ew_node_find(node, "maximum")), "0.5");
	node = down(root, required);
	assert_int_equal(ew_node_count(node), 2);
	assert_string_equal(ew_node_text(ew_node_at(node, 1)), "limit");
	assert_non_null(down(root, queue));
	diag_fini(&diag);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_a_module_is_described_by_its_rows),
		TEST(test_man_rows_are_escaped),
		TEST(test_the_daemon_is_described_with_paths),
		TEST(test_the_schema_is_json_of_the_same_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
