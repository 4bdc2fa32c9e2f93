/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects that the server knows by name: those of XML files in the format of
 * the OMA registry, and below them the compiled table. What follows from them:
 * types, units and names of paths. Built once, then only read.
 */
#ifndef MODULES_LWM2M_SERVER_CATALOG_H
#define MODULES_LWM2M_SERVER_CATALOG_H

#include "proto/lwm2m/object.h"
#include "proto/lwm2m/path.h"

#define CATALOG_FILE_MAX       (1u << 20)       /* bytes of a file */
#define CATALOG_OBJECTS_MAX    4096u
#define CATALOG_RESOURCES_MAX  1024u            /* of an object */
#define CATALOG_TEXT_MAX       128u             /* bytes of a name, a unit */
#define CATALOG_WHY_MAX        512u

struct catalog_object {
	struct lwm2m_object object;
	struct lwm2m_resource *resources;       /* object.own */
	char *file;                             /* where it is from */
};

struct catalog {
	struct catalog_object **objects;        /* ascending by id */
	size_t count;
};

/* Zeroed, it knows the compiled table. */
void catalog_fini(struct catalog *catalog);

/*
 * Add the objects of one file; `file` is its name in errors. -EPROTO: why_out, of
 * CATALOG_WHY_MAX bytes, says "file:line:column: what"; -ENOMEM. Nothing is added
 * then. An entity, a document type or anything else that expands is an error.
 */
int catalog_parse(struct catalog *catalog, const char *file, const char *bytes, size_t size,
		  char *why_out);

/*
 * Add the objects of all *.xml of a directory; the registry's lists, DDF.xml and
 * Common.xml, are none. Errors as catalog_parse(); -EIO: it cannot be read.
 */
int catalog_load(struct catalog *catalog, const char *directory, char *why_out);

/* Takes *added and clears it. -EEXIST: there is one of this id from a file. */
int catalog_add(struct catalog *catalog, struct catalog_object **added);
void catalog_object_free(struct catalog_object **object);

/* One from a file. NULL: none. */
const struct catalog_object *catalog_own(const struct catalog *catalog, unsigned id);

/* NULL: not known. */
const struct lwm2m_object *catalog_object(const struct catalog *catalog, unsigned id);

/* The first whose id is not lower. NULL: none. */
const struct lwm2m_object *catalog_from(const struct catalog *catalog, unsigned id);

/* The definition of the resource a path leads to. False: none. */
bool catalog_resource(const struct catalog *catalog, const struct lwm2m_path *path,
		      struct lwm2m_resource *resource_out);

/*
 * "Temperature/0/Sensor Value", numbers where the definitions have no name;
 * without the prefix. out has CATALOG_NAME_MAX bytes; the size without the NUL.
 */
#define CATALOG_NAME_MAX  288
size_t catalog_name(const struct catalog *catalog, const struct lwm2m_path *path, char *out);

/* A path of numbers, or of names as catalog_name() makes them; text has a NUL. -EPROTO. */
int catalog_path(const struct catalog *catalog, const char *text, struct lwm2m_path *path_out);

#endif
