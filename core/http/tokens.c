/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tokens file: strict reading, search by hash, adding a line. Each call
 * stands alone; no state of its own.
 */
#include "core/http/tokens.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/check.h"
#include "core/base/error.h"

#define HASH_BYTES    32
#define HASH_PREFIX   "sha256:"
#define TOKEN_PREFIX  "ew_"
#define NAME_BYTES \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

struct token {
	char name[TOKEN_NAME_BYTES];
	enum ew_role role;
	unsigned char hash[HASH_BYTES];
};

struct tokens {
	size_t count;
	size_t room;
	struct token *list;
};

static const char *const role_names[] = {
	[EW_ROLE_NONE] = "none",
	[EW_ROLE_VIEWER] = "viewer",
	[EW_ROLE_OPERATOR] = "operator",
	[EW_ROLE_ADMIN] = "admin",
};

const char *role_name(enum ew_role role)
{
	return (size_t)role < array_count(role_names) ? role_names[role] : "?";
}

int role_parse(const char *text, enum ew_role *role_out)
{
	for (unsigned i = 0; i < array_count(role_names); i++) {
		if (strcmp(text, role_names[i]) == 0) {
			*role_out = (enum ew_role)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int token_hash(const char *text, size_t size, unsigned char hash_out[HASH_BYTES])
{
	return gnutls_hash_fast(GNUTLS_DIG_SHA256, text, size, hash_out) == 0 ? 0 : -EIO;
}

static bool token_name_is_valid(const char *name, size_t size)
{
	return size > 0 && size < TOKEN_NAME_BYTES && name[0] != '.' && name[0] != '-' &&
	       strspn(name, NAME_BYTES) >= size;
}

static int token_nibble(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 64 lower-case digits and nothing behind. */
static bool token_parse_hash(const char *text, unsigned char hash_out[HASH_BYTES])
{
	for (size_t i = 0; i < HASH_BYTES; i++) {
		int high = token_nibble(text[2 * i]);
		int low = high >= 0 ? token_nibble(text[2 * i + 1]) : -1;

		if (low < 0) {
			return false;
		}
		hash_out[i] = (unsigned char)(high * 16 + low);
	}
	return text[2 * HASH_BYTES] == '\0';
}

/* One line, terminated, without its blanks at the end. */
static int token_parse_line(char *line, struct token *token_out, struct ew_error *err)
{
	struct token token = {0};
	char *colon = strchr(line, ':');
	size_t name_size = colon != NULL ? (size_t)(colon - line) : 0;
	char *role;
	char *hash;

	if (colon == NULL || !token_name_is_valid(line, name_size)) {
		return ew_fail(err, "a line is `NAME: ROLE sha256:HEX`, "
			       "a name of letters, digits, '.', '_', '-'");
	}
	memcpy(token.name, line, name_size);
	role = colon + 1 + strspn(colon + 1, " ");
	hash = role + strcspn(role, " ");
	if (*hash == ' ') {
		*hash = '\0';
		hash += 1 + strspn(hash + 1, " ");
	}
	if (role_parse(role, &token.role) < 0 || token.role == EW_ROLE_NONE) {
		return ew_fail(err, "token '%s': role '%s' is not viewer, operator or admin",
			       token.name, role);
	}
	if (strncmp(hash, HASH_PREFIX, strlen(HASH_PREFIX)) != 0 ||
	    !token_parse_hash(hash + strlen(HASH_PREFIX), token.hash)) {
		return ew_fail(err, "token '%s': after the role comes sha256: and 64 digits 0-9a-f",
			       token.name);
	}
	*token_out = token;
	return 0;
}

static int tokens_add(struct tokens *tokens, const struct token *token, struct ew_error *err)
{
	for (size_t i = 0; i < tokens->count; i++) {
		if (strcmp(tokens->list[i].name, token->name) == 0) {
			(void)ew_fail(err, "token '%s' is there twice", token->name);
			return -EEXIST;
		}
	}
	if (tokens->count == TOKENS_MAX) {
		(void)ew_fail(err, "more than %d tokens", TOKENS_MAX);
		return -EMSGSIZE;
	}
	if (tokens->count == tokens->room) {
		size_t room = tokens->room > 0 ? 2 * tokens->room : 8;
		struct token *list = reallocarray(tokens->list, room, sizeof(*list));

		if (list == NULL) {
			return -ENOMEM;
		}
		tokens->list = list;
		tokens->room = room;
	}
	tokens->list[tokens->count] = *token;
	tokens->count++;
	return 0;
}

/* Cut the next line out of text; returns where the one after it begins. */
static char *tokens_cut_line(char *text, char *end)
{
	char *stop = memchr(text, '\n', (size_t)(end - text));
	char *next = stop != NULL ? stop + 1 : end;

	stop = stop != NULL ? stop : end;
	while (stop > text && strchr(" \t\r", stop[-1]) != NULL && stop[-1] != '\0') {
		stop--;
	}
	*stop = '\0';
	return next;
}

int tokens_parse(const char *text, size_t size, const char *path, struct tokens **tokens_out,
		 struct ew_error *err)
{
	struct tokens *tokens = NULL;
	char *copy = NULL;
	unsigned number = 0;
	int ret = -ENOMEM;

	if (size > TOKENS_FILE_BYTES_MAX || memchr(text, '\0', size) != NULL) {
		(void)ew_fail(err, "not a tokens file: over 1 MiB, or binary");
		error_set_place(err, path, 0, 0);
		return -EINVAL;
	}
	tokens = calloc(1, sizeof(*tokens));
	copy = malloc(size + 1);
	if (tokens == NULL || copy == NULL) {
		goto done;
	}
	memcpy(copy, text, size);
	ret = 0;
	for (char *at = copy, *end = copy + size; at < end && ret == 0;) {
		char *next = tokens_cut_line(at, end);
		struct token token;

		number++;
		if (*at != '\0' && *at != '#') {
			ret = token_parse_line(at, &token, err);
			if (ret == 0) {
				ret = tokens_add(tokens, &token, err);
			}
		}
		at = next;
	}
	if (ret == 0) {
		*tokens_out = tokens;
		tokens = NULL;
	} else if (ret != -ENOMEM) {
		error_set_place(err, path, number, 0);
	}
done:
	if (ret == -ENOMEM) {
		(void)ew_fail(err, "no memory for tokens file '%s'", path);
	}
	free(copy);
	tokens_free(&tokens);
	return ret;
}

/* Read what fd has, up to the limit. */
static int tokens_load(int fd, struct buf *text)
{
	for (;;) {
		ssize_t n;
		int ret = buf_reserve(text, 4096);

		if (ret < 0) {
			return ret;
		}
		n = read(fd, text->at + text->size, 4096);
		if (n < 0) {
			if (errno == EINTR) {
				continue;
			}
			return -errno;
		}
		if (n == 0) {
			return 0;
		}
		text->size += (size_t)n;
	}
}

static int tokens_read_fd(int fd, const char *path, struct tokens **tokens_out,
			  struct ew_error *err)
{
	struct buf text;
	struct stat st;
	int ret;

	if (fstat(fd, &st) == 0 && (st.st_mode & S_IWOTH) != 0) {
		(void)ew_fail(err, "tokens file '%s' may be written by everyone", path);
		return -EPERM;
	}
	buf_init(&text, TOKENS_FILE_BYTES_MAX + 4096);
	ret = tokens_load(fd, &text);
	if (ret < 0) {
		(void)ew_fail(err, "cannot read tokens file '%s': %s", path, strerror(-ret));
	} else {
		ret = tokens_parse(buf_text(&text), text.size, path, tokens_out, err);
	}
	buf_fini(&text);
	return ret;
}

int tokens_read(const char *path, struct tokens **tokens_out, struct ew_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int ret;

	if (fd < 0) {
		ret = -errno;
		(void)ew_fail(err, "cannot read tokens file '%s': %s", path, strerror(-ret));
		return ret;
	}
	ret = tokens_read_fd(fd, path, tokens_out, err);
	(void)close(fd); /* nothing was written */
	return ret;
}

void tokens_free(struct tokens **tokens)
{
	if (*tokens != NULL) {
		free((*tokens)->list);
		free(*tokens);
		*tokens = NULL;
	}
}

size_t tokens_count(const struct tokens *tokens)
{
	return tokens->count;
}

int tokens_find(const struct tokens *tokens, const char *text, const char **name_out,
		enum ew_role *role_out)
{
	unsigned char hash[HASH_BYTES];
	const struct token *found = NULL;
	size_t size = strnlen(text, TOKEN_TEXT_BYTES);

	if (size != TOKEN_TEXT_BYTES - 1 || token_hash(text, size, hash) < 0) {
		return -ENOENT;
	}
	for (size_t i = 0; i < tokens->count; i++) {
		unsigned difference = 0;

		for (size_t k = 0; k < HASH_BYTES; k++) {
			difference |= (unsigned)(hash[k] ^ tokens->list[i].hash[k]);
		}
		if (difference == 0) {
			found = &tokens->list[i];
		}
	}
	if (found == NULL) {
		return -ENOENT;
	}
	*name_out = found->name;
	*role_out = found->role;
	return 0;
}

/* 32 random bytes as base64url, behind the prefix. */
static int token_make(char text_out[TOKEN_TEXT_BYTES])
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned char random[33] = {0};
	char *at = text_out + strlen(TOKEN_PREFIX);

	if (getrandom(random, 32, 0) != 32) {
		return -EIO;
	}
	memcpy(text_out, TOKEN_PREFIX, strlen(TOKEN_PREFIX));
	for (size_t i = 0; i < sizeof(random); i += 3) {
		uint32_t word = (uint32_t)(random[i] << 16 | random[i + 1] << 8 | random[i + 2]);

		for (int shift = 18; shift >= 0; shift -= 6) {
			if (at < text_out + TOKEN_TEXT_BYTES - 1) {
				*at++ = digits[word >> shift & 63];
			}
		}
	}
	*at = '\0';
	explicit_bzero(random, sizeof(random));
	return 0;
}

static int token_append(int fd, const char *name, enum ew_role role, const char *text)
{
	unsigned char hash[HASH_BYTES];
	struct buf line;
	struct stat st;
	char last = '\n';
	int ret = token_hash(text, strlen(text), hash);

	if (ret < 0) {
		return ret;
	}
	buf_init(&line, 512);
	if (fstat(fd, &st) == 0 && st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) == 1 &&
	    last != '\n') {
		(void)buf_add_byte(&line, '\n'); /* faults stick, asked below */
	}
	(void)buf_printf(&line, "%s: %s " HASH_PREFIX, name, role_name(role));
	for (size_t i = 0; i < HASH_BYTES; i++) {
		(void)buf_printf(&line, "%02x", hash[i]);
	}
	ret = buf_add_byte(&line, '\n');
	if (ret == 0) {
		ssize_t n = write(fd, line.at, line.size);

		if (n < 0 || fsync(fd) < 0) {
			ret = -errno;
		} else if ((size_t)n != line.size) {
			ret = -EIO;
		}
	}
	buf_fini(&line);
	return ret;
}

int token_new(const char *path, const char *name, enum ew_role role,
	      char text_out[TOKEN_TEXT_BYTES], struct ew_error *err)
{
	char text[TOKEN_TEXT_BYTES];
	struct tokens *tokens = NULL;
	int fd;
	int ret;

	if (!token_name_is_valid(name, strlen(name))) {
		return ew_fail(err, "'%s' cannot name a token: letters, digits, '.', '_', '-'",
			       name);
	}
	if (role <= EW_ROLE_NONE || role > EW_ROLE_ADMIN) {
		return ew_fail(err, "a token's role is viewer, operator or admin");
	}
	/* hashes only: the daemon's user may read what root made */
	fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || flock(fd, LOCK_EX) < 0) {
		ret = -errno;
		(void)ew_fail(err, "cannot open tokens file '%s': %s", path, strerror(-ret));
		if (fd >= 0) {
			(void)close(fd); /* nothing was written */
		}
		return ret;
	}
	ret = tokens_read_fd(fd, path, &tokens, err);
	for (size_t i = 0; ret == 0 && i < tokens->count; i++) {
		if (strcmp(tokens->list[i].name, name) == 0) {
			(void)ew_fail(err, "token '%s' exists already in '%s'", name, path);
			ret = -EEXIST;
		}
	}
	if (ret == 0) {
		ret = token_make(text);
		if (ret == 0) {
			ret = token_append(fd, name, role, text);
		}
		if (ret < 0) {
			(void)ew_fail(err, "cannot add to tokens file '%s': %s", path,
				      strerror(-ret));
		}
	}
	if (ret == 0) {
		memcpy(text_out, text, sizeof(text));
	}
	explicit_bzero(text, sizeof(text));
	tokens_free(&tokens);
	(void)close(fd); /* fsync has told */
	return ret;
}
