/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of a configuration: read whole, refused when larger than allowed, not
 * regular, or not text. Owns nothing between calls.
 */
#include "core/conf/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/text.h"

const struct conf_limits conf_limits_default = {
	.file_bytes = 4 * 1024 * 1024,
	.memory = 256 * 1024 * 1024,
	.depth = 64,
	.nodes = 2000000,
	.scalar_bytes = 64 * 1024,
	.files = 256,
};

static int conf_file_fill(int fd, struct buf *out)
{
	ssize_t got;
	int ret;

	do {
		size_t room;

		ret = buf_reserve(out, 1);
		if (ret < 0) {
			return ret;
		}
		room = out->room - out->size;
		got = read(fd, out->at + out->size, room < 65536 ? room : 65536);
		if (got > 0) {
			out->size += (size_t)got;
			out->at[out->size] = '\0';
		}
		if (out->size == out->limit) { /* at the limit: is this the end? */
			char more;

			return read(fd, &more, 1) == 0 ? 0 : -EMSGSIZE;
		}
	} while (got > 0 || (got < 0 && errno == EINTR));
	return got < 0 ? -errno : 0;
}

int conf_file_read(struct diag *diag, const struct conf_place *place, const char *path,
		   struct buf *out)
{
	struct stat st;
	char limit[32];
	int fd, ret;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		ret = errno == ENOENT ? -ENOENT : -EINVAL;
		(void)diag_error(diag, place, "cannot read '%s': %s", path, strerror(errno));
		return ret;
	}
	if (fstat(fd, &st) < 0) {
		ret = -errno;
	} else if (!S_ISREG(st.st_mode)) {
		(void)close(fd); /* nothing was written */
		return diag_error(diag, place, "'%s' is not a regular file", path);
	} else if (st.st_size > 0 && (uint64_t)st.st_size > out->limit) {
		ret = -EMSGSIZE;
	} else {
		ret = conf_file_fill(fd, out);
	}
	(void)close(fd); /* nothing was written */
	if (ret == -EMSGSIZE) {
		return diag_error(diag, place, "'%s' is larger than the limit of %s", path,
				  text_format_size(out->limit, limit, sizeof(limit)));
	}
	if (ret == -ENOMEM) {
		return diag_no_memory(diag, place);
	}
	if (ret < 0) {
		return diag_error(diag, place, "cannot read '%s': %s", path, strerror(-ret));
	}
	return 0;
}

int conf_file_check_text(struct diag *diag, const char *file, const char *bytes, size_t size)
{
	struct conf_place place = {.file = file, .line = 1, .col = 1};
	size_t at = 0;

	while (at < size) {
		unsigned char byte = (unsigned char)bytes[at];
		size_t step = text_utf8_size(bytes + at, size - at);

		if (step == 0) {
			return diag_error(diag, &place, "not text: byte 0x%02x is not UTF-8", byte);
		}
		if ((byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7f) {
			return diag_error(diag, &place, "not text: control character 0x%02x", byte);
		}
		place.col++;
		if (byte == '\n') {
			place.line++;
			place.col = 1;
		}
		at += step;
	}
	return 0;
}

char *conf_path_beside(struct arena *arena, const char *from, const char *path)
{
	const char *slash = strrchr(from, '/');

	if (path[0] == '/' || slash == NULL) {
		return arena_text(arena, path, strlen(path));
	}
	return arena_printf(arena, "%.*s/%s", (int)(slash - from), from, path);
}
