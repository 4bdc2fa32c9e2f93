/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A module as the host holds it: its descriptor, checked, and in the host's
 * own size whatever size it was built with. Immutable once made; main thread
 * makes and frees, any thread reads. Nothing here loads files: see loader.h.
 */
#ifndef CORE_MODULE_MODULE_H
#define CORE_MODULE_MODULE_H

#include "core/base/list.h"

#include <edgeway/module.h>

#define MODULE_NAME_MAX  32

struct module {
	struct list node;               /* of the loader */
	struct list blocks;             /* copies of rows built with another size */
	char *file;
	struct ew_module what;          /* rows too are in the host's size */
};

/* [a-z][a-z0-9_]*, at most MODULE_NAME_MAX bytes. */
bool module_name_is_valid(const char *name);

/*
 * Check a descriptor that `file` holds and take it in. name: what it must be
 * called; NULL: whatever it says. The descriptor is borrowed for the life of
 * the module. -EINVAL with err (what was found, what was expected, what to
 * do); -ENOMEM.
 */
int module_new(const struct ew_module *found, const char *file, const char *name,
	       struct module **module_out, struct ew_error *err);

void module_free(struct module **module);

/* ---- between module.c and rows.c ---- */

/* Check the option and metric rows and give module->what rows of the host's size. */
int module_take_rows(struct module *module, struct ew_error *err);

#endif
