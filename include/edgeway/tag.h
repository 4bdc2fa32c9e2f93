/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices and tags: what a module declares before it publishes.
 *
 * A device is a thing that owns tags; its path is unique in the daemon. A tag
 * is one named value of a device and has one writer: the instance that
 * declared it. Declaring, updating and removing are allowed at any time from
 * the instance's loop; receivers see them in order with the samples.
 *
 * The same device path and tag name have the same id for the life of the
 * process, also across a reload. What a YAML file says of a device or a tag
 * (unit, range, scale, deadband, ...) overrides what the module declares.
 */
#ifndef EDGEWAY_TAG_H
#define EDGEWAY_TAG_H

#include <edgeway/sample.h>

EW_BEGIN_DECLS

struct ew_instance;

/* Limits of the contract; longer names are refused. */
#define EW_PATH_MAX    255      /* bytes of a device path */
#define EW_NAME_MAX    255      /* bytes of a tag name */
#define EW_NO_ID       0        /* ids start at 1 */

/*
 * The exact datatype. EW_TYPE_ARRAY is or-ed with the element's type; arrays
 * travel as EW_BYTES: elements back to back, little endian, bool one byte
 * each, text elements each ended by a zero byte.
 */
enum ew_type {
	EW_TYPE_BOOL = 1,
	EW_TYPE_I8 = 2,
	EW_TYPE_I16 = 3,
	EW_TYPE_I32 = 4,
	EW_TYPE_I64 = 5,
	EW_TYPE_U8 = 6,
	EW_TYPE_U16 = 7,
	EW_TYPE_U32 = 8,
	EW_TYPE_U64 = 9,
	EW_TYPE_F32 = 10,
	EW_TYPE_F64 = 11,
	EW_TYPE_TIME = 12,      /* carried as EW_I64: ns UTC */
	EW_TYPE_TEXT = 13,
	EW_TYPE_UUID = 14,      /* carried as EW_TEXT, 36 characters */
	EW_TYPE_BYTES = 15,
	EW_TYPE_FILE = 16,      /* carried as EW_BYTES; the name is the property "file_name" */
	EW_TYPE_DATASET = 17,   /* carried as EW_BYTES */
	EW_TYPE_TEMPLATE = 18   /* carried as EW_BYTES */
};
#define EW_TYPE_ARRAY  0x40u

/*
 * The carrier of a datatype: the only one that ew_publish() takes for it.
 *
 * Thread:  any
 * Owner:   nothing
 * Errors:  EW_NONE for a number that is no datatype
 */
EW_API enum ew_carrier ew_type_carrier(unsigned type);

/*
 * The word that YAML uses for a datatype ("u16", "f32", "text", "array of i16").
 *
 * Thread:  any
 * Owner:   a constant
 * Errors:  NULL for a number that is no datatype
 */
EW_API const char *ew_type_name(unsigned type);

/* ew_tag_spec.access */
#define EW_ACCESS_READ     0x01u
#define EW_ACCESS_WRITE    0x02u
#define EW_ACCESS_EXECUTE  0x04u

/* A name for one value of an enumerated tag: 0 "stopped", 1 "running". */
struct ew_label {
	int64_t value;
	const char *text;
};

struct ew_device_spec {
	size_t size;            /* sizeof(struct ew_device_spec) */
	const char *path;       /* `pump-1`; at a host `group/node/pump-1` */
	const char *parent;     /* path of another device, or NULL */
	const char *type;       /* what it is: `pump`, also the name of its profile; or NULL */
	const char *version;    /* of the type; or NULL */
	const struct ew_property *properties;
	size_t property_count;
};

struct ew_tag_spec {
	size_t size;            /* sizeof(struct ew_tag_spec) */
	const char *name;       /* unique in its device: `Pump/Speed` */
	unsigned type;          /* enum ew_type, or-ed with EW_TYPE_ARRAY */
	unsigned access;        /* EW_ACCESS_*; 0 means read */
	const char *unit;       /* UCUM code: `Cel`, `bar`, `m3/h`; or NULL */
	const char *description;
	double low, high;       /* engineering range; low == high: none stated */
	double write_low, write_high;   /* what a write may set; equal: the engineering range */
	double deadband;        /* smallest change worth reporting, in the unit; 0: any change */
	double scale, offset;   /* bus value = published * scale + offset; scale 0 means 1;
				 * with either, the tag is f64 on the bus */
	bool clamp;             /* bring values into the engineering range, as EW_UNCERTAIN */
	ew_dur max_age;         /* a value older than this is stale; 0: never */
	uint32_t max_bytes;     /* text and bytes; 0 means 256 */
	const struct ew_label *labels;  /* what a write may set, when not empty */
	size_t label_count;
	const struct ew_property *properties;
	size_t property_count;
};

enum ew_state {
	EW_DEVICE_DOWN = 0,     /* what a device is until its owner says otherwise */
	EW_DEVICE_UP = 1,
	EW_DEVICE_STALE = 2     /* values may be old: the far end cannot be asked */
};

/*
 * The word for a state: `up`, `down`, `stale`.
 *
 * Thread:  any
 * Owner:   a constant
 * Errors:  none; `other` for a number that is no state
 */
EW_API const char *ew_state_name(enum ew_state state);

/* A device as one receiver knows it. Borrowed: see ew_device(). */
struct ew_device_info {
	uint32_t id;
	enum ew_state state;
	const char *reason;     /* of the state; "" when none was given */
	ew_time since;          /* ns UTC, when the state was entered */
	const char *owner;      /* name of the instance that declared it */
	struct ew_device_spec spec;
};

/* A tag as one receiver knows it. Borrowed: see ew_tag(). */
struct ew_tag_info {
	uint32_t id;
	uint32_t device;        /* id of its device */
	enum ew_carrier carrier;
	struct ew_tag_spec spec;        /* after the YAML's overrides; core scales and offsets */
};

/*
 * Declare a device, or take it up again after a reload, or change what is
 * said of one that this instance owns. It starts down.
 *
 * Thread:  instance
 * Owner:   spec copied
 * Errors:  -EEXIST  another instance owns the path; the log names both
 *          -EINVAL  the path is empty, too long, not UTF-8, or has + # or a control character
 *          -EDQUOT  the instance's `max_devices` is reached; counted
 *          -ENOMEM
 */
EW_API int ew_device_declare(struct ew_instance *inst, const struct ew_device_spec *spec,
			     uint32_t *device_out) EW_CHECKED;

/*
 * Say how a device is. Receivers see it in order with the samples; saying the
 * same twice sends nothing.
 *
 * Thread:  instance
 * Owner:   reason copied (at most 120 bytes); may be NULL
 * Errors:  -EPERM   the device is another instance's
 *          -ENOENT  no such device
 *          -ENOMEM
 */
EW_API int ew_device_state(struct ew_instance *inst, uint32_t device, enum ew_state state,
			   const char *reason);

/*
 * Remove a device and all its tags.
 *
 * Thread:  instance
 * Owner:   the id is dead until the same path is declared again
 * Errors:  -EPERM, -ENOENT as above
 */
EW_API int ew_device_remove(struct ew_instance *inst, uint32_t device);

/*
 * Declare a tag, or change what is said of one.
 *
 * Thread:  instance
 * Owner:   spec copied
 * Errors:  -EINVAL  name, type or a range is impossible; the log says which
 *          -EPERM   the device is another instance's
 *          -ENOENT  no such device
 *          -EDQUOT  the instance's `max_tags` is reached; counted
 *          -ENOMEM
 */
EW_API int ew_tag_declare(struct ew_instance *inst, uint32_t device,
			  const struct ew_tag_spec *spec, uint32_t *tag_out) EW_CHECKED;

/*
 * Remove one tag.
 *
 * Thread:  instance
 * Owner:   the id is dead until the same name is declared again
 * Errors:  -EPERM, -ENOENT
 */
EW_API int ew_tag_remove(struct ew_instance *inst, uint32_t tag);

/*
 * A device as it was last delivered to this instance, or as this instance
 * declared it.
 *
 * Thread:  instance
 * Owner:   borrowed until the callback that updates or removes it has returned
 * Errors:  NULL: not known to this instance
 */
EW_API const struct ew_device_info *ew_device(struct ew_instance *inst, uint32_t device);

/*
 * A tag as it was last delivered to this instance, or as this instance
 * declared it.
 *
 * Thread:  instance
 * Owner:   borrowed until the callback that updates or removes it has returned
 * Errors:  NULL: not known to this instance
 */
EW_API const struct ew_tag_info *ew_tag(struct ew_instance *inst, uint32_t tag);

/*
 * Call fn for each device delivered to this instance, in order of id, until
 * it returns non-zero. fn may not declare or remove.
 *
 * Thread:  instance
 * Owner:   info borrowed by fn for the call
 * Errors:  what fn returned
 */
EW_API int ew_devices_walk(struct ew_instance *inst,
			   int (*fn)(void *arg, const struct ew_device_info *device), void *arg);

/*
 * The same for the tags of one device; device EW_NO_ID walks all tags.
 *
 * Thread:  instance
 * Owner:   info borrowed by fn for the call
 * Errors:  what fn returned
 */
EW_API int ew_tags_walk(struct ew_instance *inst, uint32_t device,
			int (*fn)(void *arg, const struct ew_tag_info *tag), void *arg);

/* One tag of `devices:` in the YAML: what core understands, and the module's own settings. */
struct ew_tag_config {
	struct ew_tag_spec spec;
	const void *settings;   /* of the module's tag_options; NULL without */
};

/* One device of `devices:` in the YAML. */
struct ew_device_config {
	struct ew_device_spec spec;
	const void *settings;   /* of the module's device_options; NULL without */
	const struct ew_tag_config *tags;
	size_t tag_count;
	const struct ew_node *node;     /* in check_devices(): its place in the file; else NULL */
};

/*
 * The devices that YAML gives this instance.
 *
 * Thread:  instance
 * Owner:   borrowed until the instance is closed or reloaded
 * Errors:  NULL and 0 when there are none
 */
EW_API const struct ew_device_config *ew_device_configs(struct ew_instance *inst,
							size_t *count_out);

EW_END_DECLS

#endif
