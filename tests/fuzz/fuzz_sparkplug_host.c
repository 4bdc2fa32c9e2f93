/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's machine: messages one after the other. Each begins with a byte for
 * the topic, one for how much time passes, and two for the size of its payload.
 * Whatever is said, limits hold, and all is gone at the end.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "modules/sparkplug_host/machine.h"
#include "tests/fuzz/fuzz.h"

#define SECOND  INT64_C(1000000000)

static const char *const topics[] = {
	"spBv1.0/g/NBIRTH/n", "spBv1.0/g/NDEATH/n", "spBv1.0/g/NDATA/n", "spBv1.0/g/DBIRTH/n/d",
	"spBv1.0/g/DDATA/n/d", "spBv1.0/g/DDEATH/n/d", "spBv1.0/g/NBIRTH/m",
	"spBv1.0/h/NBIRTH/n", "spBv1.0/i/NBIRTH/n", "spBv1.0/g/DBIRTH/n/e",
	"spBv1.0/g/DBIRTH/n/f", "spBv1.0/STATE/x", "spBv1.0/g/NCMD/n", "spBv1.0/g/DDATA/n",
	"nonsense", "spBv1.0/g/NDATA/o",
};

static int device(void *arg, struct model_device *born, const struct sp_metric *instance,
		  const struct model_definition *definition)
{
	(void)arg;
	check((instance == NULL) == (definition == NULL));
	born->id = 1;
	return 0;
}

static int metric(void *arg, struct model_metric *named, const struct sp_metric *birth)
{
	(void)arg;
	check(birth->has & SP_HAS_NAME);
	named->tag = 1;
	return 0;
}

static void drop_metric(void *arg, struct model_metric *dropped)
{
	(void)arg;
	check(dropped->device != NULL);
}

static void drop_device(void *arg, struct model_device *dropped)
{
	(void)arg;
	check(dropped->node != NULL);
}

static void state(void *arg, struct model_device *changed, const char *why)
{
	(void)arg;
	check(why != NULL && model_life_name(changed->life) != NULL);
}

static int value(void *arg, struct model_metric *of, const struct machine_value *came)
{
	(void)arg;
	check(of->tag == 1 && came->metric != NULL);
	return 0;
}

static void flush(void *arg)
{
	(void)arg;
}

static int ask(void *arg, struct model_node *node, enum machine_cause cause)
{
	(void)arg;
	check(node->name[0] != '\0' && machine_cause_name(cause) != NULL);
	return 0;
}

static void count(void *arg, enum machine_count what, uint64_t by)
{
	(void)arg;
	(void)by;
	check(what < MACHINE_COUNT_COUNT);
}

static const struct machine_ops ops = {
	.device = device, .metric = metric, .drop_metric = drop_metric,
	.drop_device = drop_device, .state = state, .value = value, .flush = flush,
	.ask = ask, .count = count,
};

static void check_limits(const struct machine *machine)
{
	const struct model *model = &machine->model;

	check(model->group_count <= 2 && model->node_count <= 3);
	check(model->device_count <= 2 * model->node_count && model->bytes <= 8192);
	check(machine->held_bytes <= 2048);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct machine_settings settings = {
		.limits = { .groups = 2, .nodes = 3, .devices = 2, .metrics = 8, .name = 32,
			    .bytes = 8192 },
		.payload = { .bytes = 1024, .metrics = 16, .items = 64, .depth = 4 },
		.reorder_timeout = 2 * SECOND, .reorder_messages = 4, .reorder_bytes = 2048,
		.rebirth_pause = SECOND, .rebirth_rate = 10, .forget_after = 300 * SECOND,
	};
	struct machine machine;
	int64_t now = SECOND;

	check(machine_init(&machine, &settings, &ops, NULL, 1) == 0);
	while (size >= 4) {
		size_t length = (size_t)data[2] << 8 | data[3];
		struct machine_message message = { .topic = topics[data[0] % 16],
						   .is_retained = data[0] >= 0xf0 };

		now += data[1] * SECOND / 4;
		machine_now(&machine, now, (uint64_t)now / 1000000);
		if (now >= machine.due) {
			machine_tick(&machine);
		}
		if (data[0] == 0xe0) {
			machine_disconnect(&machine);
			machine_connect(&machine);
		}
		length = length < size - 4 ? length : size - 4;
		message.payload = (struct sp_bytes){ data + 4, length };
		machine_hear(&machine, &message);
		check_limits(&machine);
		data += 4 + length;
		size -= 4 + length;
	}
	machine_fini(&machine);
	check(machine.model.bytes == 0 && machine.held_bytes == 0);
	check(machine.model.node_count == 0 && machine.model.group_count == 0);
	return 0;
}
