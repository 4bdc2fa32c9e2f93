/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Callbacks that do not return. One that hangs holds up its own loop only; it
 * is named once it took longer than `hang_after`, again whenever the time has
 * doubled, and when it is over.
 *
 * A look tells when the next is due: when one that runs now will have taken too
 * long, or when one that begins right after the look will have. So each is named
 * on time, and nobody looks more often than once in `hang_after`, or a second,
 * without need.
 */
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/daemon/run.h"

static void hang_say(const struct member *member, const char *callback, ew_dur length)
{
	ew_dur unit = length >= EW_SECOND ? EW_SECOND : EW_MILLISECOND; /* for people */
	char span[32];

	text_format_duration(length / unit * unit, span, sizeof(span));
	log_msg(LOG_LEVEL_WARNING, instance_who(member->inst), "%s running for %s", callback, span);
}

/* When to look at it again; INT64_MAX: nothing runs. */
static ew_dur hang_look_at(struct member *member, ew_dur after, ew_dur now)
{
	char callback[64];
	ew_dur since = instance_running(member->inst, callback, sizeof(callback));
	ew_dur length = callback[0] != '\0' ? now - since : 0;

	if (length < after && member->hang_told > 0) {
		log_msg(LOG_LEVEL_NOTICE, instance_who(member->inst), "runs again");
		member->hang_told = 0;
	}
	if (length >= after && length >= 2 * member->hang_told) {
		hang_say(member, callback, length);
		member->hang_told = length;
	}
	if (callback[0] == '\0') {
		return INT64_MAX;
	}
	return since + (member->hang_told > 0 ? 2 * member->hang_told : after);
}

void hang_look(struct daemon *daemon)
{
	ew_dur after = daemon->config->limits.hang_after;
	ew_dur now = clock_mono();
	ew_dur next = now + after;
	struct list *node;

	list_for_each (node, &daemon->members) {
		struct member *member = list_entry(node, struct member, node);
		ew_dur due;

		if (member->inst != NULL) {
			due = hang_look_at(member, after, now);
			next = due < next ? due : next;
		}
	}
	/* the tick looks too */
	if (next < daemon->tick.node.key) {
		timer_set(&daemon->hang_timer, next - now, 0);
	}
}

void hang_on_timer(struct loop_timer *timer)
{
	hang_look(container_of(timer, struct daemon, hang_timer));
}
