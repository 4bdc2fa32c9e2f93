/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <edgeway/bus.h>: publishing and receiving, on the instance's endpoint.
 */
#include <errno.h>

#include "core/module/instance.h"
#include "core/module/letters.h"

int ew_publish(struct ew_instance *inst, const struct ew_sample *samples, size_t count,
	       uint64_t *number_out)
{
	if (!instance_may_call(inst, __func__)) {
		return -EPERM;
	}
	if (samples == NULL) {
		return -EINVAL;
	}
	return endpoint_publish(instance_endpoint(inst), samples, count, number_out);
}

int ew_event_publish(struct ew_instance *inst, const struct ew_event *event)
{
	if (!instance_may_call(inst, __func__)) {
		return -EPERM;
	}
	if (event == NULL || event->size != sizeof(*event)) {
		return -EINVAL;
	}
	return endpoint_event(instance_endpoint(inst), event);
}

int ew_read(struct ew_instance *inst, uint32_t tag, struct ew_sample *sample_out, void *buffer,
	    size_t buffer_size)
{
	if (!instance_is_one(inst, __func__)) {
		return -EPERM;
	}
	return bus_read(fleet_bus(instance_fleet(inst)), tag, sample_out, buffer, buffer_size);
}

int ew_view(struct ew_instance *inst, uint32_t tag, struct ew_sample *sample_out)
{
	if (!instance_may_call(inst, __func__)) {
		return -EPERM;
	}
	return endpoint_view(instance_endpoint(inst), tag, sample_out);
}

int ew_want(struct ew_instance *inst, const char *pattern, const struct ew_want *want)
{
	if (!instance_may_call(inst, __func__)) {
		return -EPERM;
	}
	if (pattern == NULL || (want != NULL && want->size != sizeof(*want))) {
		return -EINVAL;
	}
	return endpoint_want(instance_endpoint(inst), pattern, want);
}

int ew_batch_hold(struct ew_instance *inst, const struct ew_batch *batch,
		  const struct ew_batch **held_out)
{
	if (!instance_may_call(inst, __func__)) {
		return -EPERM;
	}
	return endpoint_hold(instance_endpoint(inst), batch, held_out);
}

void ew_batch_release(struct ew_instance *inst, const struct ew_batch **held)
{
	if (held == NULL || *held == NULL || !instance_may_free(inst, __func__)) {
		return;
	}
	endpoint_release(instance_endpoint(inst), held);
}

int ew_ack(struct ew_instance *inst, uint32_t route, uint64_t from, uint64_t to)
{
	if (!instance_may_call(inst, __func__)) {
		return -EPERM;
	}
	return endpoint_ack(instance_endpoint(inst), route, from, to);
}

int ew_nack(struct ew_instance *inst, uint32_t route, uint64_t from, uint64_t to,
	    enum ew_nack what)
{
	if (!instance_may_call(inst, __func__)) {
		return -EPERM;
	}
	if ((unsigned)what > EW_DEAD_LETTER) {
		return -EINVAL;
	}
	if (what == EW_DEAD_LETTER) {
		return ew_dead_letter(inst, route, from, to, NULL);
	}
	return endpoint_nack(instance_endpoint(inst), route, from, to, what);
}

int ew_dead_letter(struct ew_instance *inst, uint32_t route, uint64_t from, uint64_t to,
		   const char *reason)
{
	const struct letters_range range = { route, from, to };

	if (!instance_may_call(inst, __func__)) {
		return -EPERM;
	}
	if (endpoint_may_answer(instance_endpoint(inst), route, from, to) == 0) {
		letters_keep(inst, &range, reason);
	}
	return endpoint_nack(instance_endpoint(inst), route, from, to, EW_DEAD_LETTER);
}

const char *ew_route_name(struct ew_instance *inst, uint32_t route)
{
	if (!instance_may_call(inst, __func__)) {
		return NULL;
	}
	return endpoint_route_name(instance_endpoint(inst), route);
}
