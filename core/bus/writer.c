/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes as their two ends see them: asking, answering, leaving. What is in
 * between is write.c and arbiter.c.
 */
#include <stdio.h>
#include <string.h>

#include "core/bus/write.h"

/* ---- asking ---- */

static bool is_value(const struct ew_sample *item)
{
	return item->type > EW_NONE && item->type <= EW_BYTES;
}

static int check_items(const struct ew_write_request *request, const struct ew_sample *items,
		       bool must_have_value)
{
	for (size_t i = 0; i < request->count; i++) {
		const struct ew_sample *item = &items[i];

		if (item->type > EW_BYTES || (must_have_value && !is_value(item)) ||
		    item->tag != request->items[i].tag ||
		    (ew_sample_has_bytes(item) && item->v.x.at == NULL && item->v.x.size > 0)) {
			return -EINVAL;
		}
	}
	return 0;
}

static int check_shape(const struct ew_write_request *request)
{
	int error;

	if (request->size < sizeof(*request) || request->items == NULL ||
	    request->count == 0 || request->count > EW_WRITE_ITEMS_MAX ||
	    (unsigned)request->op > EW_WRITE_REFRESH || request->timeout < 0 ||
	    request->lease < 0 || request->priority >= EW_PRIORITY_FAIL_SAFE) {
		return -EINVAL;
	}
	if (request->lease == 0 ? request->fail_safe != NULL
				: request->op == EW_WRITE_REFRESH) {
		return -EINVAL;
	}
	error = check_items(request, request->items, request->op == EW_WRITE_SET);
	if (error == 0 && request->fail_safe != NULL) {
		error = check_items(request, request->fail_safe, true);
	}
	return error;
}

static bool is_too_long(const struct ew_sample *item, const struct ew_tag_spec *spec)
{
	uint32_t room = spec->max_bytes == 0 ? 256 : spec->max_bytes;

	return ew_sample_has_bytes(item) && item->v.x.size > room;
}

/* The owner of all items, and the name of the first. Registry's lock held. */
static int find_owner(const struct registry *registry, const struct ew_write_request *request,
		      char *target, struct owner **owner_out)
{
	struct owner *owner = NULL;

	for (size_t i = 0; i < request->count; i++) {
		const struct tag_cell *cell = registry_tag(registry, request->items[i].tag);
		const struct device *device;

		if (cell == NULL) {
			return -ENOENT;
		}
		device = registry_device(registry, cell->version->info.device);
		if (device == NULL) {
			return -ENOENT;
		}
		if (is_too_long(&request->items[i], &cell->version->info.spec) ||
		    (request->fail_safe != NULL &&
		     is_too_long(&request->fail_safe[i], &cell->version->info.spec))) {
			return -EMSGSIZE;
		}
		if (owner != NULL && owner != device->owner) {
			return -EINVAL;
		}
		if (owner == NULL) {
			(void)snprintf(target, WRITE_TARGET_MAX, "%s:%s",
				       device->version->info.spec.path,
				       cell->version->info.spec.name);
		}
		owner = device->owner;
	}
	*owner_out = owner;
	return 0;
}

/* The fail-safe values as a request of core's own. */
static int make_lease(struct endpoint *endpoint, const struct write_plan *plan,
		      struct write *request)
{
	struct ew_write_request asked = *plan->asked;
	struct write_plan safe_plan = *plan;
	struct write *safe = NULL;

	asked.op = EW_WRITE_SET;
	asked.priority = EW_PRIORITY_FAIL_SAFE;
	safe_plan.asked = &asked;
	safe_plan.items = asked.fail_safe;
	safe_plan.from = NULL;
	safe_plan.origin = "fail-safe";
	safe_plan.remote = plan->origin;
	if (asked.fail_safe != NULL) {
		safe = write_new(&safe_plan);
		if (safe == NULL) {
			return -ENOMEM;
		}
	}
	request->lease = lease_new(request, asked.lease, safe);
	if (request->lease == NULL) {
		write_unref(&safe);
		return -ENOMEM;
	}
	return lease_bind(endpoint, plan->to);
}

/* Post it; from here on there is an answer. */
static int send(struct endpoint *endpoint, struct write *request, ew_dur timeout)
{
	struct owner *to = request->to;
	int error;

	error = timer_init(&request->timer, endpoint->config.loop, write_expired);
	if (error != 0) {
		return error;
	}
	timeout = timeout == 0 ? WRITE_DEFAULT_TIMEOUT : timeout;
	timer_set(&request->timer, timeout, 0);
	request->write.not_after = request->timer.node.key;
	request->sent = clock_mono();
	request->asker = endpoint;
	request->post.run = write_arrive;
	request->post.drop = write_drop;
	atomic_store_explicit(&request->refs, 2, memory_order_relaxed);
	(void)pthread_rwlock_rdlock(&to->signal_lock);
	error = to->endpoint == NULL ? -ESHUTDOWN
				     : post_push(to->endpoint->config.control, &request->post);
	(void)pthread_rwlock_unlock(&to->signal_lock);
	if (error == -ENOSPC) {
		timer_fini(&request->timer);
		atomic_store_explicit(&request->refs, 1, memory_order_relaxed);
		return error;
	}
	list_push(&endpoint->asked, &request->asked);
	if (error != 0) {
		/* nobody there: the answer says so, later as answers do */
		(void)write_claim(request, WRITE_QUEUED, WRITE_ANSWERED);
		write_settle(request, EW_WRITE_REFUSED, -ESHUTDOWN, "the owner is gone");
		atomic_fetch_add_explicit(&request->bus->writes_refused, 1,
					  memory_order_relaxed);
		audit_request(request, "refused", request->text);
		write_answer(request);
	}
	return 0;
}

int endpoint_write_as(struct endpoint *endpoint, const char *who,
		      const struct ew_write_request *asked)
{
	struct registry *registry = &endpoint->bus->registry;
	char target[WRITE_TARGET_MAX] = "";
	struct write_plan plan = {
		.bus = endpoint->bus,
		.from = endpoint->owner,
		.asked = asked,
		.items = asked->items,
		.origin = who == NULL ? "local" : who,
		.remote = asked->remote == NULL ? "" : asked->remote,
		.target = target,
	};
	struct write *request;
	int error = endpoint->has_left ? -ESHUTDOWN : check_shape(asked);

	if (error != 0) {
		return error;
	}
	registry_lock(registry);
	error = find_owner(registry, asked, target, &plan.to);
	for (size_t i = 0; error == 0 && i < asked->count; i++) {
		registry_hold_tag(registry, asked->items[i].tag);
	}
	registry_unlock(registry);
	if (error != 0) {
		return error;
	}
	request = write_new(&plan);
	if (request == NULL) {
		for (size_t i = 0; i < asked->count; i++) {
			registry_drop_tag(registry, asked->items[i].tag);
		}
		return -ENOMEM;
	}
	request->holds_tags = true;
	request->is_local = who == NULL;
	error = asked->lease > 0 ? make_lease(endpoint, &plan, request) : 0;
	if (error == 0) {
		error = send(endpoint, request, asked->timeout);
	}
	if (error != 0) {
		write_unref(&request);
		return error;
	}
	atomic_fetch_add_explicit(&endpoint->bus->writes, 1, memory_order_relaxed);
	return 0;
}

int endpoint_write(struct endpoint *endpoint, const struct ew_write_request *request)
{
	return endpoint_write_as(endpoint, endpoint->name, request);
}

/* ---- the owner answers ---- */

static const char *error_text(int error)
{
	switch (error) {
	case 0:
		return "";
	case -EACCES:
		return "not allowed";
	case -EBUSY:
		return "busy";
	case -ECANCELED:
		return "canceled";
	case -EIO:
		return "the device failed";
	case -EINVAL:
		return "not a valid value";
	case -ENODEV:
		return "the device is down";
	case -ENOENT:
		return "no such tag";
	case -ENOTSUP:
		return "the owner takes no writes";
	case -ERANGE:
		return "out of range";
	case -ESHUTDOWN:
		return "the owner stops";
	case -ETIMEDOUT:
		return "no answer in time";
	default:
		return "the owner refused";
	}
}

static void fill_status(struct write *request, const struct ew_write_status *status)
{
	int worst = 0;

	for (size_t i = 0; i < request->write.count; i++) {
		struct ew_write_status *to = &request->status[i];

		*to = status == NULL ? (struct ew_write_status){ EW_WRITE_DONE, 0 } : status[i];
		if (to->result == EW_WRITE_DONE) {
			to->error = 0;
			continue;
		}
		if (to->result != EW_WRITE_REFUSED) {
			to->result = EW_WRITE_UNKNOWN;
		}
		if (to->error >= 0) {
			to->error = -EIO;
		}
		worst = worst == 0 ? to->error : worst;
	}
	(void)snprintf(request->text, sizeof(request->text), "%s", error_text(worst));
}

/* Over all items: unknown beats refused beats done. */
static enum ew_write_result overall(const struct write *request)
{
	enum ew_write_result result = EW_WRITE_DONE;

	for (size_t i = 0; i < request->write.count; i++) {
		if (request->status[i].result > result) {
			result = request->status[i].result;
		}
	}
	return result;
}

static void conclude(struct write *request)
{
	static const char *const words[] = { "done", "refused", "unknown" };
	enum ew_write_result result = overall(request);
	struct bus *bus = request->bus;

	if (result == EW_WRITE_REFUSED) {
		atomic_fetch_add_explicit(&bus->writes_refused, 1, memory_order_relaxed);
	} else if (result == EW_WRITE_UNKNOWN) {
		atomic_fetch_add_explicit(&bus->writes_unknown, 1, memory_order_relaxed);
	}
	audit_request(request, words[result], request->text);
	if (request->from == NULL && result != EW_WRITE_DONE) {
		write_log_fail_safe(request, words[result]);
	}
	write_answer(request);
}

static int take_open(struct endpoint *endpoint, struct ew_write **write,
		     struct write **request_out)
{
	struct write *request;

	if (*write == NULL) {
		return -EINVAL;
	}
	request = container_of(*write, struct write, write);
	check_obj(request, WRITE_MAGIC);
	if (request->endpoint != endpoint) {
		return -EINVAL;
	}
	*write = NULL;
	request->endpoint = NULL;
	list_remove(&request->open);
	endpoint->open_count--;
	*request_out = request;
	return 0;
}

int endpoint_write_done(struct endpoint *endpoint, struct ew_write **write,
			const struct ew_write_status *status)
{
	struct write *request;
	int error = take_open(endpoint, write, &request);

	if (error != 0) {
		return error;
	}
	if (!write_claim(request, WRITE_HANDED, WRITE_ANSWERED)) {
		atomic_fetch_add_explicit(&request->bus->writes_late, 1, memory_order_relaxed);
		audit_request(request, "late", "answered after the deadline");
		write_unref(&request);
		return -ETIMEDOUT;
	}
	fill_status(request, status);
	conclude(request);
	return 0;
}

int endpoint_write_refuse(struct endpoint *endpoint, struct ew_write **write, int error)
{
	struct ew_write_status status[EW_WRITE_ITEMS_MAX];
	size_t count = *write == NULL ? 0 : (*write)->count;

	for (size_t i = 0; i < count; i++) {
		status[i] = (struct ew_write_status){ EW_WRITE_REFUSED, error };
	}
	return endpoint_write_done(endpoint, write, status);
}

/* ---- leaving ---- */

/* Its own requests: nobody waits any more, what is not handed over never is. */
static void forget_asked(struct endpoint *endpoint)
{
	struct list *node;

	while ((node = list_pop(&endpoint->asked)) != NULL) {
		struct write *request = list_entry(node, struct write, asked);

		(void)write_claim(request, WRITE_QUEUED, WRITE_GIVEN_UP);
		timer_fini(&request->timer);
		request->asker = NULL;
		write_unref(&request);
	}
}

/* What its module has not answered. */
static void abandon_open(struct endpoint *endpoint)
{
	struct list *node;

	while ((node = list_pop(&endpoint->open_writes)) != NULL) {
		struct write *request = list_entry(node, struct write, open);

		request->endpoint = NULL;
		if (!write_claim(request, WRITE_HANDED, WRITE_ANSWERED)) {
			write_unref(&request);
			continue;
		}
		write_settle(request, EW_WRITE_UNKNOWN, -ESHUTDOWN,
			       "the owner stopped without an answer");
		conclude(request);
	}
	endpoint->open_count = 0;
}

void writes_init(struct endpoint *endpoint)
{
	endpoint->lease_said = LOG_LIMIT;
	list_init(&endpoint->open_writes);
	list_init(&endpoint->leases);
	list_init(&endpoint->asked);
	list_init(&endpoint->lease_bonds);
}

void writes_leave(struct endpoint *endpoint)
{
	endpoint->takes_writes = false;
	forget_asked(endpoint);
	leases_desert(endpoint);
	leases_end_all(endpoint);
	abandon_open(endpoint);
}
