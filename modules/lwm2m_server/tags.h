/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of clients as tags of the bus. A client is a device ENDPOINT; a device
 * behind it is ENDPOINT/NAME, with the name that object 25 says. A tag is
 * declared when its first value comes, and is named as the definitions name its
 * path: `Temperature/0/Sensor Value`. Runs on the instance's loop.
 */
#ifndef MODULES_LWM2M_SERVER_TAGS_H
#define MODULES_LWM2M_SERVER_TAGS_H

#include <edgeway/bus.h>

#include "modules/lwm2m_server/catalog.h"
#include "modules/lwm2m_server/server.h"

#define TAGS_BATCH     256u     /* samples published at once */
#define TAGS_TEXT_MAX  4096u    /* bytes of a text value */

struct tags_entry;

struct tags {
	struct ew_instance *inst;
	const struct catalog *catalog;
	struct tags_entry *slots;       /* by device and path */
	size_t slot_count;
	size_t count;
	char *scratch;                  /* of the decoder, then of conversions */
	size_t scratch_size;            /* of each */
	struct ew_sample samples[TAGS_BATCH];
	size_t sample_count;
	uint64_t published;
	uint64_t skipped;               /* without a tag: not a value, too long, over a limit */
};

/* -ENOMEM. */
int tags_init(struct tags *tags, struct ew_instance *inst, const struct catalog *catalog,
	      size_t message_max);
void tags_fini(struct tags *tags);

/* The client is there, or gone with a reason. */
void tags_set_state(struct tags *tags, struct peer *peer, const char *reason);

/*
 * Publish records, and learn what object 25 says. each(arg, record, head) is
 * called with the typed value of every record; head is its text_record_head(),
 * empty when it is not kept. each NULL: nobody is called.
 */
typedef void (*tags_fn)(void *arg, const struct lwm2m_record *record, struct lwm2m_text head);
void tags_take(struct tags *tags, struct peer *peer, const struct server_records *records,
	       tags_fn each, void *arg);

/* What a Discover has shown: what can be executed there has a tag, without values. */
void tags_discovered(struct tags *tags, struct peer *peer, struct lwm2m_text links);

/* Each path of which a client's devices have a tag: each(arg, prefix, depth, ids). */
typedef void (*tags_path_fn)(void *arg, const char *prefix, unsigned depth, const uint16_t *ids);
void tags_each(const struct tags *tags, const struct peer *peer, tags_path_fn each, void *arg);

#endif
