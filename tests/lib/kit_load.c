/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libedgeway-test: from the test's pieces of YAML to running instances. The
 * pieces are put together to one file and go through the configuration of the
 * daemon, so a test sees the same errors as an operator.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/kit.h"

struct kit_loader {
	struct list node;
	char *directory;
	struct loader *loader;
};

struct kit_instance *kit_find(const struct ew_test *test, const char *name,
			      const char *function)
{
	struct list *node;

	list_for_each(node, &test->instances) {
		struct kit_instance *kit = list_entry(node, struct kit_instance, node);

		if (strcmp(kit->name, name) == 0) {
			return kit;
		}
	}
	kit_abort(function, "there is no instance '%s'", name);
}

static bool is_taken(const struct ew_test *test, const char *name)
{
	struct list *node;

	list_for_each(node, &test->instances) {
		if (strcmp(list_entry(node, struct kit_instance, node)->name, name) == 0) {
			return true;
		}
	}
	return false;
}

static void free_instance(struct kit_instance *kit)
{
	list_remove(&kit->node);
	instance_free(&kit->inst);
	free(kit->name);
	free(kit->yaml);
	free(kit);
}

void kit_free_instances(struct ew_test *test)
{
	while (!list_is_empty(&test->instances)) {
		free_instance(list_entry(test->instances.next, struct kit_instance, node));
	}
	while (!list_is_empty(&test->modules)) {
		struct module *module = list_entry(test->modules.next, struct module, node);

		module_free(&module);
	}
	while (!list_is_empty(&test->loaders)) {
		struct kit_loader *kit = list_entry(test->loaders.next, struct kit_loader, node);

		list_remove(&kit->node);
		loader_free(&kit->loader);
		free(kit->directory);
		free(kit);
	}
}

const char *ew_test_error(const struct ew_test *test)
{
	return buf_text(&test->error);
}

static void tell(struct ew_test *test, const char *line)
{
	/* cut at its limit */
	(void)buf_printf(&test->error, "%s%s", test->error.size > 0 ? "\n" : "", line);
}

int kit_add(struct ew_test *test, const struct module *module, const char *name, const char *yaml)
{
	struct kit_instance *kit;

	if (is_taken(test, name)) {
		return -EEXIST;
	}
	kit = calloc(1, sizeof(*kit));
	if (kit == NULL) {
		return -ENOMEM;
	}
	kit->module = module;
	kit->name = strdup(name);
	kit->yaml = strdup(yaml != NULL ? yaml : "");
	list_init(&kit->node);
	if (kit->name == NULL || kit->yaml == NULL) {
		free_instance(kit);
		return -ENOMEM;
	}
	list_push(&test->instances, &kit->node);
	return 0;
}

/* A descriptor that was loaded before is the same module. */
static struct module *find_module(struct ew_test *test, const struct ew_module *descriptor)
{
	struct list *node;

	list_for_each(node, &test->modules) {
		struct module *module = list_entry(node, struct module, node);

		if (strcmp(module->what.name, descriptor->name) == 0 &&
		    module->what.open == descriptor->open) {
			return module;
		}
	}
	return NULL;
}

int ew_test_load(struct ew_test *test, const struct ew_module *descriptor, const char *name,
		 const char *yaml)
{
	struct ew_error err = { .text = "" };
	struct module *module = find_module(test, descriptor);
	int error = 0;

	buf_clear(&test->error);
	if (module == NULL) {
		error = module_new(descriptor, "(linked)", NULL, &module, &err);
		if (error != 0) {
			tell(test, err.text);
			return error;
		}
		list_push(&test->modules, &module->node);
	}
	return kit_add(test, module, name, yaml);
}

static int take_loader(struct ew_test *test, const char *directory, struct loader **loader_out)
{
	struct kit_loader *kit;
	struct list *node;
	int error;

	list_for_each(node, &test->loaders) {
		kit = list_entry(node, struct kit_loader, node);
		if (strcmp(kit->directory, directory) == 0) {
			*loader_out = kit->loader;
			return 0;
		}
	}
	kit = calloc(1, sizeof(*kit));
	if (kit == NULL) {
		return -ENOMEM;
	}
	kit->directory = strdup(directory);
	error = kit->directory == NULL ? -ENOMEM : loader_new(&directory, 1, &kit->loader);
	if (error != 0) {
		free(kit->directory);
		free(kit);
		return error;
	}
	list_push(&test->loaders, &kit->node);
	*loader_out = kit->loader;
	return 0;
}

int ew_test_load_file(struct ew_test *test, const char *directory, const char *module_name,
		      const char *name, const char *yaml)
{
	struct ew_error err = { .text = "" };
	const struct module *module = NULL;
	struct loader *loader = NULL;
	int error = take_loader(test, directory, &loader);

	buf_clear(&test->error);
	if (error == 0) {
		error = loader_find(loader, module_name, &module, &err);
		tell(test, err.text);
	}
	return error != 0 ? error : kit_add(test, module, name, yaml);
}

int ew_test_config(struct ew_test *test, const char *yaml)
{
	int error = buf_add_text(&test->config, yaml);

	return error != 0 ? error : buf_add_text(&test->config, "\n");
}

/* ---- one file of all pieces ---- */

static void add_indented(struct buf *out, const char *yaml)
{
	while (*yaml != '\0') {
		size_t size = strcspn(yaml, "\n");

		/* faults stay in the buffer and are looked at once, at the end */
		if (size > 0) {
			(void)buf_add_text(out, "    ");
			(void)buf_add(out, yaml, size);
		}
		(void)buf_add_byte(out, '\n');
		yaml += size + (yaml[size] == '\n' ? 1 : 0);
	}
}

static bool has_section(const struct ew_test *test, const char *name)
{
	const char *at = buf_text(&test->config);
	size_t size = strlen(name);

	while (at != NULL) {
		if (strncmp(at, name, size) == 0) {
			return true;
		}
		at = strchr(at, '\n');
		at = at == NULL ? NULL : at + 1;
	}
	return false;
}

static int compose(struct ew_test *test, struct buf *out)
{
	struct list *node;

	(void)buf_printf(out, "version: 1\nstate_dir: %s\n%s", test->directory,
			 buf_text(&test->config));
	if (!has_section(test, "access:")) {
		(void)buf_add_text(out, "access:\n  " KIT_OWN_NAME ":\n    write: ['**:**']\n"
					"    execute: ['**:**']\n    max_priority: interlock\n");
	}
	(void)buf_add_text(out, "instances:\n");
	list_for_each(node, &test->instances) {
		const struct kit_instance *kit = list_entry(node, struct kit_instance, node);

		(void)buf_printf(out, "  %s:\n    module: %s\n", kit->name,
				 kit->module->what.name);
		add_indented(out, kit->yaml);
	}
	return out->fault;
}

static void tell_finding(void *arg, bool is_error, const char *line)
{
	(void)is_error; /* a warning says so itself */
	tell(arg, line);
}

static int read_config(struct ew_test *test, struct config **config_out)
{
	struct buf text;
	struct diag diag;
	int error;

	buf_init(&text, 64 * 1024 * 1024);
	diag_init(&diag);
	error = compose(test, &text);
	if (error == 0) {
		error = config_load_text("test.yaml", buf_text(&text), text.size, &diag,
					 config_out);
	}
	diag_each(&diag, tell_finding, test);
	diag_fini(&diag);
	buf_fini(&text);
	return error;
}

static int bind_instance(struct ew_test *test, const struct config *config,
			 const struct kit_instance *kit, struct instance_settings *settings_out)
{
	const struct config_instance *row = config_find_instance(config, kit->name);
	struct diag diag;
	int error;

	diag_init(&diag);
	error = apply_bind(config, row, kit->module, &diag, settings_out);
	diag_each(&diag, tell_finding, test);
	diag_fini(&diag);
	return error;
}

static int make_instance(struct ew_test *test, const struct config *config,
			 struct kit_instance *kit)
{
	const struct config_instance *row = config_find_instance(config, kit->name);
	struct instance_settings settings;
	struct instance_config how;
	int error = bind_instance(test, config, kit, &settings);

	if (error != 0) {
		return error;
	}
	how = apply_instance(row);
	error = instance_new(test->stepped.fleet, kit->module, &how, &settings, &kit->inst);
	if (error != 0) {
		tell(test, strerror(-error));
	}
	return error;
}

static int apply_sections(struct ew_test *test, const struct config *config)
{
	struct ew_error err = { .text = "" };
	int error = apply_routes(test->bus, config, &err);

	if (error == 0) {
		error = apply_access(test->bus, config, &err);
	}
	if (error != 0) {
		tell(test, err.text[0] != '\0' ? err.text : strerror(-error));
	}
	return error;
}

static void tell_failure(struct ew_test *test, const struct kit_instance *kit)
{
	char text[160];

	instance_failure(kit->inst, text, sizeof(text));
	(void)buf_printf(&test->error, "%s%s: %s", test->error.size > 0 ? "\n" : "", kit->name,
			 text);
}

/* Undo what was made by a start that did not come to open anything. */
static void unmake(struct ew_test *test)
{
	struct list *node, *after;

	list_for_each_safe(node, after, &test->instances) {
		struct kit_instance *kit = list_entry(node, struct kit_instance, node);

		if (kit->inst == NULL || instance_state(kit->inst) == INSTANCE_NEW) {
			free_instance(kit);
		}
	}
}

static int make_new(struct ew_test *test, const struct config *config)
{
	struct list *node;
	int error = 0;

	list_for_each(node, &test->instances) {
		struct kit_instance *kit = list_entry(node, struct kit_instance, node);

		if (kit->inst == NULL) {
			int result = make_instance(test, config, kit);

			error = error != 0 ? error : result;
		}
	}
	return error;
}

static int run_new(struct ew_test *test)
{
	struct list *node;
	int error = 0;

	list_for_each(node, &test->instances) {
		struct kit_instance *kit = list_entry(node, struct kit_instance, node);

		if (instance_state(kit->inst) != INSTANCE_NEW) {
			continue;
		}
		(void)instance_run(kit->inst);
		kit_settle(test);
		if (instance_state(kit->inst) == INSTANCE_FAILED) {
			tell_failure(test, kit);
			error = -EIO;
		}
	}
	return error;
}

int ew_test_start(struct ew_test *test)
{
	struct config *config = NULL;
	int error;

	buf_clear(&test->error);
	error = read_config(test, &config);
	if (error == 0) {
		error = make_new(test, config);
	}
	if (error == 0) {
		error = apply_sections(test, config);
	}
	if (error == 0) {
		error = kit_open_uplinks(test, &config);
	}
	config_free(&config);
	if (error != 0) {
		unmake(test);
		return error;
	}
	error = run_new(test);
	kit_start_uplinks(test);
	return error;
}

int ew_test_run(struct ew_test *test, const char *name)
{
	struct kit_instance *kit = kit_find(test, name, __func__);

	buf_clear(&test->error);
	if (instance_run(kit->inst) == -EBUSY) {
		return -EBUSY;
	}
	kit_settle(test);
	if (instance_state(kit->inst) == INSTANCE_FAILED) {
		tell_failure(test, kit);
		return -EIO;
	}
	return 0;
}

static int reload_with(struct ew_test *test, struct kit_instance *kit)
{
	struct instance_settings settings;
	struct config *config = NULL;
	int error = read_config(test, &config);

	if (error == 0) {
		error = bind_instance(test, config, kit, &settings);
	}
	config_free(&config);
	if (error != 0) {
		return error;
	}
	error = instance_reload(kit->inst, &settings);
	if (error == 0) {
		kit_settle(test);
		error = instance_reload_result(kit->inst);
	}
	return error;
}

int ew_test_reload(struct ew_test *test, const char *name, const char *yaml)
{
	struct kit_instance *kit = kit_find(test, name, __func__);
	char *old = kit->yaml;
	int error;

	buf_clear(&test->error);
	kit->yaml = strdup(yaml != NULL ? yaml : "");
	error = kit->yaml == NULL ? -ENOMEM : reload_with(test, kit);
	if (error != 0) {
		free(kit->yaml);
		kit->yaml = old;
		return error;
	}
	free(old);
	return 0;
}

int ew_test_stop(struct ew_test *test, const char *name)
{
	struct list *node;
	int error = 0;

	list_for_each(node, &test->instances) {
		const struct kit_instance *kit = list_entry(node, struct kit_instance, node);
		bool is_meant = name == NULL ? kit->inst != test->own
					     : strcmp(kit->name, name) == 0;

		if (is_meant && kit->inst != NULL) {
			instance_stop(kit->inst, false);
			kit_settle(test);
			if (instance_state(kit->inst) != INSTANCE_CLOSED) {
				error = -EBUSY;
			}
		}
	}
	return error;
}
