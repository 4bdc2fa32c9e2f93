/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's machine: messages one after the other, each with two bytes of
 * its size before it. Whatever a server says, answers are well-formed.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "modules/lwm2m/client.h"
#include "modules/lwm2m/profile.h"
#include "proto/lwm2m/split.h"
#include "tests/fuzz/fuzz.h"

#define SECOND  INT64_C(1000000000)

static uint64_t registering;    /* token of the last Register */
static struct profile_end end = {.prefix = "", .endpoint = "gw1"};

/* What it says can be said in both profiles. */
static int publish(void *arg, const struct lwm2m_message *said, bool is_bulk)
{
	const ew_time now = INT64_C(1767225600) * SECOND;
	struct lwm2m_message message;

	(void)arg;
	(void)is_bulk;
	/* an answer to what is no operation has no topic there */
	check(profile_split.encode(&end, said, now) == 0 || lwm2m_split_level(said) == NULL);
	check(profile_binding.encode(&end, said, now) == 0);
	check(lwm2m_message_decode(end.written.at, end.written.size, &message) == 0);
	if (message.operation == LWM2M_OP_REGISTER) {
		registering = message.token;
	}
	return 0;
}

static int write_tags(void *arg, const struct client_write *write)
{
	(void)arg;
	for (size_t i = 0; i < write->count; i++) {
		check(write->items[i].tag == 2 && write->items[i].type == EW_U64);
	}
	return 0;
}

static int hold(void *arg, const struct ew_batch *batch, const struct ew_batch **held_out)
{
	(void)arg;
	(void)batch;
	(void)held_out;
	return -EAGAIN;
}

static void settle(void *arg, uint32_t route, uint64_t position, bool refused)
{
	(void)arg;
	check(route == 1 && position == 1);
	(void)refused;
}

static void entered(void *arg, enum client_state state, const char *why)
{
	(void)arg;
	check(client_state_name(state) != NULL && why != NULL);
}

static ew_time wall(void *arg)
{
	(void)arg;
	return INT64_C(1767225600) * SECOND;
}

static bool value(void *arg, const struct tree_entry *entry, struct lwm2m_value *value_out)
{
	(void)arg;
	value_out->type = LWM2M_FLOAT;
	value_out->v.f = 21.5;
	return entry->tag != 3;
}

static void grow(struct tree *tree)
{
	struct ew_tag_info tag = {.id = 1, .device = 1, .carrier = EW_F64};
	struct ipso_place place;

	check(tree_device_add(tree, 1, "pump") == 0);
	tag.spec.name = "Temperature";
	tag.spec.type = EW_TYPE_F64;
	tag.spec.unit = "Cel";
	check(ipso_place_of(&tag.spec, &place) && tree_tag_add(tree, &tag, &place) == 0);
	tag.id = 2;
	tag.carrier = EW_U64;
	tag.spec.name = "Speed";
	tag.spec.type = EW_TYPE_U16;
	tag.spec.unit = NULL;
	tag.spec.access = EW_ACCESS_READ | EW_ACCESS_WRITE;
	check(ipso_place_of(&tag.spec, &place) && tree_tag_add(tree, &tag, &place) == 0);
}

/* Register, with the answer that the machine waits for. */
static void join(struct client *client)
{
	const struct lwm2m_message created = {
		.has = LWM2M_HAS(TOKEN) | LWM2M_HAS(RESULT), .token = registering, .result = 201,
	};

	client_on_message(client, &created, SECOND);
}

/* Each message as both profiles take it; that of the split one has its topic's last level. */
static void hear(struct client *client, struct lwm2m_text bytes, ew_dur now)
{
	const char *line = memchr(bytes.at, '\n', bytes.size);
	char topic[128] = "lwm2m/gw1/";
	struct lwm2m_message message;
	size_t level = line == NULL ? 0 : (size_t)(line - bytes.at);

	if (profile_binding.decode(&end, "", bytes, &message) == 0) {
		client_on_message(client, &message, now);
		return;
	}
	if (line == NULL || level > 100 || memchr(bytes.at, '\0', level) != NULL) {
		return;
	}
	memcpy(topic + strlen(topic), bytes.at, level);
	bytes.at += level + 1;
	bytes.size -= level + 1;
	if (profile_split.decode(&end, topic, bytes, &message) == 0) {
		client_on_message(client, &message, now);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct client_ops ops = {
		.publish = publish, .write = write_tags, .hold = hold, .settle = settle,
		.entered = entered, .wall = wall,
	};
	static uint8_t payload[CLIENT_ROOM];
	static char scratch[CLIENT_ROOM];
	const struct client_settings settings = {
		.serial = "gw1", .version = "1.0", .lifetime = 3600, .server_id = 1,
		.payload = payload, .scratch = scratch,
	};
	const struct bulk_settings bulk = {
		.records = 10, .bytes = 1024, .delay = SECOND, .window = 1,
	};
	static struct names names;
	static struct tree_index index;
	struct tree tree;
	struct client client;
	struct tree_ask ask = {.value = value, .own = client_own, .own_arg = &client};
	const struct ew_sample sample = ew_sample_f64(1, 1, 5);
	const struct ew_batch batch = {
		.route = 1, .count = 1, .position = 1, .samples = &sample,
	};
	int64_t now = 2 * SECOND;
	size_t at = 0;

	/* numbers are the same in each run, so the file need not be */
	if (names.at == NULL) {
		check(names_open(&names, "/dev/null") == 0);
	}
	tree_init(&tree, &ask, &index, &names, "lyon/gw1");
	grow(&tree);
	check(client_init(&client, &settings, &ops, &tree, &bulk) == 0);
	client_on_online(&client, 0);
	join(&client);
	check(bulk_add(&client.bulk, &batch, now) == 0);
	while (size - at >= 2) {
		size_t next = (size_t)data[at] << 8 | data[at + 1];

		at += 2;
		next = next < size - at ? next : size - at;
		hear(&client, (struct lwm2m_text){(const char *)data + at, next}, now);
		client_on_samples(&client, &batch, now);
		now += SECOND / 2;
		client_work(&client, now);
		check(client_due(&client) > 0);
		at += next;
	}
	client_fini(&client);
	tree_fini(&tree);
	return 0;
}
