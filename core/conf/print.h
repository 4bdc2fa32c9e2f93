/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The expanded configuration as YAML again, secrets masked: `--check --print`.
 * Main thread.
 */
#ifndef CORE_CONF_PRINT_H
#define CORE_CONF_PRINT_H

#include "core/conf/config.h"

/* The module of a name, for its table; NULL: not known. */
typedef const struct ew_module *(*print_find_fn)(void *arg, const char *name);

/*
 * Append to `out` (a fault sticks there). Options that a table calls secret
 * and, where there is no table, keys that end like one (password, secret,
 * token, passphrase, psk) are printed as ***. find: NULL when no module is
 * known.
 */
void print_config(const struct config *config, print_find_fn find, void *arg, struct buf *out);

#endif
