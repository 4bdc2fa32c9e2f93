/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What edgewayd does without running: check, print, describe, schema. Each
 * returns the status of the process. Main thread.
 */
#ifndef CORE_DAEMON_LOOK_H
#define CORE_DAEMON_LOOK_H

#include "core/daemon/run.h"
#include "core/rehearsal/rehearsal.h"

/* What only modules can say of `routes:`. -EINVAL: told. */
int look_at_routes(struct loader *loader, const struct config *config, struct diag *diag);

/* All that is wrong to stderr; print: what is understood to stdout. */
int look_check(const struct daemon_options *options, bool print);

/* The keys of the daemon, or of a module, to stdout. module NULL: the daemon.
 * man: as a part of a manual page. */
int look_describe(const struct daemon_options *options, const char *module, bool man);

int look_schema(const struct daemon_options *options);

/* --rehearse: loader and config of the plan are filled in. */
int look_rehearse(const struct daemon_options *options, struct rehearsal_plan *plan);

/* --dump-store: what the log in this folder holds; --count-store: by tag. It may be in use. */
int look_store(const char *path);
int look_count(const char *path);

#endif
