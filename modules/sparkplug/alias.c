/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line is NUMBER TAB DEVICE TAB NAME. The bus lets neither a device nor a tag
 * have a control character in its name.
 */
#include "modules/sparkplug/alias.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct alias_entry {
	char *key;              /* DEVICE TAB NAME */
	uint32_t alias;
};

struct alias_book {
	FILE *file;
	bool is_dirty;
	uint32_t last;          /* highest number given */
	size_t count, room;     /* room: a power of two, at most two thirds used */
	struct alias_entry *entries;
};

static size_t alias_hash(const char *key)
{
	uint64_t hash = 14695981039346656037u;

	for (; *key != '\0'; key++) {
		hash = (hash ^ (unsigned char)*key) * 1099511628211u;
	}
	return (size_t)(hash ^ hash >> 32);
}

static struct alias_entry *alias_place(const struct alias_book *book, const char *key)
{
	size_t at = alias_hash(key);

	for (;; at++) {
		struct alias_entry *entry = &book->entries[at & (book->room - 1)];

		if (entry->key == NULL || strcmp(entry->key, key) == 0) {
			return entry;
		}
	}
}

static int alias_grow(struct alias_book *book)
{
	struct alias_entry *old = book->entries;
	size_t old_room = book->room;
	struct alias_entry *entries = calloc(old_room > 0 ? 2 * old_room : 1024, sizeof(*entries));

	if (entries == NULL) {
		return -ENOMEM;
	}
	book->entries = entries;
	book->room = old_room > 0 ? 2 * old_room : 1024;
	for (size_t i = 0; i < old_room; i++) {
		if (old[i].key != NULL) {
			*alias_place(book, old[i].key) = old[i];
		}
	}
	free(old);
	return 0;
}

/* Takes key. */
static int alias_add(struct alias_book *book, char *key, uint32_t alias)
{
	struct alias_entry *entry;

	if (book->count >= book->room / 3 * 2 && alias_grow(book) != 0) {
		free(key);
		return -ENOMEM;
	}
	entry = alias_place(book, key);
	if (entry->key != NULL) {
		free(key); /* the file says it twice: the first holds */
		return 0;
	}
	*entry = (struct alias_entry){ key, alias };
	book->count++;
	if (alias > book->last) {
		book->last = alias;
	}
	return 0;
}

static int alias_load(struct alias_book *book)
{
	char *line = NULL;
	size_t room = 0;
	off_t whole = 0;
	ssize_t size;
	int error = 0;

	while (error == 0 && book->count < ALIAS_MAX &&
	       (size = getline(&line, &room, book->file)) > 0) {
		char *end = NULL;
		unsigned long alias = strtoul(line, &end, 10);

		if (line[size - 1] != '\n') {
			break; /* torn: it is cut off below */
		}
		whole += size;
		if (*end != '\t' || strchr(end + 1, '\t') == NULL || alias == 0 ||
		    alias > 2 * ALIAS_MAX) {
			continue;
		}
		line[size - 1] = '\0';
		end = strdup(end + 1);
		error = end != NULL ? alias_add(book, end, (uint32_t)alias) : -ENOMEM;
	}
	free(line);
	return error == 0 && ftruncate(fileno(book->file), whole) != 0 ? -errno : error;
}

int alias_open(const char *directory, struct alias_book **book_out)
{
	struct alias_book *book = calloc(1, sizeof(*book));
	char path[PATH_MAX];
	int error;

	if (book == NULL) {
		return -ENOMEM;
	}
	(void)snprintf(path, sizeof(path), "%s/aliases", directory); /* cut: it does not open */
	book->file = fopen(path, "a+e");
	error = book->file != NULL ? alias_grow(book) : -errno;
	if (error == 0) {
		error = alias_load(book);
	}
	if (error != 0) {
		alias_close(&book);
		return error;
	}
	*book_out = book;
	return 0;
}

void alias_close(struct alias_book **book_at)
{
	struct alias_book *book = *book_at;

	if (book == NULL) {
		return;
	}
	*book_at = NULL;
	if (book->file != NULL) {
		(void)fclose(book->file); /* what matters was synchronised before */
	}
	for (size_t i = 0; i < book->room; i++) {
		free(book->entries[i].key);
	}
	free(book->entries);
	free(book);
}

int alias_of(struct alias_book *book, const char *device, const char *name, uint32_t *alias_out)
{
	char *key = NULL;
	struct alias_entry *entry;
	uint32_t alias;
	int error;

	if (asprintf(&key, "%s\t%s", device, name) < 0) {
		return -ENOMEM;
	}
	entry = alias_place(book, key);
	if (entry->key != NULL) {
		*alias_out = entry->alias;
		free(key);
		return 0;
	}
	if (book->count >= ALIAS_MAX) {
		free(key);
		return -ENOSPC;
	}
	alias = book->last + 1;
	(void)fprintf(book->file, "%u\t%s\n", alias, key); /* told by alias_sync() */
	book->is_dirty = true;
	error = alias_add(book, key, alias);
	if (error == 0) {
		*alias_out = alias;
	}
	return error;
}

int alias_sync(struct alias_book *book)
{
	if (!book->is_dirty) {
		return 0;
	}
	book->is_dirty = false;
	if (fflush(book->file) != 0 || ferror(book->file) != 0 || fsync(fileno(book->file)) != 0) {
		return errno != 0 ? -errno : -EIO;
	}
	return 0;
}
