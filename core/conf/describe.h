/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Option tables as something to read: reference text (`--describe`), the man
 * page's rows, a JSON Schema for editors. Made of the same rows that parse.
 * All append to `out`, where a fault sticks. Any thread.
 */
#ifndef CORE_CONF_DESCRIBE_H
#define CORE_CONF_DESCRIBE_H

#include <edgeway/module.h>

#include "core/base/buf.h"
#include "core/conf/table.h"

/* The daemon's keys, one after the other: path, type, bounds, help. */
void describe_daemon(struct buf *out);

/* A module: summary, options, device and tag options, metrics. */
void describe_module(const struct ew_module *module, struct buf *out);

/* The same as rows of a man page (.TP), `man` macros. */
void describe_daemon_man(struct buf *out);
void describe_module_man(const struct ew_module *module, struct buf *out);

/* JSON Schema (2020-12) of the whole file, with the options of these modules. */
void describe_schema(const struct ew_module *const *modules, size_t count, struct buf *out);

#endif
