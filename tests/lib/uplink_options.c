/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings of an uplink from name=value words, for the driver. Waits are
 * short, so that scenarios are.
 */
#include "tests/lib/uplink_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/text.h"

static const char *options_servers[UPLINK_SERVERS_MAX];

static ew_dur duration_of(const char *text)
{
	ew_dur value = 0;

	check(text_parse_duration(text, &value) == 0);
	return value;
}

static bool options_set_text(struct uplink_config *config, const char *name, const char *value)
{
	if (strcmp(name, "server") == 0) {
		options_servers[config->server_count++] = value;
	} else if (strcmp(name, "ca") == 0) {
		config->ca = value;
	} else if (strcmp(name, "certificate") == 0) {
		config->certificate = value;
	} else if (strcmp(name, "key") == 0) {
		config->key = value;
	} else if (strcmp(name, "username") == 0) {
		config->username = value;
	} else if (strcmp(name, "password") == 0) {
		config->password = value;
	} else if (strcmp(name, "client_id") == 0) {
		config->client_id = value;
	} else {
		return false;
	}
	return true;
}

void options_set(struct uplink_config *config, const char *name, const char *value)
{
	if (options_set_text(config, name, value)) {
		return;
	}
	if (strcmp(name, "protocol") == 0) {
		config->protocol = value[0] == '5' ? 0 : 1;
	} else if (strcmp(name, "keep_alive") == 0) {
		config->keep_alive = duration_of(value);
	} else if (strcmp(name, "connect_timeout") == 0) {
		config->connect_timeout = duration_of(value);
	} else if (strcmp(name, "guest_wait") == 0) {
		config->guest_wait = duration_of(value);
	} else if (strcmp(name, "outbox.age") == 0) {
		config->outbox.age = duration_of(value);
	} else if (strcmp(name, "outbox.messages") == 0) {
		config->outbox.messages = strtoul(value, NULL, 10);
	} else if (strcmp(name, "clean") == 0) {
		config->clean = value[0] == 'y';
	} else if (strcmp(name, "plaintext") == 0) {
		config->plaintext = value[0] == 'y';
	} else if (strcmp(name, "tls.verify") == 0) {
		config->tls.verify = value[0] == 'y';
	} else {
		fprintf(stderr, "what is %s\n", name);
		exit(EXIT_FAILURE);
	}
}

void options_defaults(struct uplink_config *config)
{
	*config = (struct uplink_config){
		.servers = options_servers,
		.tls = {.verify = true},
		.client_id = "gateway",
		.keep_alive = (ew_dur)5 * 1000000000,
		.clean = true,
		.session_expiry = (ew_dur)3600 * 1000000000,
		.connect_timeout = (ew_dur)5 * 1000000000,
		.backoff = {.min = 20000000, .max = 200000000},
		.guest_wait = (ew_dur)60 * 1000000000,
		.drain = (ew_dur)5 * 1000000000,
		.outbox = {.bytes = 4 << 20,
			   .messages = 1000,
			   .age = (ew_dur)300 * 1000000000,
			   .in_flight = 64},
		.message_limit = 1 << 20,
		.bulk_limit = 16 << 10,
		.socket_buffer = 16 << 10,
	};
}
