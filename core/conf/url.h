/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A broker's address as people write it: mqtts://host[:port], mqtt://host
 * [:port], IPv6 in brackets. Nothing may follow the port. Pure functions.
 */
#ifndef CORE_CONF_URL_H
#define CORE_CONF_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <edgeway/error.h>

#define URL_HOST_MAX 253u

struct url {
	char host[URL_HOST_MAX + 1]; /* name or address, without brackets */
	uint16_t port; /* 8883 and 1883 when not said */
	bool tls;
};

/* Output written on success only. Errors: -EINVAL, with a text. */
int url_parse(const char *text, struct url *url_out, struct ew_error *err) EW_CHECKED;

/* "mqtts://host:port", IPv6 in brackets; cut when `size` is too small. */
void url_format(const struct url *url, char *out, size_t size);

#endif
