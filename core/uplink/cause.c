/* SPDX-License-Identifier: Apache-2.0 */
/* Tables from the wire's codes to our names: MQTT 3.1.1 3.2.2.3, MQTT 5 2.4. */
#include "core/uplink/cause.h"

#include <errno.h>
#include <stdio.h>

#include "core/base/check.h"

static const char *const cause_names[EW_UPLINK_CAUSE_COUNT] = {
#define CAUSE_NAME(name, word, text) [EW_UPLINK_##name] = word,
	EW_UPLINK_CAUSES(CAUSE_NAME)
#undef CAUSE_NAME
};

static const char *const cause_texts[EW_UPLINK_CAUSE_COUNT] = {
#define CAUSE_TEXT(name, word, text) [EW_UPLINK_##name] = text,
	EW_UPLINK_CAUSES(CAUSE_TEXT)
#undef CAUSE_TEXT
};

void failure_set(struct failure *failure, enum ew_uplink_cause cause, const char *fmt, ...)
{
	va_list args;

	if (failure->cause != EW_UPLINK_NONE) {
		return;
	}
	failure->cause = cause;
	va_start(args, fmt);
	(void)vsnprintf(failure->text, sizeof(failure->text), fmt, args); /* cut is fine */
	va_end(args);
}

const char *cause_name(enum ew_uplink_cause cause)
{
	check((unsigned)cause < EW_UPLINK_CAUSE_COUNT);
	return cause_names[cause];
}

const char *cause_text(enum ew_uplink_cause cause)
{
	check((unsigned)cause < EW_UPLINK_CAUSE_COUNT);
	return cause_texts[cause];
}

static enum ew_uplink_cause cause_of_connack_v4(int code)
{
	switch (code) {
	case 1:
		return EW_UPLINK_PROTOCOL;
	case 2:
		return EW_UPLINK_CLIENT_ID;
	case 3:
		return EW_UPLINK_UNAVAILABLE;
	case 4:
		return EW_UPLINK_CREDENTIALS;
	case 5:
		return EW_UPLINK_DENIED;
	default:
		return EW_UPLINK_BAD_PACKET;
	}
}

enum ew_uplink_cause cause_of_connack(int protocol, int code)
{
	if (protocol != 5 || code < 0x80) {
		return cause_of_connack_v4(code);
	}
	switch (code) {
	case 0x84:
		return EW_UPLINK_PROTOCOL;
	case 0x85:
		return EW_UPLINK_CLIENT_ID;
	case 0x86:
	case 0x8c:
		return EW_UPLINK_CREDENTIALS;
	case 0x87:
	case 0x8a:
		return EW_UPLINK_DENIED;
	case 0x88:
	case 0x89:
	case 0x97:
	case 0x9c:
	case 0x9d:
	case 0x9f:
		return EW_UPLINK_UNAVAILABLE;
	case 0x81:
	case 0x82:
		return EW_UPLINK_BAD_PACKET;
	default:
		return EW_UPLINK_DISCONNECTED;
	}
}

enum ew_uplink_cause cause_of_disconnect(int code)
{
	switch (code) {
	case 0x8e:
		return EW_UPLINK_TAKEN_OVER;
	case 0x8d:
		return EW_UPLINK_KEEP_ALIVE;
	case 0x87:
		return EW_UPLINK_DENIED;
	case 0x89:
	case 0x8b:
		return EW_UPLINK_UNAVAILABLE;
	case 0x81:
	case 0x82:
	case 0x95:
		return EW_UPLINK_BAD_PACKET;
	default:
		return EW_UPLINK_DISCONNECTED;
	}
}

enum ew_uplink_cause cause_of_errno(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return EW_UPLINK_REFUSED;
	case EHOSTUNREACH:
	case ENETUNREACH:
	case ENETDOWN:
	case EHOSTDOWN:
	case EADDRNOTAVAIL:
	case EACCES:
	case EPERM:
		return EW_UPLINK_UNREACHABLE;
	case ETIMEDOUT:
		return EW_UPLINK_TIMEOUT;
	case ENOMEM:
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
		return EW_UPLINK_INTERNAL;
	default:
		return EW_UPLINK_LOST;
	}
}

int cause_errno_of_reason(int code)
{
	if (code < 0x80) {
		return 0;
	}
	switch (code) {
	case 0x87:
		return -EACCES;
	case 0x95:
		return -EMSGSIZE;
	case 0x97:
		return -EDQUOT;
	case 0x9a:
	case 0x9b:
	case 0x9e:
	case 0xa1:
	case 0xa2:
		return -ENOTSUP;
	case 0x80:
		return -EACCES;
	default:
		return -EPROTO;
	}
}
