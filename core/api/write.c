/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <edgeway/write.h>: asking, and answering, on the instance's endpoint.
 */
#include <errno.h>

#include "core/module/instance.h"

int ew_write(struct ew_instance *inst, const struct ew_write_request *request)
{
	if (!instance_may_call(inst, __func__)) {
		return -EPERM;
	}
	if (request == NULL || request->size != sizeof(*request) || request->items == NULL) {
		return -EINVAL;
	}
	return endpoint_write(instance_endpoint(inst), request);
}

int ew_lease_end(struct ew_instance *inst, uint32_t tag)
{
	if (!instance_may_call(inst, __func__)) {
		return -EPERM;
	}
	return endpoint_lease_end(instance_endpoint(inst), tag);
}

int ew_write_done(struct ew_instance *inst, struct ew_write **write,
		  const struct ew_write_status *status)
{
	if (!instance_may_call(inst, __func__)) {
		return -EPERM;
	}
	if (write == NULL || *write == NULL) {
		return -EINVAL;
	}
	return endpoint_write_done(instance_endpoint(inst), write, status);
}

int ew_write_refuse(struct ew_instance *inst, struct ew_write **write, int error)
{
	if (!instance_may_call(inst, __func__)) {
		return -EPERM;
	}
	if (write == NULL || *write == NULL) {
		return -EINVAL;
	}
	/* a refusal without a reason would read as done */
	return endpoint_write_refuse(instance_endpoint(inst), write, error < 0 ? error : -EIO);
}
