/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What births are made of: the metrics of a device with name, alias, type,
 * properties and the value that was last delivered; for the node its control
 * metrics too. Writes payloads into the caller's memory, sends nothing.
 */
#ifndef MODULES_SPARKPLUG_BIRTH_H
#define MODULES_SPARKPLUG_BIRTH_H

#include "modules/sparkplug/model.h"
#include "modules/sparkplug/value.h"

struct birth {
	struct ew_instance *inst;       /* asked for tags and views */
	const struct value_room *room;
	bool long_uint32;               /* UInt32 in long_value */
	uint64_t now;                   /* ms: for what has no time */
	uint8_t *scratch;               /* for property sets and metadata */
	size_t scratch_size;
};

/*
 * The only metric of an NDEATH; also one of NBIRTH.
 *
 * Errors: -EMSGSIZE
 */
int birth_put_bdseq(struct sp_writer *writer, uint8_t bdseq, uint64_t now);

/* The node's own metrics. Errors: -EMSGSIZE */
int birth_put_controls(struct sp_writer *writer, uint8_t bdseq, uint64_t now);

/*
 * All metrics of a device; the members of its instance in one. Sets the time of that.
 *
 * Errors: -EMSGSIZE  the writer has no room: nothing can be said of what it holds;  -ENOMEM
 */
int birth_put_metrics(const struct birth *birth, struct sp_writer *writer,
		      struct model_device *device);

#endif
