/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sender is the caller, the receiver a child; a mapped page says how many
 * came and when the last did. Each serves its connection on one thread, as
 * libmosquitto does it at its quickest: what is published goes to the socket
 * at once.
 */
#include "tests/bench/ref_relay.h"

#include <mosquitto.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/clock.h"

#define PATIENCE  (60 * INT64_C(1000000000))

struct shared {
	_Atomic bool is_ready;
	_Atomic uint64_t arrived;
	_Atomic int64_t when;           /* monotonic, of the last */
};

struct ref_relay {
	struct ref_relay_config config;
	uint8_t *payload;
	struct shared *shared;
	struct mosquitto *sender;
	uint64_t sent;
	bool is_connected;
	pid_t receiver;
};

static struct mosquitto *relay_client(const char *ca, void *arg)
{
	struct mosquitto *client = mosquitto_new(NULL, true, arg);

	check(client != NULL);
	check(mosquitto_tls_set(client, ca, NULL, NULL, NULL, NULL) == MOSQ_ERR_SUCCESS);
	check(mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1) == MOSQ_ERR_SUCCESS);
	(void)mosquitto_int_option(client, MOSQ_OPT_SEND_MAXIMUM, UINT16_MAX);
	return client;
}

static void relay_connect(struct mosquitto *client, const char *port)
{
	check(mosquitto_connect(client, "localhost", (int)strtol(port, NULL, 10), 3600) ==
	      MOSQ_ERR_SUCCESS);
}

/* ---- the receiver ---- */

static void on_receiver_connect(struct mosquitto *client, void *arg, int code)
{
	const struct ref_relay *relay = arg;

	check(code == 0);
	check(mosquitto_subscribe(client, NULL, relay->config.topic, relay->config.qos) ==
	      MOSQ_ERR_SUCCESS);
}

static void on_subscribe(struct mosquitto *client, void *arg, int mid, int count, const int *qos)
{
	struct ref_relay *relay = arg;

	(void)client;
	(void)mid;
	(void)count;
	(void)qos;
	atomic_store(&relay->shared->is_ready, true);
}

static void on_message(struct mosquitto *client, void *arg, const struct mosquitto_message *message)
{
	struct ref_relay *relay = arg;

	(void)client;
	check((size_t)message->payloadlen == relay->config.size);
	atomic_store(&relay->shared->when, clock_mono());
	atomic_fetch_add(&relay->shared->arrived, 1);
}

static _Noreturn void relay_receive(struct ref_relay *relay)
{
	struct mosquitto *client = relay_client(relay->config.ca, relay);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	mosquitto_connect_callback_set(client, on_receiver_connect);
	mosquitto_subscribe_callback_set(client, on_subscribe);
	mosquitto_message_callback_set(client, on_message);
	relay_connect(client, relay->config.port);
	(void)mosquitto_loop_forever(client, -1, 1);
	_exit(EXIT_FAILURE);
}

/* ---- the sender ---- */

static void on_sender_connect(struct mosquitto *client, void *arg, int code)
{
	struct ref_relay *relay = arg;

	(void)client;
	check(code == 0);
	relay->is_connected = true;
}

/* Read and write what can be, waiting so long at most. */
static void relay_serve(struct mosquitto *client, int timeout_ms)
{
	struct pollfd fd = { .fd = mosquitto_socket(client), .events = POLLIN };

	fd.events |= mosquitto_want_write(client) ? POLLOUT : 0;
	(void)poll(&fd, 1, timeout_ms);
	if ((fd.revents & POLLIN) != 0) {
		check(mosquitto_loop_read(client, 64) == MOSQ_ERR_SUCCESS);
	}
	if ((fd.revents & POLLOUT) != 0) {
		check(mosquitto_loop_write(client, 64) == MOSQ_ERR_SUCCESS);
	}
}

static void relay_publish(struct ref_relay *relay)
{
	const struct ref_relay_config *config = &relay->config;

	check(mosquitto_publish(relay->sender, NULL, config->topic, (int)config->size,
				relay->payload, config->qos, false) == MOSQ_ERR_SUCCESS);
	relay->sent++;
}

void ref_relay_run(struct ref_relay *relay, uint64_t count)
{
	uint64_t last = relay->sent + count;
	int64_t deadline = clock_mono() + PATIENCE;

	while (atomic_load(&relay->shared->arrived) < last) {
		uint64_t arrived = atomic_load(&relay->shared->arrived);
		bool waits = relay->sent == last || relay->sent - arrived >= relay->config.ahead;

		if (!waits && !mosquitto_want_write(relay->sender)) {
			relay_publish(relay);
		}
		if (waits || mosquitto_want_write(relay->sender) || relay->sent % 64 == 0) {
			bool is_idle = waits || mosquitto_want_write(relay->sender);

			relay_serve(relay->sender, is_idle ? 1 : 0);
		}
		check(clock_mono() < deadline);
	}
}

int64_t ref_relay_trip(struct ref_relay *relay)
{
	int64_t begin = clock_mono();

	ref_relay_run(relay, 1);
	return atomic_load(&relay->shared->when) - begin;
}

struct ref_relay *ref_relay_start(const struct ref_relay_config *config)
{
	struct ref_relay *relay = calloc(1, sizeof(*relay));
	int64_t deadline = clock_mono() + PATIENCE;

	check(relay != NULL);
	check(mosquitto_lib_init() == MOSQ_ERR_SUCCESS);
	relay->config = *config;
	relay->payload = calloc(1, config->size);
	check(relay->payload != NULL);
	relay->shared = mmap(NULL, sizeof(*relay->shared), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check(relay->shared != MAP_FAILED);
	relay->receiver = fork();
	check(relay->receiver >= 0);
	if (relay->receiver == 0) {
		relay_receive(relay);
	}
	relay->sender = relay_client(config->ca, relay);
	mosquitto_connect_callback_set(relay->sender, on_sender_connect);
	relay_connect(relay->sender, config->port);
	while (!relay->is_connected || !atomic_load(&relay->shared->is_ready)) {
		relay_serve(relay->sender, 10);
		check(clock_mono() < deadline);
	}
	return relay;
}

pid_t ref_relay_receiver(const struct ref_relay *relay)
{
	return relay->receiver;
}

void ref_relay_stop(struct ref_relay **at)
{
	struct ref_relay *relay = *at;

	*at = NULL;
	(void)kill(relay->receiver, SIGKILL);
	(void)waitpid(relay->receiver, NULL, 0);
	mosquitto_destroy(relay->sender);
	(void)munmap(relay->shared, sizeof(*relay->shared));
	free(relay->payload);
	free(relay);
}

/* ---- the tap ---- */

struct ref_tap {
	struct mosquitto *client;
	const char *filter;
	size_t least;
	bool is_ready;
	struct ref_tap_count count;
};

static void on_tap_connect(struct mosquitto *client, void *arg, int code)
{
	const struct ref_tap *tap = arg;

	check(code == 0);
	check(mosquitto_subscribe(client, NULL, tap->filter, 0) == MOSQ_ERR_SUCCESS);
}

static void on_tap_subscribe(struct mosquitto *client, void *arg, int mid, int count,
			     const int *qos)
{
	struct ref_tap *tap = arg;

	(void)client;
	(void)mid;
	(void)count;
	(void)qos;
	tap->is_ready = true;
}

static void on_tap_message(struct mosquitto *client, void *arg,
			   const struct mosquitto_message *message)
{
	struct ref_tap *tap = arg;

	(void)client;
	if ((size_t)message->payloadlen >= tap->least) {
		tap->count.messages++;
		tap->count.bytes += (uint64_t)message->payloadlen;
	}
}

struct ref_tap *ref_tap_start(const char *port, const char *ca, const char *filter, size_t least)
{
	struct ref_tap *tap = calloc(1, sizeof(*tap));
	int64_t deadline = clock_mono() + PATIENCE;

	check(tap != NULL);
	check(mosquitto_lib_init() == MOSQ_ERR_SUCCESS);
	tap->filter = filter;
	tap->least = least;
	tap->client = relay_client(ca, tap);
	mosquitto_connect_callback_set(tap->client, on_tap_connect);
	mosquitto_subscribe_callback_set(tap->client, on_tap_subscribe);
	mosquitto_message_callback_set(tap->client, on_tap_message);
	relay_connect(tap->client, port);
	while (!tap->is_ready) {
		relay_serve(tap->client, 10);
		check(clock_mono() < deadline);
	}
	return tap;
}

struct ref_tap_count ref_tap_read(struct ref_tap *tap, int silence)
{
	uint64_t before;

	do {
		before = tap->count.messages;
		for (int64_t end = clock_mono() + silence * INT64_C(1000000); clock_mono() < end;) {
			relay_serve(tap->client, 10);
		}
	} while (tap->count.messages != before);
	return tap->count;
}

void ref_tap_stop(struct ref_tap **tap)
{
	mosquitto_destroy((*tap)->client);
	free(*tap);
	*tap = NULL;
}
