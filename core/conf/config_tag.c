/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tags of a device or profile: core's attributes to a struct ew_tag_spec, the
 * module's to its own struct, both from one map. Values that have several
 * forms (range, writable, labels, access) are read here.
 */
#include "core/conf/config_tag.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/base/type.h"
#include "core/conf/config_rows.h"

enum {
	TAG_LABELS_MAX = 4096
};

/* One tag while it is read. */
struct tag_reading {
	struct bind *bind;
	const struct ew_node *node;
	struct config_tag_core core;
	struct ew_tag_spec *spec;
	struct config_tag_extra *extra;
};

static int tag_number(struct bind *bind, const struct ew_node *node, const char *text,
		      double *value_out)
{
	if (text_parse_float(text, value_out) < 0) {
		return bind_error(bind, node, "'%s' is not a number", text);
	}
	return 0;
}

/* "low..high", as a cell of a CSV file has it. */
static int tag_range_text(struct bind *bind, const struct ew_node *node, double range_out[2])
{
	const char *dots = strstr(node->as.text, "..");
	char low[64];
	size_t size;
	int ret;

	if (dots == NULL || (size = (size_t)(dots - node->as.text)) >= sizeof(low)) {
		return bind_error(bind, node, "'%s' is no range: [low, high] or low..high",
				  node->as.text);
	}
	memcpy(low, node->as.text, size);
	low[size] = '\0';
	ret = tag_number(bind, node, low, &range_out[0]);
	return ret < 0 ? ret : tag_number(bind, node, dots + 2, &range_out[1]);
}

static int tag_range(struct bind *bind, const struct ew_node *node, double range_out[2])
{
	size_t i;
	int ret = 0;

	if (node->kind == EW_NODE_SCALAR) {
		ret = tag_range_text(bind, node, range_out);
	} else if (node->kind != EW_NODE_LIST || node->count != 2) {
		return bind_error(bind, node, "a range is [low, high] or low..high");
	} else {
		for (i = 0; i < 2 && ret == 0; i++) {
			const struct ew_node *item = node->as.items[i];

			if (item->kind != EW_NODE_SCALAR) {
				return bind_error(bind, item, "a range is [low, high]");
			}
			ret = tag_number(bind, item, item->as.text, &range_out[i]);
		}
	}
	if (ret == 0 && range_out[0] >= range_out[1]) {
		return bind_error(bind, node, "a range must rise, %g to %g does not", range_out[0],
				  range_out[1]);
	}
	return ret;
}

static int tag_add_label(struct bind *bind, const struct ew_node *node, struct ew_label *label,
			 const char *value, const char *text)
{
	if (text_parse_int(value, &label->value) < 0) {
		return bind_error(bind, node, "labels: '%s' is not a whole number", value);
	}
	label->text = arena_text(bind->arena, text, strlen(text));
	return label->text != NULL ? 0 : diag_no_memory(bind->diag, &node->place);
}

/* "0=off|1=on", as a cell of a CSV file has it. */
static int tag_labels_text(struct bind *bind, const struct ew_node *node, struct ew_label *labels,
			   size_t *count_out)
{
	char *text = arena_text(bind->arena, node->as.text, strlen(node->as.text));
	size_t count = 0;
	int ret = 0;

	if (text == NULL) {
		return diag_no_memory(bind->diag, &node->place);
	}
	while (text != NULL && ret == 0) {
		char *next = strchr(text, '|');
		char *equals = strchr(text, '=');

		if (next != NULL) {
			*next++ = '\0';
		}
		if (equals == NULL || (next != NULL && equals > next)) {
			return bind_error(bind, node, "labels: '%s' is not like 0=off|1=on",
					  node->as.text);
		}
		*equals = '\0';
		ret = tag_add_label(bind, node, &labels[count++], text, equals + 1);
		text = next;
	}
	*count_out = count;
	return ret;
}

static int tag_labels(struct tag_reading *tag)
{
	const struct ew_node *node = tag->core.labels;
	struct bind *bind = tag->bind;
	struct ew_label *labels;
	size_t i, count = node->count;
	const char *at;
	int ret = 0;

	if (node->kind == EW_NODE_LIST) {
		return bind_error(bind, node, "labels are a map {0: off, 1: on}");
	}
	if (node->kind == EW_NODE_SCALAR) {
		for (count = 1, at = node->as.text; *at != '\0'; at++) {
			count += *at == '|';
		}
	}
	if (count > TAG_LABELS_MAX) {
		return bind_error(bind, node, "more than %d labels", TAG_LABELS_MAX);
	}
	labels = arena_array(bind->arena, count, sizeof(*labels));
	if (labels == NULL) {
		return diag_no_memory(bind->diag, &node->place);
	}
	if (node->kind == EW_NODE_SCALAR) {
		ret = tag_labels_text(bind, node, labels, &count);
	}
	for (i = 0; node->kind == EW_NODE_MAP && i < count && ret == 0; i++) {
		const struct node_entry *entry = &node->as.entries[i];

		if (entry->value->kind != EW_NODE_SCALAR) {
			return bind_error(bind, entry->value, "a label is text");
		}
		ret = tag_add_label(bind, entry->value, &labels[i], entry->key,
				    entry->value->as.text);
	}
	if (ret == 0) {
		tag->spec->labels = labels;
		tag->spec->label_count = count;
		tag->extra->set |= CONFIG_SET_LABELS;
	}
	return ret;
}

/* Words of `access`, in a list or joined by '|'. */
static int tag_access(struct tag_reading *tag)
{
	static const struct {
		const char *word;
		unsigned bit;
	} words[] = {
		{"read", EW_ACCESS_READ},
		{"write", EW_ACCESS_WRITE},
		{"execute", EW_ACCESS_EXECUTE},
	};
	size_t i, j;

	for (i = 0; i < tag->core.access.count; i++) {
		const char *at = tag->core.access.at[i];

		while (at != NULL && *at != '\0') {
			size_t size = strcspn(at, "|");

			for (j = 0; j < 3; j++) {
				if (strlen(words[j].word) == size &&
				    memcmp(words[j].word, at, size) == 0) {
					tag->spec->access |= words[j].bit;
					break;
				}
			}
			if (j == 3) {
				return bind_error(tag->bind, ew_node_find(tag->node, "access"),
						  "'access': '%.*s' is not one of read, write, "
						  "execute",
						  (int)size, at);
			}
			at += size + (at[size] == '|');
		}
	}
	if (tag->core.access.count > 0) {
		tag->extra->set |= CONFIG_SET_ACCESS;
	}
	return 0;
}

/* yes, no, or the range that a write may set. */
static int tag_writable(struct tag_reading *tag)
{
	const struct ew_node *node = tag->core.writable;
	struct ew_tag_spec *spec = tag->spec;
	bool has_access = (tag->extra->set & CONFIG_SET_ACCESS) != 0, is_yes = true;
	double range[2];
	int ret;

	if (node->kind != EW_NODE_SCALAR || text_parse_bool(node->as.text, &is_yes) < 0) {
		ret = tag_range(tag->bind, node, range);
		if (ret < 0) {
			return ret;
		}
		spec->write_low = range[0];
		spec->write_high = range[1];
		tag->extra->set |= CONFIG_SET_WRITE_RANGE;
	}
	if (has_access && is_yes != ((spec->access & EW_ACCESS_WRITE) != 0)) {
		return bind_error(tag->bind, node, "'writable' and 'access' contradict each other");
	}
	if (!has_access) {
		spec->access = EW_ACCESS_READ | (is_yes ? EW_ACCESS_WRITE : 0);
	}
	tag->extra->set |= CONFIG_SET_ACCESS;
	return 0;
}

static int tag_judge(struct tag_reading *tag)
{
	const struct config_tag_core *core = &tag->core;
	const struct ew_tag_spec *spec = tag->spec;
	struct bind *bind = tag->bind;

	if (core->has_scale && core->scale == 0) {
		return bind_error(bind, ew_node_find(tag->node, "scale"), "'scale' is 0");
	}
	if (spec->low < spec->high && spec->write_low < spec->write_high &&
	    (spec->write_low < spec->low || spec->write_high > spec->high)) {
		return bind_error(bind, core->writable, "what a write may set is outside 'range'");
	}
	if (core->clamp && spec->low >= spec->high) {
		return bind_error(bind, ew_node_find(tag->node, "clamp"),
				  "'clamp' needs a 'range'");
	}
	return 0;
}

/* What the core's table could not place by itself. */
static int tag_forms(struct tag_reading *tag)
{
	const struct config_tag_core *core = &tag->core;
	double range[2];
	int ret = 0, worst = 0;

	if (core->type != NULL && type_parse(core->type, &tag->spec->type) < 0) {
		const char *meant = text_suggest(core->type, type_names, EW_TYPE_TEMPLATE);

		worst = bind_error(tag->bind, ew_node_find(tag->node, "type"),
				   "'type': '%s' is no datatype%s%s%s", core->type,
				   meant != NULL ? ", did you mean '" : "",
				   meant != NULL ? meant : "", meant != NULL ? "'?" : "");
	}
	if (core->range != NULL) {
		ret = tag_range(tag->bind, core->range, range);
		if (ret == 0) {
			tag->spec->low = range[0];
			tag->spec->high = range[1];
			tag->extra->set |= CONFIG_SET_RANGE;
		}
		worst = ret < 0 ? ret : worst;
	}
	ret = tag_access(tag);
	worst = ret < 0 ? ret : worst;
	if (core->writable != NULL) {
		ret = tag_writable(tag);
		worst = ret < 0 ? ret : worst;
	}
	if (core->labels != NULL) {
		ret = tag_labels(tag);
		worst = ret < 0 ? ret : worst;
	}
	ret = tag_judge(tag);
	return ret < 0 ? ret : worst;
}

static void tag_copy(struct tag_reading *tag)
{
	const struct config_tag_core *core = &tag->core;
	struct ew_tag_spec *spec = tag->spec;

	spec->unit = core->unit;
	spec->description = core->description;
	spec->scale = core->scale;
	spec->offset = core->offset;
	spec->deadband = core->deadband;
	spec->max_age = core->max_age;
	spec->max_bytes = (uint32_t)core->max_bytes;
	spec->properties = core->properties;
	spec->property_count = core->property_count;
	spec->clamp = core->clamp;
	tag->extra->set |= (core->type != NULL ? CONFIG_SET_TYPE : 0) |
			   (core->unit != NULL ? CONFIG_SET_UNIT : 0) |
			   (core->description != NULL ? CONFIG_SET_DESCRIPTION : 0) |
			   (core->has_scale ? CONFIG_SET_SCALE : 0) |
			   (core->has_clamp ? CONFIG_SET_CLAMP : 0) |
			   (core->has_offset ? CONFIG_SET_OFFSET : 0) |
			   (core->has_deadband ? CONFIG_SET_DEADBAND : 0) |
			   (core->has_max_age ? CONFIG_SET_MAX_AGE : 0) |
			   (core->has_max_bytes ? CONFIG_SET_MAX_BYTES : 0) |
			   (core->properties != NULL ? CONFIG_SET_PROPERTIES : 0);
}

static int tag_bind(struct config_tag_binder *binder, const struct node_entry *entry,
		    struct ew_tag_config *config, struct config_tag_extra *extra)
{
	const struct ew_module *module = binder->module;
	struct tag_reading tag = {
		.bind = binder->bind,
		.node = entry->value,
		.spec = &config->spec,
		.extra = extra,
	};
	void *settings = arena_take(binder->bind->arena, module->tag_settings_size);
	const struct bind_part parts[] = {
		{.table = config_tag_table, .settings = &tag.core},
		{.table = {module->tag_options, module->option_size}, .settings = settings},
	};
	size_t size = strlen(entry->key);
	int ret;

	if (settings == NULL) {
		return diag_no_memory(binder->bind->diag, &entry->place);
	}
	if (size == 0 || size > EW_NAME_MAX) {
		return diag_error(binder->bind->diag, &entry->place,
				  "the name of a tag has 1 to %d bytes", EW_NAME_MAX);
	}
	config->spec.size = sizeof(config->spec);
	config->spec.name = arena_text(binder->bind->arena, entry->key, size);
	config->settings = module->tag_settings_size > 0 ? settings : NULL;
	if (config->spec.name == NULL) {
		return diag_no_memory(binder->bind->diag, &entry->place);
	}
	ret = bind_map(binder->bind, entry->value, parts, 2);
	if (ret == 0) {
		tag_copy(&tag);
		ret = tag_forms(&tag);
	}
	return ret;
}

static int tag_compare(const void *a, const void *b, void *tags)
{
	const struct ew_tag_config *all = tags;

	return strcmp(all[*(const uint32_t *)a].spec.name, all[*(const uint32_t *)b].spec.name);
}

int config_bind_tags(struct config_tag_binder *binder, const struct ew_node *map,
		     struct config_tags *tags_out)
{
	struct arena *arena = binder->bind->arena;
	struct config_tag_extra *extras;
	struct ew_tag_config *tags;
	size_t count = 0, i;
	uint32_t *by_name;
	int ret = 0, worst = 0;

	if (map != NULL && map->kind == EW_NODE_LIST) {
		return bind_error(binder->bind, map,
				  "tags are a map or the name of a CSV file, "
				  "not a list");
	}
	if (map != NULL && map->kind == EW_NODE_MAP) {
		count = map->count;
	}
	tags = arena_array(arena, count, sizeof(*tags));
	extras = arena_array(arena, count, sizeof(*extras));
	by_name = arena_array(arena, count, sizeof(*by_name));
	if (tags == NULL || extras == NULL || by_name == NULL) {
		return diag_no_memory(binder->bind->diag, NULL);
	}
	for (i = 0; i < count && ret != -ENOMEM; i++) {
		ret = tag_bind(binder, &map->as.entries[i], &tags[i], &extras[i]);
		worst = ret < 0 ? ret : worst;
		by_name[i] = (uint32_t)i;
	}
	if (worst < 0) {
		return worst;
	}
	if (count > 0) {
		qsort_r(by_name, count, sizeof(*by_name), tag_compare, tags);
	}
	*tags_out = (struct config_tags){tags, extras, by_name, count};
	return 0;
}

/* One tag of both: the device's attributes, then the profile's others. */
static struct ew_node *tag_lay_over(struct arena *arena, const struct ew_node *below,
				    const struct ew_node *above)
{
	struct ew_node *map;
	uint32_t i;

	if (below->kind != EW_NODE_MAP || above->kind != EW_NODE_MAP) {
		return node_copy(arena, node_is_null(above) ? below : above);
	}
	map = node_new_map(arena, &above->place, (size_t)above->count + below->count);
	for (i = 0; map != NULL && i < above->count; i++) {
		const struct node_entry *entry = &above->as.entries[i];

		node_add(map, entry->key, &entry->place, entry->value);
	}
	for (i = 0; map != NULL && i < below->count; i++) {
		const struct node_entry *entry = &below->as.entries[i];

		if (node_find_entry(above, entry->key) == NULL) {
			node_add(map, entry->key, &entry->place, entry->value);
		}
	}
	return map;
}

const struct ew_node *config_lay_over(struct arena *arena, const struct ew_node *profile,
				      const struct ew_node *tags)
{
	struct ew_node *map =
		node_new_map(arena, &tags->place, (size_t)profile->count + tags->count);
	struct hash names;
	uint32_t i;

	if (map == NULL) {
		return NULL;
	}
	hash_init(&names, (size_t)profile->count + tags->count);
	for (i = 0; i < profile->count; i++) {
		const struct node_entry *entry = &profile->as.entries[i];

		node_add(map, entry->key, &entry->place, entry->value);
		if (hash_put(&names, entry->key, &map->as.entries[map->count - 1]) < 0) {
			map = NULL;
			break;
		}
	}
	for (i = 0; map != NULL && i < tags->count; i++) {
		const struct node_entry *entry = &tags->as.entries[i];
		struct node_entry *have = hash_find(&names, entry->key);
		struct ew_node *both;

		if (have == NULL) {
			node_add(map, entry->key, &entry->place, entry->value);
			continue;
		}
		both = tag_lay_over(arena, have->value, entry->value);
		if (both == NULL) {
			map = NULL;
			break;
		}
		*have = (struct node_entry){entry->key, entry->place, both};
	}
	hash_fini(&names);
	return map;
}
