/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was said of a device or a tag at one time: immutable, reference
 * counted, one allocation with all its text. Every change makes a new one, so
 * that each receiver keeps what was delivered to it. Any thread.
 */
#ifndef CORE_BUS_VERSION_H
#define CORE_BUS_VERSION_H

#include <stdatomic.h>

#include <edgeway/tag.h>

struct device_version {
	atomic_uint refs;
	uint32_t serial;        /* of the publisher; grows with each change */
	struct ew_device_info info;
};

struct tag_version {
	atomic_uint refs;
	uint32_t serial;
	uint32_t born;          /* serial of its declaration; 0: of an earlier run, from the log */
	struct ew_tag_info info;
};

/* Copy info and all text it points to. -ENOMEM. Starts with one reference. */
int device_version_new(const struct ew_device_info *info, struct device_version **version_out);
int tag_version_new(const struct ew_tag_info *info, struct tag_version **version_out);

struct device_version *device_version_ref(struct device_version *version);
struct tag_version *tag_version_ref(struct tag_version *version);

/* Take and clear; accept NULL. */
void device_version_unref(struct device_version **version);
void tag_version_unref(struct tag_version **version);

/* Whether they say the same; serial, id, state, reason and since left out. */
bool device_version_is_same(const struct device_version *a, const struct ew_device_info *b);
bool tag_version_is_same(const struct tag_version *a, const struct ew_tag_info *b);

#endif
