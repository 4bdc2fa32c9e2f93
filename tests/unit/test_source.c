/* SPDX-License-Identifier: Apache-2.0 */
/* Several files as one tree: includes, merging, variables. */
#include "core/conf/source.h"

#include <errno.h>
#include <sys/stat.h>

#include "tests/unit/conf_fixture.h"

static struct diag diag;
static struct conf_source source;
static char folder[sizeof(FIXTURE_FOLDER)];

static int setup(void **state)
{
	(void)state;
	diag_init(&diag);
	source_init(&source, NULL, &diag);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	source_fini(&source);
	diag_fini(&diag);
	return 0;
}

static const struct ew_node *load_text(const char *text)
{
	return source_load_text(&source, "a.yaml", text, strlen(text)) == 0 ? source.root : NULL;
}

static const char *text_at(const char *section, const char *key)
{
	return ew_node_text(ew_node_find(ew_node_find(source.root, section), key));
}

static void test_a_missing_file_is_told(void **state)
{
	(void)state;
	assert_int_equal(source_load(&source, "/nowhere/edge.yaml"), -EINVAL);
	assert_told(&diag, "cannot read '/nowhere/edge.yaml': No such file");
	assert_null(source.root);
}

static void test_a_folder_is_refused(void **state)
{
	(void)state;
	assert_int_equal(source_load(&source, "/tmp"), -EINVAL);
	assert_told(&diag, "'/tmp' is not a regular file");
}

static void test_a_file_of_100_mb_is_refused_unread(void **state)
{
	static const char *const names[] = {"big.yaml", NULL};
	FILE *file;

	(void)state;
	fixture_enter(folder);
	file = fopen("big.yaml", "w");
	assert_non_null(file);
	assert_int_equal(ftruncate(fileno(file), 100 * 1000 * 1000), 0);
	assert_int_equal(fclose(file), 0);

	assert_int_equal(source_load(&source, "big.yaml"), -EINVAL);

	assert_told(&diag, "big.yaml: 'big.yaml' is larger than the limit of 4MiB");
	assert_true(source.arena.used < 64 * 1024);
	fixture_leave(folder, names);
}

static void test_circles_and_duplicates_of_includes_name_both_places(void **state)
{
	static const char *const names[] = {"edge.yaml", "a.yaml", "b.yaml", NULL};

	(void)state;
	fixture_enter(folder);
	fixture_write("edge.yaml", "version: 1\ninclude:\n  - a.yaml\n  - ./b.yaml\n");
	fixture_write("a.yaml", "include: [b.yaml, edge.yaml]\n");
	fixture_write("b.yaml", "include: a.yaml\n");

	assert_int_equal(source_load(&source, "edge.yaml"), -EINVAL);

	assert_told(&diag, "b.yaml:1:10: 'a.yaml' is included in a circle, first at edge.yaml:3:5");
	assert_told(&diag, "a.yaml:1:19: 'edge.yaml' includes the file that it all starts from");
	assert_told(&diag, "edge.yaml:4:5: './b.yaml' is included twice, first at a.yaml:1:11");
	fixture_leave(folder, names);
}

static void test_the_same_key_in_two_files_is_refused_with_both_places(void **state)
{
	static const char *const names[] = {"edge.yaml", "site.yaml", NULL};

	(void)state;
	fixture_enter(folder);
	fixture_write("edge.yaml", "version: 1\ninclude: [site.yaml]\n"
				   "instances:\n  line1: {module: a}\nlog: {level: info}\n");
	fixture_write("site.yaml", "version: 2\ninstances: {line1: {module: b}}\nlog: quiet\n");

	assert_int_equal(source_load(&source, "edge.yaml"), -EINVAL);

	assert_told(&diag, "site.yaml:1:1: 'version' is given twice, first at edge.yaml:1:1");
	assert_told(&diag, "site.yaml:2:13: 'line1' is given twice, first at edge.yaml:4:3");
	assert_told(&diag, "site.yaml:3:1: 'log' is given twice, first at edge.yaml:5:1");
	fixture_leave(folder, names);
}

static void test_includes_are_relative_ordered_and_merged(void **state)
{
	static const char *const names[] = {"edge.yaml",   "d/1.yaml", "d/2.yaml",
					    "d/more.yaml", "d",        NULL};
	const struct ew_node *routes;

	(void)state;
	fixture_enter(folder);
	assert_int_equal(mkdir("d", 0700), 0);
	fixture_write("edge.yaml", "version: 1\ninclude: [d/?.yaml, none/*.yaml]\n"
				   "vars: {a: x}\nroutes: [{to: p}]\nstore:\n");
	fixture_write("d/1.yaml", "include: [more.yaml]\nvars: {b: \"${a}y\"}\n");
	fixture_write("d/2.yaml", "version: 1\nroutes: [{to: q}]\nstore: {size: 1MiB}\n");
	fixture_write("d/more.yaml", "vars: {c: \"${b}z\"}\nroutes: [{to: r}]\n");

	assert_int_equal(source_load(&source, "edge.yaml"), 0);

	assert_string_equal(text_at("vars", "c"), "xyz");
	assert_string_equal(text_at("store", "size"), "1MiB");
	routes = ew_node_find(source.root, "routes");
	assert_int_equal(ew_node_count(routes), 3);
	assert_string_equal(ew_node_text(ew_node_find(ew_node_at(routes, 1), "to")), "r");
	assert_string_equal(ew_node_text(ew_node_find(ew_node_at(routes, 2), "to")), "q");
	assert_null(ew_node_find(source.root, "include"));
	fixture_leave(folder, names);
}

static void test_bad_variables_are_told_where_used_and_where_defined(void **state)
{
	(void)state;
	assert_null(load_text("vars:\n  site: lyon\n  loop: \"${pool}\"\n  pool: \"${loop}\"\n"
			      "  list: [1]\n"
			      "gateway:\n  name: ${sit}\n  group: ${list}\n  x: ${\n  y: ${}\n"
			      "  ${site}: 1\n"));
	assert_told(&diag, "a.yaml:7:9: unknown variable 'sit', did you mean 'site'?");
	assert_told(&diag, "variable 'loop' uses itself, it is set at a.yaml:3:3");
	assert_told(&diag, "a.yaml:8:10: variable 'list' is a list, not text, it is set at "
			   "a.yaml:5:3");
	assert_told(&diag, "a.yaml:9:6: '${' without a name and '}'");
	assert_told(&diag, "a.yaml:10:6: '${' without a name and '}'");
	assert_told(&diag, "a.yaml:11:3: variables are not replaced in keys: '${site}'");
}

static void test_expanded_text_has_a_limit(void **state)
{
	(void)state;
	source.limits.scalar_bytes = 40;
	assert_null(load_text("vars:\n  a: 0123456789\n  b: ${a}${a}${a}${a}${a}\n"));
	assert_told(&diag, "a.yaml:3:6: text of more than 40 bytes (variable 'a' is set at "
			   "a.yaml:2:3)");
}

static void test_a_long_chain_of_variables_is_refused_not_followed(void **state)
{
	char text[4000];
	size_t at = (size_t)snprintf(text, sizeof(text), "vars:\n");
	int i;

	(void)state;
	for (i = 0; i < 100; i++) {
		at += (size_t)snprintf(text + at, sizeof(text) - at, "  v%d: ${v%d}\n", i, i + 1);
	}
	(void)snprintf(text + at, sizeof(text) - at, "  v100: x\n");

	assert_null(load_text(text));

	assert_told(&diag, "is nested too deep");
}

static void test_variables_are_replaced_in_values_and_escapes_stay(void **state)
{
	const struct ew_node *name;

	(void)state;
	assert_non_null(load_text("vars: {site: lyon, n: 1}\n"
				  "gateway:\n  name: &n \"${site}-gw${n}\"\n"
				  "  a: $${site} $ $$ ${n}\n"
				  "  b: *n\n"));
	assert_string_equal(text_at("gateway", "name"), "lyon-gw1");
	assert_string_equal(text_at("gateway", "b"), "lyon-gw1");
	assert_string_equal(text_at("gateway", "a"), "${site} $ $$ 1");
	name = ew_node_find(ew_node_find(source.root, "gateway"), "name");
	assert_string_equal(name->origin->name, "site");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_a_missing_file_is_told),
		TEST(test_a_folder_is_refused),
		TEST(test_a_file_of_100_mb_is_refused_unread),
		TEST(test_circles_and_duplicates_of_includes_name_both_places),
		TEST(test_the_same_key_in_two_files_is_refused_with_both_places),
		TEST(test_includes_are_relative_ordered_and_merged),
		TEST(test_bad_variables_are_told_where_used_and_where_defined),
		TEST(test_expanded_text_has_a_limit),
		TEST(test_a_long_chain_of_variables_is_refused_not_followed),
		TEST(test_variables_are_replaced_in_values_and_escapes_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
