/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parser of request targets (RFC 9112 3.2, RFC 3986). Pure; any thread.
 *
 * One block holds four copies of the target: the path as sent, the decoded
 * path, the decoded segments and the decoded query. Decoding never makes a
 * text longer.
 */
#include "core/http/uri.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/text.h"

static int uri_hex(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	if (c >= 'A' && c <= 'F') {
		return c - 'A' + 10;
	}
	return -1;
}

/*
 * Decode size bytes to out and put a NUL behind them. In a query '+' is a
 * blank. Returns the decoded size or -EINVAL.
 */
static int uri_decode(const char *text, size_t size, char *out, bool in_query)
{
	size_t n = 0;

	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '%') {
			int high = i + 2 < size ? uri_hex(text[i + 1]) : -1;
			int low = i + 2 < size ? uri_hex(text[i + 2]) : -1;

			if (high < 0 || low < 0) {
				return -EINVAL;
			}
			c = (unsigned char)(high * 16 + low);
			i += 2;
		} else if (c == '+' && in_query) {
			c = ' ';
		} else if (c == '#') {
			return -EINVAL;
		}
		if (c < 0x20 || c == 0x7f) {
			return -EINVAL;
		}
		out[n] = (char)c;
		n++;
	}
	out[n] = '\0';
	return text_is_utf8(out, n) ? (int)n : -EINVAL;
}

/* The part of a target that begins with the path, or NULL. */
static const char *uri_skip_authority(const char *target)
{
	const char *rest = NULL;

	if (target[0] == '/') {
		return target;
	}
	if (strncasecmp(target, "http://", 7) == 0) {
		rest = target + 7;
	} else if (strncasecmp(target, "https://", 8) == 0) {
		rest = target + 8;
	}
	if (rest == NULL || *rest == '/') {
		return NULL;
	}
	rest += strcspn(rest, "/?");
	return *rest == '/' ? rest : NULL;
}

/* One segment of `size` bytes into uri; *at_out is where it is written. */
static int uri_add_segment(struct uri *uri, const char *text, size_t size, char **at_out)
{
	char *at = *at_out;
	int n;

	if (uri->segment_count == URI_SEGMENTS_MAX) {
		return -EMSGSIZE;
	}
	n = uri_decode(text, size, at, false);
	if (n < 0) {
		return n;
	}
	if (n == 0 || strcmp(at, ".") == 0 || strcmp(at, "..") == 0) {
		return -EINVAL;
	}
	uri->segments[uri->segment_count] = at;
	uri->segment_count++;
	*at_out = at + n + 1;
	return 0;
}

static int uri_split_path(struct uri *uri, size_t size, char *segments, char *whole)
{
	const char *text = uri->path;
	char *joined = whole;
	size_t begin = 1;

	while (begin < size) {
		const char *slash = memchr(text + begin, '/', size - begin);
		size_t end = slash != NULL ? (size_t)(slash - text) : size;
		int ret = uri_add_segment(uri, text + begin, end - begin, &segments);

		if (ret < 0) {
			return ret;
		}
		uri->is_folder = end + 1 == size;
		begin = end + 1;
	}
	*joined = '\0';
	for (size_t i = 0; i < uri->segment_count; i++) {
		size_t n = strlen(uri->segments[i]);

		*joined = '/';
		uri->offsets[i] = (size_t)(joined + 1 - whole);
		memcpy(joined + 1, uri->segments[i], n + 1);
		joined += n + 1;
	}
	if (uri->is_folder || uri->segment_count == 0) {
		memcpy(joined, "/", 2);
	}
	uri->whole = whole;
	return 0;
}

static int uri_split_query(struct uri *uri, const char *query, char *at)
{
	while (*query != '\0') {
		size_t size = strcspn(query, "&");
		const char *equals = memchr(query, '=', size);
		size_t name_size = equals != NULL ? (size_t)(equals - query) : size;
		struct uri_pair *pair = &uri->pairs[uri->pair_count];
		int n;

		if (size > 0) {
			if (uri->pair_count == URI_PAIRS_MAX) {
				return -EMSGSIZE;
			}
			n = uri_decode(query, name_size, at, true);
			if (n <= 0) {
				return -EINVAL;
			}
			pair->name = at;
			at += n + 1;
			pair->value = "";
			if (equals != NULL) {
				n = uri_decode(equals + 1, size - name_size - 1, at, true);
				if (n < 0) {
					return n;
				}
				pair->value = at;
				at += n + 1;
			}
			uri->pair_count++;
		}
		query += size + (query[size] == '&');
	}
	return 0;
}

int uri_parse(const char *target, struct uri *uri_out)
{
	struct uri uri = {0};
	const char *path;
	const char *query;
	size_t size;
	size_t room;
	size_t path_size;
	int ret;

	size = strnlen(target, URI_BYTES_MAX + 1);
	if (size > URI_BYTES_MAX) {
		return -EMSGSIZE;
	}
	path = uri_skip_authority(target);
	if (path == NULL) {
		return -EINVAL;
	}
	path_size = strcspn(path, "?");
	query = path[path_size] == '?' ? path + path_size + 1 : "";

	/* each copy with a NUL; the decoded path may gain a slash */
	room = size + 2;
	uri.store = malloc(4 * room);
	if (uri.store == NULL) {
		return -ENOMEM;
	}
	memcpy(uri.store, path, path_size);
	uri.store[path_size] = '\0';
	uri.path = uri.store;
	ret = uri_split_path(&uri, path_size, uri.store + room, uri.store + 2 * room);
	if (ret == 0) {
		ret = uri_split_query(&uri, query, uri.store + 3 * room);
	}
	if (ret < 0) {
		free(uri.store);
		return ret;
	}
	*uri_out = uri;
	return 0;
}

void uri_fini(struct uri *uri)
{
	free(uri->store);
	uri->store = NULL;
}

const char *uri_query(const struct uri *uri, const char *name, size_t nth)
{
	for (size_t i = 0; i < uri->pair_count; i++) {
		if (strcmp(uri->pairs[i].name, name) != 0) {
			continue;
		}
		if (nth == 0) {
			return uri->pairs[i].value;
		}
		nth--;
	}
	return NULL;
}
