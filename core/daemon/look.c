/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checking, printing and explaining. Modules are loaded and their check() is
 * called, so that what is right here starts; nothing is opened.
 */
#include "core/daemon/look.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/conf/describe.h"
#include "core/conf/print.h"
#include "core/daemon/daemon.h"
#include "core/store/count.h"
#include "core/store/dump.h"

#define LOOK_BYTES_MAX    ((size_t)64 << 20)
#define LOOK_MODULES_MAX  256

static void look_show_finding(void *arg, bool is_error, const char *line)
{
	(void)arg;
	(void)is_error; /* the line says so */
	fprintf(stderr, "%s\n", line);
}

static int look_open_loader(const struct daemon_options *options, struct loader **loader_out)
{
	int error = loader_new(&options->module_dir, 1, loader_out);

	if (error != 0) {
		fprintf(stderr, "edgewayd: modules: %s\n", strerror(-error));
	}
	return error;
}

/* Print what is in the buffer. */
static int look_put(struct buf *out)
{
	int status = DAEMON_EXIT_OK;

	if (out->fault != 0 || fwrite(buf_text(out), 1, out->size, stdout) != out->size ||
	    fflush(stdout) != 0) {
		fprintf(stderr, "edgewayd: cannot print: %s\n",
			strerror(out->fault != 0 ? -out->fault : errno));
		status = DAEMON_EXIT_FAILED;
	}
	buf_fini(out);
	return status;
}

static const struct ew_module *look_find(void *arg, const char *name)
{
	const struct module *module;
	struct ew_error err;

	error_clear(&err);
	return loader_find(arg, name, &module, &err) == 0 ? &module->what : NULL;
}

static bool look_names(const struct config_strings *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++) {
		if (strcmp(names->at[i], name) == 0) {
			return true;
		}
	}
	return false;
}

/* Does the route make this instance wait for that one? */
static bool look_blocks(const struct config_route *route, const char *from, const char *to)
{
	return route->full == CONFIG_FULL_BLOCK && strcmp(from, to) != 0 &&
	       (route->from.count == 0 || look_names(&route->from, from)) &&
	       look_names(&route->to, to);
}

/* A route that blocks may be fed only by instances that can wait. */
static void look_at_route(struct loader *loader, const struct config *config,
			  const struct config_route *route, struct diag *diag)
{
	for (size_t i = 0; i < config->instance_count; i++) {
		const struct config_instance *instance = &config->instances[i];
		const struct ew_module *module = look_find(loader, instance->module);
		bool feeds = route->from.count == 0 || look_names(&route->from, instance->name);

		if (feeds && module != NULL && (module->flags & EW_CAN_WAIT) == 0) {
			diag_error(diag, &route->place,
				   "'full: block' needs publishers that can wait; '%s' of module "
				   "'%s' cannot: name others in 'from', or choose drop_oldest",
				   instance->name, instance->module);
		}
	}
}

/* The first route that makes one of these instances wait for another of them. */
static const struct config_route *look_find_wait(const struct config *config, const bool *is_in,
						 size_t from, size_t to)
{
	for (size_t i = 0; is_in[from] && is_in[to] && i < config->route_count; i++) {
		if (look_blocks(&config->routes[i], config->instances[from].name,
				config->instances[to].name)) {
			return &config->routes[i];
		}
	}
	return NULL;
}

/* Does it wait for one, and one for it? Else no circle goes through it. */
static bool look_is_between(const struct config *config, const bool *is_in, size_t which)
{
	bool waits = false, is_awaited = false;

	for (size_t i = 0; i < config->instance_count && !(waits && is_awaited); i++) {
		waits = waits || look_find_wait(config, is_in, which, i) != NULL;
		is_awaited = is_awaited || look_find_wait(config, is_in, i, which) != NULL;
	}
	return waits && is_awaited;
}

/* Instances that wait for each other in a circle would wait for ever. */
static void look_at_circles(const struct config *config, bool *is_in, struct diag *diag)
{
	const struct config_route *route;
	bool has_changed = true;

	while (has_changed) {
		has_changed = false;
		for (size_t i = 0; i < config->instance_count; i++) {
			if (is_in[i] && !look_is_between(config, is_in, i)) {
				is_in[i] = false;
				has_changed = true;
			}
		}
	}
	for (size_t i = 0; i < config->instance_count; i++) {
		for (size_t j = 0; j < config->instance_count; j++) {
			route = look_find_wait(config, is_in, i, j);
			if (route != NULL) {
				diag_error(diag, &route->place,
					   "'full: block' goes round in a circle by way of '%s' "
					   "and '%s', which would wait for each other: choose "
					   "drop_oldest for one of its routes",
					   config->instances[i].name, config->instances[j].name);
				return;
			}
		}
	}
}

int look_at_routes(struct loader *loader, const struct config *config, struct diag *diag)
{
	size_t before = diag->errors, blocks = 0;
	bool *is_in;

	for (size_t i = 0; i < config->route_count; i++) {
		if (config->routes[i].full == CONFIG_FULL_BLOCK) {
			look_at_route(loader, config, &config->routes[i], diag);
			blocks++;
		}
	}
	if (blocks > 1 && diag->errors == before) {
		is_in = malloc(config->instance_count * sizeof(*is_in));
		if (is_in == NULL) {
			return diag_no_memory(diag, NULL);
		}
		for (size_t i = 0; i < config->instance_count; i++) {
			is_in[i] = config->instances[i].is_enabled;
		}
		look_at_circles(config, is_in, diag);
		free(is_in);
	}
	return diag->errors > before ? -EINVAL : 0;
}

static int look_check_all(struct loader *loader, const struct config *config, struct diag *diag)
{
	const struct settings_source source = { loader, config, CONFIG_CHECK_ONLY };
	int error = look_at_routes(loader, config, diag);

	for (size_t i = 0; i < config->instance_count; i++) {
		struct instance_settings settings;
		int one = settings_bind(&source, &config->instances[i], diag, &settings);

		if (one == 0) {
			settings_give_back(&settings);
		}
		error = error != 0 ? error : one;
	}
	return error;
}

int look_check(const struct daemon_options *options, bool print)
{
	struct config *config = NULL;
	struct loader *loader = NULL;
	struct diag diag;
	struct buf out;
	int error;

	diag_init(&diag);
	error = look_open_loader(options, &loader);
	error = error != 0 ? error
			   : config_load(options->config, CONFIG_CHECK_ONLY, &diag, &config);
	error = error != 0 ? error : look_check_all(loader, config, &diag);
	diag_each(&diag, look_show_finding, NULL);
	if (error == 0 && print) {
		buf_init(&out, LOOK_BYTES_MAX);
		print_config(config, look_find, loader, &out);
		error = look_put(&out) == DAEMON_EXIT_OK ? 0 : -EIO;
	} else if (error == 0) {
		printf("%s: nothing is wrong\n", options->config);
	}
	config_free(&config);
	loader_free(&loader);
	diag_fini(&diag);
	return error == 0 ? DAEMON_EXIT_OK : error == -EIO ? DAEMON_EXIT_FAILED
							   : DAEMON_EXIT_CONFIG;
}

static int look_add_module(void *arg, const char *name)
{
	struct buf *out = arg;

	buf_printf(out, "  %s\n", name);
	return 0;
}

static int look_describe_module(struct loader *loader, const char *name, bool man,
				struct buf *out)
{
	const struct module *module;
	struct ew_error err;

	error_clear(&err);
	if (loader_find(loader, name, &module, &err) != 0) {
		fprintf(stderr, "edgewayd: %s\n", err.text);
		return DAEMON_EXIT_USAGE;
	}
	if (man) {
		describe_module_man(&module->what, out);
	} else {
		describe_module(&module->what, out);
	}
	return DAEMON_EXIT_OK;
}

int look_describe(const struct daemon_options *options, const char *name, bool man)
{
	int status = DAEMON_EXIT_OK;
	struct loader *loader;
	struct buf out;

	if (look_open_loader(options, &loader) != 0) {
		return DAEMON_EXIT_FAILED;
	}
	buf_init(&out, LOOK_BYTES_MAX);
	if (name == NULL && man) {
		describe_daemon_man(&out);
	} else if (name == NULL) {
		describe_daemon(&out);
		buf_add_text(&out, "\nModules, explained by --describe MODULE:\n");
		/* memory alone can be missing, and the buffer says so then */
		(void)loader_list(loader, look_add_module, &out);
	} else {
		status = look_describe_module(loader, name, man, &out);
	}
	loader_free(&loader);
	if (status != DAEMON_EXIT_OK) {
		buf_fini(&out);
		return status;
	}
	return look_put(&out);
}

struct look_modules {
	struct loader *loader;
	const struct ew_module *at[LOOK_MODULES_MAX];
	size_t count;
};

/* One that cannot be loaded is told, and left out. */
static int look_load_module(void *arg, const char *name)
{
	struct look_modules *modules = arg;
	const struct module *module;
	struct ew_error err;

	error_clear(&err);
	if (loader_find(modules->loader, name, &module, &err) != 0) {
		fprintf(stderr, "warning: %s\n", err.text);
	} else if (modules->count < LOOK_MODULES_MAX) {
		modules->at[modules->count++] = &module->what;
	}
	return 0;
}

int look_schema(const struct daemon_options *options)
{
	struct look_modules modules = { .count = 0 };
	struct buf out;
	int status;

	if (look_open_loader(options, &modules.loader) != 0) {
		return DAEMON_EXIT_FAILED;
	}
	(void)loader_list(modules.loader, look_load_module, &modules); /* as above */
	buf_init(&out, LOOK_BYTES_MAX);
	describe_schema(modules.at, modules.count, &out);
	status = look_put(&out);
	loader_free(&modules.loader);
	return status;
}

int look_rehearse(const struct daemon_options *options, struct rehearsal_plan *plan)
{
	int error = look_open_loader(options, &plan->loader);

	if (error != 0) {
		return DAEMON_EXIT_FAILED;
	}
	plan->config = options->config;
	error = rehearsal_run(plan);
	loader_free(&plan->loader);
	return error == 0 ? DAEMON_EXIT_OK : error == -EINVAL || error == -ENOENT
	     ? DAEMON_EXIT_CONFIG : DAEMON_EXIT_FAILED;
}

/* ---- --dump-store, --count-store ---- */

typedef int (*look_fn)(const char *path, int (*fn)(void *arg, const char *line), void *arg,
		       struct ew_error *err);

static int look_on_line(void *arg, const char *line)
{
	(void)arg;
	return puts(line) < 0 ? -EIO : 0;
}

static int look_lines(const char *path, look_fn look)
{
	struct ew_error err;
	int error;

	error_clear(&err);
	error = look(path, look_on_line, NULL, &err);
	if (error != 0 && error_is_set(&err)) {
		fprintf(stderr, "edgewayd: %s\n", err.text);
	} else if (error != 0) {
		fprintf(stderr, "edgewayd: the store '%s': %s\n", path, strerror(-error));
	}
	return error == 0 ? DAEMON_EXIT_OK : DAEMON_EXIT_FAILED;
}

int look_store(const char *path)
{
	return look_lines(path, store_dump);
}

int look_count(const char *path)
{
	return look_lines(path, store_count);
}
