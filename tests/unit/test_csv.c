/* SPDX-License-Identifier: Apache-2.0 */
/* CSV of tags: positions of every error, quoting, separators. */
#include "core/conf/csv.h"

#include <errno.h>

#include "tests/unit/conf_fixture.h"

static struct arena arena;
static struct diag diag;
static struct conf_limits limits;
static struct yaml_reader reader;

static int setup(void **state)
{
	(void)state;
	limits = conf_limits_default;
	arena_init(&arena, limits.memory);
	diag_init(&diag);
	reader = (struct yaml_reader){.arena = &arena, .diag = &diag, .limits = &limits};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_fini(&arena);
	diag_fini(&diag);
	return 0;
}

static const struct ew_node *read_text(const char *text)
{
	struct ew_node *node = NULL;

	return csv_read(&reader, "t.csv", text, strlen(text), &node) == 0 ? node : NULL;
}

static const char *cell(const struct ew_node *map, const char *name, const char *column)
{
	const struct ew_node *tag = ew_node_find(map, name);
	const struct ew_node *value = tag != NULL ? ew_node_find(tag, column) : NULL;

	return value != NULL ? ew_node_text(value) : NULL;
}

static void test_each_bad_file_is_told_with_its_position(void **state)
{
	static const struct {
		const char *text, *told;
	} cases[] = {
		{"", "t.csv:1:1: no line that names columns"},
		{"# only\n\n", "t.csv:3:1: no line that names columns"},
		{"tag,unit\nx,bar\n", "t.csv:1:1: no column 'name'"},
		{"name,,unit\n", "t.csv:1:6: a column without a name"},
		{"name,unit,unit\n", "t.csv:1:11: column 'unit' stands twice"},
		{"name,unit\na,bar,7\n", "t.csv:2:7: 3 cells, but the first line names 2 columns"},
		{"name,unit\n,bar\n", "t.csv:2:1: a row without a name"},
		{"unit,name\nbar\n", "t.csv:2:1: a row without a name"},
		{"name\na\nb\na\n", "t.csv:4:1: 'a' is given twice, first at t.csv:2:1"},
		{"name,d\na,\"x\ny\n", "t.csv:2:3: a quote without its end"},
		{"name,d\na,\"x\"y\n", "t.csv:2:6: text behind the closing quote"},
		{"name,d\na,\xff\n", "t.csv:2:3: not text: byte 0xff"},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
		assert_null(read_text(cases[i].text));
		assert_told(&diag, cases[i].told);
	}
}

static void test_rows_after_a_bad_one_are_looked_at_too(void **state)
{
	(void)state;
	assert_null(read_text("name,unit\n,bar\na,b,c\n"));
	assert_int_equal(diag.errors, 2);
}

static void test_cells_and_values_have_limits(void **state)
{
	char text[1000] = "name";
	size_t i;

	(void)state;
	limits.scalar_bytes = 3;
	assert_null(read_text("name,d\na,12345\n"));
	assert_told(&diag, "t.csv:1:1: a cell of more than 3 bytes");
	limits.scalar_bytes = 100;
	limits.nodes = 3;
	assert_null(read_text("name,d\na,1\nb,2\n"));
	assert_told(&diag, "t.csv:3:1: more than 3 values in all");
	for (i = 0; i < 200; i++) {
		memcpy(text + 4 + i * 2, ",a", 2);
	}
	assert_null(read_text(text));
	assert_told(&diag, "more than 128 columns");
}

static void test_cells_arrive_with_their_places(void **state)
{
	const struct ew_node *map;

	(void)state;
	map = read_text("\xef\xbb\xbf# tank\nname, unit ,description,range\r\n"
			"Tank/Level,%,\"filled, \"\"gross\"\"\n2nd line\",0..100\r\n"
			"\r\n"
			"Tank/Valve, bar\n");
	assert_non_null(map);
	assert_int_equal(ew_node_count(map), 2);
	assert_string_equal(cell(map, "Tank/Level", "unit"), "%");
	assert_string_equal(cell(map, "Tank/Level", "description"), "filled, \"gross\"\n2nd line");
	assert_string_equal(cell(map, "Tank/Level", "range"), "0..100");
	assert_string_equal(cell(map, "Tank/Valve", "unit"), "bar");
	assert_null(cell(map, "Tank/Valve", "range"));
	assert_int_equal(ew_node_find(ew_node_find(map, "Tank/Valve"), "unit")->place.line, 6);
	assert_int_equal(ew_node_find(ew_node_find(map, "Tank/Valve"), "unit")->place.col, 13);
}

static void test_semicolons_separate_when_there_is_no_comma(void **state)
{
	const struct ew_node *map;

	(void)state;
	map = read_text("name;description\na;one, two\n");
	assert_non_null(map);
	assert_string_equal(cell(map, "a", "description"), "one, two");
}

static void test_a_thousand_rows_arrive(void **state)
{
	char *text = malloc(40000);
	size_t at = (size_t)snprintf(text, 40000, "name,unit\n");
	const struct ew_node *map;
	int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		at += (size_t)snprintf(text + at, 40000 - at, "tag-%d,bar\n", i);
	}
	map = read_text(text);
	free(text);
	assert_non_null(map);
	assert_int_equal(ew_node_count(map), 1000);
	assert_string_equal(ew_node_key(map, 999), "tag-999");
	assert_int_equal(reader.nodes, 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_each_bad_file_is_told_with_its_position),
		TEST(test_rows_after_a_bad_one_are_looked_at_too),
		TEST(test_cells_and_values_have_limits),
		TEST(test_cells_arrive_with_their_places),
		TEST(test_semicolons_separate_when_there_is_no_comma),
		TEST(test_a_thousand_rows_arrive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
