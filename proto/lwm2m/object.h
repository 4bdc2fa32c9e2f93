/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What objects and resources are: a compiled table of the registry's
 * definitions that a gateway meets. Pure facts, any thread.
 */
#ifndef PROTO_LWM2M_OBJECT_H
#define PROTO_LWM2M_OBJECT_H

#include "proto/lwm2m/value.h"

#define LWM2M_READABLE    0x01u
#define LWM2M_WRITABLE    0x02u
#define LWM2M_EXECUTABLE  0x04u

struct lwm2m_resource {
	uint16_t id;
	uint8_t type;                   /* enum lwm2m_type; LWM2M_NONE: executable */
	uint8_t operations;             /* LWM2M_READABLE, ...; 0: for bootstrap only */
	const char *name;
	const char *unit;               /* SenML unit, or NULL */
	double low, high;               /* range; equal: none */
	bool is_multiple;               /* has instances */
	bool is_mandatory;
};

struct lwm2m_object {
	uint16_t id;
	const char *name;
	const char *version;
	bool is_multiple;               /* may have several instances */
	const struct lwm2m_resource *own;
	size_t own_count;
	const uint16_t *shared;         /* ids of shared resources, mandatory ones first */
	size_t shared_count;
	size_t mandatory_count;
};

/* NULL: not in the table. */
const struct lwm2m_object *lwm2m_object_find(unsigned id);

/* False: the object has no such resource. */
bool lwm2m_resource_find(const struct lwm2m_object *object, unsigned id,
			 struct lwm2m_resource *resource_out);

/*
 * What a client of version 1.2 need not say in its Register, because the
 * enabler implies it.
 */
bool lwm2m_object_version_is_implied(const struct lwm2m_object *object);

/* The table, in parts. */
extern const struct lwm2m_object lwm2m_objects_core[];
extern const size_t lwm2m_objects_core_count;
extern const struct lwm2m_object lwm2m_objects_ipso[];
extern const size_t lwm2m_objects_ipso_count;
extern const struct lwm2m_resource lwm2m_resources_shared[];
extern const size_t lwm2m_resources_shared_count;

#endif
