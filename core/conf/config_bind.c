/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An instance's settings and devices. Everything is copied into the bound
 * object's own memory. A profile without additions is bound once and shared by
 * all devices that use it.
 */
#include "core/conf/config_bind.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/conf/config_rows.h"
#include "core/conf/config_tag.h"

enum {
	BOUND_MEMORY = 512 * 1024 * 1024
};

/* A profile that was bound for this instance. */
struct bound_profile {
	struct bound_profile *next;
	const struct ew_node *node;
	struct config_tags *tags; /* NULL: it is wrong, and that was told */
};

struct binding {
	const struct config *config;
	const struct config_instance *instance;
	const struct ew_module *module;
	struct config_bound *bound;
	struct bind bind;
	struct bound_profile *profiles;
};

static int binding_no_memory(struct binding *binding)
{
	return diag_no_memory(binding->bind.diag, &binding->instance->node->place);
}

static int binding_settings(struct binding *binding)
{
	const struct ew_module *module = binding->module;
	void *settings = arena_take(&binding->bound->arena, module->settings_size);
	const struct bind_part parts[] = {
		{.table = config_instance_table},
		{.table = {module->options, module->option_size}, .settings = settings},
	};

	if (settings == NULL) {
		return binding_no_memory(binding);
	}
	binding->bound->settings = settings;
	return bind_map(&binding->bind, binding->instance->node, parts, 2);
}

static int binding_tags(struct binding *binding, const struct ew_node *map,
			struct config_tags **tags_out)
{
	struct config_tag_binder binder = {&binding->bind, binding->module};
	struct config_tags *tags = arena_take(&binding->bound->arena, sizeof(*tags));
	int ret;

	if (tags == NULL) {
		return binding_no_memory(binding);
	}
	ret = config_bind_tags(&binder, map, tags);
	if (ret == 0) {
		*tags_out = tags;
	}
	return ret;
}

static int binding_profile(struct binding *binding, const struct ew_node *node,
			   struct config_tags **tags_out)
{
	struct bound_profile *profile = binding->profiles;
	int ret;

	while (profile != NULL && profile->node != node) {
		profile = profile->next;
	}
	if (profile == NULL) {
		profile = arena_take(&binding->bound->arena, sizeof(*profile));
		if (profile == NULL) {
			return binding_no_memory(binding);
		}
		*profile = (struct bound_profile){.next = binding->profiles, .node = node};
		binding->profiles = profile;
		ret = binding_tags(binding, node, &profile->tags);
		if (ret < 0) {
			return ret;
		}
	}
	*tags_out = profile->tags;
	return profile->tags != NULL ? 0 : -EINVAL;
}

static int binding_refuse_profile(struct binding *binding, const struct ew_node *node,
				  const char *name)
{
	const struct ew_node *profiles = binding->config->profiles;
	const char *meant = NULL;
	uint32_t i;

	for (i = 0; profiles != NULL && i < profiles->count && meant == NULL; i++) {
		const char *one = profiles->as.entries[i].key;

		meant = text_suggest(name, &one, 1);
	}
	return bind_error(&binding->bind, ew_node_find(node, "profile"),
			  "there is no profile '%s'%s%s%s", name,
			  meant != NULL ? ", did you mean '" : "", meant != NULL ? meant : "",
			  meant != NULL ? "'?" : "");
}

static int binding_device_tags(struct binding *binding, const struct ew_node *node,
			       const struct config_device_core *core, struct config_tags **tags_out)
{
	const struct ew_node *tags = ew_node_find(node, "tags"), *profile = NULL;

	if (core->profile != NULL) {
		profile = binding->config->profiles != NULL
				  ? ew_node_find(binding->config->profiles, core->profile)
				  : NULL;
		if (profile == NULL) {
			return binding_refuse_profile(binding, node, core->profile);
		}
	}
	if (tags != NULL && node_is_null(tags)) {
		tags = NULL;
	}
	if (tags == NULL && profile != NULL) {
		return binding_profile(binding, profile, tags_out);
	}
	if (tags != NULL && profile != NULL && tags->kind == EW_NODE_MAP &&
	    profile->kind == EW_NODE_MAP) {
		tags = config_lay_over(&binding->bound->arena, profile, tags);
		if (tags == NULL) {
			return binding_no_memory(binding);
		}
	}
	return binding_tags(binding, tags, tags_out);
}

static int binding_judge_path(struct binding *binding, const struct node_entry *entry)
{
	size_t size = strlen(entry->key);

	if (size == 0 || size > EW_PATH_MAX || strpbrk(entry->key, "+#") != NULL) {
		return diag_error(binding->bind.diag, &entry->place,
				  "%s: '%.64s' cannot be the path of a device (1 to %d bytes, no "
				  "+ and #)",
				  binding->instance->name, entry->key, EW_PATH_MAX);
	}
	return 0;
}

static int binding_device(struct binding *binding, const struct node_entry *entry,
			  struct ew_device_config *device, struct config_device_extra *extra)
{
	const struct ew_module *module = binding->module;
	struct arena *arena = &binding->bound->arena;
	struct config_device_core core = {0};
	void *settings = arena_take(arena, module->device_settings_size);
	const struct bind_part parts[] = {
		{.table = config_device_table, .settings = &core},
		{.table = {module->device_options, module->option_size}, .settings = settings},
	};
	struct config_tags *tags = NULL;
	int ret, worst;

	device->spec.size = sizeof(device->spec);
	device->spec.path = arena_text(arena, entry->key, strlen(entry->key));
	if (settings == NULL || device->spec.path == NULL) {
		return binding_no_memory(binding);
	}
	worst = binding_judge_path(binding, entry);
	ret = bind_map(&binding->bind, entry->value, parts, 1 + (module->device_options != NULL));
	worst = ret < 0 ? ret : worst;
	ret = binding_device_tags(binding, entry->value, &core, &tags);
	if (ret < 0 || worst < 0) {
		return ret == -ENOMEM || worst == 0 ? ret : worst;
	}
	if (core.parent != NULL && strcmp(core.parent, entry->key) == 0) {
		return bind_error(&binding->bind, ew_node_find(entry->value, "parent"),
				  "device '%s' is its own parent", entry->key);
	}
	device->settings = module->device_settings_size > 0 ? settings : NULL;
	device->tags = tags->tags;
	device->tag_count = tags->count;
	device->node = entry->value;
	extra->tags = tags;
	extra->set = (core.type != NULL || core.profile != NULL ? CONFIG_SET_TYPE : 0) |
		     (core.version != NULL ? CONFIG_SET_VERSION : 0) |
		     (core.parent != NULL ? CONFIG_SET_PARENT : 0) |
		     (core.properties != NULL ? CONFIG_SET_PROPERTIES : 0);
	device->spec.type = core.type != NULL ? core.type : core.profile;
	device->spec.version = core.version;
	device->spec.parent = core.parent;
	device->spec.properties = core.properties;
	device->spec.property_count = core.property_count;
	return 0;
}

static int binding_compare(const void *a, const void *b, void *devices)
{
	const struct ew_device_config *all = devices;

	return strcmp(all[*(const uint32_t *)a].spec.path, all[*(const uint32_t *)b].spec.path);
}

static int binding_devices(struct binding *binding)
{
	const struct ew_node *map = binding->instance->devices;
	struct arena *arena = &binding->bound->arena;
	struct config_device_extra *extras;
	struct ew_device_config *devices;
	uint32_t *by_path, i;
	int ret = 0, worst = 0;

	if (map == NULL || map->kind != EW_NODE_MAP) {
		return 0;
	}
	if ((binding->module->flags & EW_HAS_DEVICES) == 0) {
		return bind_error(&binding->bind, map, "module '%s' takes no devices",
				  binding->module->name);
	}
	if (map->count > binding->instance->max_devices) {
		return bind_error(&binding->bind, map, "%u devices, but 'max_devices' is %llu",
				  map->count, (unsigned long long)binding->instance->max_devices);
	}
	devices = arena_array(arena, map->count, sizeof(*devices));
	extras = arena_array(arena, map->count, sizeof(*extras));
	by_path = arena_array(arena, map->count, sizeof(*by_path));
	if (devices == NULL || extras == NULL || by_path == NULL) {
		return binding_no_memory(binding);
	}
	for (i = 0; i < map->count && ret != -ENOMEM; i++) {
		ret = binding_device(binding, &map->as.entries[i], &devices[i], &extras[i]);
		worst = ret < 0 ? ret : worst;
		by_path[i] = i;
	}
	if (worst < 0) {
		return worst;
	}
	if (map->count > 0) {
		qsort_r(by_path, map->count, sizeof(*by_path), binding_compare, devices);
	}
	binding->bound->devices = devices;
	binding->bound->extras = extras;
	binding->bound->by_path = by_path;
	binding->bound->device_count = map->count;
	return 0;
}

static void binding_on_warning(void *arg, const struct ew_error *warning)
{
	struct binding *binding = arg;
	const struct conf_place place = {warning->file, warning->line, warning->col};

	diag_warn(binding->bind.diag, &place, "%s: %s", binding->instance->name, warning->text);
}

/* The nodes do not live as long as what is bound. */
static void binding_forget_nodes(struct config_bound *bound)
{
	for (size_t i = 0; i < bound->device_count; i++) {
		bound->devices[i].node = NULL;
	}
}

static int binding_call(const struct binding *binding, struct ew_error *err)
{
	const struct ew_module *module = binding->module;
	const struct config_bound *bound = binding->bound;
	int ret = module->check == NULL ? 0 : module->check(bound->settings, err);

	if (ret == 0 && module->check_devices != NULL) {
		ret = module->check_devices(bound->settings, bound->devices, bound->device_count,
					    err);
	}
	return ret;
}

/* The module's own word on its settings and devices. */
static int binding_ask(struct binding *binding)
{
	struct ew_error err = {.warn = binding_on_warning, .warn_arg = binding};
	struct conf_place place = binding->instance->node->place;
	int ret = binding_call(binding, &err);

	binding_forget_nodes(binding->bound);
	if (ret == 0) {
		return 0;
	}
	if (err.file[0] != '\0') {
		place = (struct conf_place){err.file, err.line, err.col};
	}
	(void)diag_error(binding->bind.diag, &place, "%s: %s", binding->instance->name,
			 error_is_set(&err) ? err.text : strerror(-ret)); /* -EINVAL below */
	return -EINVAL;
}

int config_bind_instance(const struct config *config, const struct config_instance *instance,
			 const struct ew_module *module, unsigned flags, struct diag *diag,
			 struct config_bound **bound_out)
{
	struct config_bound *bound = calloc(1, sizeof(*bound));
	struct binding binding = {.config = config,
				  .instance = instance,
				  .module = module,
				  .bound = bound};
	int ret, worst;

	if (bound == NULL) {
		return diag_no_memory(diag, &instance->node->place);
	}
	arena_init(&bound->arena, BOUND_MEMORY);
	binding.bind = (struct bind){
		.arena = &bound->arena,
		.diag = diag,
		.who = instance->name,
		.is_check = (flags & CONFIG_CHECK_ONLY) != 0,
	};
	worst = binding_settings(&binding);
	if (worst != -ENOMEM) {
		ret = binding_devices(&binding);
		worst = ret < 0 ? ret : worst;
	}
	if (worst == 0) {
		worst = binding_ask(&binding);
	}
	if (worst < 0) {
		config_bound_free(&bound);
		return worst;
	}
	bound->files = binding.bind.files;
	*bound_out = bound;
	return 0;
}

void config_bound_free(struct config_bound **bound)
{
	if (*bound == NULL) {
		return;
	}
	arena_fini(&(*bound)->arena);
	free(*bound);
	*bound = NULL;
}
