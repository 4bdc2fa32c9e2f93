/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a path to a judged struct config: read, expand, read CSV files, bind,
 * judge, hash. Main thread. Each step runs even if an earlier one found
 * errors, as far as there is something to look at, so that one run tells all.
 */
#include "core/conf/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/conf/config_rows.h"
#include "core/conf/csv.h"

/* A CSV file that was read: many devices may name it. */
struct config_csv {
	struct config_csv *next;
	const char *path;
	struct ew_node *map; /* NULL: it could not be read, and that was told */
};

struct config_tags {
	struct config *config;
	struct config_csv *read;
};

static struct config_csv *config_find_csv(const struct config_tags *tags, const char *path)
{
	struct config_csv *csv = tags->read;

	while (csv != NULL && strcmp(csv->path, path) != 0) {
		csv = csv->next;
	}
	return csv;
}

static int config_read_csv(struct config_tags *tags, const struct ew_node *node,
			   struct config_csv *csv)
{
	struct conf_source *source = &tags->config->source;
	struct buf bytes;
	const char *name;
	int ret;

	buf_init(&bytes, source->limits.file_bytes);
	ret = source_read_beside(source, node, node->as.text, &bytes, &name);
	if (ret == 0) {
		ret = csv_read(&source->reader, name, buf_text(&bytes), bytes.size, &csv->map);
	}
	buf_fini(&bytes);
	return ret;
}

/* If the entry's value is the name of a CSV file, put its content there. */
static int config_swap_csv(struct config_tags *tags, struct node_entry *entry)
{
	struct conf_source *source = &tags->config->source;
	const struct ew_node *node = entry->value;
	struct config_csv *csv;
	const char *path;

	if (node->kind != EW_NODE_SCALAR || node_is_null(node)) {
		return 0;
	}
	path = conf_path_beside(&source->arena, node->place.file, node->as.text);
	csv = path != NULL ? config_find_csv(tags, path) : NULL;
	if (path != NULL && csv == NULL) {
		csv = arena_take(&source->arena, sizeof(*csv));
		if (csv != NULL) {
			*csv = (struct config_csv){.next = tags->read, .path = path};
			tags->read = csv;
			if (config_read_csv(tags, node, csv) == -ENOMEM) {
				return -ENOMEM;
			}
		}
	}
	if (csv == NULL) {
		return diag_no_memory(source->diag, &node->place);
	}
	if (csv->map == NULL) {
		return -EINVAL;
	}
	entry->value = csv->map;
	return 0;
}

static struct node_entry *config_entries(const struct ew_node *map, uint32_t *count_out)
{
	*count_out = map != NULL && map->kind == EW_NODE_MAP ? map->count : 0;
	return *count_out > 0 ? map->as.entries : NULL;
}

static int config_read_device_tags(struct config_tags *tags, const struct ew_node *instance)
{
	struct node_entry *devices, *keys;
	uint32_t device_count, key_count, i, j;
	int ret = 0;

	devices = config_entries(ew_node_find(instance, "devices"), &device_count);
	for (i = 0; i < device_count; i++) {
		keys = config_entries(devices[i].value, &key_count);
		for (j = 0; j < key_count && ret != -ENOMEM; j++) {
			if (strcmp(keys[j].key, "tags") == 0) {
				ret = config_swap_csv(tags, &keys[j]);
			}
		}
	}
	return ret;
}

int config_read_tags(struct config *config)
{
	struct config_tags tags = {.config = config};
	struct node_entry *entries;
	uint32_t count, i;
	int ret = 0;

	entries = config_entries(ew_node_find(config->source.root, "profiles"), &count);
	for (i = 0; i < count && ret != -ENOMEM; i++) {
		ret = config_swap_csv(&tags, &entries[i]);
	}
	entries = config_entries(ew_node_find(config->source.root, "instances"), &count);
	for (i = 0; i < count && ret != -ENOMEM; i++) {
		ret = config_read_device_tags(&tags, entries[i].value);
	}
	return ret == -ENOMEM ? ret : 0;
}

static int config_fill(struct config *config, unsigned flags)
{
	struct bind bind = {
		.arena = &config->source.arena,
		.diag = config->diag,
		.is_check = (flags & CONFIG_CHECK_ONLY) != 0,
		.is_tree_kept = true,
	};
	struct config_root *root = arena_take(&config->source.arena, sizeof(*root));
	struct bind_part part = {.table = config_table, .settings = root};
	int ret;

	if (root == NULL) {
		return diag_no_memory(config->diag, NULL);
	}
	ret = config_read_tags(config);
	if (ret == 0) {
		ret = bind_map(&bind, config->source.root, &part, 1);
	}
	if (ret == -ENOMEM) {
		return ret;
	}
	return config_judge(config, &bind, root);
}

static int config_finish(struct config *config, int ret, unsigned flags, struct config **config_out)
{
	if (ret == 0) {
		ret = config_fill(config, flags);
	}
	if (ret == 0 && config->diag->errors > config->source.errors_before) {
		ret = -EINVAL;
	}
	if (ret < 0) {
		config_free(&config);
		return ret;
	}
	config->hash = node_hash(config->source.root);
	config->diag = NULL;
	config->source.diag = NULL;
	*config_out = config;
	return 0;
}

static struct config *config_new(struct diag *diag)
{
	struct config *config = calloc(1, sizeof(*config));

	if (config != NULL) {
		config->diag = diag;
		source_init(&config->source, NULL, diag);
	}
	return config;
}

int config_load(const char *path, unsigned flags, struct diag *diag, struct config **config_out)
{
	struct config *config = config_new(diag);
	int ret;

	if (config == NULL) {
		return diag_no_memory(diag, NULL);
	}
	config->path = arena_text(&config->source.arena, path, strlen(path));
	ret = config->path != NULL ? source_load(&config->source, path)
				   : diag_no_memory(diag, NULL);
	return config_finish(config, ret, flags, config_out);
}

static int config_read_text(const char *name, const char *text, size_t size, struct config *config,
			    struct config **config_out)
{
	int ret;

	config->path = arena_text(&config->source.arena, name, strlen(name));
	ret = config->path != NULL ? source_load_text(&config->source, name, text, size)
				   : diag_no_memory(config->diag, NULL);
	return config_finish(config, ret, CONFIG_CHECK_ONLY, config_out);
}

int config_load_text(const char *name, const char *text, size_t size, struct diag *diag,
		     struct config **config_out)
{
	struct config *config = config_new(diag);

	if (config == NULL) {
		return diag_no_memory(diag, NULL);
	}
	return config_read_text(name, text, size, config, config_out);
}

int config_load_alone(const char *name, const char *text, size_t size, struct diag *diag,
		      struct config **config_out)
{
	struct config *config = config_new(diag);

	if (config == NULL) {
		return diag_no_memory(diag, NULL);
	}
	config->source.is_alone = true;
	return config_read_text(name, text, size, config, config_out);
}

void config_free(struct config **config)
{
	if (*config == NULL) {
		return;
	}
	source_fini(&(*config)->source);
	free(*config);
	*config = NULL;
}

const struct config_instance *config_find_instance(const struct config *config, const char *name)
{
	size_t i;

	for (i = 0; i < config->instance_count; i++) {
		if (strcmp(config->instances[i].name, name) == 0) {
			return &config->instances[i];
		}
	}
	return NULL;
}

const struct uplink_config *config_find_uplink(const struct config *config, const char *name)
{
	size_t i;

	for (i = 0; i < config->uplink_count; i++) {
		if (strcmp(config->uplinks[i].name, name) == 0) {
			return &config->uplinks[i];
		}
	}
	return NULL;
}

bool config_is_core_key(const char *key)
{
	struct ew_option row;

	return table_find(&config_instance_table, key, &row);
}
