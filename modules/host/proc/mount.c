/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/self/mounts: blanks and backslashes in names are written as \040 and the like. */
#include "modules/host/proc/proc.h"

static bool mount_is_octal(const char *at, const char *end)
{
	if (end - at < 4 || at[0] != '\\' || at[1] < '0' || at[1] > '3') {
		return false;
	}
	return at[2] >= '0' && at[2] <= '7' && at[3] >= '0' && at[3] <= '7';
}

static bool mount_copy(const struct scan *word, char *text_out, size_t size)
{
	const char *at = word->at;
	size_t length = 0;

	while (at < word->end) {
		char c = *at;

		if (mount_is_octal(at, word->end)) {
			c = (char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
			at += 3;
		}
		at++;
		if (c == '\0' || length + 1 >= size) {
			return false;
		}
		text_out[length++] = c;
	}
	text_out[length] = '\0';
	return length > 0;
}

bool proc_mount_next(struct scan *text, struct proc_mount *mount_out)
{
	struct scan line;

	while (scan_line(text, &line)) {
		struct scan source, point, type;

		if (scan_word(&line, &source) && scan_word(&line, &point) &&
		    scan_word(&line, &type) &&
		    mount_copy(&source, mount_out->source, sizeof(mount_out->source)) &&
		    mount_copy(&point, mount_out->point, sizeof(mount_out->point)) &&
		    scan_copy(&type, mount_out->type, sizeof(mount_out->type))) {
			return true;
		}
	}
	return false;
}
