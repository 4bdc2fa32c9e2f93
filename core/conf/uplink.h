/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The `uplink:` section: its option table, its settings, its cross-field
 * rules. Filled with the rest of the configuration, read by core/uplink.
 */
#ifndef CORE_CONF_UPLINK_H
#define CORE_CONF_UPLINK_H

#include <edgeway/error.h>
#include <edgeway/option.h>

#define UPLINK_SERVERS_MAX 16u

struct uplink_tls_config {
	bool verify;
};

struct uplink_backoff_config {
	ew_dur min;
	ew_dur max;
};

struct uplink_outbox_config {
	uint64_t bytes; /* for each instance and class */
	uint64_t messages;
	ew_dur age;
	uint64_t in_flight;
};

struct uplink_config {
	const char *name; /* `uplink:` is called main */
	const char *const *servers;
	size_t server_count;
	bool plaintext;
	const char *ca; /* NULL: the system's */
	const char *certificate;
	const char *key;
	struct uplink_tls_config tls;
	const char *username;
	const char *password;
	const char *client_id; /* core/conf fills it in: group-name */
	int protocol; /* place in the words: 0 is MQTT 5, 1 is 3.1.1 */
	ew_dur keep_alive;
	bool clean;
	ew_dur session_expiry;
	ew_dur connect_timeout;
	struct uplink_backoff_config backoff;
	ew_dur guest_wait;
	ew_dur drain;
	struct uplink_outbox_config outbox;
	uint64_t message_limit;
	uint64_t bulk_limit;
	uint64_t socket_buffer;
};

extern const struct ew_option uplink_options[];

/* Cross-field rules; pure. -EINVAL with a text. */
int uplink_config_check(const void *settings, struct ew_error *err) EW_CHECKED;

/* 4 or 5. */
int uplink_config_protocol(const struct uplink_config *config);

/* Is TLS used, and the server not verified? For the warning. */
bool uplink_config_is_unverified(const struct uplink_config *config);

#endif
