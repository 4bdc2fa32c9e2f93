/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Following includes and merging the sections of several files into one map.
 * Remembers each file that was opened and the place that asked for it, so that
 * cycles and duplicates are told with both. Values are not interpreted, but
 * for `version` and `include`.
 */
#include "core/conf/source.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

enum {
	SOURCE_DEPTH_MAX = 8,
};

struct source_file {
	struct source_file *next;
	const char *name; /* as it is called in places */
	const char *real; /* canonical path */
	struct conf_place place; /* of the include; file NULL for the first */
	bool is_open; /* its includes are being followed */
};

void source_init(struct conf_source *source, const struct conf_limits *limits, struct diag *diag)
{
	const struct conf_limits none = {0}, *from = limits != NULL ? limits : &none;
	const struct conf_limits *base = &conf_limits_default;

	memset(source, 0, sizeof(*source));
	source->limits = (struct conf_limits){
		.file_bytes = from->file_bytes != 0 ? from->file_bytes : base->file_bytes,
		.memory = from->memory != 0 ? from->memory : base->memory,
		.depth = from->depth != 0 ? from->depth : base->depth,
		.nodes = from->nodes != 0 ? from->nodes : base->nodes,
		.scalar_bytes = from->scalar_bytes != 0 ? from->scalar_bytes : base->scalar_bytes,
		.files = from->files != 0 ? from->files : base->files,
	};
	arena_init(&source->arena, source->limits.memory);
	source->diag = diag;
	source->errors_before = diag->errors;
	source->reader = (struct yaml_reader){
		.arena = &source->arena,
		.diag = diag,
		.limits = &source->limits,
	};
}

void source_fini(struct conf_source *source)
{
	arena_fini(&source->arena);
	memset(source, 0, sizeof(*source));
}

/* Two entries with one key: maps are merged, lists joined, the rest refused. */
static int source_merge_entry(struct conf_source *source, struct node_entry *have,
			      const struct node_entry *more);

static int source_refuse_twice(struct conf_source *source, const struct node_entry *have,
			       const struct node_entry *more)
{
	return diag_error(source->diag, &more->place, "'%s' is given twice, first at %s:%u:%u",
			  more->key, have->place.file, have->place.line, have->place.col);
}

static int source_merge_maps(struct conf_source *source, struct node_entry *have,
			     const struct ew_node *more)
{
	const struct ew_node *old = have->value;
	struct ew_node *map;
	struct hash seen;
	uint32_t i;
	int ret = 0;

	map = node_new_map(&source->arena, &old->place, (size_t)old->count + more->count);
	if (map == NULL) {
		return diag_no_memory(source->diag, &more->place);
	}
	hash_init(&seen, (size_t)old->count + more->count);
	for (i = 0; i < old->count && ret == 0; i++) {
		const struct node_entry *entry = &old->as.entries[i];

		node_add(map, entry->key, &entry->place, entry->value);
		ret = hash_put(&seen, entry->key, &map->as.entries[map->count - 1]);
	}
	for (i = 0; i < more->count && ret == 0; i++) {
		const struct node_entry *entry = &more->as.entries[i];
		const struct node_entry *first = hash_find(&seen, entry->key);

		if (first != NULL) {
			(void)source_refuse_twice(source, first, entry); /* go on for the others */
		} else {
			node_add(map, entry->key, &entry->place, entry->value);
		}
	}
	hash_fini(&seen);
	have->value = map;
	return ret < 0 ? diag_no_memory(source->diag, &more->place) : 0;
}

static int source_join_lists(struct conf_source *source, struct node_entry *have,
			     const struct ew_node *more)
{
	const struct ew_node *old = have->value;
	struct ew_node *list = arena_take(&source->arena, sizeof(*list));
	size_t count = (size_t)old->count + more->count;

	if (list != NULL) {
		*list = *old;
		list->as.items = arena_array(&source->arena, count, sizeof(*list->as.items));
	}
	if (list == NULL || list->as.items == NULL) {
		return diag_no_memory(source->diag, &more->place);
	}
	if (old->count > 0) {
		memcpy(list->as.items, old->as.items, old->count * sizeof(*old->as.items));
	}
	if (more->count > 0) {
		memcpy(list->as.items + old->count, more->as.items,
		       more->count * sizeof(*more->as.items));
	}
	list->count = (uint32_t)count;
	list->weight = old->weight + more->weight - 1;
	have->value = list;
	return 0;
}

static int source_merge_entry(struct conf_source *source, struct node_entry *have,
			      const struct node_entry *more)
{
	if (node_is_null(more->value)) {
		return 0;
	}
	if (node_is_null(have->value)) {
		have->value = more->value;
		return 0;
	}
	if (have->value->kind == EW_NODE_MAP && more->value->kind == EW_NODE_MAP) {
		return source_merge_maps(source, have, more->value);
	}
	if (have->value->kind == EW_NODE_LIST && more->value->kind == EW_NODE_LIST) {
		return source_join_lists(source, have, more->value);
	}
	return source_refuse_twice(source, have, more);
}

/* Put a file's sections into the root. */
static int source_merge_root(struct conf_source *source, const struct ew_node *file_root)
{
	struct ew_node *root;
	uint32_t i, j;
	int ret;

	root = node_new_map(&source->arena, &file_root->place,
			    (size_t)source->root->count + file_root->count);
	if (root == NULL) {
		return diag_no_memory(source->diag, &file_root->place);
	}
	root->place = source->root->place;
	for (i = 0; i < source->root->count; i++) {
		const struct node_entry *entry = &source->root->as.entries[i];

		node_add(root, entry->key, &entry->place, entry->value);
	}
	source->root = root;
	for (i = 0; i < file_root->count; i++) {
		const struct node_entry *entry = &file_root->as.entries[i];
		struct node_entry *have = NULL;

		if (strcmp(entry->key, "include") == 0) {
			continue;
		}
		for (j = 0; j < root->count && have == NULL; j++) {
			if (strcmp(root->as.entries[j].key, entry->key) == 0) {
				have = &root->as.entries[j];
			}
		}
		if (have == NULL) {
			node_add(root, entry->key, &entry->place, entry->value);
			continue;
		}
		if (strcmp(entry->key, "version") == 0 && node_equal(have->value, entry->value)) {
			continue; /* each file says what it was written for */
		}
		ret = source_merge_entry(source, have, entry);
		if (ret == -ENOMEM) {
			return ret;
		}
	}
	return 0;
}

static int source_load_file(struct conf_source *source, const char *name,
			    const struct conf_place *place, unsigned depth);

/* A folder that is not there holds no files; one that cannot be read may. */
static int source_on_glob_error(const char *path, int error)
{
	(void)path;
	return error != ENOENT && error != ENOTDIR;
}

/* One pattern of an `include:` list. */
static int source_include(struct conf_source *source, const struct ew_node *item, unsigned depth)
{
	bool is_pattern;
	char *path;
	glob_t found;
	size_t i;
	int ret = 0;

	if (item->kind != EW_NODE_SCALAR || node_is_null(item)) {
		return diag_error(source->diag, &item->place,
				  "'include' takes names of files, not %s", node_kind_name(item));
	}
	if (source->is_alone) {
		return diag_error(source->diag, &item->place, "no other file can be read here");
	}
	path = conf_path_beside(&source->arena, item->place.file, item->as.text);
	if (path == NULL) {
		return diag_no_memory(source->diag, &item->place);
	}
	is_pattern = strpbrk(path, "*?[") != NULL;
	if (!is_pattern) {
		return source_load_file(source, path, &item->place, depth);
	}
	ret = glob(path, GLOB_NOESCAPE, source_on_glob_error, &found);
	if (ret == GLOB_NOMATCH) {
		return 0; /* an empty folder of extra files is usual */
	}
	if (ret != 0) {
		return diag_error(source->diag, &item->place, "cannot read the folder of '%s'",
				  path);
	}
	for (i = 0; i < found.gl_pathc && ret != -ENOMEM; i++) {
		const char *each =
			arena_text(&source->arena, found.gl_pathv[i], strlen(found.gl_pathv[i]));

		ret = each != NULL ? source_load_file(source, each, &item->place, depth)
				   : diag_no_memory(source->diag, &item->place);
	}
	globfree(&found);
	return ret;
}

static int source_follow(struct conf_source *source, const struct ew_node *file_root,
			 unsigned depth)
{
	const struct ew_node *include = ew_node_find(file_root, "include");
	uint32_t i;
	int ret = 0;

	if (include == NULL || node_is_null(include)) {
		return 0;
	}
	if (include->kind != EW_NODE_LIST) {
		return source_include(source, include, depth);
	}
	for (i = 0; i < include->count && ret != -ENOMEM; i++) {
		ret = source_include(source, include->as.items[i], depth);
	}
	return ret == -ENOMEM ? ret : 0;
}

static int source_take_text(struct conf_source *source, const char *name, const char *text,
			    size_t size, unsigned depth)
{
	struct ew_node *file_root = NULL;
	int ret;

	ret = yaml_read(&source->reader, name, text, size, &file_root);
	if (ret < 0) {
		return ret;
	}
	if (file_root->kind != EW_NODE_MAP) {
		return diag_error(source->diag, &file_root->place,
				  "the file must be a map of sections, not %s",
				  node_kind_name(file_root));
	}
	ret = source_merge_root(source, file_root);
	return ret < 0 ? ret : source_follow(source, file_root, depth);
}

/* Is it new? Remembers it; refuses what was read before. */
static int source_note(struct conf_source *source, const char *name, const struct conf_place *place,
		       struct source_file **file_out)
{
	struct source_file *file;
	char *real;

	real = realpath(name, NULL);
	if (real == NULL) {
		return diag_error(source->diag, place, "cannot read '%s': %s", name,
				  strerror(errno));
	}
	for (file = source->files; file != NULL; file = file->next) {
		if (strcmp(file->real, real) != 0) {
			continue;
		}
		free(real);
		if (file->place.file == NULL) {
			return diag_error(source->diag, place,
					  "'%s' includes the file that it all starts from", name);
		}
		return diag_error(source->diag, place, "'%s' is included %s, first at %s:%u:%u",
				  name, file->is_open ? "in a circle" : "twice", file->place.file,
				  file->place.line, file->place.col);
	}
	file = arena_take(&source->arena, sizeof(*file));
	if (file != NULL) {
		file->real = arena_text(&source->arena, real, strlen(real));
	}
	free(real);
	if (file == NULL || file->real == NULL) {
		return diag_no_memory(source->diag, place);
	}
	file->name = name;
	file->place = *place;
	file->next = source->files;
	source->files = file;
	*file_out = file;
	return 0;
}

static int source_load_file(struct conf_source *source, const char *name,
			    const struct conf_place *place, unsigned depth)
{
	const struct conf_place whole = {.file = name};
	const struct conf_place *told = place->file != NULL ? place : &whole;
	struct source_file *file = NULL;
	struct buf bytes;
	int ret;

	if (depth > SOURCE_DEPTH_MAX) {
		return diag_error(source->diag, told, "includes are nested deeper than %d",
				  SOURCE_DEPTH_MAX);
	}
	if (source->file_count++ >= source->limits.files) {
		return diag_error(source->diag, told, "more than %u files", source->limits.files);
	}
	ret = source_note(source, name, place, &file);
	if (ret < 0) {
		return ret;
	}
	buf_init(&bytes, source->limits.file_bytes);
	ret = conf_file_read(source->diag, told, name, &bytes);
	if (ret == 0) {
		file->is_open = true;
		ret = source_take_text(source, name, buf_text(&bytes), bytes.size, depth + 1);
		file->is_open = false;
	}
	buf_fini(&bytes);
	return ret;
}

static int source_begin(struct conf_source *source, const char *name)
{
	const struct conf_place whole = {.file = name, .line = 1, .col = 1};

	source->root = node_new_map(&source->arena, &whole, 0);
	return source->root != NULL ? 0 : diag_no_memory(source->diag, &whole);
}

static int source_end(struct conf_source *source, int ret)
{
	if (ret == 0 || ret == -EINVAL) {
		/* What could be read is expanded even so: more errors in one go. */
		int expanded = expand_tree(source, source->root);

		ret = ret < 0 ? ret : expanded;
	}
	if (ret == 0 && source->diag->errors > source->errors_before) {
		ret = -EINVAL;
	}
	if (ret < 0) {
		source->root = NULL;
	}
	return ret;
}

int source_load(struct conf_source *source, const char *path)
{
	const struct conf_place nobody = {0};
	const char *name = arena_text(&source->arena, path, strlen(path));
	int ret;

	if (name == NULL) {
		return diag_no_memory(source->diag, NULL);
	}
	ret = source_begin(source, name);
	if (ret == 0) {
		ret = source_load_file(source, name, &nobody, 0);
	}
	return source_end(source, ret == -ENOENT ? -EINVAL : ret);
}

int source_load_text(struct conf_source *source, const char *name, const char *text, size_t size)
{
	const char *copy = arena_text(&source->arena, name, strlen(name));
	int ret;

	if (copy == NULL) {
		return diag_no_memory(source->diag, NULL);
	}
	ret = source_begin(source, copy);
	if (ret == 0) {
		ret = source_take_text(source, copy, text, size, 1);
	}
	return source_end(source, ret == -ENOENT ? -EINVAL : ret);
}

int source_read_beside(struct conf_source *source, const struct ew_node *node, const char *path,
		       struct buf *out, const char **name_out)
{
	const char *name;
	int ret;

	if (source->is_alone) {
		return diag_error(source->diag, &node->place, "no other file can be read here");
	}
	name = conf_path_beside(&source->arena, node->place.file, path);
	if (name == NULL) {
		return diag_no_memory(source->diag, &node->place);
	}
	if (source->file_count++ >= source->limits.files) {
		return diag_error(source->diag, &node->place, "more than %u files",
				  source->limits.files);
	}
	ret = conf_file_read(source->diag, &node->place, name, out);
	if (ret == 0) {
		*name_out = name;
	}
	return ret;
}
