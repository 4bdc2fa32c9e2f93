/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A write on its way: its memory, its deadline and its answer.
 *
 * A request is one allocation that carries everything, the answer too, so
 * that nothing after endpoint_write() can fail for want of memory. Both sides
 * hold a reference; see write.h for who has the last word.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bus/write.h"

/* ---- a request ---- */

static size_t text_bytes(const struct ew_sample *items, size_t count)
{
	size_t bytes = 0;

	for (size_t i = 0; i < count; i++) {
		if (ew_sample_has_bytes(&items[i])) {
			bytes += items[i].v.x.size;
		}
	}
	return bytes;
}

static char *put_text(char **at, const char *text)
{
	char *start = *at;
	size_t size = strlen(text) + 1;

	memcpy(start, text, size);
	*at += size;
	return start;
}

static void put_items(struct write *request, const struct ew_sample *items, char **at)
{
	for (size_t i = 0; i < request->write.count; i++) {
		struct ew_sample *item = &request->items[i];

		*item = items[i];
		item->quality = EW_GOOD;
		item->flags = item->type == EW_NONE ? EW_NULL : 0;
		item->time = 0;
		if (ew_sample_has_bytes(item)) {
			if (item->v.x.size > 0) {
				memcpy(*at, item->v.x.at, item->v.x.size);
			}
			item->v.x.at = *at;
			*at += item->v.x.size;
		}
	}
}

struct write *write_new(const struct write_plan *plan)
{
	const struct ew_write_request *asked = plan->asked;
	size_t count = asked->count;
	size_t texts = strlen(plan->origin) + strlen(plan->remote) + strlen(plan->target) + 3;
	struct write *request;
	char *at;

	request = calloc(1, sizeof(*request) + count * 2 * sizeof(struct ew_sample) +
			 count * sizeof(struct ew_write_status) + texts +
			 text_bytes(plan->items, count));
	if (request == NULL) {
		return NULL;
	}
	at = (char *)(request + 1);
	request->magic = WRITE_MAGIC;
	atomic_init(&request->refs, 1);
	atomic_init(&request->stage, WRITE_QUEUED);
	request->bus = plan->bus;
	request->from = plan->from;
	request->to = plan->to;
	request->token = asked->token;
	list_init(&request->asked);
	list_init(&request->open);
	request->items = (struct ew_sample *)(void *)at;
	request->raw = request->items + count;
	request->status = (struct ew_write_status *)(void *)(request->raw + count);
	at = (char *)(request->status + count);
	request->write.op = asked->op;
	request->write.priority = asked->priority;
	request->write.count = count;
	request->write.items = request->raw;
	request->write.origin = put_text(&at, plan->origin);
	request->write.remote = put_text(&at, plan->remote);
	request->target = put_text(&at, plan->target);
	put_items(request, plan->items, &at);
	return request;
}

void write_unref(struct write **request)
{
	struct write *taken = *request;

	*request = NULL;
	if (taken == NULL ||
	    atomic_fetch_sub_explicit(&taken->refs, 1, memory_order_acq_rel) != 1) {
		return;
	}
	for (size_t i = 0; taken->holds_tags && i < taken->write.count; i++) {
		registry_drop_tag(&taken->bus->registry, taken->items[i].tag);
	}
	lease_free(&taken->lease);
	taken->magic = 0;
	free(taken);
}

bool write_claim(struct write *request, enum write_stage from, enum write_stage to)
{
	int expected = (int)from;

	return atomic_compare_exchange_strong_explicit(&request->stage, &expected, (int)to,
						       memory_order_acq_rel,
						       memory_order_acquire);
}

void write_settle(struct write *request, enum ew_write_result result, int error,
		    const char *text)
{
	size_t size = strlen(text);

	for (size_t i = 0; i < request->write.count; i++) {
		request->status[i] = (struct ew_write_status){ result, error };
	}
	size = size < sizeof(request->text) ? size : sizeof(request->text) - 1;
	memcpy(request->text, text, size);
	request->text[size] = '\0';
}

/* ---- the answer, on the requester's loop ---- */

/*
 * Tell the module, which may write again from inside. A fail-safe has nobody
 * to tell. Drops the reference of the deadline.
 */
static void finish(struct write *request)
{
	struct endpoint *asker = request->asker;
	const struct ew_write_answer answer = {
		.token = request->token,
		.count = request->write.count,
		.status = request->status,
		.text = request->text,
	};

	timer_fini(&request->timer);
	list_remove(&request->asked);
	request->asker = NULL;
	if (asker != NULL && asker->module->answered != NULL) {
		endpoint_enter(asker, "answered");
		asker->module->answered(asker->self, &answer);
		endpoint_leave_callback(asker);
	}
	write_unref(&request);
}

static void answer_arrive(struct post *post)
{
	struct write *request = container_of(post, struct write, answer);

	/* the asker may be gone, and this the queue of the next one of that name */
	if (request->asker != NULL) {
		finish(request);
	}
	write_unref(&request);
}

static void answer_drop(struct post *post)
{
	struct write *request = container_of(post, struct write, answer);

	write_unref(&request);
}

void write_answer(struct write *request)
{
	struct owner *from = request->from;
	int error = -ESHUTDOWN;

	if (from != NULL) {
		request->answer.run = answer_arrive;
		request->answer.drop = answer_drop;
		(void)pthread_rwlock_rdlock(&from->signal_lock);
		if (from->endpoint != NULL) {
			error = post_push_always(from->endpoint->config.control,
						 &request->answer);
		}
		(void)pthread_rwlock_unlock(&from->signal_lock);
	} else {
		struct write *deadline = request;

		timer_fini(&request->timer);
		write_unref(&deadline);
	}
	if (error != 0) {
		write_unref(&request);
	}
}

void write_log_fail_safe(const struct write *request, const char *result)
{
	log_msg(LOG_LEVEL_ERROR, request->to->name, "fail-safe write of %s %s: %s",
		request->target, result, request->text);
}

/* The deadline has come, unless the owner had the last word. */
void write_expired(struct loop_timer *timer)
{
	struct write *request = container_of(timer, struct write, timer);
	struct bus *bus = request->bus;

	if (write_claim(request, WRITE_QUEUED, WRITE_GIVEN_UP)) {
		write_settle(request, EW_WRITE_REFUSED, -ETIMEDOUT,
			       "the owner did not come to it in time");
		atomic_fetch_add_explicit(&bus->writes_refused, 1, memory_order_relaxed);
		audit_request(request, "refused", request->text);
	} else if (write_claim(request, WRITE_HANDED, WRITE_GIVEN_UP)) {
		write_settle(request, EW_WRITE_UNKNOWN, -ETIMEDOUT,
			       "handed over, no answer in time");
		atomic_fetch_add_explicit(&bus->writes_unknown, 1, memory_order_relaxed);
		audit_request(request, "unknown", request->text);
		if (request->from == NULL) {
			write_log_fail_safe(request, "unknown");
		}
	} else {
		return;         /* the answer is on its way */
	}
	finish(request);
}
