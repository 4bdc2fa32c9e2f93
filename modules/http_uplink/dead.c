/* SPDX-License-Identifier: Apache-2.0 */
/* Dead letters: see dead.h. */
#include "modules/http_uplink/dead.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/json/number.h"
#include "proto/json/json_out.h"

#define RAW_MAX  (1024u * 1024 * 1024)  /* of a body that is unpacked */

static void dead_number(struct bytes *line, const char *key, int64_t value)
{
	char *at;

	bytes_text(line, key);
	at = bytes_room(line, NUMBER_SIZE);
	if (at != NULL) {
		bytes_grow(line, number_i64(at, value));
	}
}

static void dead_body(struct bytes *line, const struct bytes *body, size_t limit)
{
	size_t size = body->size < limit ? body->size : limit;

	bytes_text(line, ",\"body\":\"");
	json_out_text(line, body->at, size);
	bytes_text(line, size < body->size ? "\",\"cut\":true}\n" : "\"}\n");
}

/* The whole line. */
static int dead_line(const struct dead_letter *letter, size_t limit, struct bytes *line)
{
	const struct parcel *parcel = letter->parcel;
	struct bytes raw = {0};
	int error = 0;

	if (parcel->is_gzip) {
		error = pack_gunzip(&parcel->content.body, RAW_MAX, &raw);
	}
	if (error != 0) {
		return error;
	}
	dead_number(line, "{\"time\":", letter->time);
	dead_number(line, ",\"status\":", letter->status);
	bytes_text(line, ",\"answer\":");
	json_out_string(line, letter->answer);
	bytes_text(line, ",\"key\":");
	json_out_string(line, parcel->key);
	dead_number(line, ",\"records\":", parcel->content.records);
	if (parcel->device != NULL) {
		bytes_text(line, ",\"device\":");
		json_out_string(line, parcel->device);
	}
	bytes_text(line, ",\"content_type\":");
	json_out_string(line, encode_content_type(parcel->format));
	dead_body(line, parcel->is_gzip ? &raw : &parcel->content.body, limit);
	bytes_free(&raw);
	return line->failed ? -ENOMEM : 0;
}

static int dead_put(int fd, const struct bytes *line)
{
	size_t done = 0;

	while (done < line->size) {
		ssize_t size = write(fd, line->at + done, line->size - done);

		if (size < 0 && errno != EINTR) {
			return -errno;
		}
		done += size > 0 ? (size_t)size : 0;
	}
	return fdatasync(fd) == 0 ? 0 : -errno;
}

/* Append whole or not at all. */
static int dead_append(const char *path, const struct bytes *line)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	struct stat info;
	int error;

	if (fd < 0) {
		return -errno;
	}
	if (fstat(fd, &info) != 0) {
		error = -errno;
		(void)close(fd); /* nothing was written */
		return error;
	}
	error = dead_put(fd, line);
	if (error != 0 && ftruncate(fd, info.st_size) != 0) {
		/* half a line stays; the next one begins behind it */
		(void)!write(fd, "\n", 1);
	}
	if (close(fd) != 0 && error == 0) {
		error = -errno;
	}
	return error;
}

/* Room for a line: the newer file becomes the older one when it is full. */
static int dead_rotate(const char *directory, const char *path, uint64_t half, size_t more)
{
	struct stat info;
	char *older;
	int error = 0;

	if (stat(path, &info) != 0) {
		return errno == ENOENT ? 0 : -errno;
	}
	if ((uint64_t)info.st_size + more <= half) {
		return 0;
	}
	if (asprintf(&older, "%s/" DEAD_OLDER, directory) < 0) {
		return -ENOMEM;
	}
	if (rename(path, older) != 0) {
		error = -errno;
	}
	free(older);
	return error;
}

int dead_write(const char *directory, uint64_t size, const struct dead_letter *letter)
{
	struct bytes line = {0};
	char *path;
	int error;

	if (asprintf(&path, "%s/" DEAD_FILE, directory) < 0) {
		return -ENOMEM;
	}
	error = dead_line(letter, (size_t)(size / 8), &line);
	if (error == 0) {
		error = dead_rotate(directory, path, size / 2, line.size);
	}
	if (error == 0) {
		error = dead_append(path, &line);
	}
	bytes_free(&line);
	free(path);
	return error;
}
