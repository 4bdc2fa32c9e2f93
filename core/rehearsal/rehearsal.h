/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rehearsals: an instance of a configuration runs over recorded samples, in
 * virtual time and without a daemon, and what it would have done is told. It
 * is the module itself that runs, on the real bus. Main thread.
 */
#ifndef CORE_REHEARSAL_REHEARSAL_H
#define CORE_REHEARSAL_REHEARSAL_H

#include <stdbool.h>

#include "core/module/loader.h"

struct rehearsal_plan {
	struct loader *loader;
	const char *config;     /* path of the YAML */
	const char *data;       /* path of the record */
	const char *instance;   /* name of it, or of its module; NULL: the only one there is */
	bool json;
	bool all;
};

/*
 * Run it, tell it on the standard output, faults on the standard error.
 * -EINVAL: the configuration or the record is wrong; else -errno.
 */
int rehearsal_run(const struct rehearsal_plan *plan);

#endif
