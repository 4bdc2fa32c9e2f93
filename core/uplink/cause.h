/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names for what went wrong, and from which codes they are read. The list is
 * the public one, EW_UPLINK_CAUSES. Pure functions, any thread.
 */
#ifndef CORE_UPLINK_CAUSE_H
#define CORE_UPLINK_CAUSE_H

#include <edgeway/uplink.h>

/* Why, and one sentence with the facts. Zeroed: nothing went wrong. */
struct failure {
	enum ew_uplink_cause cause;
	char text[240];
};

/* Keeps the first failure: what follows is a consequence of it. */
void failure_set(struct failure *failure, enum ew_uplink_cause cause, const char *fmt, ...)
	EW_PRINTF(3, 4);

/* "tls-host": for status, metrics, YAML. */
const char *cause_name(enum ew_uplink_cause cause);

/* One sentence for people. */
const char *cause_text(enum ew_uplink_cause cause);

/* A refusing CONNACK: `protocol` 4 or 5, `code` not 0. */
enum ew_uplink_cause cause_of_connack(int protocol, int code);

/* Reason code of a DISCONNECT that came from the server (MQTT 5). */
enum ew_uplink_cause cause_of_disconnect(int code);

/* errno of connect(2) or of a socket. */
enum ew_uplink_cause cause_of_errno(int error);

/* -errno for a reason code of PUBACK or SUBACK; 0 for those below 0x80. */
int cause_errno_of_reason(int code);

#endif
