/* SPDX-License-Identifier: Apache-2.0 */
/* What YAML says to an instance: see settings.h. */
#include "modules/http_uplink/settings.h"

#include <string.h>
#include <strings.h>

#include "modules/http_uplink/template.h"

static const char *const formats[] = {"ndjson", "json", "influx", NULL};
static const char *const compressions[] = {"gzip", "none", NULL};

static const struct ew_option batch_options[] = {
	EW_OPTION(struct batch_settings, records, .fallback = "1000", .min = "1", .max = "100000",
		  .help = "most samples and events of one request"),
	EW_SIZE_OPTION(struct batch_settings, bytes, .fallback = "512KiB", .min = "1KiB",
		       .max = "64MiB",
		       .help = "a request is full with so many bytes, before compression"),
	EW_DURATION_OPTION(struct batch_settings, delay, .fallback = "1s", .min = "0s", .max = "1h",
			   .help = "a request that is not full leaves after this time"),
	EW_OPTION_END
};

static const struct ew_option retry_options[] = {
	EW_DURATION_OPTION(struct retry_settings, min, .fallback = "1s", .min = "10ms",
			   .max = "10m", .help = "first wait before a request is tried again"),
	EW_DURATION_OPTION(struct retry_settings, max, .fallback = "1m", .min = "10ms", .max = "1d",
			   .help = "longest wait before a request is tried again"),
	EW_LIST_OPTION(struct retry_settings, statuses, status_count,
		       .fallback = "401,403,404,405,407,408,425,429", .min = "400", .max = "499",
		       .help = "answers of 4xx that say nothing against the samples: tried again, "
			       "while the others go to the dead letters"),
	EW_DURATION_OPTION(struct retry_settings, give_up, .fallback = "1h", .min = "0s",
			   .max = "30d",
			   .help = "what fails for so long, while the server takes the others', "
				   "goes to the dead letters; 0s for never"),
	EW_OPTION_END
};

static const struct ew_option tls_options[] = {
	EW_OPTION(struct tls_settings, verify, .fallback = "yes",
		  .help = "check the server's certificate and name; no is for trials only"),
	EW_OPTION_END
};

static const struct ew_option proxy_options[] = {
	EW_OPTION(struct proxy_settings, url,
		  .help = "http://host:port, https:// or socks5h:// of the proxy"),
	EW_OPTION(struct proxy_settings, username, .help = "user name for the proxy"),
	EW_SECRET_OPTION(struct proxy_settings, password, .flags = EW_SECRET,
			 .help = "password for the proxy"),
	EW_OPTION_END
};

const struct ew_option settings_options[] = {
	EW_OPTION(struct settings, url, .flags = EW_REQUIRED,
		  .help = "where to post; {gateway}, {group}, {instance}, {device} and {type} are "
			  "filled in"),
	EW_ENUM_OPTION(struct settings, format, formats, .fallback = "ndjson",
		       .help = "JSON objects in lines, one JSON array, or InfluxDB line protocol"),
	EW_OPTION(struct settings, events, .fallback = "no", .help = "send events too"),
	EW_OPTION(struct settings, measurement, .fallback = "{device}",
		  .help = "influx: measurement, filled in as the URL is"),
	EW_PAIRS_OPTION(struct settings, fields, field_count,
			.help = "more fields of each record, with influx tags; filled in as the "
				"URL is"),
	EW_PAIRS_OPTION(struct settings, headers, header_count,
			.help = "more headers of each request, filled in as the URL is; not for "
				"secrets"),
	EW_ENUM_OPTION(struct settings, compression, compressions, .fallback = "gzip",
		       .help = "of the requests"),
	EW_OPTION(struct settings, compression_level, .fallback = "1", .min = "1", .max = "9",
		  .help = "1 is fast, 9 is small"),
	EW_TABLE_OPTION(struct settings, batch, batch_options, .help = "what makes a request full"),
	EW_OPTION(struct settings, requests, .fallback = "4", .min = "1", .max = "64",
		  .help = "requests under way at a time; those of one device never overlap"),
	EW_SECRET_OPTION(struct settings, token, .flags = EW_SECRET,
			 .help = "sent with every request, behind token_scheme"),
	EW_OPTION(struct settings, token_scheme, .fallback = "Bearer",
		  .help = "word before the token; InfluxDB wants Token; \"\" for none"),
	EW_OPTION(struct settings, token_header, .fallback = "Authorization",
		  .help = "header of the token"),
	EW_OPTION(struct settings, username, .help = "user name for basic authentication"),
	EW_SECRET_OPTION(struct settings, password, .flags = EW_SECRET,
			 .help = "password for basic authentication"),
	EW_OPTION(struct settings, plaintext, .fallback = "no",
		  .help = "allow http://: nothing is encrypted, nobody is verified"),
	EW_FILE_OPTION(struct settings, ca, .flags = EW_MUST_EXIST,
		       .help = "PEM file of the CAs that may sign the server's certificate; "
			       "without it the system's"),
	EW_FILE_OPTION(struct settings, certificate, .flags = EW_MUST_EXIST,
		       .help = "PEM file of the gateway's own certificate and its chain"),
	EW_FILE_OPTION(struct settings, key, .flags = EW_MUST_EXIST,
		       .help = "its private key: a PEM file or credential:NAME"),
	EW_TABLE_OPTION(struct settings, tls, tls_options, .help = "how the server is verified"),
	EW_TABLE_OPTION(struct settings, proxy, proxy_options,
			.help = "a proxy on the way; the environment's are never used"),
	EW_DURATION_OPTION(struct settings, connect_timeout, .fallback = "10s", .min = "100ms",
			   .max = "10m", .help = "until the connection is there, TLS included"),
	EW_DURATION_OPTION(struct settings, timeout, .fallback = "60s", .min = "1s", .max = "1h",
			   .help = "until the whole answer is there"),
	EW_DURATION_OPTION(struct settings, stall, .fallback = "20s", .min = "1s", .max = "1h",
			   .help = "most time without a byte in either direction"),
	EW_TABLE_OPTION(struct settings, retry, retry_options, .help = "when a request failed"),
	EW_OPTION(struct settings, redirects, .fallback = "3", .max = "20",
		  .help = "most redirects that one request follows, never from https to http"),
	EW_SIZE_OPTION(struct settings, answer_limit, .fallback = "64KiB", .min = "1KiB",
		       .max = "16MiB", .help = "a longer answer is a failure"),
	EW_DURATION_OPTION(struct settings, drain, .fallback = "5s", .min = "0s", .max = "10m",
			   .help = "at stop: how long to go on sending"),
	EW_OPTION_END
};

bool settings_is_per_device(const struct settings *settings)
{
	bool is = template_is_per_device(settings->url);

	for (size_t i = 0; i < settings->header_count; i++) {
		is = is || template_is_per_device(settings->headers[i].value);
	}
	return is;
}

bool settings_has_standard_token(const struct settings *settings)
{
	return settings->token == NULL || strcasecmp(settings->token_header, "Authorization") == 0;
}

/* ---- check ---- */

static int settings_template(const char *text, struct ew_error *err)
{
	const char *fault = template_fault(text);

	return fault == NULL ? 0 : ew_fail(err, "'%s' %s", text, fault);
}

static int settings_check_url(const struct settings *settings, struct ew_error *err)
{
	const char *url = settings->url;
	bool is_plain = strncmp(url, "http://", 7) == 0;
	size_t host;

	if (!is_plain && strncmp(url, "https://", 8) != 0) {
		return ew_fail(err, "'%s' is no https:// URL", url);
	}
	if (is_plain && !settings->plaintext) {
		return ew_fail(err, "'%s' is not encrypted; write https:// or, if it must be, "
			       "plaintext: yes", url);
	}
	url += is_plain ? 7 : 8;
	host = strcspn(url, "/?#");
	if (memchr(url, '@', host) != NULL) {
		return ew_fail(err, "'url' has a user name in it; write username: and password:");
	}
	if (host == 0 || memchr(url, '{', host) != NULL) {
		return ew_fail(err, "'%s' has no host, or one to be filled in", settings->url);
	}
	for (const char *at = settings->url; *at != '\0'; at++) {
		if (*at <= ' ' || *at == 0x7f) {
			return ew_fail(err, "'url' has a blank or a control character");
		}
	}
	return settings_template(settings->url, err);
}

/* What a header may be called. */
static bool settings_is_token(const char *text)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";
	size_t size = strlen(text);

	for (size_t i = 0; i < size; i++) {
		char c = text[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      strchr(marks, c) != NULL)) {
			return false;
		}
	}
	return size > 0;
}

static bool settings_is_line(const char *text)
{
	for (; *text != '\0'; text++) {
		if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f) {
			return false;
		}
	}
	return true;
}

static int settings_check_headers(const struct settings *settings, struct ew_error *err)
{
	static const char *const own[] = {"Content-Length", "Content-Type", "Content-Encoding",
					  "Transfer-Encoding", "Authorization", "Host",
					  "Idempotency-Key", "Expect", NULL};

	for (size_t i = 0; i < settings->header_count; i++) {
		const struct ew_property *header = &settings->headers[i];
		int error = settings_template(header->value, err);

		if (error != 0) {
			return error;
		}
		if (!settings_is_token(header->name) || !settings_is_line(header->value)) {
			return ew_fail(err, "'%s' in headers: is no header", header->name);
		}
		for (size_t j = 0; own[j] != NULL; j++) {
			if (strcasecmp(own[j], header->name) == 0) {
				return ew_fail(err, "'%s' in headers: is set by the module itself",
					       header->name);
			}
		}
	}
	if (!settings_is_token(settings->token_header) ||
	    !settings_is_line(settings->token_scheme) ||
	    (settings->token != NULL && !settings_is_line(settings->token))) {
		return ew_fail(err, "token, token_scheme and token_header make no header");
	}
	return 0;
}

static int settings_check_fields(const struct settings *settings, struct ew_error *err)
{
	static const char *const own[] = {"device", "tag", "type", "unit", "value", "quality",
					  "reason", "time", "historical", "clock_unset", "event",
					  "severity", "key", "body", "kind", NULL};
	int error = settings_template(settings->measurement, err);

	if (error == 0 && settings->measurement[0] == '\0') {
		error = ew_fail(err, "'measurement' is empty");
	}
	for (size_t i = 0; error == 0 && i < settings->field_count; i++) {
		error = settings_template(settings->fields[i].value, err);
		for (size_t j = 0; error == 0 && own[j] != NULL; j++) {
			if (strcmp(own[j], settings->fields[i].name) == 0) {
				error = ew_fail(err, "'%s' in fields: is a field of every record",
						own[j]);
			}
		}
	}
	return error;
}

static int settings_check_secrets(const struct settings *settings, struct ew_error *err)
{
	if ((settings->username == NULL) != (settings->password == NULL)) {
		return ew_fail(err, "'username' and 'password' belong together");
	}
	if (settings->token != NULL && settings->username != NULL &&
	    settings_has_standard_token(settings)) {
		return ew_fail(err, "'token' and 'username' are two ways to say the same");
	}
	if ((settings->certificate == NULL) != (settings->key == NULL)) {
		return ew_fail(err, "'certificate' and 'key' belong together");
	}
	if (settings->key != NULL && strncmp(settings->key, "pkcs11:", 7) == 0) {
		return ew_fail(err, "'%s': a key of PKCS#11 is not supported here", settings->key);
	}
	if (strncmp(settings->url, "http://", 7) == 0 &&
	    (settings->ca != NULL || settings->certificate != NULL)) {
		return ew_fail(err, "'ca' and 'certificate' need an https:// URL");
	}
	if (settings->proxy.url == NULL &&
	    (settings->proxy.username != NULL || settings->proxy.password != NULL)) {
		return ew_fail(err, "'proxy' needs a 'url'");
	}
	if (settings->proxy.url != NULL && strchr(settings->proxy.url, '@') != NULL) {
		return ew_fail(err, "'proxy: url' has a user name in it; write username: and "
			       "password:");
	}
	return 0;
}

int settings_check(const void *arg, struct ew_error *err)
{
	const struct settings *settings = arg;
	int error = settings_check_url(settings, err);

	if (error == 0) {
		error = settings_check_headers(settings, err);
	}
	if (error == 0) {
		error = settings_check_fields(settings, err);
	}
	if (error == 0) {
		error = settings_check_secrets(settings, err);
	}
	if (error == 0 && settings->retry.max < settings->retry.min) {
		error = ew_fail(err, "'retry: max' is below 'min'");
	}
	return error;
}
