/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which object stands for a tag: by unit and type, without configuration. Pure
 * functions, any thread.
 */
#ifndef MODULES_LWM2M_IPSO_H
#define MODULES_LWM2M_IPSO_H

#include <edgeway/tag.h>

#include "proto/lwm2m/format.h"
#include "proto/lwm2m/object.h"

#define IPSO_UNIT         5701
#define IPSO_APPLICATION  5750

struct ipso_place {
	uint16_t object;
	uint16_t resource;      /* that carries the value */
	uint8_t type;           /* enum lwm2m_type of it; LWM2M_NONE: executable */
	bool is_writable;
	bool is_executable;
};

/* False: no object fits (text, arrays, bytes, and the like). */
bool ipso_place_of(const struct ew_tag_spec *spec, struct ipso_place *place_out);

/* The place of a tag in a resource that was chosen. False: it cannot carry it. */
bool ipso_place_as(const struct ew_tag_spec *spec, uint16_t object,
		   const struct lwm2m_resource *resource, struct ipso_place *place_out);

/* The SenML name of a unit; the unit itself where there is none. "" for NULL. */
const char *ipso_unit(const char *unit);

/* A sample as the resource has it. False: it carries no value, or none that fits. */
bool ipso_from_sample(const struct ipso_place *place, const struct ew_sample *sample,
		      struct lwm2m_value *value_out);

/* A value that a server wrote, as the tag has it; -EPROTO: it does not fit. */
int ipso_to_sample(const struct ipso_place *place, const struct lwm2m_value *value,
		   enum ew_carrier carrier, struct ew_sample *sample_out);

#endif
