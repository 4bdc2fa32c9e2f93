/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options that name files and secrets: `credential:NAME` in the folder that
 * systemd gives ($CREDENTIALS_DIRECTORY), `file:PATH`, a path, `pkcs11:URI`.
 * Reads secrets into the settings' memory and nowhere else; never prints one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/conf/bind.h"
#include "core/conf/file.h"

enum {
	FILE_SECRET_MAX = 64 * 1024
};

static const char file_credential[] = "credential:";
static const char file_file[] = "file:";
static const char file_pkcs11[] = "pkcs11:";

static bool file_starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* *path_out stays NULL when it is a credential and this is only a check. */
static int file_find_credential(struct bind *bind, const struct ew_option *row,
				const struct ew_node *node, const char **path_out)
{
	const char *name = node->as.text + strlen(file_credential);
	const char *folder = getenv("CREDENTIALS_DIRECTORY");

	if (name[0] == '\0' || strchr(name, '/') != NULL || strcmp(name, "..") == 0) {
		return bind_error(bind, node, "'%s': '%s' is no name of a credential", row->name,
				  name);
	}
	if (folder == NULL && bind->is_check) {
		diag_warn(bind->diag, &node->place,
			  "credential '%s' cannot be checked outside the service", name);
		return 0;
	}
	if (folder == NULL) {
		return bind_error(bind, node,
				  "'%s': no credentials here ($CREDENTIALS_DIRECTORY is not set; "
				  "LoadCredential=%s:PATH in the unit)",
				  row->name, name);
	}
	*path_out = arena_printf(bind->arena, "%s/%s", folder, name);
	return *path_out != NULL ? 0 : diag_no_memory(bind->diag, &node->place);
}

static int file_find(struct bind *bind, const struct ew_option *row, const struct ew_node *node,
		     const char **path_out)
{
	const char *text = node->as.text;

	*path_out = NULL;
	if (file_starts(text, file_credential)) {
		return file_find_credential(bind, row, node, path_out);
	}
	if (file_starts(text, file_file)) {
		text += strlen(file_file);
	}
	if (text[0] == '\0') {
		return bind_error(bind, node, "'%s' names no file", row->name);
	}
	*path_out = conf_path_beside(bind->arena, node->place.file, text);
	return *path_out != NULL ? 0 : diag_no_memory(bind->diag, &node->place);
}

/* A file that is written anew, or another in its place, is another state. */
static void file_note(struct bind *bind, const char *path)
{
	struct stat info;
	uint64_t words[5] = { 0 };

	if (stat(path, &info) == 0) {
		words[0] = (uint64_t)info.st_dev;
		words[1] = (uint64_t)info.st_ino;
		words[2] = (uint64_t)info.st_size;
		words[3] = (uint64_t)info.st_mtim.tv_sec;
		words[4] = (uint64_t)info.st_mtim.tv_nsec;
	}
	for (size_t i = 0; i < array_count(words); i++) {
		bind->files = (bind->files ^ words[i]) * UINT64_C(0x100000001b3) + 1;
	}
}

int bind_file(struct bind *bind, const struct ew_option *row, const struct ew_node *node,
	      const char **path_out)
{
	const char *path;
	int ret;

	if (file_starts(node->as.text, file_pkcs11)) {
		*path_out = arena_text(bind->arena, node->as.text, strlen(node->as.text));
		return *path_out != NULL ? 0 : diag_no_memory(bind->diag, &node->place);
	}
	ret = file_find(bind, row, node, &path);
	if (ret < 0) {
		return ret;
	}
	if (path != NULL && (row->flags & EW_MUST_EXIST) != 0 && access(path, R_OK) < 0) {
		return bind_error(bind, node, "'%s': cannot read '%s': %s", row->name, path,
				  strerror(errno));
	}
	if (path != NULL) {
		file_note(bind, path);
	}
	*path_out = path;
	return 0;
}

int bind_secret(struct bind *bind, const struct ew_option *row, const struct ew_node *node,
		const char **text_out)
{
	const char *path, *text;
	struct buf bytes;
	int ret;

	if (!file_starts(node->as.text, file_credential) &&
	    !file_starts(node->as.text, file_file)) {
		return bind_error(bind, node,
				  "'%s' is a secret and not written here: credential:NAME or "
				  "file:PATH",
				  row->name);
	}
	ret = file_find(bind, row, node, &path);
	if (ret < 0 || path == NULL) {
		*text_out = NULL;
		return ret;
	}
	file_note(bind, path);
	buf_init(&bytes, FILE_SECRET_MAX);
	ret = conf_file_read(bind->diag, &node->place, path, &bytes);
	if (ret == 0) {
		size_t size = bytes.size;

		text = buf_text(&bytes);
		if (size > 0 && text[size - 1] == '\n') {
			size--;
		}
		if (size > 0 && memchr(text, '\0', size) != NULL) {
			ret = bind_error(bind, node, "'%s': '%s' holds a zero byte", row->name,
					 path);
		} else {
			*text_out = arena_text(bind->arena, text, size);
			ret = *text_out != NULL ? 0 : diag_no_memory(bind->diag, &node->place);
		}
	}
	if (bytes.at != NULL) {
		explicit_bzero(bytes.at, bytes.room);
	}
	buf_fini(&bytes);
	return ret == -ENOENT ? -EINVAL : ret;
}
