/* SPDX-License-Identifier: Apache-2.0 */
/* YAML to a tree: what is refused, with which position, and what is kept. */
#include "core/conf/yaml.h"

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

	return yaml_read(&reader, "a.yaml", text, strlen(text), &node) == 0 ? node : NULL;
}

static void test_each_bad_text_is_told_with_its_position(void **state)
{
	static const struct {
		const char *text, *told;
	} cases[] = {
		{"a: 1\nb: 2\na: 3\n", "a.yaml:3:1: 'a' is given twice, first at a.yaml:1:1"},
		{"a: &x {b: *x}\n", "a.yaml:1:11: '*x' stands inside what it names (a.yaml:1:4)"},
		{"a: *x\n", "a.yaml:1:4: '*x' names no anchor before it"},
		{"a: &x 1\nb: &x 2\n", "a.yaml:2:4: anchor '&x' is defined twice"},
		{"a: 1\n---\nb: 2\n", "a.yaml:2:1: a second document begins"},
		{"a: !!int 1\n", "a.yaml:1:4: tag 'tag:yaml.org,2002:int' is not supported"},
		{"a: &x {k: 1}\nb: {<<: *x}\n", "a.yaml:2:5: merge key '<<' is not supported"},
		{"? [a]\n: b\n", "a.yaml:1:3: a key must be text, not a list"},
		{"a: [1, 2\n", "begun in line 1"},
		{"a: \"x\\0y\"\n", "a.yaml:1:4: a zero byte in a text"},
		{"a: b: c\n", "a.yaml:1:5: mapping values are not allowed"},
		{"a: 1\nb: \x01\n", "a.yaml:2:4: not text: control character 0x01"},
		{"a: gr\xc3\xbc\xff\n", "a.yaml:1:7: not text: byte 0xff is not UTF-8"},
		{"\xff\xfe"
		 "a\n",
		 "a.yaml:1:1: not text: byte 0xff"},
		{"&a k: 1\n*a : 2\n", "'*a'"},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
		assert_null(read_text(cases[i].text));
		assert_told(&diag, cases[i].told);
	}
}

static void test_all_errors_of_a_text_are_told_and_then_counted(void **state)
{
	char text[100 * 8 + 1] = "";
	size_t i;

	(void)state;
	assert_null(read_text("a: 1\na: 2\nb: {c: 1, c: 2}\n"));
	assert_int_equal(diag.errors, 2);

	for (i = 0; i < 100; i++) {
		memcpy(text + i * 8, "aaaa: 1\n", 8);
	}
	assert_null(read_text(text));
	assert_int_equal(diag.errors, 2 + 99);
	assert_int_equal(diag.count, DIAG_ITEMS_MAX);
	assert_told(&diag, "51 more findings are not shown");
}

static void test_binary_is_refused_at_its_first_bad_byte(void **state)
{
	struct ew_node *node = NULL;

	(void)state;
	assert_int_equal(yaml_read(&reader, "a.yaml",
				   "\x7f"
				   "ELF\0\0",
				   6, &node),
			 -EINVAL);
	assert_told(&diag, "a.yaml:1:1: not text: control character 0x7f");
	assert_int_equal(yaml_read(&reader, "a.yaml", "a: b\0c", 6, &node), -EINVAL);
	assert_told(&diag, "a.yaml:1:5: not text: control character 0x00");
	assert_null(node);
}

static void test_two_hundred_thousand_brackets_end_at_the_depth_limit(void **state)
{
	size_t count = 200000;
	char *text = malloc(count + 4);

	(void)state;
	assert_non_null(text);
	memcpy(text, "a: ", 3);
	memset(text + 3, '[', count);
	text[count + 3] = '\0';

	assert_null(read_text(text));

	assert_told(&diag, "a.yaml:1:67: nested deeper than 64 levels");
	assert_true(arena.used < 64 * 1024);
	free(text);
}

static void test_aliases_cannot_multiply_without_end(void **state)
{
	char text[2000];
	size_t at = 0;
	int i;

	(void)state;
	at += (size_t)snprintf(text, sizeof(text), "a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
	for (i = 1; i < 12; i++) {
		at += (size_t)snprintf(text + at, sizeof(text) - at,
				       "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n",
				       i, i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1,
				       i - 1);
	}

	assert_null(read_text(text));

	assert_told(&diag, "more than 2000000 values in all");
	assert_true(arena.used < 64 * 1024);
}

static void test_a_long_scalar_is_refused(void **state)
{
	(void)state;
	limits.scalar_bytes = 4;
	assert_null(read_text("a: 12345\n"));
	assert_told(&diag, "a.yaml:1:4: text of 5 bytes, the limit is 4");
}

static void test_memory_has_a_limit(void **state)
{
	(void)state;
	arena_fini(&arena);
	arena_init(&arena, 300);
	assert_null(read_text("a: [1, 2, 3, 4, 5]\n"));
	assert_told(&diag, "does not fit in memory");
}

static void test_nothing_is_an_empty_map(void **state)
{
	const struct ew_node *node;

	(void)state;
	node = read_text("# only a comment\n");
	assert_non_null(node);
	assert_int_equal(ew_node_kind(node), EW_NODE_MAP);
	assert_int_equal(ew_node_count(node), 0);
	assert_non_null(read_text(""));
	assert_non_null(read_text("---\n"));
}

static void test_nodes_keep_order_text_and_place(void **state)
{
	const struct ew_node *node, *list;

	(void)state;
	node = read_text("\xef\xbb\xbf"
			 "z: 1\nlist:\n  - \"two\"\n  - {k: ~}\na: &x 5\nb: *x\n");
	assert_non_null(node);
	assert_string_equal(ew_node_key(node, 0), "z");
	assert_string_equal(ew_node_text(ew_node_at(node, 0)), "1");
	list = ew_node_find(node, "list");
	assert_int_equal(ew_node_kind(list), EW_NODE_LIST);
	assert_int_equal(ew_node_count(list), 2);
	assert_true(ew_node_at(list, 0)->is_quoted);
	assert_int_equal(ew_node_at(list, 0)->place.line, 3);
	assert_int_equal(ew_node_at(list, 0)->place.col, 5);
	assert_string_equal(ew_node_text(ew_node_find(ew_node_at(list, 1), "k")), "");
	assert_ptr_equal(ew_node_find(node, "a"), ew_node_find(node, "b"));
	assert_null(ew_node_find(node, "c"));
	assert_null(ew_node_at(list, 2));
	assert_null(ew_node_text(list));
	assert_null(ew_node_key(list, 0));
}

static void test_equal_content_is_equal_whatever_its_order_and_form(void **state)
{
	const struct ew_node *a, *b, *c, *d;
	struct arena other;
	struct ew_node *copy;

	(void)state;
	a = read_text("x: {p: 1, q: [a, b]}\ny: 2\n");
	b = read_text("# comment\ny: \"2\"\nx:\n  q:\n    - a\n    - b\n  p: 1\n");
	c = read_text("x: {p: 1, q: [b, a]}\ny: 2\n");
	d = read_text("x: {p: 1, q: [a, b]}\ny: 3\n");
	assert_non_null(a);
	assert_true(node_equal(a, b));
	assert_true(node_hash(a) == node_hash(b));
	assert_false(node_equal(a, c));
	assert_false(node_equal(a, d));
	assert_true(node_hash(a) != node_hash(c));
	assert_true(node_hash(a) != node_hash(d));

	arena_init(&other, 100000);
	copy = node_copy(&other, a);
	arena_fini(&arena);
	assert_non_null(copy);
	assert_string_equal(ew_node_text(ew_node_find(copy, "y")), "2");
	assert_string_equal(copy->place.file, "a.yaml");
	arena_fini(&other);
}

static void test_typed_reads_of_a_node_say_where(void **state)
{
	const struct ew_node *node;
	struct ew_error err = {0};
	char line[512];
	int64_t i = 7;
	double f = 0;
	ew_dur d = 0;
	bool b = false;

	(void)state;
	node = read_text("i: 12\nf: 1.5\nd: 10s\nb: yes\nbad: 5\nlist: []\n");
	assert_int_equal(ew_node_int(ew_node_find(node, "list"), &i, &err), -EINVAL);
	assert_string_equal(error_format(&err, line, sizeof(line)),
			    "a.yaml:6:7: 'a list' is not a whole number");
	assert_int_equal(ew_node_duration(ew_node_find(node, "bad"), &d, &err), -EINVAL);
	assert_string_equal(error_format(&err, line, sizeof(line)),
			    "a.yaml:5:6: '5' needs a unit (ms, s, m, h, d)");
	assert_int_equal(ew_node_bool(ew_node_find(node, "i"), &b, NULL), -EINVAL);
	assert_int_equal(i, 7);
	assert_int_equal(ew_node_int(ew_node_find(node, "i"), &i, NULL), 0);
	assert_int_equal(ew_node_float(ew_node_find(node, "f"), &f, NULL), 0);
	assert_int_equal(ew_node_duration(ew_node_find(node, "d"), &d, NULL), 0);
	assert_int_equal(ew_node_bool(ew_node_find(node, "b"), &b, NULL), 0);
	assert_true(i == 12 && f == 1.5 && d == INT64_C(10000000000) && b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_each_bad_text_is_told_with_its_position),
		TEST(test_all_errors_of_a_text_are_told_and_then_counted),
		TEST(test_binary_is_refused_at_its_first_bad_byte),
		TEST(test_two_hundred_thousand_brackets_end_at_the_depth_limit),
		TEST(test_aliases_cannot_multiply_without_end),
		TEST(test_a_long_scalar_is_refused),
		TEST(test_memory_has_a_limit),
		TEST(test_nothing_is_an_empty_map),
		TEST(test_nodes_keep_order_text_and_place),
		TEST(test_equal_content_is_equal_whatever_its_order_and_form),
		TEST(test_typed_reads_of_a_node_say_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
