/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Callbacks that do not return. One that hangs holds up its own loop only; it
 * is named once it took longer than `hang_after`, again whenever the time has
 * doubled, and when it is over.
 */
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/daemon/run.h"

static void hang_look_at(struct daemon *daemon, struct member *member)
{
	char callback[64], span[32];
	ew_dur unit;
	ew_dur since = instance_running(member->inst, callback, sizeof(callback));
	ew_dur length = callback[0] != '\0' ? clock_mono() - since : 0;

	if (length < daemon->config->limits.hang_after) {
		if (member->hang_told > 0) {
			log_msg(LOG_LEVEL_NOTICE, instance_who(member->inst), "runs again");
		}
		member->hang_told = 0;
		return;
	}
	if (length < 2 * member->hang_told) {
		return;
	}
	member->hang_told = length;
	unit = length >= EW_SECOND ? EW_SECOND : EW_MILLISECOND; /* for people */
	text_format_duration(length / unit * unit, span, sizeof(span));
	log_msg(LOG_LEVEL_WARNING, instance_who(member->inst), "%s running for %s", callback, span);
}

void hang_look(struct daemon *daemon)
{
	struct list *node;

	list_for_each (node, &daemon->members) {
		struct member *member = list_entry(node, struct member, node);

		if (member->inst != NULL) {
			hang_look_at(daemon, member);
		}
	}
}
