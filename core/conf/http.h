/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The `http:` section: its option table, its settings, its cross-field rules.
 * Filled with the rest of the configuration, read by core/http. Pure; any
 * thread.
 */
#ifndef CORE_CONF_HTTP_H
#define CORE_CONF_HTTP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include <edgeway/http.h>
#include <edgeway/option.h>

struct http_timeouts {
	ew_dur header;          /* from the first byte of a connection to the end of a head */
	ew_dur body;            /* from there to the end of the body */
	ew_dur idle;            /* nothing moves: between requests, or the client does not read */
	ew_dur answer;          /* until an instance answers, unless its handler says otherwise */
};

struct http_config {
	bool is_given;                  /* the section is there */
	const char *listen;             /* NULL: no listener */
	const char *certificate;        /* PEM files; NULL: no TLS */
	const char *key;
	const char *tokens;             /* NULL: none */
	unsigned anonymous;             /* enum ew_role */
	uint64_t max_connections;
	uint64_t max_connections_per_address;
	uint64_t max_parked;
	uint64_t max_parked_per_instance;
	struct http_timeouts timeouts;
};

/* Of the section `http:`, for struct http_config. */
extern const struct ew_option http_options[];

bool http_config_is_on(const struct http_config *config);

/* Rules over several options; as a module's check(). */
int http_config_check(const struct http_config *config, struct ew_error *err) EW_CHECKED;

/* What those without a token may do: nothing beyond public paths with tokens. */
enum ew_role http_config_anonymous(const struct http_config *config);

/*
 * "127.0.0.1:9280", "[::1]:0", "[::]:9280": numbers only, so that nothing is
 * looked up. -EINVAL.
 */
int http_parse_listen(const char *text, struct sockaddr_storage *address_out,
		      socklen_t *size_out) EW_CHECKED;
bool http_is_loopback(const struct sockaddr_storage *address);

#endif
