/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What YAML says to an instance: the option table and its cross-field rules.
 */
#ifndef HTTP_UPLINK_SETTINGS_H
#define HTTP_UPLINK_SETTINGS_H

#include <edgeway/module.h>

struct batch_settings {
	uint64_t records;
	uint64_t bytes;
	ew_dur delay;
};

struct retry_settings {
	ew_dur min;
	ew_dur max;
	const uint64_t *statuses;
	size_t status_count;
	ew_dur give_up;         /* 0: never by time */
};

struct tls_settings {
	bool verify;
};

struct proxy_settings {
	const char *url;
	const char *username;
	const char *password;
};

struct settings {
	const char *url;
	int format;             /* enum encode_format */
	bool events;
	const char *measurement;
	const struct ew_property *fields;
	size_t field_count;
	const struct ew_property *headers;
	size_t header_count;
	int compression;        /* enum compression */
	uint64_t compression_level;
	struct batch_settings batch;
	uint64_t requests;
	const char *token;
	const char *token_scheme;
	const char *token_header;
	const char *username;
	const char *password;
	bool plaintext;
	const char *ca;
	const char *certificate;
	const char *key;
	struct tls_settings tls;
	struct proxy_settings proxy;
	ew_dur connect_timeout;
	ew_dur timeout;
	ew_dur stall;
	struct retry_settings retry;
	uint64_t redirects;
	uint64_t answer_limit;
	ew_dur drain;
};

enum compression {
	COMPRESSION_GZIP,
	COMPRESSION_NONE
};

extern const struct ew_option settings_options[];

/* For check() of the descriptor. */
int settings_check(const void *arg, struct ew_error *err);

/* Is every device a request of its own, for the sake of a template? */
bool settings_is_per_device(const struct settings *settings);

/* Is the token in a header that libcurl knows to keep from other hosts? */
bool settings_has_standard_token(const struct settings *settings);

#endif
