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
#define REORDER     "operational-behavior-host-reordering-"
#define LATE_MS     3000u       /* a rebirth may be asked for so long after the wait */

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

/* ---- the order of what the host is told ---- */

static void host_forget_order(struct judge_order *order, int expected)
{
	memset(order->came, 0, sizeof(order->came));
	order->expected = expected;
	order->gap_ms = 0;
	order->is_filled = false;
}

/* The node of a topic, new or known. NULL: a topic of none. */
static struct judge_order *host_node(struct judge *judge, const char *topic)
{
	char group[128], node[64];
	struct judge_order *order;

	if (sscanf(topic, "spBv1.0/%127[^/]/%*[A-Z]/%63[^/]", group, node) != 2 ||
	    strcmp(group, judge->group) != 0) {
		return NULL;
	}
	for (order = judge->orders; order < judge->orders + judge->order_count; order++) {
		if (strcmp(order->node, node) == 0) {
			return order;
		}
	}
	if (judge->order_count == JUDGE_NODES) {
		abort(); /* no test has so many */
	}
	judge->order_count++;
	host_forget_order(order, -1);
	(void)snprintf(order->node, sizeof(order->node), "%s", node);
	return order;
}

/* A rebirth is asked for: because one is missing? */
static void host_asks(struct judge *judge, struct judge_order *order)
{
	struct ledger *ledger = judge->ledger;
	uint64_t waited = judge->now_ms - order->gap_ms;

	if (judge->reorder_ms == 0) {
		return;
	}
	if (order->gap_ms != 0) {
		ledger_check(ledger, waited + judge->slack_ms >= judge->reorder_ms, REORDER "start",
			     "a rebirth before the time");
		ledger_check(ledger, waited <= judge->reorder_ms + LATE_MS,
			     REORDER "rebirth " REORDER "param", "a rebirth too late");
	} else {
		ledger_check(ledger, !order->is_filled, REORDER "success",
			     "a rebirth though nothing is missing");
	}
	host_forget_order(order, -1);
}

void judge_host_now(struct judge *judge)
{
	uint64_t wait = judge->reorder_ms + LATE_MS;

	for (size_t i = 0; i < judge->order_count; i++) {
		struct judge_order *order = &judge->orders[i];

		if (order->gap_ms != 0 && judge->now_ms > order->gap_ms + wait) {
			ledger_check(judge->ledger, false, REORDER "rebirth", "no rebirth in time");
			order->gap_ms = 0;
		}
	}
}

static bool host_waits(const struct judge_order *order)
{
	for (size_t i = 0; i < sizeof(order->came); i++) {
		if (order->came[i]) {
			return true;
		}
	}
	return false;
}

static void host_hears(struct judge *judge, struct judge_order *order, bool is_nbirth,
		       const Payload *payload)
{
	uint8_t seq = (uint8_t)payload->seq;

	if (judge->reorder_ms == 0 || !payload->has_seq) {
		return;
	}
	if (is_nbirth) {
		host_forget_order(order, (seq + 1) % 256);
		return;
	}
	if (order->expected < 0) {
		return;
	}
	if (order->is_filled) { /* and no rebirth until now */
		ledger_check(judge->ledger, true, REORDER "success", "");
		order->is_filled = false;
	}
	order->came[seq] = true;
	if (seq != order->expected && order->gap_ms == 0) {
		order->gap_ms = judge->now_ms;
	}
	while (order->came[order->expected]) {
		order->came[order->expected] = false;
		order->expected = (order->expected + 1) % 256;
	}
	if (!host_waits(order)) {
		order->is_filled = order->gap_ms != 0;
		order->gap_ms = 0;
	}
}

/* ---- the session ---- */

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
	judge->last_will_ms = judge->will_ms;
	judge->will_ms = ms;
	judge->is_disputed = false;
	for (size_t i = 0; i < judge->order_count; i++) {
		host_forget_order(&judge->orders[i], -1); /* births are to come again */
	}
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
	if (judge->last_will_ms != 0) {
		ledger_check(ledger, ms == judge->will_ms && ms != judge->last_will_ms,
			     APPLICATION "multi-server-timestamp", "of another connection");
	}
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
	judge->said_ms = ms;
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

static const struct judge_metric *host_known(const struct judge *judge,
					     const struct judge_order *order,
					     const Metric *metric)
{
	size_t node = (size_t)(order - judge->orders);

	for (size_t i = 0; i < judge->metric_count; i++) {
		const struct judge_metric *known = &judge->metrics[i];

		if (known->node == node &&
		    (metric->has_alias ? known->alias == metric->alias
				       : metric->name != NULL &&
						 strcmp(known->name, metric->name) == 0)) {
			return known;
		}
	}
	return NULL;
}

static void host_metric(struct judge *judge, struct judge_order *order, bool is_node,
			const Metric *metric)
{
	struct ledger *ledger = judge->ledger;
	const struct judge_metric *known = host_known(judge, order, metric);

	if (metric->name != NULL && strcmp(metric->name, REBIRTH) == 0) {
		ledger_check(ledger, is_node, COMMANDS "ncmd-rebirth-verb", "not NCMD");
		ledger_check(ledger, true, COMMANDS "ncmd-rebirth-name", "");
		host_asks(judge, order);
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
	if (metric->has_timestamp) {
		ledger_check(ledger, host_is_now(judge, metric->timestamp),
			     "payloads-name-cmd-requirement", "its time");
	}
	judge_parts(judge, VERB_NONE, metric);
}

static void host_sent_command(struct judge *judge, struct judge_order *order,
			      const struct judge_message *message, bool is_node)
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
		host_metric(judge, order, is_node, payload->metrics[i]);
	}
	org__eclipse__tahu__protobuf__payload__free_unpacked(payload, NULL);
}

void judge_host_sent(struct judge *judge, const struct judge_message *message)
{
	struct ledger *ledger = judge->ledger;
	size_t nodes = judge->order_count;
	struct judge_order *order;
	char ncmd[256], dcmd[256];
	bool is_node;

	if (strncmp(message->topic, "spBv1.0/STATE/", 14) == 0) {
		host_sent_state(judge, message);
		judge->has_published = true;
		return;
	}
	order = host_node(judge, message->topic);
	is_node = strstr(message->topic, "/NCMD/") != NULL;
	(void)snprintf(ncmd, sizeof(ncmd), "spBv1.0/%s/NCMD/%s", judge->group,
		       order != NULL ? order->node : "");
	(void)snprintf(dcmd, sizeof(dcmd), "spBv1.0/%s/DCMD/%s/", judge->group,
		       order != NULL ? order->node : "");
	/* a node that has said nothing is none */
	ledger_check(ledger,
		     nodes == judge->order_count &&
			     (is_node ? strcmp(message->topic, ncmd) == 0
				      : strncmp(message->topic, dcmd, strlen(dcmd)) == 0),
		     is_node ? "topics-ncmd-topic" : "topics-dcmd-topic", message->topic);
	if (order != NULL) {
		host_sent_command(judge, order, message, is_node);
	}
	judge->has_published = true;
}

static void host_learn(struct judge *judge, const struct judge_order *order, const Metric *metric)
{
	struct judge_metric *known = &judge->metrics[judge->metric_count];

	if (metric->name != NULL && host_known(judge, order, metric) == NULL &&
	    judge->metric_count < JUDGE_METRICS) {
		known->alias = metric->has_alias ? metric->alias : UINT64_MAX;
		known->datatype = metric->datatype;
		known->node = (size_t)(order - judge->orders);
		(void)snprintf(known->name, sizeof(known->name), "%s", metric->name);
		judge->metric_count++;
	}
	if (judge_is_definition(metric)) {
		judge_learn_template(judge, metric);
	}
}

/*
 * Births of the node tell what commands may name, all its messages in which
 * order they came; our own STATE may be disputed.
 */
void judge_host_told(struct judge *judge, const struct judge_message *message)
{
	bool is_birth = strstr(message->topic, "BIRTH/") != NULL;
	bool is_nbirth = strstr(message->topic, "/NBIRTH/") != NULL;
	struct judge_order *order;
	Payload *payload;
	bool online = true;
	uint64_t ms;

	if (host_is_own(judge, message->topic)) {
		if (judge->is_born && host_state(message->payload, &online, &ms)) {
			judge->is_disputed = !online && !judge->is_dead;
		}
		return;
	}
	if (strstr(message->topic, "CMD/") != NULL || strstr(message->topic, "/STATE/") != NULL) {
		return;
	}
	order = host_node(judge, message->topic);
	payload = order != NULL ? org__eclipse__tahu__protobuf__payload__unpack(
					  NULL, message->size, message->payload)
				: NULL;
	if (payload == NULL) {
		return;
	}
	host_hears(judge, order, is_nbirth, payload);
	if (is_nbirth && strcmp(order->node, judge->node) == 0) {
		judge->template_count = 0;
	}
	for (size_t i = 0; is_birth && i < payload->n_metrics; i++) {
		host_learn(judge, order, payload->metrics[i]);
	}
	org__eclipse__tahu__protobuf__payload__free_unpacked(payload, NULL);
}

/*
 * DISCONNECT or not, the last word before an end that the host wants is an
 * offline STATE with the time of that, and not the will's.
 */
static void host_ends_with_state(struct judge *judge)
{
	ledger_check(judge->ledger, judge->is_dead && judge->said_ms > judge->will_ms,
		     TOPIC "death-payload-timestamp-disconnect-with-no-disconnect-packet",
		     "no STATE of its own before the end");
}

void judge_host_disconnect(struct judge *judge)
{
	ledger_check(judge->ledger, judge->is_dead,
		     APPLICATION "termination " APPLICATION "disconnect-intentional",
		     "no death before");
	ledger_check(judge->ledger, !judge->is_disputed,
		     "message-flow-hid-sparkplug-state-message-delivered", "its STATE was left");
	host_ends_with_state(judge);
}

void judge_host_cut(struct judge *judge)
{
	if (judge->is_dead) {
		host_ends_with_state(judge);
	}
}
