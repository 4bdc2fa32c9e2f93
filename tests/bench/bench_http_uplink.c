/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP uplink against plain libcurl: the same bytes in requests of the same
 * size, as many at a time, to the same server on the loopback interface, over
 * TLS and without. All else that it takes is there too, on one thread:
 * publishing, taking batches off the bus, encoding, keys, acknowledgements.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include <edgeway/test.h>

#include "tests/bench/bench.h"
#include "tests/lib/http_sink.h"

#define ROUNDS     5
#define TAGS       64u
#define DEVICES    16u
#define REQUESTS   4u
#define PATIENCE   (60 * EW_SECOND)

/*
 * Samples. A quarter of each batch goes to each connection: when all that is on its way
 * waits for one of them, 64 batches are not answered, and the queue takes 128.
 */
#define ON_WAY     (16 * 1024)

extern const struct ew_module ew_module;

static struct http_sink *sink;
static struct ew_test *test;
static uint32_t tags[TAGS];
static char folder[] = "/tmp/edgeway-bench.XXXXXX";
static char url[64];
static char certificate[64];    /* signs itself; "": no TLS */

static void must(int is_so, const char *what)
{
	if (!is_so) {
		(void)fprintf(stderr, "bench_http_uplink: %s\n", what);
		exit(1);
	}
}

/* ---- plain libcurl ---- */

static size_t ignore(char *at, size_t one, size_t size, void *arg)
{
	(void)at;
	(void)arg;
	return one * size;
}

static CURL *plain_request(const char *body, size_t size, struct curl_slist *headers)
{
	CURL *easy = curl_easy_init();

	must(easy != NULL, "libcurl");
	(void)curl_easy_setopt(easy, CURLOPT_URL, url);
	(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
	(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
	(void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore);
	(void)curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 256L * 1024);
	if (certificate[0] != '\0') {
		(void)curl_easy_setopt(easy, CURLOPT_CAINFO, certificate);
	}
	return easy;
}

/* Post `count` bodies; returns how many the server took. */
static unsigned plain_post(CURLM *multi, CURL **easy, unsigned count)
{
	unsigned begun = 0, done = 0;
	CURLMsg *message;
	int running, left;

	while (begun < REQUESTS && begun < count) {
		(void)curl_multi_add_handle(multi, easy[begun++]);
	}
	while (done < count) {
		(void)curl_multi_perform(multi, &running);
		while ((message = curl_multi_info_read(multi, &left)) != NULL) {
			CURL *ended = message->easy_handle;

			must(message->data.result == CURLE_OK, "a plain request failed");
			done++;
			(void)curl_multi_remove_handle(multi, ended);
			if (begun < count) {
				begun++;
				(void)curl_multi_add_handle(multi, ended);
			}
		}
		if (done < count) {
			(void)curl_multi_poll(multi, NULL, 0, 100, NULL);
		}
	}
	return done;
}

/* Bytes a second. */
static double plain_rate(uint64_t bytes, unsigned count)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
	CURL *easy[REQUESTS];
	CURLM *multi = curl_multi_init();
	char *body;
	size_t size = (size_t)(bytes / count);
	struct bench_span span;

	body = malloc(size);
	must(multi != NULL && body != NULL && headers != NULL, "no memory");
	memset(body, 'x', size);
	for (unsigned i = 0; i < REQUESTS; i++) {
		easy[i] = plain_request(body, size, headers);
	}
	span = bench_now();
	must(plain_post(multi, easy, count) == count, "plain requests are missing");
	span = bench_since(span);
	for (unsigned i = 0; i < REQUESTS; i++) {
		curl_easy_cleanup(easy[i]);
	}
	(void)curl_multi_cleanup(multi);
	curl_slist_free_all(headers);
	free(body);
	return (double)(size * count) * 1e9 / (double)span.wall;
}

/* ---- the uplink ---- */

static void uplink_open(void)
{
	struct ew_instance *inst;
	char yaml[512];

	(void)snprintf(yaml, sizeof(yaml), "url: \"%s\"\nplaintext: yes\ncompression: none\n"
		       "batch: {delay: 20ms}\nrequests: %u\n%s%s\n", url, REQUESTS,
		       certificate[0] != '\0' ? "ca: " : "", certificate);
	must(ew_test_new(&test) == 0, "no test");
	must(ew_test_load(test, &ew_module, "up", yaml) == 0 && ew_test_start(test) == 0,
	     "the uplink does not start");
	inst = ew_test_begin(test);
	for (uint32_t i = 0; i < TAGS; i++) {
		char path[32], name[32];
		const struct ew_device_spec device = {.size = sizeof(device), .path = path};
		const struct ew_tag_spec tag = {.size = sizeof(tag), .name = name,
						.type = EW_TYPE_F64, .unit = "Cel"};
		uint32_t id;

		(void)snprintf(path, sizeof(path), "machine-%02u", i % DEVICES);
		(void)snprintf(name, sizeof(name), "Bearing/Temperature/%02u", i);
		must(ew_device_declare(inst, &device, &id) == 0 &&
		     ew_tag_declare(inst, id, &tag, &tags[i]) == 0, "no tag");
	}
	ew_test_end(test);
	ew_test_step(test);
}

/* Let it go on until no more than so many samples are on their way; a retry takes its time. */
static void uplink_wait(double sent, double before, double most)
{
	struct bench_span begin = bench_now();

	while (sent - (ew_test_metric(test, "up", "samples_total") - before) > most) {
		must(bench_since(begin).wall < PATIENCE, "samples do not arrive");
		(void)sched_yield();
		ew_test_advance(test, EW_MILLISECOND);
	}
}

/* Publish so many batches of 1,024 samples, at the pace at which they are taken. */
static void uplink_send(unsigned batches)
{
	static struct ew_sample samples[1024];
	double before = ew_test_metric(test, "up", "samples_total");
	uint64_t sent = 0;
	double value = 20;

	for (unsigned b = 0; b < batches; b++) {
		for (uint32_t i = 0; i < 1024; i++) {
			value += (i * 7 + b) % 13 * 0.01 - 0.06;
			samples[i] = ew_sample_f64(tags[i % TAGS], 0, value);
		}
		must(ew_publish(ew_test_begin(test), samples, 1024, NULL) == 0, "publish");
		ew_test_end(test);
		sent += 1024;
		ew_test_step(test);
		uplink_wait((double)sent, before, ON_WAY);
	}
	uplink_wait((double)sent, before, 0);
}

static void compare(unsigned batches, double *ratio_out, double *plain_out)
{
	double raw = ew_test_metric(test, "up", "raw_bytes_total");
	double requests = ew_test_metric(test, "up", "accepted_total");
	struct bench_span span = bench_now();
	double bytes, rate;

	uplink_send(batches);
	span = bench_since(span);
	bytes = ew_test_metric(test, "up", "raw_bytes_total") - raw;
	requests = ew_test_metric(test, "up", "accepted_total") - requests;
	rate = bytes * 1e9 / (double)span.wall;
	*plain_out = plain_rate((uint64_t)bytes, (unsigned)requests);
	*ratio_out = rate / *plain_out * 100;
	(void)printf("   uplink %.0f MB/s, %.2f M samples/s, %.0f bytes a request; "
		     "libcurl %.0f MB/s\n", rate / 1e6,
		     batches * 1024.0 * 1e3 / (double)span.wall, bytes / requests,
		     *plain_out / 1e6);
}

static void measure(const char *name, double asked)
{
	unsigned batches = (unsigned)bench_setting("BATCHES", 400);
	double ratios[ROUNDS], plain;

	uplink_open();
	uplink_send(batches / 4);
	for (int i = 0; i < ROUNDS; i++) {
		compare(batches, &ratios[i], &plain);
	}
	bench_values(name, "%", ratios, ROUNDS, asked);
	ew_test_free(&test);
	http_sink_stop(&sink);
}

static void over_tls(void)
{
	char command[512], key[64];
	const struct sink_config config = {.discard = true, .certificate = certificate,
					   .key = key};

	must(mkdtemp(folder) != NULL, "no folder");
	(void)snprintf(certificate, sizeof(certificate), "%s/server.pem", folder);
	(void)snprintf(key, sizeof(key), "%s/server.key", folder);
	(void)snprintf(command, sizeof(command),
		       "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
		       "-days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost "
		       "-keyout %s -out %s 2>%s/log", key, certificate, folder);
	must(system(command) == 0, "no certificate");
	sink = http_sink_start(&config);
	(void)snprintf(url, sizeof(url), "https://localhost:%u/", http_sink_port(sink));
	measure("HTTP uplink of what libcurl posts over TLS", -70);
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	(void)!system(command); /* a folder of /tmp */
	certificate[0] = '\0';
}

static void without_tls(void)
{
	const struct sink_config config = {.discard = true};

	sink = http_sink_start(&config);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/", http_sink_port(sink));
	measure("HTTP uplink of what libcurl posts, plaintext", BENCH_NOTHING);
}

int main(void)
{
	over_tls();
	without_tls();
	return bench_end();
}
