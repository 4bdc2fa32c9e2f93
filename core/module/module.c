/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks of a descriptor, in the order in which a wrong answer would make
 * the next question meaningless.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/module/module.h"

/* What every contract has had since 0.1: all up to and with close(). */
#define LEAST_SIZE  offsetof(struct ew_module, device)

#define SETTINGS_MAX  (1024u * 1024)

bool module_name_is_valid(const char *name)
{
	size_t size = strnlen(name, MODULE_NAME_MAX + 1);

	if (size == 0 || size > MODULE_NAME_MAX || name[0] < 'a' || name[0] > 'z') {
		return false;
	}
	for (size_t i = 1; i < size; i++) {
		char c = name[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) {
			return false;
		}
	}
	return true;
}

static int check_build(const struct ew_module *found, const char *file, struct ew_error *err)
{
	if (found->magic != EW_MODULE_MAGIC) {
		return ew_fail(err, "%s: magic is 0x%08" PRIx32 ", expected 0x%08x: "
			       "define the descriptor with EW_MODULE()",
			       file, found->magic, EW_MODULE_MAGIC);
	}
	if (found->abi_major != EW_ABI_MAJOR || found->abi_minor != EW_ABI_MINOR) {
		return ew_fail(err, "%s: built for contract %u.%u, this edgeway has %d.%d: "
			       "build the module against this edgeway's headers",
			       file, found->abi_major, found->abi_minor, EW_ABI_MAJOR,
			       EW_ABI_MINOR);
	}
	if (found->size > sizeof(*found)) {
		return ew_fail(err, "%s: built for a newer edgeway: its descriptor has %" PRIu32
			       " bytes, this edgeway's %zu: update edgeway, or build the module "
			       "against its headers", file, found->size, sizeof(*found));
	}
	if (found->size < LEAST_SIZE) {
		return ew_fail(err, "%s: its descriptor says it has %" PRIu32 " bytes, expected "
			       "at least %zu: define it with EW_MODULE()",
			       file, found->size, LEAST_SIZE);
	}
	return 0;
}

static int check_name(const struct ew_module *what, const char *file, const char *name,
		      struct ew_error *err)
{
	if (what->name == NULL || !module_name_is_valid(what->name)) {
		return ew_fail(err, "%s: the module calls itself '%.40s', expected "
			       "[a-z][a-z0-9_]* of at most %d characters: change .name",
			       file, what->name == NULL ? "" : what->name, MODULE_NAME_MAX);
	}
	if (name != NULL && strcmp(what->name, name) != 0) {
		return ew_fail(err, "%s: the module calls itself '%s', expected '%s' as the "
			       "file is called: rename the file or change .name",
			       file, what->name, name);
	}
	if (what->version == NULL || what->summary == NULL) {
		return ew_fail(err, "%s: %s is missing: add it to EW_MODULE()", file,
			       what->version == NULL ? ".version" : ".summary");
	}
	return 0;
}

static int check_callbacks(const struct ew_module *what, const char *file, struct ew_error *err)
{
	const struct {
		bool wrong;
		const char *text;
	} rules[] = {
		{ what->open == NULL, "open() is missing: every module has one" },
		{ what->close == NULL, "close() is missing: every module has one" },
		{ (what->flags & EW_CAN_WAIT) != 0 && what->room == NULL,
		  "it says EW_CAN_WAIT without room(): add room(), or drop the flag" },
		{ (what->flags & EW_ACKS) != 0 && what->batch == NULL,
		  "it says EW_ACKS without batch(): add batch(), or drop the flag" },
		{ (what->flags & EW_DURABLE) != 0 && (what->flags & EW_ACKS) == 0,
		  "it says EW_DURABLE without EW_ACKS: nothing would tell what has arrived" },
		{ (what->flags & EW_NEEDS_VIEW) != 0 && what->batch == NULL,
		  "it says EW_NEEDS_VIEW without batch(): add batch(), or drop the flag" },
		{ (what->flags & EW_HAS_DEVICES) == 0 &&
		  (what->device_options != NULL || what->tag_options != NULL),
		  "it has options of devices without EW_HAS_DEVICES: add the flag" },
		{ (what->flags & EW_HAS_DEVICES) == 0 && what->check_devices != NULL,
		  "it has check_devices() without EW_HAS_DEVICES: add the flag" },
	};

	for (size_t i = 0; i < array_count(rules); i++) {
		if (rules[i].wrong) {
			return ew_fail(err, "%s: %s", file, rules[i].text);
		}
	}
	return 0;
}

static int check_flags(const struct ew_module *what, const char *file, struct ew_error *err)
{
	uint32_t unknown = what->flags & ~EW_FLAGS_KNOWN;

	if (unknown != 0) {
		return ew_fail(err, "%s: .flags has 0x%04" PRIx32 " which this edgeway does not "
			       "know, expected none but 0x%04x: update edgeway, or take the "
			       "flag out", file, unknown, EW_FLAGS_KNOWN);
	}
	return 0;
}

static int check_settings(const struct ew_module *what, const char *file, struct ew_error *err)
{
	const struct {
		const struct ew_option *rows;
		uint32_t size;
		const char *name;
	} tables[] = {
		{ what->options, what->settings_size, "settings_size" },
		{ what->device_options, what->device_settings_size, "device_settings_size" },
		{ what->tag_options, what->tag_settings_size, "tag_settings_size" },
	};

	for (size_t i = 0; i < array_count(tables); i++) {
		uint32_t least = tables[i].rows != NULL ? 1 : 0;

		if (tables[i].size < least || tables[i].size > SETTINGS_MAX) {
			return ew_fail(err, "%s: .%s is %" PRIu32 ", expected %" PRIu32 " to %u: "
				       "set it to sizeof the struct of its options",
				       file, tables[i].name, tables[i].size, least, SETTINGS_MAX);
		}
	}
	return 0;
}

static int module_check(struct module *module, const char *name, struct ew_error *err)
{
	const struct ew_module *what = &module->what;
	int error = check_settings(what, module->file, err);

	if (error == 0) {
		error = module_take_rows(module, err);
	}
	if (error == 0) {
		error = check_name(what, module->file, name, err);
	}
	if (error == 0) {
		error = check_callbacks(what, module->file, err);
	}
	return error != 0 ? error : check_flags(what, module->file, err);
}

int module_new(const struct ew_module *found, const char *file, const char *name,
	       struct module **module_out, struct ew_error *err)
{
	struct module *module;
	int error = check_build(found, file, err);

	if (error != 0) {
		return error;
	}
	module = calloc(1, sizeof(*module));
	if (module == NULL) {
		return -ENOMEM;
	}
	list_init(&module->node);
	list_init(&module->blocks);
	memcpy(&module->what, found, found->size);
	module->file = strdup(file);
	error = module->file == NULL ? -ENOMEM : module_check(module, name, err);
	if (error != 0) {
		module_free(&module);
		return error;
	}
	*module_out = module;
	return 0;
}

void module_free(struct module **module_at)
{
	struct module *module = *module_at;
	struct list *block;

	if (module == NULL) {
		return;
	}
	*module_at = NULL;
	list_remove(&module->node);
	while ((block = list_pop(&module->blocks)) != NULL) {
		free(block);
	}
	free(module->file);
	free(module);
}
