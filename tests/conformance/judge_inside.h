/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the judge share. */
#ifndef TESTS_CONFORMANCE_JUDGE_INSIDE_H
#define TESTS_CONFORMANCE_JUDGE_INSIDE_H

#include "tests/conformance/judge.h"
#include "tests/lib/sparkplug_b.pb-c.h"

typedef Org__Eclipse__Tahu__Protobuf__Payload Payload;
typedef Org__Eclipse__Tahu__Protobuf__Payload__Metric Metric;
typedef Org__Eclipse__Tahu__Protobuf__Payload__Template Template;
typedef Org__Eclipse__Tahu__Protobuf__Payload__Template__Parameter Parameter;

#define JUDGE_VALUE(name)  ORG__ECLIPSE__TAHU__PROTOBUF__PAYLOAD__METRIC__VALUE_##name

enum judge_verb {
	VERB_NBIRTH, VERB_NDATA, VERB_NDEATH, VERB_DBIRTH, VERB_DDATA, VERB_DDEATH, VERB_NONE,
};

static inline bool judge_is_birth(enum judge_verb verb)
{
	return verb == VERB_NBIRTH || verb == VERB_DBIRTH;
}

static inline bool judge_is_data(enum judge_verb verb)
{
	return verb == VERB_NDATA || verb == VERB_DDATA;
}

/* The index of a device; -1: not one. */
int judge_device(struct judge *judge, const char *name);

/* The number in the metric bdSeq; -1: there is none that is right. */
int judge_bdseq(const Payload *payload);

/* Metrics of a birth or of data. device: -1 for the node. */
void judge_metrics(struct judge *judge, enum judge_verb verb, int device, const Payload *payload);

/* The properties of a metric, its DataSet. */
void judge_parts(struct judge *judge, enum judge_verb verb, const Metric *metric);

/* 1 to 14: what a column of a DataSet, a parameter of a Template may be. */
bool judge_is_basic(uint32_t type);

/* Is the value in the carrier of a datatype? */
bool judge_fits(uint32_t type, const Metric *metric);

/* ---- judge_template.c ---- */

/* A Template; verb: of the message it is in, VERB_NONE for a command. */
void judge_template(struct judge *judge, enum judge_verb verb, const Metric *metric);

/* Is this metric the definition of one? Told by its name, so that it may say it wrongly. */
bool judge_is_definition(const Metric *metric);

/* What NBIRTH defines. */
void judge_learn_template(struct judge *judge, const Metric *metric);

/* ---- judge_host.c: the same calls when a host is judged ---- */

void judge_host_connect(struct judge *judge, const struct judge_connect *connect);
void judge_host_sent(struct judge *judge, const struct judge_message *message);
void judge_host_told(struct judge *judge, const struct judge_message *message);
void judge_host_disconnect(struct judge *judge);
void judge_host_cut(struct judge *judge);
/* Time has passed. */
void judge_host_now(struct judge *judge);

#endif
