/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `dead-letters` of the control socket: what the far ends of instances refused for
 * good, as their folders have it, a row a letter, a row a reason, or one letter
 * whole. Folders are looked at without a lock, while instances write to them.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/ctl/listing.h"
#include "core/daemon/run.h"
#include "core/module/letters.h"
#include "core/store/dump.h"

#define REASON_SIZE  65u
#define GROUPS_MAX   64u        /* routes times reasons of an instance; more are one */

struct group {
	char route[128];
	char reason[REASON_SIZE];
	uint64_t letters, samples, events;
	ew_time first, last;
};

/* One walk over one folder. */
struct letters {
	struct listing *listing;
	const char *instance;
	uint64_t wanted;                /* the number of one; 0: all */
	char reason[REASON_SIZE];       /* of the letters that follow */
	ew_time refused;
	struct buf line;
	bool is_counting;
	size_t group_count;
	struct group groups[GROUPS_MAX];
};

static uint64_t letter_samples(const struct store_item *item)
{
	return item->kind == STORE_SAMPLES ? item->samples.count : 0;
}

static const char *letter_device(const struct store_item *item)
{
	return item->kind == STORE_EVENT ? item->event.device
					 : item->samples.known[item->samples.at[0].tag].tag.device;
}

/* ---- a row a letter ---- */

static int letters_add_row(const struct letters *letters, const struct store_item *item)
{
	struct buf *row = listing_row(letters->listing);

	if (row == NULL) {
		return letters->listing->is_full;
	}
	json_add_text(row, "instance", letters->instance);
	json_add_uint(row, "number", item->lsn);
	json_add_time(row, "refused", letters->refused);
	json_add_text(row, "reason", letters->reason);
	json_add_text(row, "route", item->owner);
	json_add_text(row, "device", letter_device(item));
	json_add_uint(row, "samples", letter_samples(item));
	json_add_uint(row, "events", item->kind == STORE_EVENT);
	listing_row_end(letters->listing);
	return 0;
}

/* ---- a row a reason ---- */

static void letters_count(struct letters *letters, const struct store_item *item)
{
	struct group *group = &letters->groups[0];
	size_t i = 0;

	while (i < letters->group_count && (strcmp(letters->groups[i].route, item->owner) != 0 ||
					    strcmp(letters->groups[i].reason,
						   letters->reason) != 0)) {
		i++;
	}
	if (i == GROUPS_MAX) {
		i--;
	}
	group = &letters->groups[i];
	if (i == letters->group_count) {
		letters->group_count++;
		*group = (struct group){ .first = letters->refused };
		(void)snprintf(group->route, sizeof(group->route), "%s", item->owner);
		(void)snprintf(group->reason, sizeof(group->reason), "%s", letters->reason);
	}
	group->letters++;
	group->samples += letter_samples(item);
	group->events += item->kind == STORE_EVENT;
	group->last = letters->refused;
}

static int letters_add_groups(const struct letters *letters)
{
	for (size_t i = 0; i < letters->group_count; i++) {
		const struct group *group = &letters->groups[i];
		struct buf *row = listing_row(letters->listing);

		if (row == NULL && letters->listing->is_full) {
			return 1;
		}
		if (row == NULL) {
			continue;
		}
		json_add_text(row, "instance", letters->instance);
		json_add_text(row, "route", group->route);
		json_add_text(row, "reason", group->reason);
		json_add_uint(row, "letters", group->letters);
		json_add_uint(row, "samples", group->samples);
		json_add_uint(row, "events", group->events);
		json_add_time(row, "first", group->first);
		json_add_time(row, "last", group->last);
		listing_row_end(letters->listing);
	}
	return 0;
}

/* ---- walking ---- */

static int letters_on_line(void *arg, const char *line)
{
	return listing_line(arg, line);
}

static int letters_on_item(void *arg, const struct store_item *item)
{
	struct letters *letters = arg;

	if (item->kind == STORE_ENTRY) {
		letters->refused = item->entry.time;
		(void)snprintf(letters->reason, sizeof(letters->reason), "%s",
			       item->entry.key == NULL ? "" : item->entry.key);
		return 0;
	}
	if (item->kind == STORE_GAP) {
		return 0;
	}
	if (letters->wanted != 0) {
		return letters->wanted != item->lsn ? 0 :
		       store_dump_item(item, &letters->line, letters_on_line, letters->listing);
	}
	if (letters->is_counting) {
		letters_count(letters, item);
		return 0;
	}
	return letters_add_row(letters, item);
}

/* Not 0: the listing is full. A folder that is not there has no letters. */
static int letters_walk_one(struct letters *letters, const struct daemon *daemon)
{
	struct ew_error err;
	char path[PATH_MAX];
	struct look look;
	int ret;

	if (snprintf(path, sizeof(path), "%s/instances/%s/" LETTERS_NAME, daemon->state_dir,
		     letters->instance) >= (int)sizeof(path) || access(path, F_OK) != 0) {
		return 0;
	}
	error_clear(&err);
	ret = look_open(path, &look, &err);
	if (ret == 0) {
		ret = look_all(&look, LETTERS_CLEARED, letters_on_item, letters);
		look_close(&look);
	}
	if (ret < 0) {
		log_msg(LOG_LEVEL_WARNING, letters->instance, "dead letters: %s",
			error_is_set(&err) ? err.text : strerror(-ret));
		return 0;
	}
	return ret != 0 ? ret : letters_add_groups(letters);
}

static int letters_walk(struct listing *listing, void *arg)
{
	const struct json_object *fields = ctl_fields(listing->request);
	const char *wanted = json_text(fields, "instance");
	const struct daemon *daemon = arg;
	struct letters *letters = calloc(1, sizeof(*letters));
	int64_t number = 0;
	struct list *node;
	int ret = 0;

	if (letters == NULL) {
		return 0;
	}
	if (json_int(fields, "number", &number) != 0) {
		number = 0;
	}
	letters->listing = listing;
	letters->wanted = (uint64_t)number;
	letters->is_counting = json_is_true(fields, "count");
	buf_init(&letters->line, STORE_LINE_MAX);
	list_for_each (node, &daemon->members) {
		const struct member *member = list_entry(node, struct member, node);

		letters->instance = member->name;
		letters->group_count = 0;
		letters->reason[0] = '\0';
		letters->refused = 0;
		if (ret == 0 && (wanted == NULL || strcmp(wanted, member->name) == 0)) {
			ret = letters_walk_one(letters, daemon);
		}
	}
	buf_fini(&letters->line);
	free(letters);
	return ret;
}

/* ---- the command ---- */

static void letters_clear_of(struct ctl_request *request, struct daemon *daemon,
			     const struct member *member)
{
	struct audit_record record = {
		.time = clock_utc(), .origin = "edgewayctl", .remote = ctl_who(request),
		.what = "dead-letters", .target = member->name, .items = 1, .text = "cleared",
	};
	int error = member->inst == NULL ? -ESHUTDOWN : letters_clear(member->inst);

	record.result = error == 0 ? "done" : "refused";
	audit_write(daemon->audit, &record);
	if (error == 0) {
		ctl_end(request);
	} else {
		ctl_fail(request, error, "instance '%s' %s", member->name,
			 error == -ESHUTDOWN ? "does not run" : strerror(-error));
	}
}

void control_letters(struct ctl_request *request, void *arg)
{
	struct daemon *daemon = arg;
	const struct json_object *fields = ctl_fields(request);
	const char *name = json_text(fields, "instance");
	const struct member *member = name == NULL ? NULL : supervisor_find(daemon, name);

	if (name != NULL && member == NULL) {
		ctl_fail(request, -ENOENT, "no instance '%s'", name);
	} else if (!json_is_true(fields, "clear")) {
		listing_run(request, letters_walk, daemon);
	} else if (member == NULL) {
		ctl_fail(request, -EINVAL, "name the instance whose dead letters go");
	} else {
		letters_clear_of(request, daemon, member);
	}
}
