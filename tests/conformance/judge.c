/* SPDX-License-Identifier: Apache-2.0 */
/* The session: will, subscriptions, order and sequence of messages. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/conformance/judge_inside.h"

#define FLOW   "message-flow-edge-node-birth-publish-"
#define DEVICE "message-flow-device-birth-publish-"
#define WILL   FLOW "will-message"

/* What is asked of every message of a kind. */
static const struct judge_rules {
	const char *word, *topic, *qos, *retain, *time, *seq, *payload;
} rules[] = {
	[VERB_NBIRTH] = { "NBIRTH", "topics-nbirth-topic " FLOW "nbirth-topic",
			  "topics-nbirth-mqtt payloads-nbirth-qos " FLOW "nbirth-qos",
			  "topics-nbirth-mqtt payloads-nbirth-retain " FLOW "nbirth-retained",
			  "topics-nbirth-timestamp payloads-nbirth-timestamp",
			  "topics-nbirth-seq-num payloads-sequence-num-req-nbirth "
			  "payloads-nbirth-seq " FLOW "nbirth-payload-seq",
			  FLOW "nbirth-payload" },
	[VERB_NDATA] = { "NDATA", "topics-ndata-topic", "topics-ndata-mqtt payloads-ndata-qos",
			 "topics-ndata-mqtt payloads-ndata-retain",
			 "topics-ndata-timestamp payloads-ndata-timestamp",
			 "topics-ndata-seq-num payloads-ndata-seq payloads-ndata-seq-inc "
			 "payloads-sequence-num-incrementing",
			 "topics-ndata-payload" },
	[VERB_NDEATH] = { "NDEATH", "topics-ndeath-topic", "payloads-ndeath-will-message-qos",
			  "payloads-ndeath-will-message-retain", NULL, NULL,
			  "topics-ndeath-payload" },
	[VERB_DBIRTH] = { "DBIRTH", "topics-dbirth-topic " DEVICE "dbirth-topic",
			  "topics-dbirth-mqtt payloads-dbirth-qos " DEVICE "dbirth-qos",
			  "topics-dbirth-mqtt payloads-dbirth-retain " DEVICE "dbirth-retained",
			  "topics-dbirth-timestamp payloads-dbirth-timestamp",
			  "topics-dbirth-seq payloads-dbirth-seq payloads-dbirth-seq-inc "
			  "payloads-sequence-num-incrementing " DEVICE "dbirth-payload-seq",
			  DEVICE "dbirth-payload" },
	[VERB_DDATA] = { "DDATA", "topics-ddata-topic", "topics-ddata-mqtt payloads-ddata-qos",
			 "topics-ddata-mqtt payloads-ddata-retain",
			 "topics-ddata-timestamp payloads-ddata-timestamp",
			 "topics-ddata-seq-num payloads-ddata-seq payloads-ddata-seq-inc "
			 "payloads-sequence-num-incrementing",
			 "topics-ddata-payload" },
	[VERB_DDEATH] = { "DDEATH", "topics-ddeath-topic", "topics-ddeath-mqtt",
			  "topics-ddeath-mqtt",
			  "payloads-ddeath-timestamp",
			  "topics-ddeath-seq-num payloads-ddeath-seq payloads-ddeath-seq-inc "
			  "payloads-ddeath-seq-number payloads-sequence-num-incrementing",
			  "operational-behavior-device-ddeath" },
};

void judge_now(struct judge *judge, uint64_t now_ms)
{
	judge->last_ms = judge->now_ms;
	judge->now_ms = now_ms;
	if (judge->host != NULL) {
		judge_host_now(judge);
	}
}

int judge_device(struct judge *judge, const char *name)
{
	for (size_t i = 0; i < judge->device_count; i++) {
		if (strcmp(judge->devices[i].name, name) == 0) {
			return (int)i;
		}
	}
	return -1;
}

static int judge_new_device(struct judge *judge, const char *name)
{
	struct judge_device *device = &judge->devices[judge->device_count];

	if (judge->device_count == JUDGE_DEVICES) {
		abort(); /* no test has so many */
	}
	for (size_t i = 0; i < judge->device_count; i++) {
		ledger_check(judge->ledger, strcasecmp(judge->devices[i].name, name) != 0,
			     "case-sensitivity-sparkplug-ids", name);
	}
	(void)snprintf(device->name, sizeof(device->name), "%s", name);
	return (int)judge->device_count++;
}

void judge_expect(struct judge *judge, const char *name, bool is_up)
{
	int device = judge_device(judge, name);

	if (device < 0) {
		device = judge_new_device(judge, name);
	}
	judge->devices[device].is_expected = is_up;
}

/* ---- the connection ---- */

static void judge_will(struct judge *judge, const struct judge_connect *connect)
{
	struct ledger *ledger = judge->ledger;
	Payload *payload = org__eclipse__tahu__protobuf__payload__unpack(NULL, connect->will_size,
									 connect->will);
	char topic[256];
	int bdseq = payload != NULL ? judge_bdseq(payload) : -1;
	int steps = (bdseq - judge->bdseq + 256) % 256; /* from -1 to 0 is one too */

	(void)snprintf(topic, sizeof(topic), "spBv1.0/%s/NDEATH/%s", judge->group, judge->node);
	ledger_check(ledger, strcmp(topic, connect->will_topic) == 0,
		     WILL "-topic topics-ndeath-topic", connect->will_topic);
	ledger_check(ledger, connect->will_qos == 1, WILL "-qos payloads-ndeath-will-message-qos",
		     "QoS of the will");
	ledger_check(ledger, !connect->will_retain,
		     WILL "-will-retained payloads-ndeath-will-message-retain", "retained will");
	ledger_check(ledger, payload != NULL, WILL "-payload", "not a payload");
	if (judge->bdseq >= 0 || judge->is_fresh) {
		/* a number is on disk before it is used, so an attempt that fails takes one */
		ledger_check(ledger, bdseq >= 0 && steps >= 1 && steps <= 1 + judge->missed,
			     WILL "-payload-bdSeq topics-nbirth-bdseq-increment",
			     "bdSeq is not the next one");
	}
	ledger_check(ledger, bdseq >= 0, WILL "-payload-bdSeq topics-ndeath-payload",
		     "no bdSeq of the right type in the will");
	ledger_check(ledger, payload != NULL && payload->n_metrics == 1, "topics-ndeath-payload",
		     "not one metric");
	ledger_check(ledger, payload != NULL && !payload->has_seq,
		     "topics-ndeath-seq payloads-ndeath-seq", "seq in the will");
	judge->bdseq = bdseq;
	judge->missed = 0;
	if (payload != NULL) {
		org__eclipse__tahu__protobuf__payload__free_unpacked(payload, NULL);
	}
}

void judge_connect(struct judge *judge, const struct judge_connect *connect)
{
	struct ledger *ledger = judge->ledger;

	if (judge->connects++ == 0 && !judge->is_fresh) {
		judge->bdseq = -1;
	}
	ledger_check(ledger, judge->host != NULL || !judge->is_connected,
		     "operational-behavior-primary-application-state-with-multiple-servers-"
		     "single-server", "two connections at a time");
	judge->version = connect->version;
	judge->is_connected = true;
	judge->is_born = judge->is_dead = judge->has_published = judge->is_primary_online = false;
	judge->filter_count = 0;
	if (judge->host != NULL) {
		judge_host_connect(judge, connect);
		return;
	}
	if (connect->version != 5) {
		ledger_check(ledger, connect->is_clean, "principles-persistence-clean-session-311",
			     "no clean session");
	}
	if (connect->version != 4) {
		ledger_check(ledger, connect->is_clean && connect->expiry == 0,
			     "principles-persistence-clean-session-50", "no clean start");
	}
	ledger_check(ledger, connect->will_topic != NULL, WILL " payloads-ndeath-will-message",
		     "no will");
	if (connect->will_topic != NULL) {
		judge_will(judge, connect);
	}
}

void judge_subscribe(struct judge *judge, const char *filter, int qos)
{
	if (judge->filter_count == JUDGE_FILTERS) {
		abort(); /* no test has so many */
	}
	(void)snprintf(judge->filters[judge->filter_count].text,
		       sizeof(judge->filters[0].text), "%s", filter);
	judge->filters[judge->filter_count++].qos = qos;
}

static bool judge_has_subscribed(const struct judge *judge, const char *filter)
{
	for (size_t i = 0; i < judge->filter_count; i++) {
		if (strcmp(judge->filters[i].text, filter) == 0) {
			return judge->filters[i].qos == 1;
		}
	}
	return false;
}

void judge_told(struct judge *judge, const struct judge_message *message)
{
	const char *text = message->payload, *time = strstr(text, "\"timestamp\"");
	char topic[256];
	uint64_t ms;

	if (judge->host != NULL) {
		judge_host_told(judge, message);
		return;
	}
	if (judge->primary == NULL || time == NULL) {
		return;
	}
	(void)snprintf(topic, sizeof(topic), "spBv1.0/STATE/%s", judge->primary);
	ms = strtoull(time + strcspn(time, "0123456789"), NULL, 10);
	if (strcmp(topic, message->topic) == 0 && ms >= judge->primary_ms) {
		judge->primary_ms = ms;
		judge->is_primary_online = strstr(text, "true") != NULL;
	}
}

void judge_disconnect(struct judge *judge, unsigned reason)
{
	struct ledger *ledger = judge->ledger;

	if (judge->host != NULL) {
		judge->is_connected = false;
		judge_host_disconnect(judge);
		return;
	}
	if (judge->is_born) {
		ledger_check(ledger, judge->is_dead,
			     "operational-behavior-edge-node-intentional-disconnect-ndeath "
			     "operational-behavior-edge-node-intentional-disconnect-packet "
			     "payloads-ndeath-will-message-publisher", "no NDEATH before");
	}
	if (judge->is_born && judge->version == 4) {
		ledger_check(ledger, judge->is_dead,
			     "payloads-ndeath-will-message-publisher-disconnect-mqtt311",
			     "no NDEATH before");
	} else if (judge->is_born && judge->version == 5) {
		ledger_check(ledger, reason == 4,
			     "payloads-ndeath-will-message-publisher-disconnect-mqtt50",
			     "not with will");
	}
	judge->is_connected = false;
}

void judge_cut(struct judge *judge)
{
	judge->is_connected = false;
	if (judge->host != NULL) {
		judge_host_cut(judge);
	}
}

/* ---- messages ---- */

/* A topic in its parts; the levels are cut in place. */
static enum judge_verb judge_take_apart(struct judge *judge, char *topic, char *parts[5])
{
	struct ledger *ledger = judge->ledger;
	unsigned verb;
	size_t count = 0;
	bool is_text = true;

	for (char *rest = topic; rest != NULL && count < 5; count++) {
		parts[count] = strsep(&rest, "/");
	}
	ledger_check(ledger, strcmp(parts[0], "spBv1.0") == 0, "topic-structure-namespace-a",
		     parts[0]);
	for (verb = VERB_NBIRTH; verb < VERB_NONE; verb++) {
		if (count > 2 && strcmp(rules[verb].word, parts[2]) == 0) {
			break;
		}
	}
	ledger_check(ledger, count >= 4 && verb != VERB_NONE, "topic-structure", "levels");
	if (count < 4 || verb == VERB_NONE) {
		return VERB_NONE;
	}
	if (parts[2][0] == 'D') {
		ledger_check(ledger, count == 5,
			     "topic-structure-namespace-device-id-associated-message-types",
			     "no device level");
	} else {
		ledger_check(ledger, count == 4,
			     "topic-structure-namespace-device-id-non-associated-message-types",
			     "a device level");
	}
	ledger_check(ledger,
		     strcmp(parts[1], judge->group) == 0 && strcmp(parts[3], judge->node) == 0,
		     rules[verb].topic, "group or node");
	for (size_t i = 1; i < count; i++) {
		for (const char *at = parts[i]; *at != '\0'; at++) {
			is_text &= !iscntrl((unsigned char)*at) && strchr("+#", *at) == NULL;
		}
		is_text &= parts[i][0] != '\0';
	}
	ledger_check(ledger, is_text,
		     "intro-group-id-string intro-group-id-chars intro-edge-node-id-string "
		     "intro-edge-node-id-chars topic-structure-namespace-valid-group-id "
		     "topic-structure-namespace-valid-edge-node-id", "ids");
	if (count == 5) {
		ledger_check(ledger, is_text,
			     "intro-device-id-string intro-device-id-chars "
			     "topic-structure-namespace-valid-device-id", "device id");
	}
	return count == (parts[2][0] == 'D' ? 5u : 4u) ? (enum judge_verb)verb : VERB_NONE;
}

static bool judge_all_born(const struct judge *judge)
{
	for (size_t i = 0; i < judge->device_count; i++) {
		if (judge->devices[i].is_expected && !judge->devices[i].is_born) {
			return false;
		}
	}
	return true;
}

static void judge_nbirth(struct judge *judge, const Payload *payload)
{
	struct ledger *ledger = judge->ledger;
	int bdseq = judge_bdseq(payload);
	char filter[256];

	(void)snprintf(filter, sizeof(filter), "spBv1.0/%s/NCMD/%s", judge->group, judge->node);
	ledger_check(ledger, judge_has_subscribed(judge, filter),
		     "message-flow-edge-node-ncmd-subscribe", "NCMD is not subscribed to");
	ledger_check(ledger, judge->is_connected, FLOW "connect", "not connected");
	ledger_check(ledger, bdseq >= 0,
		     "topics-nbirth-bdseq-included payloads-nbirth-bdseq "
		     FLOW "nbirth-payload-bdSeq", "no bdSeq");
	ledger_check(ledger, bdseq == judge->bdseq,
		     "topics-nbirth-bdseq-matching payloads-nbirth-bdseq-repeat "
		     "payloads-ndeath-bdseq " FLOW "nbirth-payload-bdSeq",
		     "bdSeq is not the will's");
	if (judge->primary != NULL) {
		(void)snprintf(filter, sizeof(filter), "spBv1.0/STATE/%s", judge->primary);
		ledger_check(ledger, judge_has_subscribed(judge, filter),
			     "operational-behavior-primary-application-state-with-multiple-servers-"
			     "state-subs", "STATE is not subscribed to");
		ledger_check(ledger, judge->is_primary_online,
			     FLOW "phid-wait " FLOW "phid-wait-id " FLOW "phid-wait-online "
			     FLOW "phid-wait-timestamp "
			     "operational-behavior-edge-node-birth-sequence-wait",
			     "the primary host is not online");
	}
	for (size_t i = 0; i < judge->device_count; i++) {
		judge->devices[i].is_born = false;
	}
	judge->metric_count = 0;
	judge->is_born = true;
}

static void judge_dbirth(struct judge *judge, const char *group, const char *node,
			 const char *name)
{
	struct ledger *ledger = judge->ledger;
	int device = judge_device(judge, name);
	size_t kept = 0;
	char filter[256];

	ledger_check(ledger, judge->is_born, DEVICE "nbirth-wait", "before NBIRTH");
	ledger_check(ledger, strcmp(group, judge->group) == 0 && strcmp(node, judge->node) == 0,
		     DEVICE "dbirth-match-edge-node-topic", "of another node");
	(void)snprintf(filter, sizeof(filter), "spBv1.0/%s/DCMD/%s/+", judge->group, judge->node);
	ledger_check(ledger, judge_has_subscribed(judge, filter),
		     "message-flow-device-dcmd-subscribe", "DCMD is not subscribed to");
	if (device < 0) {
		device = judge_new_device(judge, name);
	}
	judge->devices[device].is_born = true;
	for (size_t i = 0; i < judge->metric_count; i++) {
		if (judge->metrics[i].device != device) {
			judge->metrics[kept++] = judge->metrics[i];
		}
	}
	judge->metric_count = kept;
}

static void judge_order(struct judge *judge, enum judge_verb verb, const char *device)
{
	struct ledger *ledger = judge->ledger;
	int index = device != NULL ? judge_device(judge, device) : -1;
	const char *ids = verb == VERB_NDATA ? "payloads-ndata-order payloads-dbirth-order"
					     : "payloads-ddata-order payloads-dbirth-order";

	ledger_check(ledger, judge->has_published || verb == VERB_NBIRTH,
		     "principles-birth-certificates-order", "something before NBIRTH");
	judge->has_published = true;
	if (judge_is_data(verb)) {
		ledger_check(ledger, judge->is_born && judge_all_born(judge), ids,
			     "data before the last birth");
	}
	if (verb == VERB_DDATA) {
		ledger_check(ledger, index >= 0 && judge->devices[index].is_born,
			     "operational-behavior-data-publish-dbirth",
			     "data of an unborn device");
	}
	if (verb == VERB_DDEATH && index >= 0) {
		judge->devices[index].is_born = false;
	}
}

static void judge_head(struct judge *judge, enum judge_verb verb, const Payload *payload)
{
	struct ledger *ledger = judge->ledger;
	bool is_now = payload->has_timestamp &&
		      payload->timestamp + judge->slack_ms >= judge->last_ms &&
		      payload->timestamp <= judge->now_ms;
	int expected = verb == VERB_NBIRTH ? 0 : (judge->seq + 1) % 256;

	if (verb == VERB_NDEATH) {
		ledger_check(ledger, !payload->has_seq, "topics-ndeath-seq payloads-ndeath-seq",
			     "seq in NDEATH");
		ledger_check(ledger, payload->n_metrics == 1, "topics-ndeath-payload",
			     "not one metric");
		ledger_check(ledger, judge_bdseq(payload) == judge->bdseq, "payloads-ndeath-bdseq",
			     "bdSeq is not the birth's");
		judge->is_dead = true;
		return;
	}
	ledger_check(ledger, is_now, rules[verb].time, "the time is not that of sending");
	ledger_check(ledger, is_now, "payloads-timestamp-in-UTC", "not now in UTC");
	ledger_check(ledger, payload->has_seq, "payloads-sequence-num-always-included", "no seq");
	ledger_check(ledger, payload->has_seq && payload->seq == (uint64_t)expected,
		     rules[verb].seq, "seq is not the next one");
	judge->seq = payload->has_seq ? (int)payload->seq : -1;
}

void judge_sent(struct judge *judge, const struct judge_message *message)
{
	struct ledger *ledger = judge->ledger;
	char topic[512];
	char *parts[5];
	enum judge_verb verb;
	Payload *payload;

	if (judge->host != NULL) {
		judge_host_sent(judge, message);
		return;
	}
	if (message->size == 0) {
		return; /* a fence: not of Sparkplug */
	}
	(void)snprintf(topic, sizeof(topic), "%s", message->topic);
	verb = judge_take_apart(judge, topic, parts);
	if (verb == VERB_NONE) {
		return;
	}
	ledger_check(ledger, message->qos == (verb == VERB_NDEATH), rules[verb].qos, "QoS");
	ledger_check(ledger, !message->retain, rules[verb].retain, "retained");
	payload = org__eclipse__tahu__protobuf__payload__unpack(NULL, message->size,
								message->payload);
	ledger_check(ledger, payload != NULL, rules[verb].payload, "not a payload");
	if (payload == NULL) {
		return;
	}
	judge_order(judge, verb, parts[2][0] == 'D' ? parts[4] : NULL);
	judge_head(judge, verb, payload);
	if (verb == VERB_NBIRTH) {
		judge_nbirth(judge, payload);
	} else if (verb == VERB_DBIRTH) {
		judge_dbirth(judge, parts[1], parts[3], parts[4]);
	}
	if (judge_is_birth(verb) || judge_is_data(verb)) {
		judge_metrics(judge, verb,
			      parts[2][0] == 'D' ? judge_device(judge, parts[4]) : -1, payload);
	}
	org__eclipse__tahu__protobuf__payload__free_unpacked(payload, NULL);
}
