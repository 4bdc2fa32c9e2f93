/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a birth says of a metric, as the bus declares a tag: datatype, and from
 * its properties unit, range, access, description; the others stay free
 * properties. Pure.
 */
#ifndef MODULES_SPARKPLUG_HOST_SPEC_H
#define MODULES_SPARKPLUG_HOST_SPEC_H

#include <edgeway/tag.h>

#include "proto/sparkplug/message.h"

#define SPEC_PROPERTIES_MAX  16u        /* free ones that are kept */
#define SPEC_TEXT_MAX        4096u      /* bytes of all texts of a metric */
#define SPEC_BYTES_MIN       1024u      /* a text or bytes may at least be so long */

/* What the spec points to. */
struct spec_room {
	struct ew_property properties[SPEC_PROPERTIES_MAX];
	char text[SPEC_TEXT_MAX];
	size_t used;
};

/* The bus's datatype of one of Sparkplug; 0: there is none. */
unsigned spec_type(unsigned sp_type);

/* name is the metric's, terminated. max_bytes: the most that a value may take. */
void spec_fill(struct ew_tag_spec *spec, const struct sp_metric *birth, const char *name,
	       uint32_t max_bytes, struct spec_room *room);

/*
 * What a device's only instance says of it: type, version, and its parameters as
 * properties. The definition is an encoded Template with the name.
 */
void spec_fill_device(struct ew_device_spec *spec, const struct sp_metric *instance,
		      const char *name, struct sp_bytes definition, struct spec_room *room);

/* What the property Quality of a metric says, as the bus says it. */
uint16_t spec_quality(const struct sp_metric *metric);

#endif
