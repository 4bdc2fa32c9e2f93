/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Named tokens: who may call the HTTP interface, and in which role.
 *
 * The file has one line a token, `NAME: ROLE sha256:HEX`, and comment lines
 * that begin with '#'. A token is 256 random bits, so that a plain SHA-256
 * cannot be turned back and the file holds no secret. It is made by token_new()
 * (edgewayctl token new); the token itself is shown once and kept nowhere.
 *
 * A struct tokens does not change once it is read; any thread.
 */
#ifndef CORE_HTTP_TOKENS_H
#define CORE_HTTP_TOKENS_H

#include <stdbool.h>
#include <stddef.h>

#include <edgeway/error.h>
#include <edgeway/http.h>

#define TOKEN_NAME_BYTES      64        /* with the NUL */
#define TOKEN_TEXT_BYTES      47        /* ew_, 43 characters, NUL */
#define TOKENS_FILE_BYTES_MAX ((size_t)1024 * 1024)
#define TOKENS_MAX            4096

struct tokens;

/*
 * Read a tokens file. -errno, and err says what is wrong where.
 */
int tokens_read(const char *path, struct tokens **tokens_out, struct ew_error *err) EW_CHECKED;

/* The same for text in memory; `path` is for errors. */
int tokens_parse(const char *text, size_t size, const char *path, struct tokens **tokens_out,
		 struct ew_error *err) EW_CHECKED;

void tokens_free(struct tokens **tokens);
size_t tokens_count(const struct tokens *tokens);

/*
 * Whose token this is. Takes the same time for any text of a token's form.
 * The name is borrowed from tokens. -ENOENT: nobody's.
 */
int tokens_find(const struct tokens *tokens, const char *text, const char **name_out,
		enum ew_role *role_out) EW_CHECKED;

/*
 * Make a token, add its line to the file (made when missing) and return its
 * text. -EEXIST the name is taken; -errno; err says why.
 */
int token_new(const char *path, const char *name, enum ew_role role,
	      char text_out[TOKEN_TEXT_BYTES], struct ew_error *err) EW_CHECKED;

/* "viewer", "operator", "admin", and "none"; -EINVAL any other word. */
const char *role_name(enum ew_role role);
int role_parse(const char *text, enum ew_role *role_out) EW_CHECKED;

#endif
