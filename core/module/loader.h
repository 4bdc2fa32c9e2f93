/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds and loads modules. A module stays in the process once it is loaded:
 * nothing is ever unloaded, only forgotten. Main thread.
 */
#ifndef CORE_MODULE_LOADER_H
#define CORE_MODULE_LOADER_H

#include "core/module/module.h"

struct loader;

/* Directories are copied and searched in their order. -ENOMEM. */
int loader_new(const char *const *directories, size_t count, struct loader **loader_out);

/* Modules it gave out must not be in use any more. Accepts NULL. */
void loader_free(struct loader **loader);

/*
 * The module of this name, loaded when it is asked for the first time.
 * Borrowed for the life of the loader. -EINVAL with err, which names the file,
 * what was found, what was expected and what to do; -ENOMEM.
 */
int loader_find(struct loader *loader, const char *name, const struct module **module_out,
		struct ew_error *err);

/* Call fn for each module that is loaded until it returns non-zero. */
int loader_walk(struct loader *loader, int (*fn)(void *arg, const struct module *module),
		void *arg);

/*
 * Call fn with the name of each file that looks like a module, in order of
 * name, until it returns non-zero. Nothing is loaded.
 */
int loader_list(struct loader *loader, int (*fn)(void *arg, const char *name), void *arg);

#endif
