/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking for a module by name in several directories.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/module/folder.h"
#include "core/module/module.h"

#define LIST_LIMIT   4096       /* names considered */
#define SUFFIX       ".so"

struct folder {
	size_t count;
	char **directories;
};

struct names {
	char **at;
	size_t count;
	size_t room;
};

int folder_new(const char *const *directories, size_t count, struct folder **folder_out)
{
	struct folder *folder = calloc(1, sizeof(*folder));

	if (folder == NULL) {
		return -ENOMEM;
	}
	folder->directories = calloc(count + 1, sizeof(*folder->directories));
	for (size_t i = 0; i < count && folder->directories != NULL; i++) {
		folder->directories[i] = strdup(directories[i]);
		if (folder->directories[i] == NULL) {
			break;
		}
		folder->count++;
	}
	if (folder->directories == NULL || folder->count < count) {
		folder_free(&folder);
		return -ENOMEM;
	}
	*folder_out = folder;
	return 0;
}

void folder_free(struct folder **folder_at)
{
	struct folder *folder = *folder_at;

	if (folder == NULL) {
		return;
	}
	*folder_at = NULL;
	for (size_t i = 0; i < folder->count; i++) {
		free(folder->directories[i]);
	}
	free(folder->directories);
	free(folder);
}

static void names_fini(struct names *names)
{
	for (size_t i = 0; i < names->count; i++) {
		free(names->at[i]);
	}
	free(names->at);
}

static int names_add(struct names *names, const char *name, size_t size)
{
	if (names->count == names->room) {
		size_t room = names->room == 0 ? 32 : names->room * 2;
		char **at = realloc(names->at, room * sizeof(*at));

		if (at == NULL) {
			return -ENOMEM;
		}
		names->at = at;
		names->room = room;
	}
	names->at[names->count] = strndup(name, size);
	if (names->at[names->count] == NULL) {
		return -ENOMEM;
	}
	names->count++;
	return 0;
}

/* Add what looks like a module. A directory that cannot be read has none. */
static int names_read(struct names *names, const char *directory)
{
	DIR *dir = opendir(directory);
	const struct dirent *entry;
	int error = 0;

	if (dir == NULL) {
		return 0;
	}
	while (error == 0 && names->count < LIST_LIMIT && (entry = readdir(dir)) != NULL) {
		size_t size = strlen(entry->d_name);
		char name[MODULE_NAME_MAX + 1];

		if (size <= strlen(SUFFIX) || size - strlen(SUFFIX) > MODULE_NAME_MAX ||
		    strcmp(entry->d_name + size - strlen(SUFFIX), SUFFIX) != 0) {
			continue;
		}
		size -= strlen(SUFFIX);
		memcpy(name, entry->d_name, size);
		name[size] = '\0';
		if (module_name_is_valid(name)) {
			error = names_add(names, name, size);
		}
	}
	(void)closedir(dir);
	return error;
}

static int names_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_all(const struct folder *folder, struct names *names)
{
	int error = 0;

	for (size_t i = 0; i < folder->count && error == 0; i++) {
		error = names_read(names, folder->directories[i]);
	}
	if (names->count > 1) {
		qsort(names->at, names->count, sizeof(*names->at), names_order);
	}
	return error;
}

static int fail_missing(const struct folder *folder, const char *name, struct ew_error *err)
{
	struct names names = { 0 };
	const char *near = NULL;
	struct buf text;

	buf_init(&text, 300);
	for (size_t i = 0; i < folder->count; i++) {
		/* cut at its limit: an error text is short */
		(void)buf_printf(&text, "%s%s", i == 0 ? "" : ", ", folder->directories[i]);
	}
	if (read_all(folder, &names) == 0) {
		near = text_suggest(name, (const char *const *)names.at, names.count);
	}
	if (near != NULL) {
		(void)ew_fail(err, "no module '%s': " "%s" SUFFIX " is not in %s: "
			      "did you mean '%s'?", name, name, buf_text(&text), near);
	} else {
		(void)ew_fail(err, "no module '%s': %s" SUFFIX " is not in %s: install it there",
			      name, name, folder->count == 0 ? "any directory, none is configured"
							     : buf_text(&text));
	}
	names_fini(&names);
	buf_fini(&text);
	return -EINVAL;
}

static int path_of(const char *directory, const char *name, char **path_out)
{
	if (asprintf(path_out, "%s/%s" SUFFIX, directory, name) < 0) {
		*path_out = NULL;
		return -ENOMEM;
	}
	return 0;
}

int folder_find(const struct folder *folder, const char *name, char **file_out,
		struct ew_error *err)
{
	char *found = NULL;
	char *path = NULL;
	int error = 0;

	for (size_t i = 0; i < folder->count && error == 0; i++) {
		error = path_of(folder->directories[i], name, &path);
		if (error != 0 || access(path, F_OK) != 0) {
			free(path);
		} else if (found == NULL) {
			found = path;
		} else {
			error = ew_fail(err, "module '%s' is there twice: found %s and %s, "
					"expected one: remove the other", name, found, path);
			free(path);
		}
		path = NULL;
	}
	if (error == 0 && found == NULL) {
		error = fail_missing(folder, name, err);
	}
	if (error != 0) {
		free(found);
		return error;
	}
	*file_out = found;
	return 0;
}

int folder_list(const struct folder *folder, int (*fn)(void *arg, const char *name), void *arg)
{
	struct names names = { 0 };
	int result = read_all(folder, &names);

	for (size_t i = 0; i < names.count && result == 0; i++) {
		if (i > 0 && strcmp(names.at[i - 1], names.at[i]) == 0) {
			continue;
		}
		result = fn(arg, names.at[i]);
	}
	names_fini(&names);
	return result;
}
