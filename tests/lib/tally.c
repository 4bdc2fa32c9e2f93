/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BUCKETS  4096u

struct hole {
	uint64_t from, to;
	struct hole *next;
};

struct row {
	char *tag;
	uint64_t next;          /* number expected */
	struct hole *holes;
	struct row *chain;
};

struct tally {
	uint64_t first;
	struct row *rows[BUCKETS];
	struct tally_sum sum;
	FILE *kept;             /* a line a number; NULL: none */
};

static void *must(void *at)
{
	if (at == NULL) {
		abort();
	}
	return at;
}

struct tally *tally_new(uint64_t first)
{
	struct tally *tally = must(calloc(1, sizeof(*tally)));

	tally->first = first;
	return tally;
}

void tally_free(struct tally **tally_at)
{
	struct tally *tally = *tally_at;

	if (tally == NULL) {
		return;
	}
	*tally_at = NULL;
	if (tally->kept != NULL) {
		(void)fclose(tally->kept);
	}
	for (unsigned i = 0; i < BUCKETS; i++) {
		struct row *row = tally->rows[i];

		while (row != NULL) {
			struct row *after = row->chain;

			while (row->holes != NULL) {
				struct hole *hole = row->holes;

				row->holes = hole->next;
				free(hole);
			}
			free(row->tag);
			free(row);
			row = after;
		}
	}
	free(tally);
}

static struct row **place(struct tally *tally, const char *tag)
{
	unsigned hash = 5381;
	struct row **at;

	for (const char *c = tag; *c != '\0'; c++) {
		hash = hash * 33 + (unsigned char)*c;
	}
	for (at = &tally->rows[hash % BUCKETS]; *at != NULL; at = &(*at)->chain) {
		if (strcmp((*at)->tag, tag) == 0) {
			break;
		}
	}
	return at;
}

/* A number that was passed over: take it out of its hole. Returns whether it was in one. */
static int fill(struct row *row, uint64_t number)
{
	for (struct hole **at = &row->holes; *at != NULL; at = &(*at)->next) {
		struct hole *hole = *at;

		if (number < hole->from || number > hole->to) {
			continue;
		}
		if (hole->from == hole->to) {
			*at = hole->next;
			free(hole);
		} else if (number == hole->from) {
			hole->from++;
		} else if (number == hole->to) {
			hole->to--;
		} else {
			struct hole *upper = must(calloc(1, sizeof(*upper)));

			*upper = (struct hole){number + 1, hole->to, hole->next};
			hole->to = number - 1;
			hole->next = upper;
		}
		return 1;
	}
	return 0;
}

void tally_add(struct tally *tally, const char *tag, uint64_t number)
{
	struct row **at = place(tally, tag);
	struct row *row = *at;

	if (row == NULL) {
		row = must(calloc(1, sizeof(*row)));
		row->tag = must(strdup(tag));
		row->next = tally->first == UINT64_MAX ? number : tally->first;
		*at = row;
		tally->sum.tags++;
	}
	if (number >= row->next) {
		if (number > row->next) {
			struct hole *hole = must(calloc(1, sizeof(*hole)));

			*hole = (struct hole){row->next, number - 1, row->holes};
			row->holes = hole;
			tally->sum.missing += number - row->next;
		}
		row->next = number + 1;
		tally->sum.numbered++;
		tally->sum.highest = number > tally->sum.highest ? number : tally->sum.highest;
	} else if (fill(row, number)) {
		tally->sum.missing--;
		tally->sum.reordered++;
		tally->sum.numbered++;
	} else {
		tally->sum.duplicates++;
	}
}

void tally_keep(struct tally *tally, const char *path)
{
	FILE *file = must(fopen(path, "ae+"));
	char *line = NULL;
	size_t room = 0;
	long whole = 0;

	rewind(file);
	while (getline(&line, &room, file) > 0 && strchr(line, '\n') != NULL) {
		char *number = must(strchr(line, ' '));

		*number++ = '\0';
		tally_add(tally, line, strtoull(number, NULL, 10));
		whole = ftell(file);
	}
	free(line);
	/* a kill in mid-line: it was not answered */
	if (ftruncate(fileno(file), whole) != 0 || fseek(file, 0, SEEK_END) != 0) {
		abort();
	}
	tally->kept = file;
}

/* ---- bodies ---- */

static int64_t wall_minus_mono(void)
{
	struct timespec wall, mono;

	(void)clock_gettime(CLOCK_REALTIME, &wall);
	(void)clock_gettime(CLOCK_MONOTONIC, &mono);
	return ((int64_t)wall.tv_sec - mono.tv_sec) * 1000000000 + wall.tv_nsec - mono.tv_nsec;
}

static void check_clock(struct tally *tally, const char *mono, const char *time)
{
	int64_t wrong = strtoll(time, NULL, 10) - strtoll(mono, NULL, 10) - wall_minus_mono();
	uint64_t error = (uint64_t)(wrong < 0 ? -wrong : wrong);

	tally->sum.clock_error = error > tally->sum.clock_error ? error : tally->sum.clock_error;
}

/* A value that is not a whole number is counted, not numbered. */
static void add_named(struct tally *tally, const char *device, const char *tag, const char *value)
{
	char name[600];

	tally->sum.samples++;
	if (value[0] != '\0' && value[strspn(value, "0123456789")] == '\0') {
		(void)snprintf(name, sizeof(name), "%s:%s", device, tag);
		tally_add(tally, name, strtoull(value, NULL, 10));
		if (tally->kept != NULL) {
			(void)fprintf(tally->kept, "%s %s\n", name, value);
		}
	}
}

/* Where the value of a key begins; names of tests need no escapes. */
static char *value_of(char *line, const char *key)
{
	char *at = strstr(line, key);

	return at == NULL ? NULL : at + strlen(key);
}

static void read_object(struct tally *tally, char *line, size_t size)
{
	char *device = value_of(line, "\"device\":\"");
	char *tag = value_of(line, "\"tag\":\"");
	char *value = value_of(line, "\"value\":");
	const char *time = value_of(line, "\"time\":");

	if (line[0] != '{' || line[size - 1] != '}') {
		tally->sum.malformed++;
		return;
	}
	if (strncmp(line, "{\"event\":", 9) == 0) {
		tally->sum.events++;
		return;
	}
	if (device == NULL || tag == NULL || value == NULL) {
		tally->sum.malformed++;
		return;
	}
	device[strcspn(device, "\"")] = '\0';
	tag[strcspn(tag, "\"")] = '\0';
	tally->sum.clock_unset += strstr(value, "\"clock_unset\":true") != NULL;
	value[strcspn(value, ",}")] = '\0';
	if (strcmp(tag, "Mono") == 0) {
		check_clock(tally, value, time == NULL ? "0" : time);
		return;
	}
	add_named(tally, device, tag, value);
}

/* measurement,device=D,... TAG=VALUE[,...] TIME; names of tests need no escapes */
static void read_line(struct tally *tally, char *line)
{
	char *device = strstr(line, ",device=");
	char *fields = strchr(line, ' ');
	char *value = fields == NULL ? NULL : strchr(fields, '=');
	size_t digits;

	if (strncmp(line, "event,", 6) == 0) {
		tally->sum.events++;
		return;
	}
	if (device == NULL || value == NULL || device > fields || strchr(value, ' ') == NULL) {
		tally->sum.malformed++;
		return;
	}
	device += strlen(",device=");
	device[strcspn(device, ", ")] = '\0';
	*value++ = '\0';
	digits = strspn(value, "0123456789");
	value[digits == strcspn(value, ", iu") ? digits : 0] = '\0';
	add_named(tally, device, fields + 1, value);
}

void tally_body(struct tally *tally, const char *content_type, char *body, size_t size)
{
	int is_line_protocol = strncmp(content_type, "text/plain", 10) == 0;
	char *at = body;

	body[size] = '\0';
	while (at < body + size) {
		char *end = strchr(at, '\n');
		size_t length = end == NULL ? strlen(at) : (size_t)(end - at);

		at[length] = '\0';
		if (length > 0 && at[length - 1] == ',' && !is_line_protocol) {
			at[length - 1] = '\0';
		}
		if (is_line_protocol) {
			read_line(tally, at);
		} else if (at[0] != '[' && at[0] != ']' && at[0] != '\0') {
			read_object(tally, at, strlen(at));
		}
		at += length + 1;
	}
	if (tally->kept != NULL && fflush(tally->kept) != 0) {
		abort();
	}
}

/* ---- what it says ---- */

struct tally_sum tally_sum(const struct tally *tally)
{
	return tally->sum;
}

uint64_t tally_highest(struct tally *tally, const char *tag)
{
	const struct row *row = *place(tally, tag);

	return row == NULL ? 0 : row->next - 1;
}

void tally_show(const struct tally *tally)
{
	for (unsigned i = 0; i < BUCKETS; i++) {
		for (const struct row *row = tally->rows[i]; row != NULL; row = row->chain) {
			for (const struct hole *hole = row->holes; hole != NULL;
			     hole = hole->next) {
				(void)printf("missing %s %llu-%llu\n", row->tag,
					     (unsigned long long)hole->from,
					     (unsigned long long)hole->to);
			}
		}
	}
}
