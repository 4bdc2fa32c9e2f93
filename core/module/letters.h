/* SPDX-License-Identifier: Apache-2.0 */
/* Where an instance keeps what its far end refused for good. */
#ifndef CORE_MODULE_LETTERS_H
#define CORE_MODULE_LETTERS_H

#include "core/module/instance.h"

/* Of the journal: a folder in the instance's state directory. */
#define LETTERS_NAME  "dead-letters"

/*
 * Keep the open positions of a range, before they are answered: 16 MiB of them at
 * most, then the oldest go. Each failure is logged, and counted at the route.
 * Instance's loop.
 */
void letters_keep(struct ew_instance *inst, uint32_t route, uint64_t from, uint64_t to);

#endif
