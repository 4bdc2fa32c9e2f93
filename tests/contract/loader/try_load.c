/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load modules by name and say how it went:
 *
 *	try_load DIRECTORY[:DIRECTORY...] NAME...
 *
 * Prints `loaded NAME VERSION` or the loader's error, one line a name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/module/loader.h"

#define DIRECTORIES_MAX  8

static void try_name(struct loader *loader, const char *name)
{
	const struct module *module = NULL;
	struct ew_error err = { .text = "" };
	int error = loader_find(loader, name, &module, &err);

	if (error == 0) {
		printf("loaded %s %s\n", module->what.name, module->what.version);
	} else {
		printf("%s\n", error_is_set(&err) ? err.text : strerror(-error));
	}
}

int main(int argc, char **argv)
{
	const char *directories[DIRECTORIES_MAX];
	struct loader *loader = NULL;
	size_t count = 0;

	if (argc < 3) {
		fputs("usage: try_load DIRECTORY[:DIRECTORY...] NAME...\n", stderr);
		return EXIT_FAILURE;
	}
	for (char *at = argv[1]; at != NULL && count < DIRECTORIES_MAX;) {
		directories[count++] = at;
		at = strchr(at, ':');
		if (at != NULL) {
			*at++ = '\0';
		}
	}
	if (loader_new(directories, count, &loader) != 0) {
		return EXIT_FAILURE;
	}
	for (int i = 2; i < argc; i++) {
		try_name(loader, argv[i]);
	}
	loader_free(&loader);
	return EXIT_SUCCESS;
}
