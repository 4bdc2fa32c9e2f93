/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reference for what goes through a broker: the same messages, sent and
 * received by libmosquitto alone, over TLS, from one process to another. There
 * is no codec, nothing is checked but how many came.
 */
#ifndef TESTS_BENCH_REF_RELAY_H
#define TESTS_BENCH_REF_RELAY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct ref_relay;
struct ref_tap;

struct ref_relay_config {
	const char *port;       /* of localhost */
	const char *ca;
	const char *topic;
	size_t size;            /* bytes of a message */
	int qos;
	uint64_t ahead;         /* messages under way at most */
};

/* Both processes, connected. Ends the program when that fails. */
struct ref_relay *ref_relay_start(const struct ref_relay_config *config);

/* So many messages, until all have arrived. */
void ref_relay_run(struct ref_relay *relay, uint64_t count);

/* From publish to arrival at the other process, ns; one at a time. */
int64_t ref_relay_trip(struct ref_relay *relay);

pid_t ref_relay_receiver(const struct ref_relay *relay);

void ref_relay_stop(struct ref_relay **relay);

/* What others send: a subscriber that counts messages from `least` bytes on. */
struct ref_tap_count {
	uint64_t messages;
	uint64_t bytes;
};

struct ref_tap *ref_tap_start(const char *port, const char *ca, const char *filter, size_t least);
/* Serve it until nothing has come for so long, ms. */
struct ref_tap_count ref_tap_read(struct ref_tap *tap, int silence);
void ref_tap_stop(struct ref_tap **tap);

#endif
