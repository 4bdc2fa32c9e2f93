/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text with places to fill in: {gateway}, {group}, {instance}, {device},
 * {type}; {{ and }} stand for braces. Pure, any thread.
 */
#ifndef HTTP_UPLINK_TEMPLATE_H
#define HTTP_UPLINK_TEMPLATE_H

#include <stdbool.h>

#include "proto/json/bytes.h"

/* NULL members stand for nothing. */
struct template_values {
	const char *gateway;
	const char *group;
	const char *instance;
	const char *device;     /* its path */
	const char *type;       /* of the device */
};

enum template_use {
	TEMPLATE_PLAIN,
	TEMPLATE_URL    /* what is filled in is percent-encoded, slashes too */
};

/*
 * Whether a text can be filled in. NULL: yes; else what is wrong, for
 * "'TEXT' %s".
 */
const char *template_fault(const char *text);

/* Does it name the device, or something of it? */
bool template_is_per_device(const char *text);

/* Adds to `to`; text must be without fault. */
void template_fill(struct bytes *to, const char *text, const struct template_values *values,
		   enum template_use use);

#endif
