/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record: samples of chosen tags, as they reach a receiver, into a CSV that
 * `edgewayctl NAME test` and people read; edgewayctl(1) says what is in it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/edgewayctl/command.h"

#define RECORD_GLOBS_MAX  32

struct recording {
	FILE *out;
	const char *path;       /* NULL: the standard output */
	bool shows_progress;
	time_t shown;
	struct timespec begun;
	uint64_t samples, tags, lost;
};

/* Interrupted: the socket, so that reading it ends. */
static volatile sig_atomic_t record_fd = -1;
static volatile sig_atomic_t record_is_over;

static void record_on_signal(int number)
{
	(void)number;
	record_is_over = 1;
	if (record_fd >= 0) {
		(void)shutdown((int)record_fd, SHUT_RDWR);
	}
}

/* ---- a row ---- */

static void record_cell(FILE *out, const char *text, char end)
{
	bool is_quoted = strpbrk(text, ",;\"\r\n") != NULL || *text == '#' || *text == ' ' ||
			 (*text != '\0' && text[strlen(text) - 1] == ' ');

	if (is_quoted) {
		(void)fputc('"', out);
	}
	for (; *text != '\0'; text++) {
		if (*text == '"') {
			(void)fputc('"', out);
		}
		(void)fputc(*text, out);
	}
	if (is_quoted) {
		(void)fputc('"', out);
	}
	(void)fputc(end, out);
}

static const char *record_text(const struct json_object *row, const char *key)
{
	const struct json_field *field = json_find(row, key);

	return field == NULL || field->kind == JSON_NULL ? "" : field->text;
}

/* To the microsecond: as near as a wake-up is. */
static const char *record_time(const struct json_object *row, char *out, size_t size)
{
	int64_t time = 0;
	struct tm parts;
	time_t seconds;
	size_t used;

	if (json_int(row, "arrival", &time) != 0) {
		return "";
	}
	seconds = (time_t)(time / 1000000000);
	(void)gmtime_r(&seconds, &parts); /* four digits of a year for long */
	used = strftime(out, size, "%Y-%m-%dT%H:%M:%S", &parts);
	(void)snprintf(out + used, size - used, ".%06dZ", (int)(time % 1000000000 / 1000));
	return out;
}

static void record_facts(FILE *out, const struct json_object *row)
{
	int64_t max_age = 0;
	char text[40] = "";

	record_cell(out, record_text(row, "type"), ',');
	record_cell(out, record_text(row, "unit"), ',');
	if (json_int(row, "max_age", &max_age) == 0 && max_age > 0) {
		(void)text_format_duration(max_age, text, sizeof(text));
	}
	record_cell(out, text, '\n');
}

static void record_row(struct recording *recording, const struct json_object *row)
{
	const char *device = json_text(row, "device");
	const struct json_field *quality = json_find(row, "quality");
	FILE *out = recording->out;
	char time[48], words[64];
	int64_t lost;

	if (json_int(row, "lost", &lost) == 0) {
		recording->lost += (uint64_t)lost;
		return;
	}
	record_cell(out, record_time(row, time, sizeof(time)), ',');
	if (device != NULL) {
		record_cell(out, device, ',');
		record_cell(out, record_text(row, "state"), ',');
		(void)fputs(",,,\n", out);
		return;
	}
	record_cell(out, record_text(row, "tag"), ',');
	record_cell(out, record_text(row, "value"), ',');
	if (quality == NULL) {
		/* its declaration */
		recording->tags++;
		(void)fputs("none,", out);
		record_facts(out, row);
		return;
	}
	recording->samples++;
	(void)snprintf(words, sizeof(words), "%s%s%s", quality->text,
		       *record_text(row, "reason") != '\0' ? "/" : "", record_text(row, "reason"));
	record_cell(out, words, ',');
	(void)fputs(",,\n", out);
}

/* Types that a record does not hold: their bytes say nothing to a rule. */
static bool record_takes(const struct json_object *row)
{
	static const char *const left_out[] = { "bytes", "file", "dataset", "template", NULL };
	const char *type = json_text(row, "type");

	for (size_t i = 0; type != NULL && left_out[i] != NULL; i++) {
		if (strcmp(type, left_out[i]) == 0) {
			return false;
		}
	}
	return type == NULL || strncmp(type, "array", 5) != 0;
}

/* ---- all of them ---- */

/* Once a second, so that what is recorded can be looked at meanwhile. */
static void record_progress(struct recording *recording, bool is_end)
{
	struct timespec now;
	double seconds;

	if (clock_gettime(CLOCK_MONOTONIC, &now) != 0 ||
	    (!is_end && now.tv_sec == recording->shown)) {
		return;
	}
	recording->shown = now.tv_sec;
	(void)fflush(recording->out); /* a failure shows at the end */
	if (!is_end && !recording->shows_progress) {
		return;
	}
	seconds = (double)(now.tv_sec - recording->begun.tv_sec) +
		  (double)(now.tv_nsec - recording->begun.tv_nsec) / 1e9;
	fprintf(stderr, "%s%.0f s, %llu samples of %llu tags%s",
		recording->shows_progress ? "\r" : "", seconds,
		(unsigned long long)recording->samples, (unsigned long long)recording->tags,
		is_end ? "\n" : "");
}

static int record_rows(struct client *client, struct recording *recording)
{
	struct json_object row;
	const char *line;
	int status;

	while ((status = client_next(client, &row, &line)) == CTL_OK) {
		if (record_takes(&row)) {
			record_row(recording, &row);
		}
		record_progress(recording, false);
	}
	return status == -1 ? CTL_OK : status;
}

static int record_end(struct recording *recording, int status)
{
	bool is_written = fflush(recording->out) == 0 && !ferror(recording->out);

	record_progress(recording, true);
	if (recording->out != stdout) {
		is_written = fclose(recording->out) == 0 && is_written;
	}
	if (!is_written) {
		return client_fail(CTL_REFUSED, "cannot write to '%s': %s",
				   recording->path != NULL ? recording->path : "-",
				   strerror(errno));
	}
	if (status == CTL_OK && recording->lost > 0) {
		return client_fail(CTL_REFUSED, "%llu samples were lost on the way: the record has "
				   "gaps", (unsigned long long)recording->lost);
	}
	return status;
}

/* The patterns of --tags, which are separated by commas. False: too many. */
static bool record_add_globs(struct buf *request, char *globs)
{
	unsigned count = 0;
	char *glob;

	while ((glob = strsep(&globs, ",")) != NULL) {
		char key[16] = "glob";

		if (count == RECORD_GLOBS_MAX) {
			return false;
		}
		if (count > 0) {
			(void)snprintf(key, sizeof(key), "glob%u", count);
		}
		json_add_text(request, key, glob);
		count++;
	}
	return true;
}

static int record_ask(struct client *client, const struct json_object *options)
{
	const char *seconds = json_text(options, "seconds");
	const char *tags = json_text(options, "tags");
	char *globs = strdup(tags != NULL ? tags : "**:**"), span[40];
	struct buf request;
	double number;
	int status = CTL_OK;

	client_begin(&request, "watch");
	json_add_bool(&request, "record", true);
	if (seconds != NULL) {
		if (text_parse_float(seconds, &number) != 0 || !(number > 0 && number < 1e9)) {
			status = client_fail(CTL_USAGE, "--seconds: '%s' is no number above 0",
					     seconds);
		}
		(void)snprintf(span, sizeof(span), "%lldms", (long long)(number * 1e3 + 0.5));
		json_add_text(&request, "for", span);
	}
	if (status == CTL_OK && (globs == NULL || !record_add_globs(&request, globs))) {
		status = client_fail(CTL_USAGE, "--tags takes at most %d patterns",
				     RECORD_GLOBS_MAX);
	}
	free(globs);
	if (status != CTL_OK) {
		buf_fini(&request);
		return status;
	}
	return client_send(client, &request);
}

static int record_run(struct client *client, struct buf *request, int argc, char **argv)
{
	struct recording recording = { .out = stdout, .shows_progress = isatty(2) == 1 };
	const struct sigaction action = { .sa_handler = record_on_signal };
	struct json_object options;
	int status;

	(void)argc;
	(void)argv;
	status = command_options(request, &options);
	status = status == CTL_OK ? record_ask(client, &options) : status;
	recording.path = status == CTL_OK ? json_text(&options, "output") : NULL;
	if (recording.path != NULL) {
		recording.out = fopen(recording.path, "we");
		if (recording.out == NULL) {
			status = client_fail(CTL_REFUSED, "cannot write '%s': %s", recording.path,
					     strerror(errno));
		}
	}
	if (status == CTL_OK) {
		(void)clock_gettime(CLOCK_MONOTONIC, &recording.begun); /* for progress only */
		record_fd = client->fd;
		client->is_over = &record_is_over;
		(void)sigaction(SIGINT, &action, NULL);
		(void)sigaction(SIGTERM, &action, NULL);
		(void)fputs("time,tag,value,quality,type,unit,max_age\n", recording.out);
		status = record_rows(client, &recording);
		status = record_end(&recording, status);
	}
	buf_fini(request);
	return status;
}

const struct command commands_record[] = {
	{ .name = "record", .arguments = "",
	  .summary = "samples of chosen tags to a CSV, for 'NAME test'",
	  .more = "Until interrupted, or for --seconds. The last values come first. PATTERN is\n"
		  "DEVICE:TAG as for 'tags'; several are separated by commas; all tags when\n"
		  "none is given. Record what rules read and what they write. A record with\n"
		  "gaps, since its reader was too slow, ends with status 1.",
	  .options = { { "seconds", "N", "seconds", "end after this time" },
		       { "tags", "PATTERN", "tags", "of which tags" },
		       { "output", "FILE", "output", "where to, if not to the standard output" } },
	  .run = record_run },
	{ .name = NULL },
};
