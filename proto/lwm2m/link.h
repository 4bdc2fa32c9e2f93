/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Link format (RFC 6690) as Register, Discover and the gateway object have it:
 * `</>;ct="112 11544",</1/0>,</25>;ver=2.0,</25/0>`. Pure functions, any thread;
 * nothing is allocated.
 */
#ifndef PROTO_LWM2M_LINK_H
#define PROTO_LWM2M_LINK_H

#include "proto/cbor/cbor.h"
#include "proto/lwm2m/message.h"
#include "proto/lwm2m/path.h"

struct lwm2m_links {
	const char *at;
	const char *end;
	bool started;
};

struct lwm2m_link {
	struct lwm2m_path path;
	struct lwm2m_text attributes;   /* as they stand, from the first semicolon on */
};

void lwm2m_links_begin(struct lwm2m_links *links, const char *text, size_t size);

/* 1: a link; 0: the end; -EPROTO. After 0 or an error: no more calls. */
int lwm2m_links_next(struct lwm2m_links *links, struct lwm2m_link *link_out);

/* The value without its quotes; empty for a flag. False: not there. */
bool lwm2m_link_attribute(const struct lwm2m_link *link, const char *name,
			  struct lwm2m_text *value_out);

/* A list under way, into the caller's memory; out.full says that it did not fit. */
struct lwm2m_links_out {
	struct cbor_out out;
	bool started;
};

/* attributes as they stand, from the semicolon on; "" without. */
void lwm2m_links_put(struct lwm2m_links_out *links, const struct lwm2m_path *path,
		     const char *attributes);

#endif
