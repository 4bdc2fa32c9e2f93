/* SPDX-License-Identifier: Apache-2.0 */
/* Tables to structs: every wrong value is told, every right one arrives. */
#include "core/conf/bind.h"

#include <errno.h>

#include "core/conf/source.h"
#include "tests/unit/conf_fixture.h"

struct point {
	const char *key;
	double x, y;
};

struct inner {
	ew_dur every;
	bool is_on;
};

struct settings {
	bool flag;
	int64_t number;
	uint64_t count;
	double ratio;
	bool has_ratio;
	const char *text;
	ew_dur wait;
	uint64_t size;
	int mode;
	const char *path;
	const char *secret;
	const double *steps;
	size_t step_count;
	const char *const *names;
	size_t name_count;
	const struct ew_property *pairs;
	size_t pair_count;
	struct inner inner;
	const struct point *points;
	size_t point_count;
	const struct point *list;
	size_t list_count;
	const struct ew_node *raw;
};

static const char *const modes[] = {"slow", "fast", NULL};

static const struct ew_option inner_rows[] = {EW_DURATION_OPTION(struct inner, every,
								 .flags = EW_REQUIRED, .help = "h"),
					      EW_OPTION(struct inner, is_on, .name = "on",
							.fallback = "yes", .help = "h"),
					      EW_OPTION_END};

static const struct ew_option point_rows[] = {
	EW_OPTION(struct point, x, .flags = EW_REQUIRED, .help = "h"),
	EW_OPTION(struct point, y, .fallback = "0.5", .help = "h"), EW_OPTION_END};

static const struct ew_option rows[] = {
	EW_OPTION(struct settings, flag, .help = "h"),
	EW_OPTION(struct settings, number, .min = "-5", .max = "5", .help = "h"),
	EW_OPTION(struct settings, count, .fallback = "3", .help = "h"),
	EW_OPTION(struct settings, ratio, .max = "1", .set = EW_SET_IN(struct settings, has_ratio),
		  .help = "h"),
	EW_OPTION(struct settings, text, .help = "h"),
	EW_DURATION_OPTION(struct settings, wait, .fallback = "1m", .min = "1ms", .help = "h"),
	EW_SIZE_OPTION(struct settings, size, .help = "h"),
	EW_ENUM_OPTION(struct settings, mode, modes, .fallback = "fast", .help = "h"),
	EW_FILE_OPTION(struct settings, path, .flags = EW_MUST_EXIST, .help = "h"),
	EW_SECRET_OPTION(struct settings, secret, .flags = EW_SECRET, .help = "h"),
	EW_LIST_OPTION(struct settings, steps, step_count, .fallback = "0.1, 1,10", .help = "h"),
	EW_LIST_OPTION(struct settings, names, name_count, .help = "h"),
	EW_PAIRS_OPTION(struct settings, pairs, pair_count, .help = "h"),
	EW_TABLE_OPTION(struct settings, inner, inner_rows, .flags = EW_SHORT, .help = "h"),
	EW_TABLE_MAP_OPTION(struct settings, points, point_count, struct point, key, point_rows,
			    .help = "h"),
	EW_TABLES_OPTION(struct settings, list, list_count, struct point, point_rows,
			 .flags = EW_SHORT, .help = "h"),
	EW_RAW_OPTION(struct settings, raw, .help = "h"),
	EW_OPTION_END};

static const struct conf_table table = {rows, sizeof(struct ew_option)};
static struct diag diag;
static struct conf_source source;
static struct arena arena;
static struct settings got;
static bool is_check;

static int setup(void **state)
{
	(void)state;
	diag_init(&diag);
	source_init(&source, NULL, &diag);
	arena_init(&arena, 1024 * 1024);
	memset(&got, 0, sizeof(got));
	is_check = false;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	source_fini(&source);
	diag_fini(&diag);
	arena_fini(&arena);
	return 0;
}

static int bind_yaml(const char *text)
{
	struct bind bind = {
		.arena = &arena, .diag = &diag, .who = "sim", .is_check = is_check,
	};
	struct bind_part part = {table, &got, false};

	if (source_load_text(&source, "edge.yaml", text, strlen(text)) < 0) {
		return -1;
	}
	return bind_map(&bind, source.root, &part, 1);
}

static void test_an_unknown_key_is_told_with_what_was_meant(void **state)
{
	(void)state;
	assert_int_equal(bind_yaml("flag: yes\nnumbr: 3\ncolour: red\n"), -EINVAL);
	assert_told(&diag, "edge.yaml:2:1: sim: unknown option 'numbr', did you mean 'number'?\n");
	assert_told(&diag, "edge.yaml:3:1: sim: unknown option 'colour'\n");
}

static void test_every_wrong_value_is_told_at_its_place(void **state)
{
	(void)state;
	assert_int_equal(bind_yaml("vars: {w: 5}\n"
				   "flag: on\nnumber: 6\ncount: -1\nratio: 1.5\nwait: ${w}\n"
				   "size: 10K\nmode: fats\nsteps: [1, x]\npairs: [a]\n"
				   "text: [a]\nnames: {a: b}\ninner: {on: yes}\n"
				   "points: {p: {y: 1}, q: 7}\nlist: [{z: 1}]\nsecret: geheim\n"
				   "path: /nowhere/x\n"),
			 -EINVAL);
	assert_told(&diag, "edge.yaml:2:7: sim: 'flag': 'on' is not yes or no\n");
	assert_told(&diag, "edge.yaml:3:9: sim: 'number': '6' is above the maximum 5\n");
	assert_told(&diag, "edge.yaml:4:8: sim: 'count': '-1' is not a whole number from 0 on\n");
	assert_told(&diag, "edge.yaml:5:8: sim: 'ratio': '1.5' is above the maximum 1\n");
	assert_told(&diag, "edge.yaml:6:7: sim: 'wait': '5' needs a unit (ms, s, m, h, d) "
			   "(variable 'w' is set at edge.yaml:1:8)\n");
	assert_told(&diag, "edge.yaml:7:7: sim: 'size': '10K' is not a size such as");
	assert_told(&diag, "edge.yaml:8:7: sim: 'mode': 'fats' is not one of slow, fast, did you "
			   "mean 'fast'?\n");
	assert_told(&diag, "edge.yaml:9:12: sim: 'steps': 'x' is not a number\n");
	assert_told(&diag, "edge.yaml:10:8: sim: 'pairs' must be a map of text, not a list\n");
	assert_told(&diag, "edge.yaml:11:7: sim: 'text' must be a text, not a list\n");
	assert_told(&diag, "edge.yaml:12:8: sim: 'names' must be a list of text, not a map\n");
	assert_told(&diag, "edge.yaml:13:8: sim: option 'every' is required\n");
	assert_told(&diag, "edge.yaml:14:13: sim: option 'x' is required\n");
	assert_told(&diag, "edge.yaml:14:24: sim: a map of options is wanted here, not text\n");
	assert_told(&diag, "edge.yaml:15:9: sim: unknown option 'z'");
	assert_told(&diag, "edge.yaml:16:9: sim: 'secret' is a secret and not written here");
	assert_told(&diag, "edge.yaml:17:7: sim: 'path': cannot read '/nowhere/x'");
	assert_null(strstr(fixture_told(&diag), "geheim"));
}

static void test_a_key_without_a_value_is_told(void **state)
{
	(void)state;
	assert_int_equal(bind_yaml("number:\ntext: ~\n"), -EINVAL);
	assert_told(&diag, "edge.yaml:1:8: sim: 'number' has no value\n");
	assert_told(&diag, "edge.yaml:2:7: sim: 'text' has no value\n");
}

static void test_credentials_need_their_folder_unless_only_checked(void **state)
{
	(void)state;
	(void)unsetenv("CREDENTIALS_DIRECTORY");
	assert_int_equal(bind_yaml("secret: credential:pw\npath: credential:../x\n"), -EINVAL);
	assert_told(&diag, "'secret': no credentials here ($CREDENTIALS_DIRECTORY is not set");
	assert_told(&diag, "'path': '../x' is no name of a credential");

	assert_int_equal(teardown(state), 0);
	assert_int_equal(setup(state), 0);
	is_check = true;
	assert_int_equal(bind_yaml("secret: credential:pw\n"), 0);
	assert_told(&diag, "warning: credential 'pw' cannot be checked outside the service");
	assert_null(got.secret);
}

static void test_nothing_given_means_fallbacks(void **state)
{
	(void)state;
	assert_int_equal(bind_yaml(""), 0);
	assert_true(got.count == 3 && got.wait == INT64_C(60000000000) && got.mode == 1);
	assert_false(got.flag || got.has_ratio);
	assert_null(got.text);
	assert_int_equal(got.step_count, 3);
	assert_true(got.steps[0] == 0.1 && got.steps[2] == 10);
	assert_true(got.inner.is_on && got.inner.every == 0);
	assert_int_equal(got.point_count, 0);
}

static void test_all_types_arrive_and_outlive_the_tree(void **state)
{
	static const char *const names[] = {"pw", NULL};
	char folder[sizeof(FIXTURE_FOLDER)], yaml[1024];

	(void)state;
	fixture_enter(folder);
	fixture_write("pw", "geheim\n");
	(void)setenv("CREDENTIALS_DIRECTORY", folder, 1);
	(void)snprintf(yaml, sizeof(yaml),
		       "flag: true\nnumber: -5\ncount: 0x10\nratio: 0.25\ntext: \"yes\"\n"
		       "wait: 1.5s\nsize: 2KiB\nmode: slow\npath: pw\nsecret: credential:pw\n"
		       "steps: 7\nnames: [a, b]\npairs: {k: v, n: }\ninner: 3s\n"
		       "points: {p: {x: 1}, q: {x: 2, y: 3}}\nlist: [4, {x: 5, y: 6}]\n"
		       "raw: {deep: [1, {a: b}]}\n");
	assert_int_equal(bind_yaml(yaml), 0);
	source_fini(&source);

	assert_true(got.flag && got.number == -5 && got.count == 16 && got.ratio == 0.25);
	assert_true(got.has_ratio && got.wait == 1500000000 && got.size == 2048 && got.mode == 0);
	assert_string_equal(got.text, "yes");
	assert_string_equal(got.path, "pw");
	assert_string_equal(got.secret, "geheim");
	assert_true(got.step_count == 1 && got.steps[0] == 7);
	assert_string_equal(got.names[1], "b");
	assert_int_equal(got.pair_count, 2);
	assert_string_equal(got.pairs[0].value, "v");
	assert_string_equal(got.pairs[1].value, "");
	assert_true(got.inner.every == INT64_C(3000000000) && got.inner.is_on);
	assert_int_equal(got.point_count, 2);
	assert_string_equal(got.points[1].key, "q");
	assert_true(got.points[0].y == 0.5 && got.points[1].y == 3);
	assert_int_equal(got.list_count, 2);
	assert_true(got.list[0].x == 4 && got.list[0].y == 0.5 && got.list[1].y == 6);
	assert_string_equal(ew_node_text(ew_node_at(ew_node_find(got.raw, "deep"), 0)), "1");
	(void)unsetenv("CREDENTIALS_DIRECTORY");
	fixture_leave(folder, names);
	source_init(&source, NULL, &diag);
}

static void test_shorter_rows_of_an_older_module_are_read(void **state)
{
	struct old_row {
		char bytes[offsetof(struct ew_option, help)];
	} old[2];
	struct conf_table short_table = {NULL, sizeof(struct old_row)};
	struct ew_option row;

	(void)state;
	memcpy(&old[0], &rows[1], sizeof(old[0]));
	memset(&old[1], 0, sizeof(old[1]));
	short_table.rows = (const struct ew_option *)(const void *)old;
	assert_true(table_row(&short_table, 0, &row));
	assert_string_equal(row.name, "number");
	assert_null(row.help);
	assert_false(table_row(&short_table, 1, &row));
}

static void test_a_wrong_table_is_refused_with_the_reason(void **state)
{
	static const struct {
		struct ew_option row;
		const char *why;
	} cases[] = {
		{EW_OPTION(struct settings, number, .fallback = "x", .help = "h"),
		 "its own fallback 'x' is not a whole number"},
		{EW_OPTION(struct settings, number, .min = "1.5", .help = "h"), "its own minimum"},
		{EW_OPTION(struct settings, number, .min = "5", .fallback = "2", .help = "h"),
		 "its own fallback '2' is below the minimum 5"},
		{EW_OPTION(struct settings, number, .name = "No", .help = "h"), "is no name"},
		{EW_OPTION(struct settings, number, .help = NULL), "has no help"},
		{EW_ENUM_OPTION(struct settings, mode, NULL, .help = "h"), "has no words"},
		{EW_RAW_OPTION(struct settings, raw, .help = "h"), "lies outside"},
		{EW_TABLE_OPTION(struct settings, inner, NULL, .help = "h"), "has no table"},
	};
	struct ew_option bad[2] = {{0}};
	const struct conf_table bad_table = {bad, 0};
	struct ew_error err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bad[0] = cases[i].row;
		error_clear(&err);
		assert_int_equal(table_check(&bad_table, offsetof(struct settings, raw), &err),
				 -EINVAL);
		assert_non_null(strstr(err.text, cases[i].why));
	}
	assert_int_equal(table_check(&table, sizeof(struct settings), &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_an_unknown_key_is_told_with_what_was_meant),
		TEST(test_every_wrong_value_is_told_at_its_place),
		TEST(test_a_key_without_a_value_is_told),
		TEST(test_credentials_need_their_folder_unless_only_checked),
		TEST(test_nothing_given_means_fallbacks),
		TEST(test_all_types_arrive_and_outlive_the_tree),
		TEST(test_shorter_rows_of_an_older_module_are_read),
		TEST(test_a_wrong_table_is_refused_with_the_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
