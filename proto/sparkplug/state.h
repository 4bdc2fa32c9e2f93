/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a host says of itself: the JSON object of a STATE message, with a
 * boolean `online` and a whole number `timestamp`, ms UTC. Other members are
 * passed over.
 */
#ifndef PROTO_SPARKPLUG_STATE_H
#define PROTO_SPARKPLUG_STATE_H

#include "proto/sparkplug/type.h"

#define SP_STATE_BYTES  4096u   /* more is no STATE */
#define SP_STATE_TEXT   64u     /* room for what we write */

struct sp_state {
	bool online;
	uint64_t timestamp;
};

/*
 * Errors: -EPROTO  not such an object, or longer than SP_STATE_BYTES
 */
int sp_state_decode(struct sp_bytes json, struct sp_state *state_out);

/* The text, terminated, into SP_STATE_TEXT bytes; returns its length. */
size_t sp_state_encode(const struct sp_state *state, char *text_out);

#endif
