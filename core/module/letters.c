/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dead letters are a journal of the instance that is made with the first one.
 * Without it the positions are counted as not kept, and the instance goes on.
 */
#include "core/module/letters.h"

#include <errno.h>
#include <string.h>

#include "core/base/log.h"
#include "core/module/inside.h"
#include "core/module/journal.h"

#define LETTERS_BYTES  ((uint64_t)16 << 20)

void letters_keep(struct ew_instance *inst, uint32_t route, uint64_t from, uint64_t to)
{
	static const struct ew_journal_config config = {
		.size = sizeof(config), .name = LETTERS_NAME, .bytes = LETTERS_BYTES,
	};
	int error = 0;

	if (inst->letters == NULL) {
		error = journal_open(inst, &config, &inst->letters);
	}
	if (error == 0) {
		error = endpoint_bury(instance_endpoint(inst), route, from, to,
				      journal_store(inst->letters));
	} else {
		/* they are counted as not kept */
		(void)endpoint_bury(instance_endpoint(inst), route, from, to, NULL);
	}
	if (error != 0) {
		log_limited(&inst->letters_said, LOG_LEVEL_ERROR, instance_who(inst),
			    "not all dead letters are kept: %s",
			    error == -ENOENT ? "the tags of some were removed meanwhile" :
					       strerror(-error));
	}
}
