/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log on a disk in memory, stepped by hand, for the tests of core/store. What is
 * appended has a value made from its number, so that what is read back proves
 * itself.
 */
#ifndef TESTS_UNIT_STORE_WORLD_H
#define TESTS_UNIT_STORE_WORLD_H

#include "core/store/store.h"
#include "tests/lib/disk.h"

#define WORLD_TAGS  8u

struct world {
	struct disk *disk;
	struct store *store;
	struct store_owner *owner;
	struct store_config config;
	uint64_t told;          /* by the listener */
	unsigned rooms;         /* how often it was told of room */
	uint64_t number;        /* of the last batch */
};

/* A log of 1 MiB; change config and call world_open() again for others. */
void world_init(struct world *world);
void world_fini(struct world *world);

void world_open(struct world *world);

/* As a process that dies: the disk stays dead while the log is closed, then is cut. */
void world_crash(struct world *world, enum disk_cut cut, uint64_t seed);

/* The next batch: `count` samples, tags in turn. What store_append_samples() says. */
int world_append(struct world *world, uint32_t count, uint64_t *lsn_out);

/* As much until the log has written `bytes` more. */
void world_fill(struct world *world, uint64_t bytes);

/* Say that a file was written in another format, with a good checksum. */
void world_set_format(struct world *world, const char *name, uint32_t format);

/* What a broken disk makes the log say is not to be read here. */
void world_be_quiet(void);

/* Is this what world_append() made? */
bool world_is_right(const struct store_item *item);

/* What a reader came across. */
struct world_seen {
	uint64_t records;
	uint64_t samples;
	uint64_t first, last;                   /* lsn */
	uint64_t whole_to;                      /* no number is missing from first to here */
	uint64_t lost[STORE_LOSS_COUNT];        /* samples, in gaps */
	uint64_t gaps;
};

/* Read all after `after`; checks order and content. */
struct world_seen world_read(struct world *world, uint64_t after, const char *cursor);

#endif
