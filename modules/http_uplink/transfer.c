/* SPDX-License-Identifier: Apache-2.0 */
/* One request of a wire: see transfer.h. */
#include "modules/http_uplink/transfer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "modules/http_uplink/retry.h"

struct transfer {
	struct wire *wire;
	CURL *easy;
	wire_done_fn fn;
	void *arg;
	bool is_active;
	struct curl_slist *headers;
	ew_dur began;
	uint64_t received;      /* bytes of head and body of all answers */
	bool is_too_long;
	char after[64];         /* Retry-After of the last answer */
	ew_time date;           /* of the last answer; 0: not told */
	char text[WIRE_TEXT_MAX + 1];
	size_t text_size;
	char error[CURL_ERROR_SIZE];
};

/* ---- the answer ---- */

static bool transfer_count(struct transfer *transfer, size_t size)
{
	transfer->received += size;
	transfer->is_too_long = transfer->received > transfer->wire->settings->answer_limit;
	return !transfer->is_too_long;
}

static size_t transfer_on_body(char *at, size_t one, size_t size, void *arg)
{
	struct transfer *transfer = arg;

	(void)one; /* always 1 */
	for (size_t i = 0; i < size && transfer->text_size < WIRE_TEXT_MAX; i++) {
		/* for logs: one line, ASCII */
		transfer->text[transfer->text_size++] =
			at[i] >= ' ' && at[i] <= '~' ? at[i] : ' ';
	}
	transfer->text[transfer->text_size] = '\0';
	return transfer_count(transfer, size) ? size : 0;
}

/* The value of a header, when the line is that header's. */
static bool transfer_is_header(const char *line, size_t size, const char *name, size_t *at_out)
{
	size_t length = strlen(name);

	if (size <= length || strncasecmp(line, name, length) != 0) {
		return false;
	}
	*at_out = length;
	return true;
}

static size_t transfer_on_header(char *line, size_t one, size_t size, void *arg)
{
	struct transfer *transfer = arg;
	size_t end = size, at;

	(void)one; /* always 1 */
	while (end > 0 && (line[end - 1] == '\r' || line[end - 1] == '\n')) {
		end--;
	}
	if (size >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		/* the answer to a redirect begins anew */
		transfer->after[0] = '\0';
		transfer->date = 0;
		transfer->text_size = 0;
		transfer->text[0] = '\0';
	} else if (transfer_is_header(line, end, "Retry-After:", &at) &&
		   end - at < sizeof(transfer->after)) {
		memcpy(transfer->after, line + at, end - at);
		transfer->after[end - at] = '\0';
	} else if (transfer_is_header(line, end, "Date:", &at)) {
		at += at < end && line[at] == ' ';
		if (retry_date_parse(line + at, end - at, &transfer->date) != 0) {
			transfer->date = 0;
		}
	}
	return transfer_count(transfer, size) ? size : 0;
}

/* ---- the result ---- */

static enum wire_cause transfer_cause(CURLcode code)
{
	static const struct {
		CURLcode code;
		enum wire_cause cause;
	} rows[] = {
		{CURLE_OK, WIRE_ANSWERED},
		{CURLE_COULDNT_RESOLVE_PROXY, WIRE_CONNECT},
		{CURLE_COULDNT_RESOLVE_HOST, WIRE_CONNECT},
		{CURLE_COULDNT_CONNECT, WIRE_CONNECT},
		{CURLE_PROXY, WIRE_CONNECT},
		{CURLE_OPERATION_TIMEDOUT, WIRE_TIMEOUT},
		{CURLE_SSL_CONNECT_ERROR, WIRE_TLS},
		{CURLE_SSL_CERTPROBLEM, WIRE_TLS},
		{CURLE_SSL_CIPHER, WIRE_TLS},
		{CURLE_PEER_FAILED_VERIFICATION, WIRE_TLS},
		{CURLE_SSL_CACERT_BADFILE, WIRE_TLS},
		{CURLE_SSL_ISSUER_ERROR, WIRE_TLS},
		{CURLE_GOT_NOTHING, WIRE_ANSWER},
		{CURLE_PARTIAL_FILE, WIRE_ANSWER},
		{CURLE_WRITE_ERROR, WIRE_ANSWER},
		{CURLE_SEND_ERROR, WIRE_ANSWER},
		{CURLE_RECV_ERROR, WIRE_ANSWER},
		{CURLE_UNSUPPORTED_PROTOCOL, WIRE_ANSWER},
		{CURLE_WEIRD_SERVER_REPLY, WIRE_ANSWER},
		{CURLE_TOO_MANY_REDIRECTS, WIRE_ANSWER},
		{CURLE_HTTP2, WIRE_ANSWER},
		{CURLE_HTTP2_STREAM, WIRE_ANSWER},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].code == code) {
			return rows[i].cause;
		}
	}
	return WIRE_OTHER;
}

/* libcurl's own words carry milliseconds and addresses, which would differ each time. */
static const char *transfer_text(const struct transfer *transfer, CURLcode code)
{
	if (code == CURLE_OK) {
		return "";
	}
	if (transfer->is_too_long) {
		return "an answer longer than answer_limit";
	}
	if (transfer_cause(code) == WIRE_TIMEOUT) {
		return "no complete answer in time";
	}
	return curl_easy_strerror(code);
}

static const char *transfer_detail(struct transfer *transfer, CURLcode code)
{
	for (char *at = transfer->error; *at != '\0'; at++) {
		*at = *at >= ' ' && *at <= '~' ? *at : ' ';
	}
	return code == CURLE_OK ? transfer->text : transfer->error;
}

static ew_dur transfer_retry_after(const struct transfer *transfer)
{
	ew_dur wait;

	/* by the server's own clock if it told: ours may be wrong */
	if (retry_after_parse(transfer->after, strlen(transfer->after),
			      transfer->date != 0 ? transfer->date : ew_wall(), &wait) != 0) {
		return -1;
	}
	return wait;
}

static void transfer_detach(struct transfer *transfer)
{
	if (transfer->is_active) {
		transfer->is_active = false;
		(void)curl_multi_remove_handle(transfer->wire->multi, transfer->easy);
	}
	curl_slist_free_all(transfer->headers);
	transfer->headers = NULL;
}

void transfer_end(struct transfer *transfer, CURLcode code)
{
	struct wire_result result = {
		.cause = transfer_cause(code),
		.text = transfer_text(transfer, code),
		.detail = transfer_detail(transfer, code),
		.took = ew_now() - transfer->began,
		.retry_after = transfer_retry_after(transfer),
	};

	(void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &result.status);
	(void)curl_easy_getinfo(transfer->easy, CURLINFO_REDIRECT_COUNT, &result.redirects);
	transfer_detach(transfer);
	transfer->fn(transfer->arg, &result);
}

/* ---- the request ---- */

#define set(option, value) (failed |= curl_easy_setopt(easy, option, value) != CURLE_OK)

static bool transfer_set_trust(CURL *easy, const struct settings *settings)
{
	bool failed = false;

	set(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	set(CURLOPT_SSL_VERIFYPEER, settings->tls.verify ? 1L : 0L);
	set(CURLOPT_SSL_VERIFYHOST, settings->tls.verify ? 2L : 0L);
	if (settings->ca != NULL) {
		set(CURLOPT_CAINFO, settings->ca);
		set(CURLOPT_CAPATH, NULL);
	}
	if (settings->certificate != NULL) {
		set(CURLOPT_SSLCERT, settings->certificate);
		set(CURLOPT_SSLKEY, settings->key);
	}
	if (settings->username != NULL) {
		set(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		set(CURLOPT_USERNAME, settings->username);
		set(CURLOPT_PASSWORD, settings->password);
	}
	/* "": not what the environment says */
	set(CURLOPT_PROXY, settings->proxy.url != NULL ? settings->proxy.url : "");
	if (settings->proxy.username != NULL) {
		set(CURLOPT_PROXYUSERNAME, settings->proxy.username);
		set(CURLOPT_PROXYPASSWORD,
		    settings->proxy.password != NULL ? settings->proxy.password : "");
	}
	return !failed;
}

/* A connection was made with the certificates that there were then, and vouches for those only. */
static bool transfer_set_age(CURL *easy, const struct wire *wire)
{
	ew_dur age = (ew_now() - wire->changed_at) / EW_SECOND;
	bool failed = false;

	/* files are read for each connection, as long as it lasts */
	set(CURLOPT_CA_CACHE_TIMEOUT, 0L);
	if (wire->changed_at != 0) {
		set(CURLOPT_SSL_SESSIONID_CACHE, 0L);
		set(CURLOPT_FRESH_CONNECT, age < 2 ? 1L : 0L);
		set(CURLOPT_MAXLIFETIME_CONN, age < 2 ? 1L : (long)(age - 1));
	}
	return !failed;
}

static bool transfer_set_limits(CURL *easy, const struct settings *settings)
{
	const char *protocols = strncmp(settings->url, "http://", 7) == 0 ? "http,https" : "https";
	/* a token in a header of its own would follow to any host */
	bool follows = settings->redirects > 0 && settings_has_standard_token(settings);
	bool failed = false;

	set(CURLOPT_PROTOCOLS_STR, protocols);
	set(CURLOPT_REDIR_PROTOCOLS_STR, protocols);
	set(CURLOPT_FOLLOWLOCATION, follows ? 1L : 0L);
	set(CURLOPT_MAXREDIRS, (long)settings->redirects);
	/* a redirect that became a GET would look as if the samples had arrived */
	set(CURLOPT_POSTREDIR, (long)CURL_REDIR_POST_ALL);
	set(CURLOPT_CONNECTTIMEOUT_MS, (long)(settings->connect_timeout / EW_MILLISECOND));
	set(CURLOPT_TIMEOUT_MS, (long)(settings->timeout / EW_MILLISECOND));
	set(CURLOPT_LOW_SPEED_LIMIT, 1L);
	set(CURLOPT_LOW_SPEED_TIME, (long)(settings->stall / EW_SECOND));
	set(CURLOPT_NOSIGNAL, 1L);
	set(CURLOPT_UPLOAD_BUFFERSIZE, 256L * 1024);
	return !failed;
}

static bool transfer_set_request(struct transfer *transfer, const struct wire_request *request)
{
	CURL *easy = transfer->easy;
	bool failed = false;

	set(CURLOPT_PRIVATE, transfer);
	set(CURLOPT_URL, request->url);
	set(CURLOPT_POSTFIELDS, request->body);
	set(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->size);
	set(CURLOPT_HTTPHEADER, transfer->headers);
	set(CURLOPT_ERRORBUFFER, transfer->error);
	set(CURLOPT_WRITEFUNCTION, transfer_on_body);
	set(CURLOPT_WRITEDATA, transfer);
	set(CURLOPT_HEADERFUNCTION, transfer_on_header);
	set(CURLOPT_HEADERDATA, transfer);
	return !failed;
}

#undef set

static int transfer_add_headers(struct transfer *transfer, const struct wire_request *request)
{
	for (size_t i = 0; i < request->header_count; i++) {
		struct curl_slist *longer = curl_slist_append(transfer->headers,
							      request->headers[i]);

		if (longer == NULL) {
			return -ENOMEM;
		}
		transfer->headers = longer;
	}
	return 0;
}

int transfer_start(struct transfer *transfer, const struct wire_request *request)
{
	const struct settings *settings = transfer->wire->settings;
	int error = transfer_add_headers(transfer, request);

	curl_easy_reset(transfer->easy);
	transfer->received = 0;
	transfer->is_too_long = false;
	transfer->after[0] = '\0';
	transfer->date = 0;
	transfer->text_size = 0;
	transfer->text[0] = '\0';
	transfer->error[0] = '\0';
	transfer->began = ew_now();
	if (error == 0 && !(transfer_set_request(transfer, request) &&
			    transfer_set_limits(transfer->easy, settings) &&
			    transfer_set_trust(transfer->easy, settings) &&
			    transfer_set_age(transfer->easy, transfer->wire))) {
		error = -ENOMEM;
	}
	if (error == 0 && curl_multi_add_handle(transfer->wire->multi, transfer->easy) !=
			  CURLM_OK) {
		error = -ENOMEM;
	}
	if (error != 0) {
		transfer_detach(transfer);
		return error;
	}
	transfer->is_active = true;
	return 0;
}

/* ---- life ---- */

int transfer_new(struct wire *wire, wire_done_fn fn, void *arg, struct transfer **transfer_out)
{
	struct transfer *transfer = calloc(1, sizeof(*transfer));

	if (transfer == NULL) {
		return -ENOMEM;
	}
	transfer->easy = curl_easy_init();
	if (transfer->easy == NULL) {
		free(transfer);
		return -ENOMEM;
	}
	transfer->wire = wire;
	transfer->fn = fn;
	transfer->arg = arg;
	*transfer_out = transfer;
	return 0;
}

void transfer_free(struct transfer **transfer_at)
{
	struct transfer *transfer = *transfer_at;

	if (transfer != NULL) {
		*transfer_at = NULL;
		transfer_detach(transfer);
		curl_easy_cleanup(transfer->easy);
		free(transfer);
	}
}
