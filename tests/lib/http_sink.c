/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of an HTTP server for tests: see http_sink.h. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <gnutls/gnutls.h>
#include <zlib.h>

#include "tests/lib/http_sink_inside.h"

#define BODY_MAX  (256u * 1024 * 1024)
#define KEYS_MAX  65536u        /* remembered, the newest ones */

/* ---- reading ---- */

static void grow(struct upload *upload, const char *at, size_t size, bool discard)
{
	size_t room = upload->room == 0 ? 65536 : upload->room;

	if (discard) {
		upload->size += size;
		return;
	}
	if (upload->size + size > BODY_MAX) {
		upload->is_long = true;
		return;
	}
	while (room < upload->size + size + 1) {
		room *= 2;
	}
	if (room != upload->room) {
		upload->at = must(realloc(upload->at, room));
		upload->room = room;
	}
	memcpy(upload->at + upload->size, at, size);
	upload->size += size;
}

/* In place of what came; false: it is not gzip. */
static bool unpack(struct upload *upload)
{
	struct upload plain = {0};
	char piece[65536];
	z_stream stream = {0};
	int state = Z_OK;

	check(inflateInit2(&stream, 15 + 16) == Z_OK);
	stream.next_in = (Bytef *)upload->at;
	stream.avail_in = (uInt)upload->size;
	while (state == Z_OK) {
		stream.next_out = (Bytef *)piece;
		stream.avail_out = sizeof(piece);
		state = inflate(&stream, Z_NO_FLUSH);
		grow(&plain, piece, sizeof(piece) - stream.avail_out, false);
	}
	(void)inflateEnd(&stream);
	free(upload->at);
	*upload = plain;
	return state == Z_STREAM_END && !plain.is_long;
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
	const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);

	return value == NULL ? "" : value;
}

static bool is_repeated(struct http_sink *sink, const char *key)
{
	uint64_t hash = 1469598103934665603u;
	size_t count = sink->key_count < KEYS_MAX ? sink->key_count : KEYS_MAX;

	for (; *key != '\0'; key++) {
		hash = (hash ^ (unsigned char)*key) * 1099511628211u;
	}
	/* the newest first: a repetition is rarely far away */
	for (size_t i = 1; i <= count; i++) {
		if (sink->keys[(sink->key_count - i) % KEYS_MAX] == hash) {
			return true;
		}
	}
	sink->keys[sink->key_count++ % KEYS_MAX] = hash;
	return false;
}

static void count_body(struct http_sink *sink, struct MHD_Connection *connection,
		       const struct upload *upload)
{
	const char *key = header(connection, "Idempotency-Key");

	sink->counts.accepted++;
	if (sink->config.discard) {
		return;
	}
	if (key[0] != '\0' && is_repeated(sink, key)) {
		sink->counts.repeated++;
	}
	if (upload->size > 0) {
		tally_body(sink->tally, header(connection, "Content-Type"), upload->at,
			   upload->size);
	}
}

/* Whole at any time: who reads it gets one body. */
static void write_body(const char *path, const struct upload *upload)
{
	char *fresh = NULL;
	FILE *file;

	if (asprintf(&fresh, "%s.new", path) < 0) {
		abort();
	}
	file = must(fopen(fresh, "we"));
	if (fwrite(upload->at, 1, upload->size, file) != upload->size || fclose(file) != 0 ||
	    rename(fresh, path) != 0) {
		abort();
	}
	free(fresh);
}

/* ---- deciding ---- */

/* Whether a client with a certificate of the right CA asks. */
static bool is_known(const struct http_sink *sink, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info;
	unsigned status = 1;

	if (sink->config.client_ca == NULL) {
		return true;
	}
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	return gnutls_certificate_verify_peers2(info->tls_session, &status) == 0 && status == 0;
}

/* The plan for this request; waits while it is to hang. */
static struct sink_plan take_plan(struct http_sink *sink)
{
	struct sink_plan plan = sink->plan;
	unsigned number;

	while (plan.mode == SINK_HANG && !sink->is_ending) {
		number = sink->plan_number;
		sink->counts.by_mode[SINK_HANG]++;
		while (number == sink->plan_number && !sink->is_ending) {
			(void)pthread_cond_wait(&sink->changed, &sink->lock);
		}
		plan = sink->plan;
	}
	if (sink->plan.requests > 0 && --sink->plan.requests == 0) {
		sink->plan = (struct sink_plan){ .mode = SINK_OK };
	}
	return plan;
}

static bool is_planned(const struct http_sink *sink, const char *target)
{
	return sink->plan.only[0] == '\0' || strcmp(sink->plan.only, target) == 0;
}

static bool counts_it(enum sink_mode mode)
{
	return mode == SINK_OK || mode == SINK_DRIP || mode == SINK_HALF || mode == SINK_LONG;
}

static enum MHD_Result complete(struct http_sink *sink, struct MHD_Connection *connection,
				const char *method, const char *target, struct upload *upload)
{
	struct sink_plan plan = { .mode = SINK_OK };
	struct sink_request *kept = NULL;
	bool is_whole = !upload->is_long;
	bool is_large = sink->config.most_bytes > 0 && upload->size > sink->config.most_bytes;

	pthread_mutex_lock(&sink->lock);
	sink->counts.requests++;
	sink->counts.bytes += upload->size;
	sink->open++;
	sink->counts.most_open = sink->open > sink->counts.most_open ? sink->open :
				 sink->counts.most_open;
	pthread_mutex_unlock(&sink->lock);
	if (strcasecmp(header(connection, "Content-Encoding"), "gzip") == 0 &&
	    !sink->config.discard) {
		is_whole = is_whole && unpack(upload);
	}
	pthread_mutex_lock(&sink->lock);
	if (sink->config.body != NULL) {
		write_body(sink->config.body, upload);
	}
	if (sink->config.keep) {
		kept = sink_keep(sink, connection, method, target, upload);
	}
	if (!is_known(sink, connection)) {
		plan = (struct sink_plan){ .mode = SINK_STATUS, .status = 403 };
	} else if (sink->config.authorization != NULL &&
		   strcmp(header(connection, "Authorization"), sink->config.authorization) != 0) {
		plan = (struct sink_plan){ .mode = SINK_STATUS, .status = 401 };
	} else if (is_large) {
		plan = (struct sink_plan){ .mode = SINK_STATUS, .status = 413 };
	} else if (!is_whole) {
		plan = (struct sink_plan){ .mode = SINK_STATUS, .status = 400 };
	} else if (strcmp(target, "/moved") != 0 && is_planned(sink, target)) {
		plan = take_plan(sink);
	}
	sink->counts.by_mode[plan.mode]++;
	if (counts_it(plan.mode)) {
		count_body(sink, connection, upload);
	}
	if (kept != NULL) {
		kept->status = plan.mode == SINK_STATUS ? plan.status :
			       plan.mode == SINK_OK ? 204 : 0;
	}
	sink->open--;
	pthread_mutex_unlock(&sink->lock);
	return sink_carry_out(sink, connection, target, &plan);
}

/* `mode=status&status=503&requests=2&retry_after=1` changes the plan; without, a report. */
static enum MHD_Result control(struct http_sink *sink, struct MHD_Connection *connection)
{
	const char *mode = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "mode");
	const char *value;
	struct sink_plan plan = {0};
	enum MHD_Result result;
	char *report;

	if (mode != NULL) {
		plan.mode = http_sink_mode(mode);
		if (plan.mode == SINK_MODE_COUNT) {
			return sink_answer(connection, 400, "no such mode\n", NULL, NULL);
		}
		value = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "status");
		plan.status = value == NULL ? 0 : (int)strtol(value, NULL, 10);
		value = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "requests");
		plan.requests = value == NULL ? 0 : (unsigned)strtoul(value, NULL, 10);
		value = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND,
						    "retry_after");
		(void)snprintf(plan.retry_after, sizeof(plan.retry_after), "%s",
			       value == NULL ? "" : value);
		http_sink_plan(sink, &plan);
	}
	report = http_sink_report(sink);
	result = sink_answer(connection, 200, report, NULL, NULL);
	free(report);
	return result;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *target,
				  const char *method, const char *version, const char *at,
				  size_t *size, void **state)
{
	struct http_sink *sink = arg;
	struct upload *upload = *state;

	(void)version;
	if (upload == NULL) {
		*state = must(calloc(1, sizeof(*upload)));
		return MHD_YES;
	}
	if (*size > 0) {
		grow(upload, at, *size, sink->config.discard);
		*size = 0;
		return MHD_YES;
	}
	if (strcmp(method, "GET") == 0 && strcmp(target, "/control") == 0) {
		return control(sink, connection);
	}
	return complete(sink, connection, method, target, upload);
}

static void on_end(void *arg, struct MHD_Connection *connection, void **state,
		   enum MHD_RequestTerminationCode code)
{
	struct upload *upload = *state;

	(void)arg;
	(void)connection;
	(void)code;
	if (upload != NULL) {
		free(upload->at);
		free(upload);
	}
}

/* ---- life ---- */

static char *read_whole(const char *path)
{
	FILE *file = path == NULL ? NULL : fopen(path, "re");
	char *text = NULL;
	size_t room = 0;

	if (path == NULL) {
		return NULL;
	}
	check(file != NULL && getdelim(&text, &room, '\0', file) > 0);
	(void)fclose(file);
	return text;
}

static void listen_now(struct http_sink *sink)
{
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, sink->files[0] },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, sink->files[1] },
		{ sink->files[2] != NULL ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0,
		  sink->files[2] },
		{ MHD_OPTION_END, 0, NULL },
	};
	struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(sink->config.port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
			 (sink->files[0] != NULL ? (unsigned)MHD_USE_TLS : 0u);

	sink->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, sink,
					MHD_OPTION_SOCK_ADDR, &address,
					MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u,
					MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL,
					MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)262144,
					MHD_OPTION_ARRAY, sink->files[0] != NULL ? tls : none,
					MHD_OPTION_END);
	check(sink->daemon != NULL);
	sink->port = MHD_get_daemon_info(sink->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

struct http_sink *http_sink_start(const struct sink_config *config)
{
	struct http_sink *sink = must(calloc(1, sizeof(*sink)));

	sink->config = *config;
	sink->files[0] = read_whole(config->certificate);
	sink->files[1] = read_whole(config->key);
	sink->files[2] = read_whole(config->client_ca);
	sink->keys = must(calloc(KEYS_MAX, sizeof(*sink->keys)));
	sink->tally = tally_new(config->first);
	if (config->journal != NULL) {
		tally_keep(sink->tally, config->journal);
	}
	check(pthread_mutex_init(&sink->lock, NULL) == 0);
	check(pthread_cond_init(&sink->changed, NULL) == 0);
	listen_now(sink);
	return sink;
}

void http_sink_stop(struct http_sink **sink_at)
{
	struct http_sink *sink = *sink_at;

	if (sink == NULL) {
		return;
	}
	*sink_at = NULL;
	pthread_mutex_lock(&sink->lock);
	sink->is_ending = true;
	pthread_cond_broadcast(&sink->changed);
	pthread_mutex_unlock(&sink->lock);
	MHD_stop_daemon(sink->daemon);
	sink_forget(sink);
	for (int i = 0; i < 3; i++) {
		free(sink->files[i]);
	}
	free(sink->keys);
	tally_free(&sink->tally);
	(void)pthread_cond_destroy(&sink->changed);
	(void)pthread_mutex_destroy(&sink->lock);
	free(sink);
}

uint16_t http_sink_port(const struct http_sink *sink)
{
	return sink->port;
}
