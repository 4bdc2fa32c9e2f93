/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of `access:`, copied. A rate is kept as the time when the next request
 * would be on time (one atomic word a row): a request may come early by as
 * much as a second's worth of them takes.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/bus/access.h"
#include "core/bus/inside.h"
#include "core/bus/pattern.h"

#define SECOND  INT64_C(1000000000)
#define ACCESS_RULES_MAX  4096u

struct access_entry {
	char *who;
	char **write;
	size_t write_count;
	bool execute, no_set;
	double low, high;               /* NaN: no limit */
	unsigned priority_max;
	int64_t interval;               /* ns between requests; 0: no limit */
	_Atomic int64_t next;           /* monotonic: when one is on time */
};

struct access {
	atomic_uint refs;
	size_t count;
	struct access_entry entries[];
};

static void entry_fini(struct access_entry *entry)
{
	for (size_t i = 0; i < entry->write_count; i++) {
		free(entry->write[i]);
	}
	free(entry->write);
	free(entry->who);
}

static void access_free(struct access **access)
{
	for (size_t i = 0; i < (*access)->count; i++) {
		entry_fini(&(*access)->entries[i]);
	}
	free(*access);
	*access = NULL;
}

void access_unref(struct access **access)
{
	struct access *taken = *access;

	*access = NULL;
	if (taken != NULL &&
	    atomic_fetch_sub_explicit(&taken->refs, 1, memory_order_acq_rel) == 1) {
		access_free(&taken);
	}
}

struct access *access_get(struct bus *bus)
{
	struct access *access;

	(void)pthread_mutex_lock(&bus->access_lock);
	access = bus->access;
	if (access != NULL) {
		atomic_fetch_add_explicit(&access->refs, 1, memory_order_relaxed);
	}
	(void)pthread_mutex_unlock(&bus->access_lock);
	return access;
}

static bool is_token(const char *who)
{
	return strncmp(who, "token:", 6) == 0;
}

static int entry_copy(struct access_entry *entry, const struct access_rule *rule)
{
	entry->who = strdup(rule->who);
	entry->write = calloc(rule->write_count + 1, sizeof(*entry->write));
	if (entry->who == NULL || entry->write == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < rule->write_count; i++) {
		entry->write[i] = strdup(rule->write[i]);
		if (entry->write[i] == NULL) {
			return -ENOMEM;
		}
		entry->write_count++;
	}
	entry->execute = rule->execute;
	entry->no_set = rule->no_set;
	entry->low = rule->low;
	entry->high = rule->high;
	entry->priority_max = rule->priority_max;
	if (entry->priority_max == 0) {
		entry->priority_max = is_token(rule->who) ? EW_PRIORITY_OPERATOR : EW_PRIORITY_RULE;
	}
	entry->interval = rule->rate == 0 ? 0 : (int64_t)((double)SECOND / rule->rate);
	atomic_init(&entry->next, INT64_MIN);
	return 0;
}

static int rule_check(const struct access_rule *rule, struct ew_error *err)
{
	if (rule->who == NULL || rule->who[0] == '\0') {
		return ew_fail(err, "a row of 'access' names nobody");
	}
	for (size_t i = 0; i < rule->write_count; i++) {
		const char *fault = pattern_fault(rule->write[i]);

		if (fault != NULL) {
			return ew_fail(err, "access of '%s': '%s': %s", rule->who, rule->write[i],
				       fault);
		}
	}
	if (rule->priority_max >= EW_PRIORITY_FAIL_SAFE) {
		return ew_fail(err, "access of '%s': priority %u is core's own", rule->who,
			       rule->priority_max);
	}
	if (rule->low > rule->high) {
		return ew_fail(err, "access of '%s': the range %g to %g is empty", rule->who,
			       rule->low, rule->high);
	}
	if (rule->rate != 0 && !(rule->rate >= 1e-6 && rule->rate <= 1e9)) {
		return ew_fail(err, "access of '%s': a rate of %g writes a second is impossible",
			       rule->who, rule->rate);
	}
	return 0;
}

int bus_set_access(struct bus *bus, const struct access_rule *rules, size_t count,
		   struct ew_error *err)
{
	struct access *access, *old;
	int error = 0;

	if (count > ACCESS_RULES_MAX) {
		return ew_fail(err, "'access' has more than %u rows", ACCESS_RULES_MAX);
	}
	for (size_t i = 0; i < count && error == 0; i++) {
		error = rule_check(&rules[i], err);
	}
	if (error != 0) {
		return error;
	}
	access = calloc(1, sizeof(*access) + count * sizeof(access->entries[0]));
	if (access == NULL) {
		return -ENOMEM;
	}
	atomic_init(&access->refs, 1);
	for (size_t i = 0; i < count && error == 0; i++) {
		access->count++;
		error = entry_copy(&access->entries[i], &rules[i]);
	}
	if (error != 0) {
		access_free(&access);
		return error;
	}
	(void)pthread_mutex_lock(&bus->access_lock);
	old = bus->access;
	bus->access = access;
	(void)pthread_mutex_unlock(&bus->access_lock);
	access_unref(&old);
	return 0;
}

static bool entry_names(const struct access_entry *entry, const struct access_query *query)
{
	if (strcmp(entry->who, query->who) != 0) {
		return false;
	}
	for (size_t i = 0; i < entry->write_count; i++) {
		if (pattern_match_tag(entry->write[i], query->device, query->tag)) {
			return true;
		}
	}
	return false;
}

/* Whether a row that names the tag allows the rest, too. */
static int entry_judge(const struct access_entry *entry, const struct access_query *query,
		       struct reason *reason)
{
	double number;

	if (query->op == EW_WRITE_EXECUTE && !entry->execute) {
		return reason_give(reason, -EACCES, "%s may write but not execute it", query->who);
	}
	if (query->op == EW_WRITE_SET && entry->no_set) {
		return reason_give(reason, -EACCES, "%s may execute but not write it", query->who);
	}
	if (query->priority > entry->priority_max) {
		return reason_give(reason, -EACCES, "%s may not use a priority above %u",
				   query->who, entry->priority_max);
	}
	if (settable_number(query->value, &number) &&
	    (number < entry->low || number > entry->high)) {
		return reason_give(reason, -ERANGE, "%s may not set %.15g", query->who, number);
	}
	return 0;
}

struct access_entry *access_judge(struct access *access, const struct access_query *query,
				  struct reason *reason)
{
	size_t count = access == NULL ? 0 : access->count;

	(void)reason_give(reason, -EACCES, "no row of 'access' lets %s write it", query->who);
	for (size_t i = 0; i < count; i++) {
		struct access_entry *entry = &access->entries[i];

		if (entry_names(entry, query) && entry_judge(entry, query, reason) == 0) {
			return entry;
		}
	}
	return NULL;
}

bool access_charge(struct access_entry *entry, ew_dur now)
{
	int64_t early = entry->interval < SECOND ? SECOND - entry->interval : 0;
	int64_t next = atomic_load_explicit(&entry->next, memory_order_relaxed);
	int64_t at;

	if (entry->interval == 0) {
		return true;
	}
	do {
		at = next > now ? next : now;
		if (at - now > early) {
			return false;
		}
	} while (!atomic_compare_exchange_weak_explicit(&entry->next, &next, at + entry->interval,
							memory_order_relaxed,
							memory_order_relaxed));
	return true;
}
