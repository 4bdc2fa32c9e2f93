/* SPDX-License-Identifier: Apache-2.0 */
/* The other side: a host's will, STATE, subscriptions and commands. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/conformance/judge_inside.h"

#define APPLICATION "operational-behavior-host-application-"
#define TOPIC       "host-topic-phid-"
#define FLOW        "message-flow-phid-sparkplug-"
#define COMMANDS    "operational-behavior-data-commands-"
#define REBIRTH     "Node Control/Rebirth"

/* A STATE as JSON, read by its words; false: it is none. */
static bool host_state(const char *text, bool *online_out, uint64_t *ms_out)
{
	const char *online = strstr(text, "\"online\""), *time = strstr(text, "\"timestamp\"");

	if (text[0] != '{' || online == NULL || time == NULL) {
		return false;
	}
	online += strspn(online + 8, " :") + 8;
	time += strspn(time + 11, " :") + 11;
	*online_out = strncmp(online, "true", 4) == 0;
	*ms_out = strtoull(time, NULL, 10);
	return (*online_out || strncmp(online, "false", 5) == 0) && *time >= '0' && *time <= '9';
}

static bool host_is_own(const struct judge *judge, const char *topic)
{
	char own[256];

	(void)snprintf(own, sizeof(own), "spBv1.0/STATE/%s", judge->host);
	return strcmp(own, topic) == 0;
}

static bool host_is_now(const struct judge *judge, uint64_t ms)
{
	return ms + judge->slack_ms >= judge->last_ms && ms <= judge->now_ms;
}

void judge_host_connect(struct judge *judge, const struct judge_connect *connect)
{
	struct ledger *ledger = judge->ledger;
	char text[256];
	bool online = true;
	uint64_t ms = 0;

	if (connect->version == 4) {
		ledger_check(ledger, connect->is_clean, FLOW "clean-session-311", "not clean");
	} else {
		ledger_check(ledger, connect->is_clean && connect->expiry == 0,
			     FLOW "clean-session-50", "not clean");
	}
	ledger_check(ledger, connect->will_topic != NULL,
		     TOPIC "death-required " APPLICATION "connect-will", "no will");
	if (connect->will_topic == NULL) {
		return;
	}
	(void)snprintf(text, sizeof(text), "%.*s", (int)connect->will_size,
		       (const char *)connect->will);
	ledger_check(ledger, host_is_own(judge, connect->will_topic),
		     TOPIC "death-topic " APPLICATION "connect-will-topic "
		     "payloads-state-will-message", connect->will_topic);
	ledger_check(ledger, connect->will_qos == 1,
		     TOPIC "death-qos " APPLICATION "connect-will-qos "
		     "payloads-state-will-message-qos", "its QoS");
	ledger_check(ledger, connect->will_retain,
		     TOPIC "death-retain " APPLICATION "connect-will-retained "
		     "payloads-state-will-message-retain", "not retained");
	ledger_check(ledger, host_state(text, &online, &ms) && !online,
		     TOPIC "death-payload " APPLICATION "connect-will-payload "
		     "payloads-state-will-message-payload", text);
	ledger_check(ledger, host_is_now(judge, ms), TOPIC "death-payload-timestamp-connect", text);
	judge->will_ms = ms;
	judge->is_disputed = false;
}

static bool host_has_subscribed(const struct judge *judge)
{
	bool state = false, nodes = false;

	for (size_t i = 0; i < judge->filter_count; i++) {
		state |= host_is_own(judge, judge->filters[i].text) ||
			 strcmp(judge->filters[i].text, "spBv1.0/#") == 0;
		nodes |= strncmp(judge->filters[i].text, "spBv1.0/", 8) == 0 &&
			 !host_is_own(judge, judge->filters[i].text);
	}
	return state && nodes;
}

static void host_online(struct judge *judge, uint64_t ms, const char *text)
{
	struct ledger *ledger = judge->ledger;

	ledger_check(ledger, !judge->has_published || judge->is_born,
		     TOPIC "birth-message principles-birth-certificates-order "
		     "operational-behavior-primary-application-state-with-multiple-servers-state",
		     "something before STATE");
	ledger_check(ledger, host_has_subscribed(judge),
		     TOPIC "birth-sub-required " TOPIC "birth-required " FLOW "subscription "
		     FLOW "state-publish payloads-state-subscribe", "not subscribed before");
	ledger_check(ledger, ms == judge->will_ms,
		     TOPIC "birth-payload-timestamp " FLOW "state-publish-payload-timestamp "
		     FLOW "state-publish-payload " APPLICATION "connect-birth-payload "
		     "payloads-state-birth-payload", text);
	ledger_check(ledger, true,
		     TOPIC "birth-payload " APPLICATION "connect-birth payloads-state-birth "
		     "intro-sparkplug-host-state components-ph-state conformance-primary-host",
		     text);
	if (judge->is_disputed) {
		ledger_check(ledger, ms == judge->will_ms,
			     "message-flow-hid-sparkplug-state-message-delivered", text);
		judge->is_disputed = false;
	}
	judge->is_born = true;
	judge->is_dead = false;
}

static void host_offline(struct judge *judge, uint64_t ms, const char *text)
{
	ledger_check(judge->ledger, host_is_now(judge, ms),
		     TOPIC "death-payload-timestamp-disconnect-clean "
		     APPLICATION "death-payload", text);
	judge->is_dead = true;
}

static void host_sent_state(struct judge *judge, const struct judge_message *message)
{
	struct ledger *ledger = judge->ledger;
	bool online = false, is_state;
	uint64_t ms = 0;

	is_state = host_state(message->payload, &online, &ms);
	ledger_check(ledger, is_state, online ? TOPIC "birth-payload" : APPLICATION "death-payload",
		     message->payload);
	ledger_check(ledger, message->qos == 1,
		     online ? TOPIC "birth-qos " APPLICATION "connect-birth-qos"
			    : APPLICATION "death-qos", "its QoS");
	ledger_check(ledger, message->retain,
		     online ? TOPIC "birth-retain " APPLICATION "connect-birth-retained"
			    : APPLICATION "death-retained", "not retained");
	ledger_check(ledger, host_is_own(judge, message->topic),
		     online ? TOPIC "birth-topic " APPLICATION "connect-birth-topic"
			    : APPLICATION "death-topic", message->topic);
	if (online) {
		host_online(judge, ms, message->payload);
	} else {
		host_offline(judge, ms, message->payload);
	}
}

static const struct judge_metric *host_known(const struct judge *judge, const Metric *metric)
{
	for (size_t i = 0; i < judge->metric_count; i++) {
		const struct judge_metric *known = &judge->metrics[i];

		if (metric->has_alias ? known->alias == metric->alias
				      : metric->name != NULL &&
						strcmp(known->name, metric->name) == 0) {
			return known;
		}
	}
	return NULL;
}

static void host_metric(struct judge *judge, bool is_node, const Metric *metric)
{
	struct ledger *ledger = judge->ledger;
	const struct judge_metric *known = host_known(judge, metric);

	if (metric->name != NULL && strcmp(metric->name, REBIRTH) == 0) {
		ledger_check(ledger, is_node, COMMANDS "ncmd-rebirth-verb", "not NCMD");
		ledger_check(ledger, true, COMMANDS "ncmd-rebirth-name", "");
		ledger_check(ledger,
			     metric->value_case == JUDGE_VALUE(BOOLEAN_VALUE) &&
				     metric->boolean_value,
			     COMMANDS "ncmd-rebirth-value", "not true");
		return;
	}
	ledger_check(ledger, known != NULL,
		     is_node ? COMMANDS "ncmd-metric-name" : COMMANDS "dcmd-metric-name",
		     "no birth has named it");
	ledger_check(ledger, known != NULL && judge_fits(known->datatype, metric),
		     is_node ? COMMANDS "ncmd-metric-value" : COMMANDS "dcmd-metric-value",
		     "not a value of its type");
	ledger_check(ledger, metric->has_alias ? metric->name == NULL : metric->name != NULL,
		     "payloads-alias-data-cmd-requirement", "name and alias");
	judge_parts(judge, VERB_NONE, metric);
}

static void host_sent_command(struct judge *judge, const struct judge_message *message,
			      bool is_node)
{
	struct ledger *ledger = judge->ledger;
	Payload *payload = org__eclipse__tahu__protobuf__payload__unpack(NULL, message->size,
									 message->payload);

	ledger_check(ledger, payload != NULL && payload->n_metrics > 0,
		     is_node ? "topics-ncmd-payload " COMMANDS "ncmd-verb"
			     : "topics-dcmd-payload " COMMANDS "dcmd-verb", "not a command");
	ledger_check(ledger, message->qos == 0,
		     is_node ? "topics-ncmd-mqtt payloads-ncmd-qos"
			     : "topics-dcmd-mqtt payloads-dcmd-qos", "its QoS");
	ledger_check(ledger, !message->retain,
		     is_node ? "topics-ncmd-mqtt payloads-ncmd-retain"
			     : "topics-dcmd-mqtt payloads-dcmd-retain", "retained");
	if (payload == NULL) {
		return;
	}
	ledger_check(ledger, !payload->has_seq,
		     is_node ? "payloads-ncmd-seq" : "payloads-dcmd-seq", "it has a seq");
	ledger_check(ledger, payload->has_timestamp && host_is_now(judge, payload->timestamp),
		     is_node ? "topics-ncmd-timestamp payloads-ncmd-timestamp"
			     : "topics-dcmd-timestamp payloads-dcmd-timestamp", "its time");
	for (size_t i = 0; i < payload->n_metrics; i++) {
		host_metric(judge, is_node, payload->metrics[i]);
	}
	org__eclipse__tahu__protobuf__payload__free_unpacked(payload, NULL);
}

void judge_host_sent(struct judge *judge, const struct judge_message *message)
{
	struct ledger *ledger = judge->ledger;
	char ncmd[256], dcmd[256];

	(void)snprintf(ncmd, sizeof(ncmd), "spBv1.0/%s/NCMD/%s", judge->group, judge->node);
	(void)snprintf(dcmd, sizeof(dcmd), "spBv1.0/%s/DCMD/%s/", judge->group, judge->node);
	if (strncmp(message->topic, "spBv1.0/STATE/", 14) == 0) {
		host_sent_state(judge, message);
	} else if (strstr(message->topic, "/NCMD/") != NULL) {
		ledger_check(ledger, strcmp(message->topic, ncmd) == 0, "topics-ncmd-topic",
			     message->topic);
		host_sent_command(judge, message, true);
	} else {
		ledger_check(ledger, strncmp(message->topic, dcmd, strlen(dcmd)) == 0,
			     "topics-dcmd-topic", message->topic);
		host_sent_command(judge, message, false);
	}
	judge->has_published = true;
}

/* Births of the node tell what commands may name; our own STATE may be disputed. */
void judge_host_told(struct judge *judge, const struct judge_message *message)
{
	Payload *payload;
	bool online = true;
	uint64_t ms;

	if (host_is_own(judge, message->topic)) {
		if (judge->is_born && host_state(message->payload, &online, &ms)) {
			judge->is_disputed = !online && !judge->is_dead;
		}
		return;
	}
	if (strstr(message->topic, "BIRTH/") == NULL) {
		return;
	}
	payload = org__eclipse__tahu__protobuf__payload__unpack(NULL, message->size,
								message->payload);
	if (strstr(message->topic, "/NBIRTH/") != NULL) {
		judge->template_count = 0;
	}
	for (size_t i = 0; payload != NULL && i < payload->n_metrics; i++) {
		const Metric *metric = payload->metrics[i];
		struct judge_metric *known = &judge->metrics[judge->metric_count];

		if (metric->name != NULL && host_known(judge, metric) == NULL &&
		    judge->metric_count < JUDGE_METRICS) {
			known->alias = metric->has_alias ? metric->alias : UINT64_MAX;
			known->datatype = metric->datatype;
			(void)snprintf(known->name, sizeof(known->name), "%s", metric->name);
			judge->metric_count++;
		}
		if (judge_is_definition(metric)) {
			judge_learn_template(judge, metric);
		}
	}
	if (payload != NULL) {
		org__eclipse__tahu__protobuf__payload__free_unpacked(payload, NULL);
	}
}

void judge_host_disconnect(struct judge *judge)
{
	ledger_check(judge->ledger, judge->is_dead,
		     APPLICATION "termination " APPLICATION "disconnect-intentional",
		     "no death before");
	ledger_check(judge->ledger, !judge->is_disputed,
		     "message-flow-hid-sparkplug-state-message-delivered", "its STATE was left");
}
