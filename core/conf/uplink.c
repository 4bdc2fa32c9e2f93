/* SPDX-License-Identifier: Apache-2.0 */
/* See uplink.h. The rows are parser, defaults and manual in one. */
#include "core/conf/uplink.h"

#include <string.h>

#include "core/conf/url.h"

static const char *const config_protocols[] = {"5", "3.1.1", NULL};

static const struct ew_option config_tls_options[] = {
	EW_OPTION(struct uplink_tls_config, verify, .fallback = "yes",
		  .help = "check the server's certificate and name; no is for trials only"),
	EW_OPTION_END};

static const struct ew_option config_backoff_options[] = {
	EW_DURATION_OPTION(struct uplink_backoff_config, min, .fallback = "1s", .min = "10ms",
			   .max = "10m", .help = "first wait before a new try"),
	EW_DURATION_OPTION(struct uplink_backoff_config, max, .fallback = "2m", .min = "10ms",
			   .max = "1d", .help = "longest wait before a new try"),
	EW_OPTION_END};

static const struct ew_option config_outbox_options[] = {
	EW_SIZE_OPTION(struct uplink_outbox_config, bytes, .fallback = "4MiB", .min = "4KiB",
		       .max = "1GiB", .help = "most bytes that wait, of one instance and class"),
	EW_OPTION(struct uplink_outbox_config, messages, .fallback = "1000", .min = "1",
		  .max = "1000000", .help = "most messages that wait, of one instance and class"),
	EW_DURATION_OPTION(struct uplink_outbox_config, age, .fallback = "5m", .min = "1s",
			   .max = "7d", .help = "a message that waits longer is dropped"),
	EW_OPTION(struct uplink_outbox_config, in_flight, .fallback = "64", .min = "1",
		  .max = "1000", .help = "most QoS 1 messages without acknowledgement"),
	EW_OPTION_END};

const struct ew_option uplink_options[] = {
	EW_LIST_OPTION(struct uplink_config, servers, server_count, .flags = EW_REQUIRED,
		       .help = "mqtts://host:port of each broker, tried in this order"),
	EW_OPTION(struct uplink_config, plaintext, .fallback = "no",
		  .help = "allow mqtt:// servers: nothing is encrypted, nobody is verified"),
	EW_FILE_OPTION(struct uplink_config, ca, .flags = EW_MUST_EXIST,
		       .help = "PEM file of the CAs that may sign the server's certificate; "
			       "without it the system's"),
	EW_FILE_OPTION(struct uplink_config, certificate, .flags = EW_MUST_EXIST,
		       .help = "PEM file of the gateway's own certificate and its chain"),
	EW_FILE_OPTION(struct uplink_config, key, .flags = EW_MUST_EXIST,
		       .help = "its private key: a PEM file, credential:NAME or a pkcs11: URI"),
	EW_TABLE_OPTION(struct uplink_config, tls, config_tls_options,
			.help = "how the server is verified"),
	EW_OPTION(struct uplink_config, username, .help = "user name for the broker"),
	EW_SECRET_OPTION(struct uplink_config, password, .flags = EW_SECRET,
			 .help = "password for the broker"),
	EW_OPTION(struct uplink_config, client_id,
		  .help = "MQTT client id; without it group-name of the gateway"),
	EW_ENUM_OPTION(struct uplink_config, protocol, config_protocols, .fallback = "5",
		       .help = "version of MQTT; another one is never tried instead"),
	EW_DURATION_OPTION(struct uplink_config, keep_alive, .fallback = "60s", .min = "5s",
			   .max = "18h", .help = "a broker silent for twice as long is given up"),
	EW_OPTION(struct uplink_config, clean, .fallback = "yes",
		  .help = "begin each connection without what the broker kept"),
	EW_DURATION_OPTION(struct uplink_config, session_expiry, .fallback = "1h", .min = "1s",
			   .max = "365d",
			   .help = "with `clean: no` and MQTT 5: how long the broker keeps it"),
	EW_DURATION_OPTION(struct uplink_config, connect_timeout, .fallback = "20s", .min = "100ms",
			   .max = "10m", .help = "from the first packet until the broker accepts"),
	EW_TABLE_OPTION(struct uplink_config, backoff, config_backoff_options,
			.help = "waits between tries, with jitter"),
	EW_DURATION_OPTION(struct uplink_config, guest_wait, .fallback = "30s", .min = "0s",
			   .max = "1d",
			   .help = "how long other instances wait for the will's owner"),
	EW_DURATION_OPTION(struct uplink_config, drain, .fallback = "5s", .min = "0s", .max = "10m",
			   .help = "time to empty the outbox when a session ends"),
	EW_TABLE_OPTION(struct uplink_config, outbox, config_outbox_options,
			.help = "bounds of what waits to be sent"),
	EW_SIZE_OPTION(struct uplink_config, message_limit, .fallback = "1MiB", .min = "1KiB",
		       .max = "256MB", .help = "largest payload of control and telemetry"),
	EW_SIZE_OPTION(struct uplink_config, bulk_limit, .fallback = "16KiB", .min = "1KiB",
		       .max = "256MB",
		       .help = "largest payload of bulk: a command waits for one at most"),
	EW_SIZE_OPTION(struct uplink_config, socket_buffer, .fallback = "16KiB", .min = "4KiB",
		       .max = "16MiB", .help = "bytes the kernel may hold unsent"),
	EW_OPTION_END};

static int config_check_servers(const struct uplink_config *config, bool *tls_out,
				struct ew_error *err)
{
	bool tls = false;
	size_t i;

	if (config->server_count == 0) {
		return ew_fail(err, "'servers' is empty");
	}
	if (config->server_count > UPLINK_SERVERS_MAX) {
		return ew_fail(err, "'servers' has more than %u entries", UPLINK_SERVERS_MAX);
	}
	for (i = 0; i < config->server_count; i++) {
		struct url url;
		int rc = url_parse(config->servers[i], &url, err);

		if (rc < 0) {
			return rc;
		}
		if (!url.tls && !config->plaintext) {
			return ew_fail(err,
				       "'%s' is not encrypted; write mqtts:// or, if it must be, "
				       "plaintext: yes",
				       config->servers[i]);
		}
		tls = tls || url.tls;
	}
	*tls_out = tls;
	return 0;
}

int uplink_config_check(const void *settings, struct ew_error *err)
{
	const struct uplink_config *config = settings;
	bool tls;
	int rc = config_check_servers(config, &tls, err);

	if (rc < 0) {
		return rc;
	}
	if ((config->certificate == NULL) != (config->key == NULL)) {
		return ew_fail(err, "'certificate' and 'key' belong together");
	}
	if (config->password != NULL && config->username == NULL) {
		return ew_fail(err, "'password' needs a 'username'");
	}
	if (!tls && (config->ca != NULL || config->certificate != NULL)) {
		return ew_fail(err, "'ca' and 'certificate' need an mqtts:// server");
	}
	if (config->backoff.max < config->backoff.min) {
		return ew_fail(err, "'backoff: max' is below 'min'");
	}
	return 0;
}

int uplink_config_protocol(const struct uplink_config *config)
{
	return config->protocol == 0 ? 5 : 4;
}

bool uplink_config_is_unverified(const struct uplink_config *config)
{
	return !config->tls.verify;
}
