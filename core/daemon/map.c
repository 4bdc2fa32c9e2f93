/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `map` of the control socket: where tags go. Each running instance is asked
 * `map` in turn, and answers with a row for each of its tags: `tag`, and its
 * address in the words of its protocol. What the bus knows is added here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bus/pattern.h"
#include "core/ctl/ctl.h"
#include "core/ctl/place.h"
#include "core/daemon/run.h"
#include "core/module/query.h"

#define MAP_GLOB_MAX  512u

struct map {
	struct ctl_request *request;
	struct daemon *daemon;
	struct ew_query *query;         /* NULL: none is open */
	size_t asked;                   /* members so far */
	char instance[EW_NAME_MAX + 1]; /* that was asked last */
	char *rows, *row;               /* its answer; the next of it, NULL: no more */
	char glob[MAP_GLOB_MAX];
};

/* A colon may be part of a path, and of a name. */
static bool map_wants(const struct map *map, const char *tag)
{
	char device[EW_PATH_MAX + EW_NAME_MAX + 2];

	if (map->glob[0] == '\0') {
		return true;
	}
	if (strlen(tag) >= sizeof(device)) {
		return false;
	}
	memcpy(device, tag, strlen(tag) + 1);
	for (char *colon = strchr(device, ':'); colon != NULL; colon = strchr(colon + 1, ':')) {
		*colon = '\0';
		if (pattern_match_tag(map->glob, device, colon + 1)) {
			return true;
		}
		*colon = ':';
	}
	return false;
}

/* One row of a module, changed in place while it is read. */
static void map_row(struct map *map, char *line, size_t size)
{
	struct json_object object;
	struct desk_tag tag;
	struct buf *row;
	const char *name = json_read(line, size, &object) == 0 ? json_text(&object, "tag") : NULL;

	if (name == NULL || !map_wants(map, name) ||
	    desk_find_tag(map->daemon->desk, name, &tag) != 0) {
		return; /* an answer to something else, or removed meanwhile */
	}
	row = ctl_row(map->request);
	desk_add_tag(row, &tag);
	json_add_text(row, "instance", map->instance);
	for (size_t i = 0; i < object.count; i++) {
		if (strcmp(object.fields[i].key, "tag") != 0) {
			json_add_text(row, object.fields[i].key, object.fields[i].text);
		}
	}
	ctl_row_end(map->request);
}

static void map_next(struct map *map);

static void map_free(struct map *map)
{
	free(map->rows);
	free(map);
}

static void map_gone(void *arg)
{
	struct map *map = arg;

	if (map->query != NULL) {
		query_forget(map->query);
	}
	map_free(map);
}

/* Rows as long as the client takes them, then the next instance. */
static void map_more(struct ctl_request *request, void *arg)
{
	struct map *map = arg;
	char *end;

	while (map->row != NULL && ctl_has_room(request)) {
		end = strchr(map->row, '\n');
		if (end == NULL) {
			map->row = NULL;
		} else {
			*end = '\0';
			map_row(map, map->row, (size_t)(end - map->row));
			map->row = end + 1;
		}
	}
	if (map->row == NULL) {
		map_next(map);
	}
}

static void map_answered(void *arg, int error, const struct buf *rows)
{
	struct map *map = arg;
	struct ctl_request *request = map->request;

	map->query = NULL;
	if (error == -EMSGSIZE) {
		ctl_fail(request, error, "'%s' has too many tags: name a device", map->instance);
		map_free(map);
		return;
	}
	if (error == 0 && rows->size > 0) {
		map->row = map->rows = strndup(buf_text(rows), rows->size);
	}
	/* an instance that does not know the question has no tags there */
	ctl_wait(request, &(struct ctl_hooks){ .room = map_more, .gone = map_gone, .arg = map });
	ctl_flush(request); /* more() follows, or gone() has been called */
}

/* Ask the next instance that takes questions, or end. */
static void map_next(struct map *map)
{
	const char *words[EW_QUERY_WORDS_MAX + 1] = { "map" };
	size_t index = 0;
	struct list *node;

	free(map->rows);
	map->rows = map->row = NULL;
	if (map->glob[0] != '\0' && strpbrk(map->glob, "*:") == NULL) {
		words[1] = map->glob; /* one device */
	}
	list_for_each (node, &map->daemon->members) {
		const struct member *member = list_entry(node, struct member, node);

		if (index++ < map->asked || member->inst == NULL) {
			continue;
		}
		map->asked = index;
		(void)snprintf(map->instance, sizeof(map->instance), "%s", member->name);
		if (query_ask(member->inst, words, map_answered, map, &map->query) == 0) {
			/* without room(): nothing is to be sent until the answer is there */
			ctl_wait(map->request, &(struct ctl_hooks){ .gone = map_gone, .arg = map });
			return;
		}
	}
	ctl_end(map->request);
	map_free(map);
}

void control_map(struct ctl_request *request, void *arg)
{
	const char *glob = json_text(ctl_fields(request), "glob");
	struct map *map = calloc(1, sizeof(*map));

	if (map == NULL || (glob != NULL && strlen(glob) >= sizeof(map->glob))) {
		free(map);
		ctl_fail(request, glob != NULL ? -EINVAL : -ENOMEM, "this cannot be asked");
		return;
	}
	map->request = request;
	map->daemon = arg;
	if (glob != NULL) {
		memcpy(map->glob, glob, strlen(glob) + 1);
	}
	map_next(map);
}
