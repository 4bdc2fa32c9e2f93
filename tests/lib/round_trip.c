/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publishes to one topic and waits for an answer on another, COUNT times, one
 * after the other. Prints median, least and most in ms. Plain MQTT 3.1.1.
 *
 *   round_trip HOST PORT COMMAND ANSWER COUNT
 */
#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COUNT_MAX 1000
#define PATIENCE_S 60

struct trip {
	const char *answer;
	int subscribed;
	int expected;
	int answered;
};

static double now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void on_connect(struct mosquitto *client, void *arg, int code)
{
	struct trip *trip = arg;

	if (code == 0) {
		mosquitto_subscribe(client, NULL, trip->answer, 0);
	}
}

static void on_subscribe(struct mosquitto *client, void *arg, int mid, int count, const int *qos)
{
	struct trip *trip = arg;

	(void)client;
	(void)mid;
	(void)count;
	(void)qos;
	trip->subscribed = 1;
}

static void on_message(struct mosquitto *client, void *arg, const struct mosquitto_message *message)
{
	struct trip *trip = arg;

	(void)client;
	if (message->payloadlen == (int)sizeof(int)) {
		int number;

		memcpy(&number, message->payload, sizeof(number));
		trip->answered = number;
	}
}

/* Serve the connection until *flag is `value`; -1: not in time. */
static int wait_until(struct mosquitto *client, const int *flag, int value)
{
	double end = now_ms() + PATIENCE_S * 1e3;

	while (*flag != value) {
		if (now_ms() > end || mosquitto_loop(client, 1000, 1) != MOSQ_ERR_SUCCESS) {
			return -1;
		}
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static int run(struct mosquitto *client, struct trip *trip, const char *command, int count)
{
	static double times[COUNT_MAX];
	int i;

	if (wait_until(client, &trip->subscribed, 1) < 0) {
		return -1;
	}
	for (i = 0; i < count; i++) {
		double start = now_ms();

		trip->expected = i + 1;
		if (mosquitto_publish(client, NULL, command, sizeof(trip->expected),
				      &trip->expected, 0, false) != MOSQ_ERR_SUCCESS ||
		    wait_until(client, &trip->answered, trip->expected) < 0) {
			return -1;
		}
		times[i] = now_ms() - start;
	}
	qsort(times, (size_t)count, sizeof(times[0]), compare);
	printf("%.0f %.0f %.0f\n", times[count / 2], times[0], times[count - 1]);
	return 0;
}

int main(int argc, char **argv)
{
	struct trip trip = {.answered = 0};
	struct mosquitto *client;
	int count = argc == 6 ? (int)strtol(argv[5], NULL, 10) : 0;
	int rc = -1;

	if (count < 1 || count > COUNT_MAX) {
		return EXIT_FAILURE;
	}
	trip.answer = argv[4];
	mosquitto_lib_init();
	client = mosquitto_new(NULL, true, &trip);
	if (client != NULL) {
		mosquitto_connect_callback_set(client, on_connect);
		mosquitto_subscribe_callback_set(client, on_subscribe);
		mosquitto_message_callback_set(client, on_message);
		mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
		if (mosquitto_connect(client, argv[1], (int)strtol(argv[2], NULL, 10), 60) ==
		    MOSQ_ERR_SUCCESS) {
			rc = run(client, &trip, argv[3], count);
		}
		mosquitto_destroy(client);
	}
	mosquitto_lib_cleanup();
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
