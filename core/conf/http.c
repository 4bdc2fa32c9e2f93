/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Option table of `http:` and the rule that matters most: off loopback there
 * is no listener without TLS and tokens.
 */
#include "core/conf/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "core/base/text.h"

static const char *const role_words[] = {"none", "viewer", "operator", "admin", NULL};

static const struct ew_option timeout_options[] = {
	EW_DURATION_OPTION(struct http_timeouts, header, .fallback = "10s", .min = "10ms",
			   .max = "1h", .help = "longest time to receive the head of a request"),
	EW_DURATION_OPTION(struct http_timeouts, body, .fallback = "30s", .min = "10ms",
			   .max = "1h", .help = "longest time to receive the body of a request"),
	EW_DURATION_OPTION(struct http_timeouts, idle, .fallback = "30s", .min = "10ms",
			   .max = "1h",
			   .help = "a connection on which nothing moves is closed after this"),
	EW_DURATION_OPTION(struct http_timeouts, answer, .fallback = "30s", .min = "10ms",
			   .max = "1h", .help = "longest time an instance may take to answer, "
			   "unless its handler sets its own"),
	EW_OPTION_END
};

const struct ew_option http_options[] = {
	EW_OPTION(struct http_config, listen, .fallback = "127.0.0.1:9280",
		  .help = "address and port, in digits; port 0 takes a free one"),
	EW_FILE_OPTION(struct http_config, certificate, .flags = EW_MUST_EXIST,
		       .help = "for TLS: certificate of the gateway with its chain, PEM"),
	EW_FILE_OPTION(struct http_config, key, .flags = EW_MUST_EXIST,
		       .help = "for TLS: private key of the certificate, PEM"),
	EW_FILE_OPTION(struct http_config, tokens, .flags = EW_MUST_EXIST,
		       .help = "file of named tokens, made by edgewayctl token new"),
	EW_ENUM_OPTION(struct http_config, anonymous, role_words, .fallback = "viewer",
		       .help = "role without a token; with tokens: it is none"),
	EW_OPTION(struct http_config, max_connections, .fallback = "64", .min = "1", .max = "4096",
		  .help = "connections at once"),
	EW_OPTION(struct http_config, max_connections_per_address, .fallback = "32", .min = "1",
		  .max = "4096", .help = "connections at once from one address"),
	EW_OPTION(struct http_config, max_parked, .fallback = "48", .min = "1", .max = "4096",
		  .help = "requests that wait for instances at once, streams among them"),
	EW_OPTION(struct http_config, max_parked_per_instance, .fallback = "24", .min = "1",
		  .max = "4096", .help = "requests that wait for one instance at once"),
	EW_TABLE_OPTION(struct http_config, timeouts, timeout_options,
			.help = "how long slow clients and instances are waited for"),
	EW_OPTION_END
};

bool http_config_is_on(const struct http_config *config)
{
	return config->is_given && config->listen != NULL;
}

enum ew_role http_config_anonymous(const struct http_config *config)
{
	return config->tokens != NULL ? EW_ROLE_NONE : (enum ew_role)config->anonymous;
}

int http_config_check(const struct http_config *config, struct ew_error *err)
{
	struct sockaddr_storage address;
	socklen_t size;

	if (!http_config_is_on(config)) {
		return 0;
	}
	if (http_parse_listen(config->listen, &address, &size) < 0) {
		return ew_fail(err, "listen: '%s' is not a numeric address and a port, "
			       "such as 127.0.0.1:9280 or [::1]:9280", config->listen);
	}
	if ((config->certificate == NULL) != (config->key == NULL)) {
		return ew_fail(err, "certificate and key go together");
	}
	if (http_is_loopback(&address)) {
		return 0;
	}
	if (config->certificate == NULL) {
		return ew_fail(err, "listen: '%s' is reachable from other machines, which needs "
			       "TLS: set certificate and key, or listen on 127.0.0.1",
			       config->listen);
	}
	if (config->tokens == NULL) {
		return ew_fail(err, "listen: '%s' is reachable from other machines, which needs "
			       "tokens: set tokens to a file made by edgewayctl token new, "
			       "or listen on 127.0.0.1", config->listen);
	}
	return 0;
}

int http_parse_listen(const char *text, struct sockaddr_storage *address_out, socklen_t *size_out)
{
	struct sockaddr_storage address = {0};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;
	char host[INET6_ADDRSTRLEN];
	const char *colon = strrchr(text, ':');
	size_t size = colon != NULL ? (size_t)(colon - text) : 0;
	uint64_t port;
	bool is_v6 = text[0] == '[';

	if (is_v6) {
		if (size < 3 || text[size - 1] != ']') {
			return -EINVAL;
		}
		text++;
		size -= 2;
	}
	if (size == 0 || size >= sizeof(host) || text_parse_uint(colon + 1, &port) < 0 ||
	    port > 65535) {
		return -EINVAL;
	}
	memcpy(host, text, size);
	host[size] = '\0';
	if (is_v6) {
		if (inet_pton(AF_INET6, host, &v6->sin6_addr) != 1) {
			return -EINVAL;
		}
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		*size_out = sizeof(*v6);
	} else {
		if (inet_pton(AF_INET, host, &v4->sin_addr) != 1) {
			return -EINVAL;
		}
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		*size_out = sizeof(*v4);
	}
	*address_out = address;
	return 0;
}

bool http_is_loopback(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;

	if (address->ss_family == AF_INET) {
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	}
	if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
		return v6->sin6_addr.s6_addr[12] == 127;
	}
	return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}
