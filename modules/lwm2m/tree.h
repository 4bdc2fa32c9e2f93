/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The object tree of a client: its own objects (Server 1, Device 3 and others),
 * and behind a prefix each the devices of a gateway (object 25) with an object
 * instance for each tag that IPSO has an object for. The tree of a device that is
 * an endpoint of its own is flat: its instances have no prefix, and there is no
 * object 25. Values are asked for when they are read. No I/O; runs on the
 * instance's loop.
 *
 * Prefixes and instance numbers come from names.h, once and for ever.
 */
#ifndef MODULES_LWM2M_TREE_H
#define MODULES_LWM2M_TREE_H

#include <edgeway/tag.h>

#include "modules/lwm2m/ipso.h"
#include "modules/lwm2m/names.h"
#include "proto/lwm2m/link.h"

#define TREE_PREFIX_MAX  8              /* "d65534" and a NUL */

struct tree_device;

/* One tag and its object instance. */
struct tree_entry {
	struct tree_device *device;
	uint32_t tag;
	enum ew_carrier carrier;
	struct ipso_place place;
	uint16_t instance;
	char *name;                     /* of the tag: 5750 */
	char *own_unit;                 /* 5701; "" without */
};

struct tree_device {
	struct tree *tree;
	uint32_t id;
	uint16_t number;                /* of its prefix and its instance of object 25 */
	char prefix[TREE_PREFIX_MAX];   /* "" in a flat tree */
	char *name;                     /* device id: GROUP/NAME/PATH */
	struct tree_entry **entries;    /* by object, then instance */
	size_t count;
	size_t room;
};

/* What the tree cannot know by itself. */
struct tree_ask {
	/* The last value of a tag; false: none. */
	bool (*value)(void *arg, const struct tree_entry *entry, struct lwm2m_value *value_out);
	/* A resource of an own object; false: not there. Text borrowed until the next call. */
	bool (*own)(void *own_arg, const struct lwm2m_path *path, struct lwm2m_value *value_out);
	void *own_arg;
	void *arg;
};

/* What the trees of one module share. */
struct tree_index {
	struct tree_entry **by_tag;     /* by tag id; NULL where there is none */
	size_t room;
	char links[16384];              /* of the device that was read last: 25/x/3 */
};

struct tree {
	struct tree_ask ask;
	struct tree_index *index;
	struct names *names;
	const char *id;                 /* before the path in a device's id: GROUP/NAME */
	struct tree_device **devices;   /* by number */
	size_t device_count;
	size_t device_room;
	const uint16_t *own;            /* objects of which there is one instance, ascending */
	size_t own_count;
	bool is_flat;
	bool changed;                   /* what tree_links() says, since then */
};

/* It is not flat, and has own objects 1 and 3, until the caller says otherwise. */
void tree_init(struct tree *tree, const struct tree_ask *ask, struct tree_index *index,
	       struct names *names, const char *id);
void tree_fini(struct tree *tree);

void tree_index_fini(struct tree_index *index);

/* Declared, or declared anew. -ENOMEM, -ENOSPC, -EIO: it stays out. */
int tree_device_add(struct tree *tree, uint32_t device, const char *path);
void tree_device_remove(struct tree *tree, uint32_t device);

/* At a place that carries it. -ENOENT: its device stayed out; others as above. */
int tree_tag_add(struct tree *tree, const struct ew_tag_info *tag,
		 const struct ipso_place *place);
void tree_tag_remove(struct tree *tree, uint32_t tag);

/* NULL: no object stands for the tag, in any tree. */
static inline struct tree_entry *tree_index_find(const struct tree_index *index, uint32_t tag)
{
	return tag < index->room ? index->by_tag[tag] : NULL;
}

/* NULL: no object of this tree stands for the tag. */
static inline const struct tree_entry *tree_entry_of(const struct tree *tree, uint32_t tag)
{
	const struct tree_entry *entry = tree_index_find(tree->index, tag);

	return entry != NULL && entry->device->tree == tree ? entry : NULL;
}

/* The entry whose value is at this path; NULL: none. */
const struct tree_entry *tree_find(const struct tree *tree, const struct lwm2m_path *path);

/* Where an entry's value is. */
struct lwm2m_path tree_path(const struct tree_entry *entry);

/*
 * Call fn for each resource at or below a path, in order, until it returns
 * non-zero. What has no value is left out; what can be executed has LWM2M_NONE.
 * -ENOENT: there is no such path.
 */
typedef int (*tree_fn)(void *arg, const struct lwm2m_record *record);
int tree_read(struct tree *tree, const struct lwm2m_path *path, tree_fn fn, void *arg);

/* The list of a Register: own instances; devices are behind object 25. */
void tree_links(struct tree *tree, struct lwm2m_links_out *links);

#endif
