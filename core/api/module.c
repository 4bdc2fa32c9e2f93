/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <edgeway/module.h>: what an instance is told of itself, and says of itself.
 */
#include "core/module/instance.h"

const char *ew_name(struct ew_instance *inst)
{
	return instance_is_one(inst, __func__) ? instance_name(inst) : NULL;
}

const char *ew_state_dir(struct ew_instance *inst)
{
	return instance_may_call(inst, __func__) ? instance_state_dir(inst) : NULL;
}

const struct ew_gateway *ew_gateway(struct ew_instance *inst)
{
	return instance_is_one(inst, __func__) ? fleet_gateway(instance_fleet(inst)) : NULL;
}

void ew_health(struct ew_instance *inst, enum ew_health health, const char *text)
{
	if (instance_may_call(inst, __func__) && (unsigned)health <= EW_DOWN) {
		instance_say_health(inst, health, text);
	}
}

void ew_stopped(struct ew_instance *inst)
{
	if (instance_may_call(inst, __func__)) {
		instance_say_stopped(inst);
	}
}
