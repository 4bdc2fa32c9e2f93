/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An index from names to numbers; names are borrowed. Open addressing, sized
 * once. Pure; any thread.
 */
#ifndef MODULES_RULES_NAMES_H
#define MODULES_RULES_NAMES_H

#include <stddef.h>
#include <stdint.h>

#define NAMES_NONE  UINT32_MAX

struct names {
	struct names_slot *slots;
	size_t mask;            /* of a power of two */
};

/* Room for `count` names. -ENOMEM. */
int names_init(struct names *names, size_t count);
void names_fini(struct names *names);

/* -EEXIST: the name is there already; its number is in *other_out. */
int names_add(struct names *names, const char *name, uint32_t number, uint32_t *other_out);

/* NAMES_NONE: not there. */
uint32_t names_find(const struct names *names, const char *name, size_t size);

#endif
