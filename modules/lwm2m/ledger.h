/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Positions of routes whose samples several endpoints carry: settled when all of
 * them have. A position of which a part could not be taken is delivered again, and
 * then only to those that have not had it. No I/O; runs on the instance's loop.
 */
#ifndef MODULES_LWM2M_LEDGER_H
#define MODULES_LWM2M_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEDGER_PARTS_MAX  100u

struct ledger_entry {
	uint32_t route;
	uint64_t position;
	uint32_t open;                  /* parts that were taken and are not settled */
	bool is_refused;                /* one of them */
	bool is_short;                  /* a part was not taken */
	uint64_t taken[(LEDGER_PARTS_MAX + 63) / 64];
};

struct ledger {
	struct ledger_entry *at;        /* oldest first */
	size_t count;
	size_t room;
};

void ledger_free(struct ledger *ledger);

/* The entry of a position, made when it is new, for a delivery of it. NULL: no memory. */
struct ledger_entry *ledger_open(struct ledger *ledger, uint32_t route, uint64_t position);

/* NULL: it is not in it. */
struct ledger_entry *ledger_find(const struct ledger *ledger, uint32_t route, uint64_t position);

bool ledger_has_taken(const struct ledger_entry *entry, size_t part);
void ledger_take(struct ledger_entry *entry, size_t part);

/* Its fate was told. */
void ledger_close(struct ledger *ledger, struct ledger_entry *entry);

#endif
