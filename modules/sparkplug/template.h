/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates: what the devices of one type have in common. The type of a device,
 * which is the name of its profile unless YAML says otherwise, gives a template
 * `_types_/TYPE`; its members are the tags that all devices of the type have
 * with the same datatype, its parameters are their free properties. A device of
 * the type says those tags as one metric TYPE, an instance; the tags that it
 * has beside them stay metrics.
 *
 * NBIRTH alone defines templates, so they change in a round of births only. A
 * device that does not fit its definition asks for a round.
 */
#ifndef MODULES_SPARKPLUG_TEMPLATE_H
#define MODULES_SPARKPLUG_TEMPLATE_H

#include "modules/sparkplug/model.h"

#define TEMPLATE_FOLDER  "_types_/"

struct template_definition {
	struct template_definition *next;
	size_t member_count;            /* 0: the devices of the type have nothing in common */
	size_t size;
	uint8_t *bytes;                 /* an encoded Template */
	char name[];                    /* with the folder */
};

struct templates {
	struct ew_instance *inst;       /* asked for types and properties of devices */
	struct model *model;
	struct template_definition *first;
};

void templates_free(struct templates *templates);

/*
 * Make the definitions anew, of all devices that there are, and make these
 * instances of them. A device whose definition cannot be made is none. No device
 * may have anything gathered.
 *
 * Errors: -ENOMEM  some definitions are not there
 */
int templates_make(struct templates *templates, uint64_t now_ms);

/*
 * Make a device the instance that it should be, or none; it has nothing gathered.
 *
 * Errors: -ESTALE  its definition has to be made anew; it is left as it was
 */
int templates_join(struct templates *templates, struct model_device *device);

/* All definitions, as metrics of NBIRTH. Errors: -EMSGSIZE */
int templates_put(const struct templates *templates, struct sp_writer *writer, uint64_t now_ms);

/* The parameters that a device gives its instance. Errors: -EMSGSIZE */
int templates_put_parameters(struct ew_instance *inst, struct sp_writer *writer,
			     const struct model_device *device);

#endif
