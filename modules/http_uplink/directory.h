/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of tags and devices, by their ids: the shape of a tag's
 * records, made at its first sample and again after a change, and where a
 * device's records go. Runs on the instance's loop.
 */
#ifndef HTTP_UPLINK_DIRECTORY_H
#define HTTP_UPLINK_DIRECTORY_H

#include "modules/http_uplink/encode.h"
#include "modules/http_uplink/settings.h"

struct pile;
struct strand;

struct device_entry {
	char *path;
	char *type;             /* "" when it has none */
	unsigned version;       /* of what its tags' shapes are made of */
	struct strand *strand;  /* always the same one for the same path */
	struct pile *pile;      /* of its own, when every device is a request of its own */
};

struct tag_entry {
	struct shape shape;
	struct device_entry *device;
	unsigned version;       /* of the device when the shape was made; 0: none */
};

struct directory {
	struct ew_instance *inst;
	const struct settings *settings;
	struct tag_entry *tags;
	size_t tag_room;
	struct device_entry **devices;
	size_t device_room;
	unsigned version;       /* the last one given */
};

void directory_init(struct directory *directory, struct ew_instance *inst,
		    const struct settings *settings);

/* With the piles of devices. */
void directory_free(struct directory *directory);

/*
 * A tag ready for a sample. NULL: not known to this instance.
 * -ENOMEM
 */
int directory_tag(struct directory *directory, uint32_t id,
		  struct tag_entry **tag_out) EW_CHECKED;

/* A device; *device_out is NULL when it is not known to this instance. -ENOMEM */
int directory_device(struct directory *directory, uint32_t id,
		     struct device_entry **device_out) EW_CHECKED;

/* The entry as it stands; NULL: none was needed yet. */
struct device_entry *directory_find(struct directory *directory, uint32_t id);

/* What was said of it changed, or it is gone. */
void directory_forget_tag(struct directory *directory, uint32_t id);
void directory_change_device(struct directory *directory, const struct ew_device_info *info);
void directory_forget_device(struct directory *directory, uint32_t id);

/* Other settings: all shapes are made anew. */
void directory_reset(struct directory *directory, const struct settings *settings);

/* Fields filled in for a device, which may be NULL; freed by directory_names_free(). -ENOMEM */
int directory_names(const struct directory *directory, const struct device_entry *device,
		    struct shape_names *names_out) EW_CHECKED;
void directory_names_free(struct shape_names *names);

#endif
