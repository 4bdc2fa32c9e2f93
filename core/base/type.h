/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of datatypes, back and forth. The other direction is public:
 * ew_type_name(), ew_type_carrier(). Pure; any thread.
 */
#ifndef CORE_BASE_TYPE_H
#define CORE_BASE_TYPE_H

#include <edgeway/tag.h>

/* "u16", "array of f32". -EINVAL: no such datatype. */
int type_parse(const char *name, unsigned *type_out) EW_CHECKED;

/* All words but those of arrays, ended by NULL. */
extern const char *const type_names[];

#endif
