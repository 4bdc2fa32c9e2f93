/* SPDX-License-Identifier: Apache-2.0 */
/* The tokens file: what is refused, and that a token made can be used. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/error.h"
#include "core/http/tokens.h"

#include "tests/unit/unit.h"

#define HASH "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static char folder[] = "/tmp/test_http_tokens.XXXXXX";
static char path[64];

static int parse(const char *text, struct ew_error *err)
{
	struct tokens *tokens = NULL;
	int ret;

	error_clear(err);
	ret = tokens_parse(text, strlen(text), "tokens.yaml", &tokens, err);
	if (ret < 0) {
		assert_null(tokens);
		assert_true(error_is_set(err));
	}
	tokens_free(&tokens);
	return ret;
}

static void test_a_wrong_line_is_refused_with_its_number(void **state)
{
	static const char *const wrong[] = {
		"a", "a:", "a: viewer", "a: viewer sha256:12", "a: root " HASH, "a: none " HASH,
		": viewer " HASH, "-a: viewer " HASH, "a b: viewer " HASH, " a: viewer " HASH,
		"a: viewer " HASH "0", "a: viewer md5:00", "a: Viewer " HASH, "a: viewer\t" HASH,
		"a: viewer sha256:E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"0123456789012345678901234567890123456789012345678901234567890123: viewer " HASH,
	};
	struct ew_error err;
	char text[512];

	(void)state;
	for (size_t i = 0; i < array_count(wrong); i++) {
		(void)snprintf(text, sizeof(text), "# names\n\nfine: admin " HASH "\n%s\n",
			       wrong[i]);
		if (parse(text, &err) != -EINVAL) {
			fail_msg("'%s' is not refused", wrong[i]);
		}
		assert_int_equal(err.line, 4);
		assert_string_equal(err.file, "tokens.yaml");
	}
}

static void test_a_name_twice_is_refused(void **state)
{
	struct ew_error err;

	(void)state;
	assert_int_equal(parse("a: viewer " HASH "\na: admin " HASH "\n", &err), -EEXIST);
	assert_int_equal(err.line, 2);
}

static void test_binary_and_huge_files_are_refused(void **state)
{
	struct tokens *tokens = NULL;
	struct ew_error err = {0};
	const size_t limit = TOKENS_FILE_BYTES_MAX;
	char *text = calloc(1, limit + 1);

	(void)state;
	assert_int_equal(tokens_parse(text, 1, "t", &tokens, &err), -EINVAL);
	memset(text, '\n', limit + 1);
	assert_int_equal(tokens_parse(text, limit + 1, "t", &tokens, &err), -EINVAL);
	assert_int_equal(tokens_parse(text, limit, "t", &tokens, &err), 0);
	assert_int_equal(tokens_count(tokens), 0);
	tokens_free(&tokens);
	free(text);
}

static void test_blanks_comments_and_crlf_are_no_tokens(void **state)
{
	struct tokens *tokens = NULL;
	struct ew_error err = {0};
	static const char text[] = "# a\r\n\r\n  \na:  viewer   " HASH " \r\nb: admin " HASH;

	(void)state;
	assert_int_equal(tokens_parse(text, strlen(text), "t", &tokens, &err), 0);
	assert_int_equal(tokens_count(tokens), 2);
	tokens_free(&tokens);
}

static void test_a_missing_or_open_file_is_refused(void **state)
{
	struct tokens *tokens = NULL;
	struct ew_error err = {0};
	int fd;

	(void)state;
	assert_int_equal(tokens_read(path, &tokens, &err), -ENOENT);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, 0666), 0);
	assert_int_equal(tokens_read(path, &tokens, &err), -EPERM);
	assert_non_null(strstr(err.text, "everyone"));
	(void)close(fd);
	assert_int_equal(unlink(path), 0);
}

static void test_a_new_token_needs_a_name_a_role_and_no_namesake(void **state)
{
	struct ew_error err = {0};
	char text[TOKEN_TEXT_BYTES] = "untouched";

	(void)state;
	assert_int_equal(token_new(path, "a b", EW_ROLE_VIEWER, text, &err), -EINVAL);
	assert_int_equal(token_new(path, "", EW_ROLE_VIEWER, text, &err), -EINVAL);
	assert_int_equal(token_new(path, "a", EW_ROLE_NONE, text, &err), -EINVAL);
	assert_int_equal(token_new("/nowhere/at/all", "a", EW_ROLE_ADMIN, text, &err), -ENOENT);
	assert_string_equal(text, "untouched");
	assert_int_equal(token_new(path, "a", EW_ROLE_VIEWER, text, &err), 0);
	assert_int_equal(token_new(path, "a", EW_ROLE_ADMIN, text, &err), -EEXIST);
	assert_int_equal(unlink(path), 0);
}

static void test_a_made_token_is_found_and_no_other(void **state)
{
	struct tokens *tokens = NULL;
	struct ew_error err = {0};
	char a[TOKEN_TEXT_BYTES];
	char b[TOKEN_TEXT_BYTES];
	const char *name = NULL;
	enum ew_role role = EW_ROLE_NONE;
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	(void)state;
	/* a last line without its end is completed */
	assert_int_equal(write(fd, "# mine", 6), 6);
	(void)close(fd);
	assert_int_equal(token_new(path, "grafana", EW_ROLE_VIEWER, a, &err), 0);
	assert_int_equal(token_new(path, "hmi", EW_ROLE_OPERATOR, b, &err), 0);
	assert_int_equal(tokens_read(path, &tokens, &err), 0);

	assert_int_equal(tokens_count(tokens), 2);
	assert_string_not_equal(a, b);
	assert_int_equal(strlen(a), TOKEN_TEXT_BYTES - 1);
	assert_int_equal(tokens_find(tokens, b, &name, &role), 0);
	assert_string_equal(name, "hmi");
	assert_int_equal(role, EW_ROLE_OPERATOR);
	b[10] = b[10] == 'x' ? 'y' : 'x';
	assert_int_equal(tokens_find(tokens, b, &name, &role), -ENOENT);
	assert_int_equal(tokens_find(tokens, "", &name, &role), -ENOENT);
	assert_string_equal(name, "hmi");
	tokens_free(&tokens);
	assert_int_equal(unlink(path), 0);
}

static int make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL) {
		return -1;
	}
	(void)snprintf(path, sizeof(path), "%s/tokens.yaml", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_wrong_line_is_refused_with_its_number),
		cmocka_unit_test(test_a_name_twice_is_refused),
		cmocka_unit_test(test_binary_and_huge_files_are_refused),
		cmocka_unit_test(test_blanks_comments_and_crlf_are_no_tokens),
		cmocka_unit_test(test_a_missing_or_open_file_is_refused),
		cmocka_unit_test(test_a_new_token_needs_a_name_a_role_and_no_namesake),
		cmocka_unit_test(test_a_made_token_is_found_and_no_other),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
