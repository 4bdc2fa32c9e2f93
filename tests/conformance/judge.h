/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judges what an edge node, or a host, says on the wire, packet by packet, by the rules of
 * Sparkplug 3.0. It shares nothing with what it judges: topics are taken apart
 * here, payloads by protobuf-c.
 *
 * What cannot be seen on the wire (which devices there are, which host is the
 * primary one) is told by the test before the first packet.
 */
#ifndef TESTS_CONFORMANCE_JUDGE_H
#define TESTS_CONFORMANCE_JUDGE_H

#include <stdint.h>

#include "tests/conformance/ledger.h"

#define JUDGE_DEVICES  8u
#define JUDGE_METRICS  256u
#define JUDGE_FILTERS  32u
#define JUDGE_TEMPLATES  8u
#define JUDGE_MEMBERS  32u
#define JUDGE_NODES  4u

struct judge_metric {
	uint64_t alias;
	char name[128];
	int device;             /* -1: of the node */
	size_t node;            /* of several that a host knows */
	uint64_t born_ms;       /* of its value in the birth */
	uint32_t datatype;
};

struct judge_device {
	char name[64];
	bool is_expected;       /* it is up, so births are not complete without it */
	bool is_born;           /* since the last NBIRTH */
};

/* The order of a node's messages, as a host is told of them. */
struct judge_order {
	char node[64];
	int expected;                   /* seq of the next; -1: not known */
	uint64_t gap_ms;                /* one has been missing since; 0: none is */
	bool is_filled;                 /* one was missing and came in time */
	bool came[256];                 /* before its turn */
};

/* A template that NBIRTH has defined. */
struct judge_template {
	char name[128];
	size_t member_count, parameter_count;
	struct {
		char name[128];
		uint32_t datatype;
	} members[JUDGE_MEMBERS], parameters[JUDGE_MEMBERS];
};

struct judge {
	struct ledger *ledger;          /* borrowed */
	const char *group, *node;
	const char *primary;            /* NULL: none */
	const char *host;               /* this one is judged, not a node; NULL: the node */
	bool is_fresh;                  /* the node has no state: its first bdSeq is 0 */
	uint64_t last_ms, now_ms;       /* of the packets before and now */
	uint64_t slack_ms;              /* so long may a message have waited to be sent */
	/* the connection */
	unsigned version;               /* 4 or 5; 0: not known */
	bool is_connected, is_primary_online, is_born, is_dead;
	bool has_published;
	unsigned long connects;
	uint64_t primary_ms;
	int bdseq;                      /* of the last will; -1: there was none */
	int missed;                     /* attempts since that ended before CONNECT */
	int seq;                        /* of the last message; -1: none */
	size_t filter_count;
	struct {
		char text[128];
		int qos;
	} filters[JUDGE_FILTERS];
	/* a host's */
	uint64_t will_ms;               /* the time in its will */
	bool is_disputed;               /* somebody else said that it is offline */
	uint64_t last_will_ms;          /* of the connection before; 0: there was none */
	uint64_t said_ms;               /* when it published its last STATE */
	uint64_t reorder_ms;            /* it waits so long for a message; 0: not looked at */
	size_t order_count;
	struct judge_order orders[JUDGE_NODES];
	/* what births have said */
	size_t device_count;
	struct judge_device devices[JUDGE_DEVICES];
	size_t metric_count;
	struct judge_metric metrics[JUDGE_METRICS];
	size_t template_count;
	struct judge_template templates[JUDGE_TEMPLATES];
};

struct judge_connect {
	unsigned version;               /* 4: 3.1.1; 5; 0: not known, any */
	bool is_clean;
	uint32_t expiry;
	const char *will_topic;         /* NULL: no will */
	const void *will;
	size_t will_size;
	int will_qos;
	bool will_retain;
};

struct judge_message {
	const char *topic;
	const void *payload;
	size_t size;
	int qos;
	bool retain;
};

/* A device that is up, or is not any more. */
void judge_expect(struct judge *judge, const char *device, bool is_up);

/* The time of the next packets, ms UTC. */
void judge_now(struct judge *judge, uint64_t now_ms);

void judge_connect(struct judge *judge, const struct judge_connect *connect);
void judge_subscribe(struct judge *judge, const char *filter, int qos);
/* The node has published. */
void judge_sent(struct judge *judge, const struct judge_message *message);
/* The node was told; only STATE matters. */
void judge_told(struct judge *judge, const struct judge_message *message);
/* The node sent DISCONNECT; reason 0 with MQTT 3.1.1. */
void judge_disconnect(struct judge *judge, unsigned reason);
/* The connection is gone without. */
void judge_cut(struct judge *judge);

#endif
