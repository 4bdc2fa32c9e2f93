/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between config_judge.c and config_judge_route.c: one judging of a bound
 * file. Findings are counted in the diag of `bind`; functions return -ENOMEM or
 * another error, which only says that something was told.
 */
#ifndef CORE_CONF_CONFIG_JUDGE_H
#define CORE_CONF_CONFIG_JUDGE_H

#include "core/conf/config_rows.h"

struct judge {
	struct config *config;
	struct bind *bind;
	const struct ew_node *root;
};

/* The value of a key, or the map itself when it is not there. */
const struct ew_node *judge_at(const struct ew_node *map, const char *key);

/* An item of a list, or the node itself when it is none. */
const struct ew_node *judge_item(const struct ew_node *node, size_t index);

/* 1 to 64 letters, digits, _ - and '.'. */
bool judge_is_name(const char *name);

/* The instance that was probably meant, or NULL. */
const char *judge_suggest(const struct judge *judge, const char *name);

int judge_routes(struct judge *judge, const struct config_root *root);
int judge_access(struct judge *judge, const struct config_root *root);

#endif
