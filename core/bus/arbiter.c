/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes, the owner's side: whether a request may reach the module, decided
 * on the owner's loop just before it would. All items pass or none does; the
 * module sees only what passed.
 */
#include <string.h>

#include "core/bus/access.h"
#include "core/bus/write.h"

/* What was decided, kept apart until write_claim() allows to write it down. */
struct verdict {
	struct reason reason;
	size_t item;            /* the one that failed; write.count: none in particular */
	bool is_prepared;       /* its lease is */
};

struct endpoint *owner_endpoint_here(struct owner *owner)
{
	struct endpoint *endpoint;

	(void)pthread_rwlock_rdlock(&owner->signal_lock);
	endpoint = owner->endpoint;
	if (endpoint != NULL && !loop_is_current(endpoint->config.loop)) {
		endpoint = NULL;
	}
	(void)pthread_rwlock_unlock(&owner->signal_lock);
	return endpoint;
}

/* ---- one item ---- */

/* The tag as declared by this owner; NULL: it is not now. */
static const struct ew_tag_info *own_tag(struct endpoint *endpoint, uint32_t tag,
					 const struct device **device_out)
{
	const struct registry *registry = &endpoint->bus->registry;
	const struct tag_cell *cell = registry_tag(registry, tag);
	const struct device *device;

	if (cell == NULL || cell->is_kept) {
		return NULL;
	}
	device = registry_device(registry, cell->version->info.device);
	if (device == NULL || device->owner != endpoint->owner) {
		return NULL;
	}
	*device_out = device;
	return &cell->version->info;
}

/* From what the bus shows to what the owner publishes. */
static int convert(struct endpoint *endpoint, const struct ew_tag_info *tag,
		   const struct ew_sample *value, struct ew_sample *raw_out,
		   struct reason *reason)
{
	uint32_t gate = registry_gate(&endpoint->bus->registry, value->tag);
	struct ew_sample raw;
	int error = settable_convert(tag, value, &raw, reason);

	if (error == 0 && (gate & GATE_SHAPED) != 0) {
		error = settable_carry((enum ew_carrier)GATE_CARRIER(gate), &raw, reason);
	}
	if (error == 0) {
		*raw_out = raw;
	}
	return error;
}

int write_convert(struct endpoint *endpoint, const struct ew_sample *item,
		    struct ew_sample *raw_out, struct reason *reason)
{
	const struct device *device;
	const struct ew_tag_info *tag = own_tag(endpoint, item->tag, &device);

	if (tag == NULL) {
		return reason_give(reason, -ENOENT, "tag %u is not declared now",
				   (unsigned)item->tag);
	}
	if ((tag->spec.access & EW_ACCESS_WRITE) == 0) {
		return reason_give(reason, -EACCES, "%s:%s is not writable",
				   device->version->info.spec.path, tag->spec.name);
	}
	return convert(endpoint, tag, item, raw_out, reason);
}

static int check_tag(const struct ew_tag_info *tag, enum ew_write_op op, struct reason *reason)
{
	unsigned access = tag->spec.access == 0 ? EW_ACCESS_READ : tag->spec.access;

	switch (op) {
	case EW_WRITE_SET:
		return (access & EW_ACCESS_WRITE) != 0
			       ? 0
			       : reason_give(reason, -EACCES, "%s is not writable", tag->spec.name);
	case EW_WRITE_EXECUTE:
		return (access & EW_ACCESS_EXECUTE) != 0
			       ? 0
			       : reason_give(reason, -EACCES, "%s cannot be executed",
					     tag->spec.name);
	case EW_WRITE_REFRESH:
		return (access & EW_ACCESS_READ) != 0
			       ? 0
			       : reason_give(reason, -EACCES, "%s is not readable", tag->spec.name);
	}
	return reason_give(reason, -EINVAL, "no such operation");
}

/* Tag, value and access of item i; *entry_out: the row to charge, NULL: none. */
static int judge_item(struct endpoint *endpoint, struct access *access, struct write *request,
		      size_t i, struct access_entry **entry_out, struct reason *reason)
{
	const struct ew_sample *item = &request->items[i];
	const struct device *device;
	const struct ew_tag_info *tag = own_tag(endpoint, item->tag, &device);
	struct access_query query;
	int error;

	*entry_out = NULL;
	if (tag == NULL) {
		return reason_give(reason, -ENOENT, "tag %u is not declared now",
				   (unsigned)item->tag);
	}
	error = check_tag(tag, request->write.op, reason);
	if (error != 0) {
		return error;
	}
	if (request->write.op == EW_WRITE_REFRESH || item->type == EW_NONE) {
		request->raw[i] = ew_sample_none(item->tag, 0);
	} else {
		error = convert(endpoint, tag, item, &request->raw[i], reason);
	}
	if (error != 0 || request->is_local || request->write.op == EW_WRITE_REFRESH) {
		return error;
	}
	query = (struct access_query){
		.who = request->write.origin,
		.op = request->write.op,
		.priority = request->write.priority,
		.device = device->version->info.spec.path,
		.tag = tag->spec.name,
		.value = item,
	};
	*entry_out = access_judge(access, &query, reason);
	if (*entry_out != NULL && request->lease != NULL) {
		query.value = lease_fail_safe(request->lease, i);
		if (query.value != NULL &&
		    access_judge(access, &query, reason) == NULL) {
			return reason->error;
		}
	}
	return *entry_out == NULL ? reason->error : 0;
}

/* ---- all of them ---- */

static int judge_items(struct endpoint *endpoint, struct access *access, struct write *request,
		       struct verdict *verdict)
{
	struct access_entry *last = NULL, *rows[EW_WRITE_ITEMS_MAX];
	ew_dur now = clock_mono();
	size_t count = 0;
	int error;

	for (size_t i = 0; i < request->write.count; i++) {
		error = judge_item(endpoint, access, request, i, &rows[count], &verdict->reason);
		if (error != 0) {
			verdict->item = i;
			return error;
		}
		if (rows[count] != NULL && rows[count] != last) {
			last = rows[count++];
		}
	}
	error = leases_judge(endpoint, request, &verdict->item, &verdict->reason);
	for (size_t i = 0; i < count && error == 0; i++) {
		if (!access_charge(rows[i], now)) {
			error = reason_give(&verdict->reason, -EAGAIN,
					    "%s writes more often than 'access' allows",
					    request->write.origin);
		}
	}
	return error;
}

static int judge(struct endpoint *endpoint, struct write *request, struct verdict *verdict)
{
	struct reason *reason = &verdict->reason;
	struct access *access;
	int error;

	if (clock_mono() > request->write.not_after) {
		return reason_give(reason, -ETIMEDOUT, "the owner did not come to it in time");
	}
	if (endpoint == NULL || !endpoint->takes_writes) {
		return reason_give(reason, -ESHUTDOWN, "the owner stops or has stopped");
	}
	if (endpoint->module->write == NULL) {
		return reason_give(reason, -ENOTSUP, "the owner takes no writes");
	}
	if (endpoint->open_count >= WRITES_OPEN_MAX) {
		return reason_give(reason, -ENOSPC, "the owner has %u writes to answer",
				   WRITES_OPEN_MAX);
	}
	access = access_get(endpoint->bus);
	error = judge_items(endpoint, access, request, verdict);
	access_unref(&access);
	if (error == 0 && request->lease != NULL) {
		error = lease_prepare(endpoint, request, &verdict->item, reason);
		verdict->is_prepared = error == 0;
	}
	return error;
}

/* After write_claim(): say which item failed and that the others did nothing. */
static void refuse(struct write *request, const struct verdict *verdict)
{
	int error = verdict->reason.error;

	write_settle(request, EW_WRITE_REFUSED,
		       verdict->item < request->write.count ? -ECANCELED : error,
		       verdict->reason.text);
	if (verdict->item < request->write.count) {
		request->status[verdict->item].error = error;
	}
	atomic_fetch_add_explicit(&request->bus->writes_refused, 1, memory_order_relaxed);
	audit_request(request, "refused", request->text);
	write_answer(request);
}

void write_hand(struct endpoint *endpoint, struct write *request)
{
	request->endpoint = endpoint;
	list_push(&endpoint->open_writes, &request->open);
	endpoint->open_count++;
	/* the text is of whoever has the last word, which may come now; a fail-safe says why */
	audit_request(request, "handed", request->from == NULL ? request->text : "");
	endpoint_enter(endpoint, "write");
	endpoint->module->write(endpoint->self, &request->write);
	endpoint_leave_callback(endpoint);
}

void write_arrive(struct post *post)
{
	struct write *request = container_of(post, struct write, post);
	struct endpoint *endpoint = owner_endpoint_here(request->to);
	struct verdict verdict = { .item = request->write.count };

	if (endpoint != NULL) {
		leases_expire(endpoint, request->sent);
	}
	if (judge(endpoint, request, &verdict) != 0) {
		if (write_claim(request, WRITE_QUEUED, WRITE_ANSWERED)) {
			refuse(request, &verdict);
		} else {
			write_unref(&request);
		}
		return;
	}
	if (!write_claim(request, WRITE_QUEUED, WRITE_HANDED)) {
		if (verdict.is_prepared) {
			lease_unprepare(request);
		}
		write_unref(&request);
		return;
	}
	if (request->lease != NULL) {
		lease_take(endpoint, request);
	}
	write_hand(endpoint, request);
}

void write_drop(struct post *post)
{
	struct write *request = container_of(post, struct write, post);
	struct verdict verdict = { .item = request->write.count };

	(void)reason_give(&verdict.reason, -ESHUTDOWN, "the owner stops");
	if (write_claim(request, WRITE_QUEUED, WRITE_ANSWERED)) {
		refuse(request, &verdict);
	} else {
		write_unref(&request);
	}
}
