/* SPDX-License-Identifier: Apache-2.0 */
/* Shows the judge what a module under test does at the test's broker. */
#ifndef TESTS_CONFORMANCE_LOOK_H
#define TESTS_CONFORMANCE_LOOK_H

#include <edgeway/test_uplink.h>

#include "tests/conformance/judge.h"

struct look {
	struct judge *judge;
	const char *const *filters;     /* the judge is told of these if they are subscribed to */
	size_t filter_count;
	size_t seen;                    /* messages that the judge has seen */
	bool was_cut;                   /* the connection ended without the module's doing */
	bool is_over;                   /* what the uplink does without the module does not count */
};

/* All that has happened since. */
void look_at(struct look *look, struct ew_test *world);

/*
 * Write the ledger to tests/conformance/NAME.checked, or where EW_CONFORMANCE_LOG
 * says. -EPROTO: something was broken, it is printed; -EIO.
 */
int look_report(const struct ledger *ledger, const char *name);

#endif
