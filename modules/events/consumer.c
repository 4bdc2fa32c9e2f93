/* SPDX-License-Identifier: Apache-2.0 */
/* Consumers: see consumer.h. */
#include "modules/events/consumer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Cursors of consumers are told by what is before their name. One more stays
 * at 0: without it, what all consumers have acknowledged would go at once, and
 * nobody could look at it any more.
 */
#define CURSOR_PREFIX  "consumer-"
#define CURSOR_KEEP    "keep"

static void consumer_cursor(const char *name, char text_out[EW_JOURNAL_NAME_MAX + 1])
{
	(void)snprintf(text_out, EW_JOURNAL_NAME_MAX + 1, CURSOR_PREFIX "%s", name); /* it fits */
}

static int consumers_add(struct consumers *consumers, const char *name, uint64_t acknowledged,
			 struct consumer **consumer_out)
{
	struct consumer *consumer;

	if (consumers->count == CONSUMERS_MAX) {
		return -ENOSPC;
	}
	consumer = calloc(1, sizeof(*consumer));
	if (consumer == NULL) {
		return -ENOMEM;
	}
	memcpy(consumer->name, name, strlen(name) + 1);
	consumer->acknowledged = acknowledged;
	consumer->known = acknowledged;
	consumer->used = ew_now();
	/* above all of an earlier run */
	consumer->turn = (uint64_t)ew_wall() / (uint64_t)EW_MILLISECOND;
	feed_init(&consumer->feed, consumers->journal);
	consumer_rewind(consumer);
	consumers->at[consumers->count++] = consumer;
	*consumer_out = consumer;
	return 0;
}

int consumers_open(struct consumers *consumers, struct ew_journal *journal,
		   const struct settings *settings)
{
	char name[EW_JOURNAL_NAME_MAX + 1];
	struct consumer *consumer;
	int error;

	*consumers = (struct consumers){.journal = journal, .settings = settings};
	for (size_t i = 0; ew_journal_cursor_name(journal, i, name) == 0; i++) {
		const char *own = name + sizeof(CURSOR_PREFIX) - 1;
		uint64_t number;

		if (strncmp(name, CURSOR_PREFIX, sizeof(CURSOR_PREFIX) - 1) != 0 ||
		    !ask_is_name(own)) {
			continue;
		}
		error = ew_journal_cursor_get(journal, name, &number);
		if (error == 0) {
			error = consumers_add(consumers, own, number, &consumer);
		}
		if (error != 0) {
			return error;
		}
	}
	return ew_journal_cursor_set(journal, CURSOR_KEEP, 0);
}

void consumers_close(struct consumers *consumers)
{
	while (consumers->count > 0) {
		struct consumer *consumer = consumers->at[--consumers->count];

		feed_close(&consumer->feed);
		free(consumer);
	}
}

static size_t consumers_place(const struct consumers *consumers, const char *name)
{
	size_t i = 0;

	while (i < consumers->count && strcmp(consumers->at[i]->name, name) != 0) {
		i++;
	}
	return i;
}

struct consumer *consumers_find(struct consumers *consumers, const char *name)
{
	size_t i = consumers_place(consumers, name);

	return i < consumers->count ? consumers->at[i] : NULL;
}

int consumers_take(struct consumers *consumers, const char *name, struct consumer **consumer_out)
{
	struct consumer *consumer = consumers_find(consumers, name);
	char cursor[EW_JOURNAL_NAME_MAX + 1];
	uint64_t oldest;
	int error;

	if (consumer != NULL) {
		*consumer_out = consumer;
		return 0;
	}
	if (consumers->count >= consumers->settings->consumers) {
		return -ENOSPC;
	}
	error = feed_oldest(consumers->journal, &oldest);
	if (error == 0) {
		consumer_cursor(name, cursor);
		error = ew_journal_cursor_set(consumers->journal, cursor, oldest);
	}
	return error != 0 ? error : consumers_add(consumers, name, oldest, consumer_out);
}

int consumers_remove(struct consumers *consumers, const char *name)
{
	size_t i = consumers_place(consumers, name);
	char cursor[EW_JOURNAL_NAME_MAX + 1];

	if (i == consumers->count) {
		return -ENOENT;
	}
	feed_close(&consumers->at[i]->feed);
	free(consumers->at[i]);
	consumers->at[i] = consumers->at[--consumers->count];
	consumer_cursor(name, cursor);
	return ew_journal_cursor_remove(consumers->journal, cursor);
}

ew_dur consumers_forget_due(const struct consumers *consumers)
{
	ew_dur due = INT64_MAX;

	for (size_t i = 0; consumers->settings->forget_after > 0 && i < consumers->count; i++) {
		ew_dur own = consumers->at[i]->used + consumers->settings->forget_after;

		due = own < due ? own : due;
	}
	return due;
}

const struct consumer *consumers_forgotten(const struct consumers *consumers, ew_dur now)
{
	for (size_t i = 0; consumers->settings->forget_after > 0 && i < consumers->count; i++) {
		if (consumers->at[i]->used + consumers->settings->forget_after <= now) {
			return consumers->at[i];
		}
	}
	return NULL;
}

uint64_t consumers_lowest(const struct consumers *consumers)
{
	uint64_t lowest = UINT64_MAX;

	for (size_t i = 0; i < consumers->count; i++) {
		uint64_t number = consumers->at[i]->acknowledged;

		lowest = number < lowest ? number : lowest;
	}
	return lowest;
}

/* ---- pages ---- */

void consumer_rewind(struct consumer *consumer)
{
	consumer->count = 0;
	consumer->turn++;
	consumer->tail = consumer->acknowledged;
	consumer->looked = consumer->acknowledged;
}

ew_dur consumer_due(const struct consumer *consumer, const struct settings *settings)
{
	return consumer->count == 0 ? INT64_MAX :
	       consumer->window[0].when + settings->redeliver_after;
}

void consumer_begin(struct consumer *consumer, const struct ask *ask,
		    const struct settings *settings)
{
	bool is_other;

	consumer->used = ew_now();
	is_other = ask->session[0] != '\0' && strcmp(ask->session, consumer->session) != 0;

	if (is_other) {
		memcpy(consumer->session, ask->session, sizeof(consumer->session));
	}
	if (is_other || consumer_due(consumer, settings) <= ew_now()) {
		consumer_rewind(consumer);
	}
}

/* Other kinds: what was passed over for these may be asked for. */
static uint64_t consumer_sum(const struct ask *ask)
{
	uint64_t sum = 14695981039346656037u; /* FNV-1a */

	for (size_t i = 0; i < ask->kind_count; i++) {
		for (const char *at = ask->kinds[i]; *at != '\0'; at++) {
			sum = (sum ^ (unsigned char)*at) * 1099511628211u;
		}
		sum = (sum ^ '\n') * 1099511628211u;
	}
	return sum;
}

static const struct handed *consumer_repeated(const struct consumer *consumer,
					      const struct ask *ask)
{
	for (uint64_t i = 0; ask->request[0] != '\0' && i < consumer->count; i++) {
		if (strcmp(consumer->window[i].request, ask->request) == 0) {
			return &consumer->window[i];
		}
	}
	return NULL;
}

bool consumer_plan(struct consumer *consumer, const struct ask *ask,
		   const struct settings *settings, struct page_plan *plan_out)
{
	const struct handed *again = consumer_repeated(consumer, ask);
	uint64_t sum = consumer_sum(ask);

	if (consumer->looked_for != sum || consumer->looked < consumer->tail) {
		consumer->looked_for = sum;
		consumer->looked = consumer->tail;
	}
	*plan_out = (struct page_plan){
		.ask = ask,
		.after = consumer->tail,
		.from = consumer->looked,
		.known = consumer->known,
		.limit = ask->limit > 0 && ask->limit < settings->page_events ?
			 ask->limit : settings->page_events,
		.bytes = settings->page_bytes,
	};
	if (again != NULL) {
		plan_out->after = again->after;
		plan_out->from = again->from;
		plan_out->upto = again->to;
	}
	return again != NULL || consumer->count < settings->window;
}

/* A stream is read as it comes: what it got one after the other is one page. */
static bool consumer_extends(struct consumer *consumer, const struct ask *ask,
			     const struct page_plan *plan, const struct page *page)
{
	struct handed *last = consumer->count == 0 ? NULL :
			      &consumer->window[consumer->count - 1];

	if (ask->form != ASK_SSE || last == NULL || last->is_acknowledged ||
	    last->events + page->events > plan->limit) {
		return false;
	}
	last->to = page->to;
	last->events += page->events;
	return true;
}

void consumer_hand(struct consumer *consumer, const struct ask *ask,
		   const struct page_plan *plan, const struct page *page)
{
	struct handed *handed = &consumer->window[consumer->count];

	consumer->redeliveries += page->again;
	if (plan->upto != 0) {
		return;
	}
	consumer->looked = page->to;
	if (page->body.size == 0) {
		return;
	}
	consumer->known = page->to > consumer->known ? page->to : consumer->known;
	consumer->tail = page->to;
	if (consumer_extends(consumer, ask, plan, page)) {
		return;
	}
	*handed = (struct handed){
		.after = plan->after, .to = page->to, .from = page->from,
		.events = page->events, .when = ew_now(),
	};
	memcpy(handed->request, ask->request, sizeof(handed->request));
	consumer->count++;
	consumer->pages++;
}

void consumer_take_back(struct consumer *consumer, const struct page_plan *plan)
{
	if (plan->upto == 0 && consumer->count > 0 &&
	    consumer->window[consumer->count - 1].after == plan->after) {
		consumer->count--;
		consumer->tail = plan->after;
		consumer->looked = plan->after;
	}
}

/* ---- acknowledgements ---- */

/* Pages at the front of the window that are done with. */
static uint64_t consumer_drop(struct consumer *consumer, uint64_t number)
{
	uint64_t done = 0;

	while (done < consumer->count &&
	       (consumer->window[done].to <= number || consumer->window[done].is_acknowledged)) {
		number = consumer->window[done].to > number ? consumer->window[done].to : number;
		done++;
	}
	consumer->count -= done;
	memmove(consumer->window, consumer->window + done,
		consumer->count * sizeof(consumer->window[0]));
	if (consumer->count > 0 && consumer->window[0].after < number) {
		consumer->window[0].after = number;
		consumer->window[0].when = ew_now(); /* what is left of it waits anew */
	}
	return number;
}

/* Done with this page; nothing, when it is of another turn. */
static void consumer_ack_page(struct consumer *consumer, const struct ask_page *page)
{
	for (uint64_t i = 0; page->turn == consumer->turn && i < consumer->count; i++) {
		struct handed *handed = &consumer->window[i];

		if (handed->after == page->after && handed->to == page->to) {
			handed->is_acknowledged = true;
		}
	}
}

int consumer_ack(struct consumer *consumer, const struct ask_ack *ack)
{
	uint64_t number = consumer->acknowledged;
	char cursor[EW_JOURNAL_NAME_MAX + 1];
	int error = 0;

	if (ack->page.to > ew_journal_durable(consumer->feed.journal)) {
		return -EINVAL;
	}
	if (ack->is_page) {
		consumer_ack_page(consumer, &ack->page);
	} else if (ack->page.to > number) {
		number = ack->page.to;
	}
	number = consumer_drop(consumer, number);
	consumer->last_ack = ew_wall();
	consumer->used = ew_now();
	if (number > consumer->acknowledged) {
		consumer_cursor(consumer->name, cursor);
		error = ew_journal_cursor_set(consumer->feed.journal, cursor, number);
		consumer->acknowledged = number;
	}
	consumer->tail = consumer->tail > number ? consumer->tail : number;
	return error;
}
