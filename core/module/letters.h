/* SPDX-License-Identifier: Apache-2.0 */
/* Where an instance keeps what its far end refused for good. */
#ifndef CORE_MODULE_LETTERS_H
#define CORE_MODULE_LETTERS_H

#include "core/module/instance.h"

/* Of the journal: a folder in the instance's state directory. */
#define LETTERS_NAME  "dead-letters"

/* A cursor of it: what is not to be shown any more. */
#define LETTERS_CLEARED  "cleared"

struct letters_range {
	uint32_t route;
	uint64_t from, to;              /* positions, both included */
};

/*
 * Keep the open positions of a range, before they are answered: 16 MiB of them at
 * most, then the oldest go. An entry comes before them: its key is the reason, its time
 * that of the refusal. Each failure is logged, and counted at the route.
 * Instance's loop.
 */
void letters_keep(struct ew_instance *inst, const struct letters_range *range,
		  const char *reason);

/* Forget all that is kept, soon. Main thread. -ESHUTDOWN: it does not run;  -ENOMEM */
int letters_clear(struct ew_instance *inst);

#endif
