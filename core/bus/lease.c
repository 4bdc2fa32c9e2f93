/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leases on the tags of an owner; all on the owner's loop but for making one.
 *
 * A lease covers the tags of the request that brought it. A tag is in at most
 * one lease; a new one takes its tags out of those that had them, whether
 * that renews them or a higher priority takes over. When the time is up, or
 * the holder leaves, the fail-safe values of the tags that are still in it
 * are written in one request. Whatever that needs is made together with the
 * lease, so it cannot fail for want of memory. Whether the time is up is a matter
 * of the clock, not of who runs first: a request that was sent later is not let
 * pass before the fail-safe write, also where its owner's loop was held up.
 *
 * A *bond* is how an owner learns that a holder left: the holder keeps one
 * for each owner that it ever asked for a lease, and posts it when it leaves.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bus/write.h"

struct lease {
	struct list node;               /* of the owner's endpoint */
	struct endpoint *endpoint;      /* the owner's; NULL: not taken */
	struct registry *registry;      /* whose ids it holds */
	struct owner *by;               /* whose instance asked for it */
	const char *holder;             /* its name, or the token's */
	unsigned priority;
	ew_dur span;
	struct loop_timer timer;
	struct write *safe;           /* NULL: nothing is written when it ends */
	size_t count;                   /* of tags */
	size_t held;                    /* of them still in it */
	uint32_t tags[];                /* EW_NO_ID: no longer in it; else as safe->items */
};

struct bond {
	struct list node;               /* of the holder's endpoint */
	struct owner *by, *to;
	uint32_t tag;                   /* EW_NO_ID: all leases; else this one, quietly */
	ew_dur sent;                    /* monotonic */
	struct post post;
};

/* ---- making one ---- */

struct lease *lease_new(const struct write *request, ew_dur span, struct write *safe)
{
	size_t count = request->write.count;
	size_t size = sizeof(struct lease) + count * sizeof(uint32_t);
	size_t name = strlen(request->write.origin) + 1;
	struct lease *lease = calloc(1, size + name);

	if (lease == NULL) {
		return NULL;
	}
	list_init(&lease->node);
	lease->registry = &request->bus->registry;
	lease->by = request->from;
	lease->holder = memcpy((char *)lease + size, request->write.origin, name);
	lease->priority = request->write.priority;
	lease->span = span;
	lease->safe = safe;
	lease->count = count;
	for (size_t i = 0; i < count; i++) {
		lease->tags[i] = request->items[i].tag;
		registry_hold_tag(lease->registry, lease->tags[i]);
	}
	return lease;
}

void lease_free(struct lease **lease)
{
	if (*lease == NULL) {
		return;
	}
	for (size_t i = 0; i < (*lease)->count; i++) {
		if ((*lease)->tags[i] != EW_NO_ID) {
			registry_drop_tag((*lease)->registry, (*lease)->tags[i]);
		}
	}
	write_unref(&(*lease)->safe);
	free(*lease);
	*lease = NULL;
}

const struct ew_sample *lease_fail_safe(const struct lease *lease, size_t item)
{
	return lease->safe == NULL ? NULL : &lease->safe->items[item];
}

/* ---- ending one ---- */

/* Out of the endpoint's list and of its loop. */
static void detach(struct lease *lease)
{
	list_remove(&lease->node);
	timer_fini(&lease->timer);
	if (lease->safe != NULL) {
		timer_fini(&lease->safe->timer);
	}
	lease->endpoint = NULL;
}

/* Keep the items that are still held and that the tags still take. */
static size_t gather_safe(struct endpoint *endpoint, struct lease *lease)
{
	struct write *safe = lease->safe;
	size_t kept = 0;

	for (size_t i = 0; i < lease->count; i++) {
		struct reason reason;
		int error;

		if (lease->tags[i] == EW_NO_ID) {
			continue;
		}
		safe->items[kept] = safe->items[i];
		error = write_convert(endpoint, &safe->items[kept], &safe->raw[kept], &reason);
		if (error == 0) {
			kept++;
		} else if (error != -ENOENT) {
			log_msg(LOG_LEVEL_ERROR, endpoint->name,
				"fail-safe of tag %u after %s: %s",
				(unsigned)lease->tags[i], lease->holder, reason.text);
		}
	}
	safe->write.count = kept;
	return kept;
}

/* The lease ends unrenewed: write what makes the tags safe. */
static void fail_safe(struct lease *lease, const char *why)
{
	struct endpoint *endpoint = lease->endpoint;
	struct write *safe = lease->safe;

	if (safe == NULL || gather_safe(endpoint, lease) == 0) {
		log_limited(&endpoint->lease_said, LOG_LEVEL_WARNING, endpoint->name,
			    "lease of %s ends: %s; no fail-safe value to write", lease->holder,
			    why);
		detach(lease);
		lease_free(&lease);
		return;
	}
	log_limited(&endpoint->lease_said, LOG_LEVEL_WARNING, endpoint->name,
		    "lease of %s ends: %s; writing %zu fail-safe values", lease->holder, why,
		    safe->write.count);
	list_remove(&lease->node);
	timer_fini(&lease->timer);
	(void)snprintf(safe->text, sizeof(safe->text), "lease of %s ended: %s", lease->holder, why);
	lease->safe = NULL;
	lease_free(&lease);
	timer_set(&safe->timer, WRITE_DEFAULT_TIMEOUT, 0);
	safe->write.not_after = safe->timer.node.key;
	atomic_store_explicit(&safe->stage, WRITE_HANDED, memory_order_relaxed);
	/* one for the module, one for the deadline */
	atomic_store_explicit(&safe->refs, 2, memory_order_relaxed);
	write_hand(endpoint, safe);
}

static void lease_expired(struct loop_timer *timer)
{
	fail_safe(container_of(timer, struct lease, timer), "not renewed");
}

void leases_expire(struct endpoint *endpoint, ew_dur moment)
{
	struct list *node, *after;

	if (loop_next_timer(endpoint->config.loop) > moment) {
		return; /* no timer of this loop is due: as a rule */
	}
	list_for_each_safe(node, after, &endpoint->leases) {
		struct lease *lease = list_entry(node, struct lease, node);

		if (lease->timer.node.key <= moment) {
			lease_expired(&lease->timer);
		}
	}
}

/* Take a tag out of a lease; the last one ends it, quietly. */
static void release(struct lease *lease, size_t index)
{
	registry_drop_tag(lease->registry, lease->tags[index]);
	lease->tags[index] = EW_NO_ID;
	if (--lease->held == 0) {
		detach(lease);
		lease_free(&lease);
	}
}

void leases_end_all(struct endpoint *endpoint)
{
	struct list *node, *after;

	list_for_each_safe(node, after, &endpoint->leases) {
		struct lease *lease = list_entry(node, struct lease, node);

		log_msg(LOG_LEVEL_NOTICE, endpoint->name, "lease of %s ends: the owner stops",
			lease->holder);
		detach(lease);
		lease_free(&lease);
	}
}

/* ---- judging and taking ---- */

/* The lease that a tag is in; NULL: none. */
static struct lease *find(const struct endpoint *endpoint, uint32_t tag, size_t *index_out)
{
	struct list *node;

	list_for_each(node, &endpoint->leases) {
		struct lease *lease = list_entry(node, struct lease, node);

		for (size_t i = 0; i < lease->count; i++) {
			if (lease->tags[i] == tag) {
				*index_out = i;
				return lease;
			}
		}
	}
	return NULL;
}

static bool is_holder(const struct lease *lease, const struct write *request)
{
	return lease->by == request->from && strcmp(lease->holder, request->write.origin) == 0;
}

int leases_judge(struct endpoint *endpoint, const struct write *request, size_t *item_out,
		 struct reason *reason)
{
	if (request->write.op == EW_WRITE_REFRESH || list_is_empty(&endpoint->leases)) {
		return 0;
	}
	for (size_t i = 0; i < request->write.count; i++) {
		size_t index;
		const struct lease *lease = find(endpoint, request->items[i].tag, &index);

		if (lease != NULL && !is_holder(lease, request) &&
		    lease->priority >= request->write.priority) {
			*item_out = i;
			return reason_give(reason, -EBUSY, "held by %s at priority %u",
					   lease->holder, lease->priority);
		}
	}
	return 0;
}

int lease_prepare(struct endpoint *endpoint, struct write *request, size_t *item_out,
		  struct reason *reason)
{
	struct lease *lease = request->lease;
	struct ew_sample scratch;
	int error;

	for (size_t i = 0; lease->safe != NULL && i < lease->count; i++) {
		error = write_convert(endpoint, &lease->safe->items[i], &scratch, reason);
		if (error != 0) {
			*item_out = i;
			return error;
		}
	}
	error = timer_init(&lease->timer, endpoint->config.loop, lease_expired);
	if (error == 0 && lease->safe != NULL) {
		error = timer_init(&lease->safe->timer, endpoint->config.loop, write_expired);
		if (error != 0) {
			timer_fini(&lease->timer);
		}
	}
	return error == 0 ? 0 : reason_give(reason, error, "no memory for the lease");
}

void lease_unprepare(struct write *request)
{
	detach(request->lease);
}

void lease_take(struct endpoint *endpoint, struct write *request)
{
	struct lease *lease = request->lease;

	for (size_t i = 0; i < lease->count; i++) {
		size_t index;
		struct lease *old = find(endpoint, lease->tags[i], &index);

		if (old == NULL) {
			continue;
		}
		if (!is_holder(old, request)) {
			log_msg(LOG_LEVEL_NOTICE, endpoint->name,
				"%s at priority %u takes tag %u from %s at %u", lease->holder,
				lease->priority, (unsigned)lease->tags[i], old->holder,
				old->priority);
		}
		release(old, index);
	}
	request->lease = NULL;
	lease->endpoint = endpoint;
	lease->held = lease->count;
	list_push(&endpoint->leases, &lease->node);
	timer_set(&lease->timer, lease->span, 0);
}

/* ---- how an owner hears of a holder ---- */

/* The leases of a holder, or its lease on one tag, end. Owner's loop. */
static void bond_arrive(struct post *post)
{
	struct bond *bond = container_of(post, struct bond, post);
	struct endpoint *endpoint = owner_endpoint_here(bond->to);
	struct list *node, *after;
	struct lease *lease;
	size_t index;

	if (endpoint == NULL) {
		free(bond);
		return;
	}
	leases_expire(endpoint, bond->sent);
	if (bond->tag != EW_NO_ID) {
		lease = find(endpoint, bond->tag, &index);
		if (lease != NULL && lease->by == bond->by) {
			release(lease, index);
		}
		free(bond);
		return;
	}
	list_for_each_safe(node, after, &endpoint->leases) {
		lease = list_entry(node, struct lease, node);
		if (lease->by == bond->by) {
			fail_safe(lease, "its holder stopped");
		}
	}
	free(bond);
}

static void bond_drop(struct post *post)
{
	free(container_of(post, struct bond, post));
}

static struct bond *bond_new(struct endpoint *endpoint, struct owner *to, uint32_t tag)
{
	struct bond *bond = calloc(1, sizeof(*bond));

	if (bond != NULL) {
		list_init(&bond->node);
		bond->by = endpoint->owner;
		bond->to = to;
		bond->tag = tag;
		bond->post.run = bond_arrive;
		bond->post.drop = bond_drop;
	}
	return bond;
}

/* Takes the bond. An owner that is gone has no leases left. */
static void bond_post(struct bond *bond)
{
	struct owner *to = bond->to;
	int error = -ESHUTDOWN;

	bond->sent = clock_mono();
	(void)pthread_rwlock_rdlock(&to->signal_lock);
	if (to->endpoint != NULL) {
		error = post_push_always(to->endpoint->config.control, &bond->post);
	}
	(void)pthread_rwlock_unlock(&to->signal_lock);
	if (error != 0) {
		free(bond);
	}
}

int lease_bind(struct endpoint *endpoint, struct owner *to)
{
	struct list *node;
	struct bond *bond;

	list_for_each(node, &endpoint->lease_bonds) {
		if (list_entry(node, struct bond, node)->to == to) {
			return 0;
		}
	}
	bond = bond_new(endpoint, to, EW_NO_ID);
	if (bond == NULL) {
		return -ENOMEM;
	}
	list_push(&endpoint->lease_bonds, &bond->node);
	return 0;
}

void leases_desert(struct endpoint *endpoint)
{
	struct list *node;

	while ((node = list_pop(&endpoint->lease_bonds)) != NULL) {
		bond_post(list_entry(node, struct bond, node));
	}
}

int endpoint_lease_end(struct endpoint *endpoint, uint32_t tag)
{
	struct registry *registry = &endpoint->bus->registry;
	const struct tag_cell *cell;
	struct owner *to = NULL;
	struct bond *bond;

	registry_lock(registry);
	cell = registry_tag(registry, tag);
	if (cell != NULL) {
		const struct device *device = registry_device(registry,
							      cell->version->info.device);

		to = device == NULL ? NULL : device->owner;
	}
	registry_unlock(registry);
	if (to == NULL) {
		return -ENOENT;
	}
	bond = bond_new(endpoint, to, tag);
	if (bond == NULL) {
		return -ENOMEM;
	}
	bond_post(bond);
	return 0;
}
