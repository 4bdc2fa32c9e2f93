/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/look.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void look_connect(struct look *look, struct ew_test *world)
{
	const struct ew_uplink_will *will = ew_test_will(world, "main");
	const struct judge_connect connect = {
		.is_clean = will->clean, .will_topic = will->topic, .will = will->payload,
		.will_size = will->payload_size, .will_qos = will->qos,
		.will_retain = will->retain,
	};

	if (look->was_cut) {
		judge_cut(look->judge);
	} else if (look->judge->is_connected) {
		judge_disconnect(look->judge, 0);
	}
	look->was_cut = false;
	judge_connect(look->judge, &connect);
	for (size_t i = 0; i < look->filter_count; i++) {
		int qos = ew_test_subscribed_qos(world, "main", look->filters[i]);

		if (qos >= 0) {
			judge_subscribe(look->judge, look->filters[i], qos);
		}
	}
}

void look_at(struct look *look, struct ew_test *world)
{
	const struct ew_test_sent *sent;

	(void)ew_test_begin(world);
	judge_now(look->judge, (uint64_t)ew_wall() / 1000000);
	ew_test_end(world);
	while ((sent = ew_test_sent(world, "main", look->seen)) != NULL) {
		const struct judge_message message = {
			.topic = sent->topic, .payload = sent->payload,
			.size = sent->payload_size, .qos = sent->qos, .retain = sent->retain,
		};

		if (!sent->is_will && sent->connection > look->judge->connects) {
			look_connect(look, world);
		}
		if (!sent->is_will) {
			judge_sent(look->judge, &message);
		}
		look->seen++;
	}
	if (ew_test_connections(world, "main") > look->judge->connects && !look->is_over) {
		look_connect(look, world);
	}
}

int look_report(const struct ledger *ledger, const char *name)
{
	const char *log = getenv("EW_CONFORMANCE_LOG");
	char path[128];

	for (size_t i = 0; i < ledger->count; i++) {
		if (ledger->lines[i].broken > 0) {
			(void)printf("broken: %s: %s\n", ledger->lines[i].id,
				     ledger->lines[i].why);
		}
	}
	(void)snprintf(path, sizeof(path), "tests/conformance/%s.checked", name);
	if (ledger_write(ledger, log != NULL ? log : path, name) != 0) {
		(void)printf("the log cannot be written\n");
		return -EIO;
	}
	return ledger_broken(ledger) == 0 ? 0 : -EPROTO;
}
