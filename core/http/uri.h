/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target of a request line, taken apart: path segments and query, decoded.
 * Pure. Strict: a bad percent sign, a control character, text that is not
 * UTF-8, an empty segment in the middle, "." and ".." are errors, so that no
 * path has two spellings that a handler could confuse. "%2F" inside a segment
 * stays in that segment.
 */
#ifndef CORE_HTTP_URI_H
#define CORE_HTTP_URI_H

#include <stdbool.h>
#include <stddef.h>

#include <edgeway/base.h>

#define URI_BYTES_MAX     4096
#define URI_SEGMENTS_MAX  16
#define URI_PAIRS_MAX     32

struct uri_pair {
	const char *name;
	const char *value;      /* "" without '=' */
};

struct uri {
	char *store;            /* one block behind all the texts */
	const char *path;       /* as sent, without query; authority removed */
	const char *whole;      /* decoded path */
	const char *segments[URI_SEGMENTS_MAX];
	size_t offsets[URI_SEGMENTS_MAX];       /* where each begins in `whole` */
	size_t segment_count;
	bool is_folder;         /* ends in a slash; the root does not count */
	struct uri_pair pairs[URI_PAIRS_MAX];
	size_t pair_count;
};

/*
 * Take a target apart: "/a/b?c=d", or the form with http://host in front.
 *
 * Errors: -EMSGSIZE over a limit above; -EINVAL not of the form; -ENOMEM.
 * uri is written on success only; uri_fini() frees it.
 */
int uri_parse(const char *target, struct uri *uri_out) EW_CHECKED;

/* Accepts a zeroed uri. */
void uri_fini(struct uri *uri);

/* The nth value of a name, or NULL. */
const char *uri_query(const struct uri *uri, const char *name, size_t nth);

#endif
