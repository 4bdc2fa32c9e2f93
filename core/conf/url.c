/* SPDX-License-Identifier: Apache-2.0 */
/* Strict: what is not understood whole is refused, never guessed. */
#include "core/conf/url.h"

#include <stdio.h>
#include <string.h>

static bool url_is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '-' || c == '_';
}

static bool url_is_address_char(char c)
{
	return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') ||
	       c == '.' || c == ':';
}

static int url_parse_port(const char *text, const char *at, uint16_t *port_out,
			  struct ew_error *err)
{
	unsigned long port = 0;

	if (*at == '\0') {
		return ew_fail(err, "'%s' has no port behind the colon", text);
	}
	for (; *at != '\0'; at++) {
		if (*at < '0' || *at > '9') {
			return ew_fail(err, "'%s': nothing may follow the port", text);
		}
		port = port * 10 + (unsigned long)(*at - '0');
		if (port > 65535) {
			return ew_fail(err, "'%s': the port is over 65535", text);
		}
	}
	if (port == 0) {
		return ew_fail(err, "'%s': port 0 is not a port", text);
	}
	*port_out = (uint16_t)port;
	return 0;
}

/* Copy the host to `url`; *rest_out is behind it. */
static int url_parse_host(const char *text, const char *at, struct url *url, const char **rest_out,
			  struct ew_error *err)
{
	bool bracket = *at == '[';
	size_t size = 0;

	if (bracket) {
		at++;
	}
	while (bracket ? url_is_address_char(at[size]) : url_is_name_char(at[size])) {
		size++;
	}
	if (size == 0) {
		return ew_fail(err, "'%s' names no host", text);
	}
	if (size > URL_HOST_MAX) {
		return ew_fail(err, "'%.40s...': the host is longer than 253 characters", text);
	}
	if (bracket && at[size] != ']') {
		return ew_fail(err, "'%s': the address in [ ] is not one", text);
	}
	memcpy(url->host, at, size);
	url->host[size] = '\0';
	*rest_out = at + size + (bracket ? 1 : 0);
	return 0;
}

int url_parse(const char *text, struct url *url_out, struct ew_error *err)
{
	struct url url = {.port = 0};
	const char *at;
	int rc;

	if (strncmp(text, "mqtts://", 8) == 0) {
		url.tls = true;
		url.port = 8883;
		at = text + 8;
	} else if (strncmp(text, "mqtt://", 7) == 0) {
		url.port = 1883;
		at = text + 7;
	} else {
		return ew_fail(err, "'%s' does not begin with mqtts:// or mqtt://", text);
	}
	rc = url_parse_host(text, at, &url, &at, err);
	if (rc < 0) {
		return rc;
	}
	if (*at == ':') {
		rc = url_parse_port(text, at + 1, &url.port, err);
		if (rc < 0) {
			return rc;
		}
	} else if (*at != '\0') {
		return ew_fail(err, "'%s': '%.20s' is not understood; expected mqtts://host:port",
			       text, at);
	}
	*url_out = url;
	return 0;
}

void url_format(const struct url *url, char *out, size_t size)
{
	bool bracket = strchr(url->host, ':') != NULL;

	(void)snprintf(out, size, "%s://%s%s%s:%u", url->tls ? "mqtts" : "mqtt", bracket ? "[" : "",
		       url->host, bracket ? "]" : "", url->port);
}
