/* SPDX-License-Identifier: Apache-2.0 */
/* A package over HTTPS, fetched by a thread of its own: see package.h. */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "modules/lwm2m/package.h"

#define CONNECT_SECONDS  30L
#define SILENT_SECONDS   60L    /* without a byte, and it is over */
#define REDIRECTS        3L

struct fetch {
	pthread_t thread;
	int over;               /* eventfd */
	CURL *curl;
	uint64_t size_max;
	uint64_t size;
	int fd;
	gnutls_hash_hd_t hash;
	char digits[FIRMWARE_HASH_MAX];
	enum firmware_result result;
	char why[CURL_ERROR_SIZE];
	atomic_bool is_stopped;         /* by the loop, seen by the thread */
};

/* ---- of the thread ---- */

static size_t fetch_write(char *bytes, size_t one, size_t size, void *arg)
{
	struct fetch *fetch = arg;

	(void)one;              /* is 1 */
	if (size > fetch->size_max - fetch->size) {
		fetch->result = FIRMWARE_NO_STORAGE;
		return 0;
	}
	for (size_t at = 0; at < size;) {
		ssize_t written = write(fetch->fd, bytes + at, size - at);

		if (written < 0 && errno != EINTR) {
			fetch->result = FIRMWARE_NO_STORAGE;
			return 0;
		}
		at += written > 0 ? (size_t)written : 0;
	}
	fetch->size += size;
	return gnutls_hash(fetch->hash, bytes, size) == 0 ? size : 0;
}

static int fetch_progress(void *arg, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
			  curl_off_t up)
{
	const struct fetch *fetch = arg;

	(void)down_total;
	(void)down;
	(void)up_total;
	(void)up;
	return atomic_load(&fetch->is_stopped) ? 1 : 0;
}

static enum firmware_result fetch_failed(const struct fetch *fetch, CURLcode code)
{
	if (fetch->result != FIRMWARE_INITIAL) {
		return fetch->result;
	}
	switch (code) {
	case CURLE_URL_MALFORMAT:
	case CURLE_HTTP_RETURNED_ERROR:
		return FIRMWARE_BAD_URI;
	case CURLE_UNSUPPORTED_PROTOCOL:
		return FIRMWARE_BAD_PROTOCOL;
	case CURLE_FILESIZE_EXCEEDED:
		return FIRMWARE_NO_STORAGE;
	default:
		return FIRMWARE_LOST;
	}
}

static void *fetch_run(void *arg)
{
	struct fetch *fetch = arg;
	CURLcode code = curl_easy_perform(fetch->curl);
	uint8_t hash[32];

	gnutls_hash_output(fetch->hash, hash);
	for (size_t i = 0; i < sizeof(hash); i++) {
		(void)snprintf(fetch->digits + 2 * i, 3, "%02x", hash[i]);
	}
	if (code != CURLE_OK) {
		fetch->result = fetch_failed(fetch, code);
	} else if (fsync(fetch->fd) != 0) {
		fetch->result = FIRMWARE_NO_STORAGE;
	}
	/* its end: what was written before is seen by whoever reads it */
	while (eventfd_write(fetch->over, 1) != 0) {
	}
	return NULL;
}

/* ---- of the loop ---- */

static void fetch_free(struct fetch *fetch)
{
	curl_easy_cleanup(fetch->curl);
	if (fetch->hash != NULL) {
		gnutls_hash_deinit(fetch->hash, NULL);
	}
	if (fetch->fd >= 0) {
		(void)close(fetch->fd);         /* it was synced, or it is thrown away */
	}
	if (fetch->over >= 0) {
		(void)close(fetch->over);
	}
	free(fetch);
}

static int fetch_set(struct fetch *fetch, const struct fetch_order *order)
{
	CURL *curl = fetch->curl;
	CURLcode code = curl_easy_setopt(curl, CURLOPT_URL, order->uri);

	code |= curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, fetch->why);
	code |= curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
	code |= curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https");
	code |= curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	code |= curl_easy_setopt(curl, CURLOPT_MAXREDIRS, REDIRECTS);
	code |= curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
	code |= curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	code |= curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	code |= curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	code |= curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, SILENT_SECONDS);
	code |= curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)order->size_max);
	code |= curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, fetch_write);
	code |= curl_easy_setopt(curl, CURLOPT_WRITEDATA, fetch);
	code |= curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	code |= curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, fetch_progress);
	code |= curl_easy_setopt(curl, CURLOPT_XFERINFODATA, fetch);
	if (order->ca != NULL) {
		code |= curl_easy_setopt(curl, CURLOPT_CAINFO, order->ca);
	}
	if (order->certificate != NULL) {
		code |= curl_easy_setopt(curl, CURLOPT_SSLCERT, order->certificate);
		code |= curl_easy_setopt(curl, CURLOPT_SSLKEY, order->key);
	}
	return code == CURLE_OK ? 0 : -ENOTSUP;
}

int fetch_start(const struct fetch_order *order, struct fetch **fetch_out)
{
	struct fetch *fetch = calloc(1, sizeof(*fetch));
	int rc;

	if (fetch == NULL) {
		return -ENOMEM;
	}
	fetch->size_max = order->size_max;
	fetch->curl = curl_easy_init();
	fetch->over = eventfd(0, EFD_CLOEXEC);
	fetch->fd = open(order->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	rc = fetch->fd < 0 || fetch->over < 0 ? -errno : fetch->curl == NULL ||
	     gnutls_hash_init(&fetch->hash, GNUTLS_DIG_SHA256) != 0 ? -ENOMEM :
	     fetch_set(fetch, order);
	if (rc == 0) {
		rc = -pthread_create(&fetch->thread, NULL, fetch_run, fetch);
	}
	if (rc != 0) {
		fetch_free(fetch);
		return rc;
	}
	*fetch_out = fetch;
	return 0;
}

void fetch_stop(struct fetch **owned)
{
	struct fetch *fetch = *owned;

	if (fetch == NULL) {
		return;
	}
	*owned = NULL;
	atomic_store(&fetch->is_stopped, true);
	(void)pthread_join(fetch->thread, NULL);        /* it can be joined: it was started */
	fetch_free(fetch);
}

int fetch_descriptor(const struct fetch *fetch)
{
	return fetch->over;
}

enum firmware_result fetch_result(const struct fetch *fetch, char *hash_out)
{
	memcpy(hash_out, fetch->digits, FIRMWARE_HASH_MAX);
	return fetch->result;
}

const char *fetch_why(const struct fetch *fetch)
{
	return fetch->why;
}
