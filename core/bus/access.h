/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may write what: the rows of `access:`. A set is immutable but for the
 * clocks of its rate limits, counted by reference, and replaced as a whole;
 * requests on their way are judged by the set that they meet. Any thread.
 */
#ifndef CORE_BUS_ACCESS_H
#define CORE_BUS_ACCESS_H

#include "core/bus/bus.h"
#include "core/bus/settable.h"

struct access;
struct access_entry;

struct access_query {
	const char *who;                /* an instance, or `token:NAME` */
	enum ew_write_op op;            /* EW_WRITE_SET or EW_WRITE_EXECUTE */
	unsigned priority;
	const char *device, *tag;
	const struct ew_sample *value;  /* as the bus shows it; EW_NONE: none */
};

/* The set in force, with a reference; NULL: none, nobody may write. */
struct access *access_get(struct bus *bus);

/*
 * The row that allows it. NULL with reason: -EACCES nothing allows it,
 * -ERANGE the value is outside of what the row allows. access may be NULL.
 */
struct access_entry *access_judge(struct access *access, const struct access_query *query,
				  struct reason *reason);

/* Count one request against the row's rate. False: it is over. */
bool access_charge(struct access_entry *entry, ew_dur now);

#endif
