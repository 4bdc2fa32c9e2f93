/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON that a caller sends: which clients, which paths, which values.
 *
 *	{"device": "gw1", "path": "/3308/0/5900", "value": 21.5}
 *	{"devices": ["gw1", "gw2"], "values": {"/d0/3308/0/5900": 20}, "queue": 3600}
 *
 * Pure but for the memory; everything is checked before anything is done.
 */
#ifndef MODULES_LWM2M_SERVER_BODY_H
#define MODULES_LWM2M_SERVER_BODY_H

#include <edgeway/base.h>

#include "modules/lwm2m_server/catalog.h"
#include "proto/lwm2m/format.h"
#include "proto/lwm2m/message.h"

#define BODY_MAX        (1u << 20)      /* bytes */
#define BODY_ITEMS_MAX  256u            /* paths */
#define BODY_SECONDS_MAX  31536000      /* of a duration: a year */

struct body_item {
	struct lwm2m_path path;
	const char *words;              /* the path as it was given */
	struct lwm2m_value value;       /* LWM2M_NONE: without */
	char prefix[LWM2M_PREFIX_MAX + 1];      /* of a record of a pack */
};

struct body {
	const char **devices;
	size_t device_count, device_room;
	struct body_item items[BODY_ITEMS_MAX];
	size_t item_count;
	const char *argument;           /* of an Execute; NULL: none */
	bool is_partial;                /* "mode": "partial" */
	bool has_values;
	ew_dur timeout;                 /* 0: as configured */
	ew_dur queue;                   /* 0: not queued */
	uint64_t observation;           /* token; 0: not given */
	bool has_firmware;              /* one of the next four was given */
	const char *uri;                /* NULL: none */
	struct lwm2m_text package;      /* size 0: none */
	bool downloads_only;            /* "install": false */
	ew_dur within;                  /* 0: not given */
	struct lwm2m_message attributes;
	char *memory;                   /* where all texts are */
	size_t used;
};

/*
 * -EPROTO, with one sentence in *why_out (a constant); -ENOMEM. body_free() in
 * each case.
 */
int body_parse(struct body *body, const struct catalog *catalog, const char *json, size_t size,
	       const char **why_out);

/* The same of a SenML pack (RFC 8428), which says values and no devices. */
int body_parse_pack(struct body *body, const struct catalog *catalog, const char *json, size_t size,
		    const char **why_out);

/* One more device, borrowed. -EPROTO: not the name of an endpoint; -ENOMEM. */
int body_add_device(struct body *body, const char *endpoint);

void body_free(struct body *body);

#endif
