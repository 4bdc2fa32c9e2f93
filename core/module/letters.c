/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dead letters are a journal of the instance that is made with the first one.
 * Without it the positions are counted as not kept, and the instance goes on.
 */
#include "core/module/letters.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/module/handle.h"
#include "core/module/inside.h"
#include "core/module/journal.h"

#define LETTERS_BYTES   ((uint64_t)16 << 20)
#define LETTERS_REASON  65u     /* bytes, with the NUL */

static int letters_open(struct ew_instance *inst)
{
	static const struct ew_journal_config config = {
		.size = sizeof(config), .name = LETTERS_NAME, .bytes = LETTERS_BYTES,
	};

	return inst->letters != NULL ? 0 : journal_open(inst, &config, &inst->letters);
}

static int letters_say_why(struct ew_instance *inst, const char *reason)
{
	char key[LETTERS_REASON];
	const struct store_entry entry = { .time = clock_utc(), .key = key, .bytes = "" };

	(void)snprintf(key, sizeof(key), "%s", reason == NULL ? "" : reason); /* cut is fine */
	return journal_append(inst->letters, &entry, NULL);
}

void letters_keep(struct ew_instance *inst, const struct letters_range *range, const char *reason)
{
	int error = letters_open(inst);

	if (error == 0) {
		/* without it they have the reason of those before */
		(void)letters_say_why(inst, reason);
		error = endpoint_bury(instance_endpoint(inst), range->route, range->from, range->to,
				      journal_store(inst->letters));
	} else {
		/* they are counted as not kept */
		(void)endpoint_bury(instance_endpoint(inst), range->route, range->from, range->to,
				    NULL);
	}
	if (error != 0) {
		log_limited(&inst->letters_said, LOG_LEVEL_ERROR, instance_who(inst),
			    "not all dead letters are kept: %s",
			    error == -ENOENT ? "the tags of some were removed meanwhile" :
					       strerror(-error));
	}
}

/* ---- clearing ---- */

static void letters_clear_now(void *self, void *arg)
{
	struct ew_instance *inst = arg;
	struct store_cursor cursor = { .range_count = 0 };
	struct store *store;
	int error = letters_open(inst);

	(void)self;
	if (error == 0) {
		store = journal_store(inst->letters);
		cursor.lsn = store_last(store);
		error = store_cursor_set(store, LETTERS_CLEARED, &cursor);
		error = error == 0 ? store_sync(store) : error;
	}
	if (error != 0) {
		log_msg(LOG_LEVEL_ERROR, instance_name(inst), "dead letters cannot be cleared: %s",
			strerror(-error));
	}
}

int letters_clear(struct ew_instance *inst)
{
	if (instance_state(inst) != INSTANCE_RUNNING) {
		return -ESHUTDOWN;
	}
	return handle_post(inst, "dead-letters", letters_clear_now, inst);
}
