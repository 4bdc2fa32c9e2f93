/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directories where modules lie. Looks at names only. Main thread.
 */
#ifndef CORE_MODULE_FOLDER_H
#define CORE_MODULE_FOLDER_H

#include <stddef.h>

#include <edgeway/error.h>

struct folder;

/* Names are copied. -ENOMEM. */
int folder_new(const char *const *directories, size_t count, struct folder **folder_out);
void folder_free(struct folder **folder);

/*
 * The path of NAME.so, the caller's to free. -EINVAL with err: it is in none
 * of the directories, or in two of them; -ENOMEM.
 */
int folder_find(const struct folder *folder, const char *name, char **file_out,
		struct ew_error *err);

/* The names of all modules there, in order, until fn returns non-zero. -ENOMEM. */
int folder_list(const struct folder *folder, int (*fn)(void *arg, const char *name), void *arg);

#endif
