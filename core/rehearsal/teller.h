/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells what an instance did in a rehearsal, to people or as a JSON object a
 * line: each deed with the time, and why, which is what the instance itself
 * answers when it is asked about the deed's subject at that moment.
 *
 * People see writes that differ from the one before, what was refused, what
 * core wrote to be safe, events, and values of the instance's own tags that
 * are yes or no and of which it can say why. The rest is counted: renewals,
 * heartbeats, and each number of a derived value.
 */
#ifndef CORE_REHEARSAL_TELLER_H
#define CORE_REHEARSAL_TELLER_H

#include <stdio.h>

#include "core/rehearsal/stage.h"

struct teller;

struct teller_config {
	FILE *out;
	bool json;
	bool all;               /* show what is counted otherwise */
	const char *instance;   /* borrowed */
};

int teller_new(struct stage *stage, const struct teller_config *config,
	       struct teller **teller_out) EW_CHECKED;
void teller_free(struct teller **teller);

/* Tell the stage's deeds. */
void teller_tell(struct teller *teller);

/* What it was in all. */
void teller_end(struct teller *teller);

#endif
