/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that are given once: see names.h. A line is NUMBER TAB SCOPE TAB NAME. */
#include "modules/lwm2m/names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* FNV-1a. */
static uint64_t names_hash(const char *text)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	while (*text != '\0') {
		hash = (hash ^ (unsigned char)*text++) * UINT64_C(1099511628211);
	}
	return hash;
}

static bool names_is_in(const struct names_entry *entry, const char *scope, uint64_t hash)
{
	return entry->scope_hash == hash && strcmp(entry->scope, scope) == 0;
}

static int names_add(struct names *names, const char *scope, const char *name, uint16_t number)
{
	struct names_entry *entry;

	if (names->count == names->room) {
		size_t room = names->room == 0 ? 64 : names->room * 2;
		struct names_entry *at = realloc(names->at, room * sizeof(*at));

		if (at == NULL) {
			return -ENOMEM;
		}
		names->at = at;
		names->room = room;
	}
	entry = &names->at[names->count];
	entry->scope = strdup(scope);
	entry->name = strdup(name);
	entry->number = number;
	entry->scope_hash = names_hash(scope);
	entry->name_hash = names_hash(name);
	if (entry->scope == NULL || entry->name == NULL) {
		free(entry->scope);
		free(entry->name);
		return -ENOMEM;
	}
	names->count++;
	return 0;
}

/* NULL: not known. */
static const struct names_entry *names_find(const struct names *names, const char *scope,
					    const char *name)
{
	uint64_t scope_hash = names_hash(scope);
	uint64_t name_hash = names_hash(name);

	for (size_t i = 0; i < names->count; i++) {
		if (names->at[i].name_hash == name_hash &&
		    names_is_in(&names->at[i], scope, scope_hash) &&
		    strcmp(names->at[i].name, name) == 0) {
			return &names->at[i];
		}
	}
	return NULL;
}

static bool names_is_taken(const struct names *names, const char *scope, unsigned long number)
{
	uint64_t hash = names_hash(scope);

	for (size_t i = 0; i < names->count; i++) {
		if (names->at[i].number == number && names_is_in(&names->at[i], scope, hash)) {
			return true;
		}
	}
	return false;
}

/* One line without its end. */
static int names_line(struct names *names, char *line)
{
	char *scope = strchr(line, '\t');
	char *name = scope == NULL ? NULL : strchr(scope + 1, '\t');
	char *end;
	unsigned long number;

	if (name == NULL || name[1] == '\0') {
		return 0;
	}
	*scope++ = '\0';
	*name++ = '\0';
	number = strtoul(line, &end, 10);
	if (*line < '0' || *line > '9' || *end != '\0' || number >= NAMES_MAX ||
	    names->count == NAMES_MAX || names_find(names, scope, name) != NULL ||
	    names_is_taken(names, scope, number)) {
		return 0;
	}
	return names_add(names, scope, name, (uint16_t)number);
}

int names_open(struct names *names, const char *path)
{
	char line[NAMES_LINE_MAX];
	bool is_rest = false;           /* of a line that is too long */
	off_t whole = 0;                /* bytes of lines that have an end */
	FILE *file;
	int rc = 0;

	memset(names, 0, sizeof(*names));
	names->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (names->fd < 0) {
		return -errno;
	}
	file = fopen(path, "re");
	if (file == NULL) {
		rc = -errno;
		names_close(names);
		return rc;
	}
	while (rc == 0 && fgets(line, sizeof(line), file) != NULL) {
		char *end = strchr(line, '\n');

		if (end != NULL) {
			*end = '\0';
			rc = is_rest ? 0 : names_line(names, line);
			whole = ftello(file);
		} else if (feof(file) && ftruncate(names->fd, whole) != 0) {
			rc = -errno;    /* else the next line would go on where this one was cut */
		}
		is_rest = end == NULL;
	}
	(void)fclose(file);     /* it was only read */
	if (rc != 0) {
		names_close(names);
	}
	return rc;
}

void names_close(struct names *names)
{
	for (size_t i = 0; i < names->count; i++) {
		free(names->at[i].scope);
		free(names->at[i].name);
	}
	free(names->at);
	if (names->fd >= 0) {
		(void)close(names->fd);         /* each line was written as a whole */
	}
	memset(names, 0, sizeof(*names));
	names->fd = -1;
}

int names_number(struct names *names, const char *scope, const char *name, uint16_t *number_out)
{
	const struct names_entry *known = names_find(names, scope, name);
	uint64_t hash = names_hash(scope);
	char line[NAMES_LINE_MAX];
	uint16_t number = 0;
	int size, rc;

	if (known != NULL) {
		*number_out = known->number;
		return 0;
	}
	for (size_t i = 0; i < names->count; i++) {
		if (names->at[i].number >= number && names_is_in(&names->at[i], scope, hash)) {
			number = (uint16_t)(names->at[i].number + 1);
		}
	}
	if (number == NAMES_MAX || names->count == NAMES_MAX) {
		return -ENOSPC;
	}
	size = snprintf(line, sizeof(line), "%u\t%s\t%s\n", number, scope, name);
	if (size < 0 || (size_t)size >= sizeof(line)) {
		return -ENOSPC;
	}
	rc = names_add(names, scope, name, number);
	if (rc != 0) {
		return rc;
	}
	if (write(names->fd, line, (size_t)size) != size) {
		names->count--;
		free(names->at[names->count].scope);
		free(names->at[names->count].name);
		return -EIO;
	}
	*number_out = number;
	return 0;
}
