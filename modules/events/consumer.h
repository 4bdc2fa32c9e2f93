/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Consumers: how far each one is, and which pages it has.
 *
 *	acknowledged       tail                     last event
 *	     |--page--|--page--|  next page ...  |
 *	          window
 *
 * The acknowledged id is a cursor of the journal, and only an acknowledgement
 * moves it. The window is in memory: after a restart all behind the cursor is
 * handed out again. Pages are handed out again from the cursor on, in order,
 * those too that were acknowledged out of turn; and an acknowledgement of a
 * page counts for the turn that handed it out only. So whoever follows the order
 * of arrival ends with the newest event of each key. Runs on the instance's
 * loop.
 */
#ifndef EVENTS_CONSUMER_H
#define EVENTS_CONSUMER_H

#include <edgeway/journal.h>

#include "modules/events/ask.h"
#include "modules/events/feed.h"
#include "modules/events/settings.h"

struct handed {
	uint64_t after, to;     /* its events are in (after, to] */
	uint64_t from;          /* where it is read from again */
	uint64_t events;
	ew_dur when;            /* monotonic */
	bool is_acknowledged;   /* but not all before it */
	char request[ASK_TOKEN_MAX + 1];
};

struct consumer {
	char name[ASK_NAME_MAX + 1];
	char session[ASK_TOKEN_MAX + 1];
	uint64_t acknowledged;
	uint64_t turn;          /* of the pages handed out now */
	uint64_t tail;          /* end of the last page, or acknowledged */
	uint64_t looked;        /* nothing up to here was asked for; at least tail */
	uint64_t known;         /* the highest id that was handed out */
	uint64_t looked_for;    /* which kinds `looked` holds for: a sum of them */
	struct handed window[WINDOW_MAX];
	uint64_t count;         /* pages in the window */
	uint64_t pages, redeliveries;   /* since the start */
	ew_time last_poll, last_ack;    /* ns UTC; 0: none since the start */
	ew_dur used;                    /* monotonic: asked or acknowledged, or the start */
	struct feed feed;
};

struct consumers {
	struct ew_journal *journal;
	const struct settings *settings;
	struct consumer *at[CONSUMERS_MAX];
	size_t count;
};

/* Those that the journal has cursors of. -ENOMEM, or what the journal says. */
int consumers_open(struct consumers *consumers, struct ew_journal *journal,
		   const struct settings *settings) EW_CHECKED;
void consumers_close(struct consumers *consumers);

/* NULL: there is none. */
struct consumer *consumers_find(struct consumers *consumers, const char *name);

/*
 * Find it or make it, at the oldest event that there is. -ENOSPC, -ENOMEM, or
 * what the journal says.
 */
int consumers_take(struct consumers *consumers, const char *name,
		   struct consumer **consumer_out) EW_CHECKED;

/* Forget it, with its cursor. -ENOENT */
int consumers_remove(struct consumers *consumers, const char *name);

/*
 * When the next one is forgotten for not having asked; INT64_MAX: none. And the
 * one for which it is time; NULL: none.
 */
ew_dur consumers_forget_due(const struct consumers *consumers);
const struct consumer *consumers_forgotten(const struct consumers *consumers, ew_dur now);

/* The lowest acknowledged id; UINT64_MAX: there is no consumer. */
uint64_t consumers_lowest(const struct consumers *consumers);

/*
 * It asks: another session than the last one, or a page that is not
 * acknowledged for too long, begins again at the acknowledged id.
 */
void consumer_begin(struct consumer *consumer, const struct ask *ask,
		    const struct settings *settings);

/* Begin again at the acknowledged id. */
void consumer_rewind(struct consumer *consumer);

/* When its oldest page is handed out again; INT64_MAX: it has none. */
ew_dur consumer_due(const struct consumer *consumer, const struct settings *settings);

/*
 * Plan the page that answers this: one that was handed out under the same
 * request, or the next one. False: the window is full.
 */
bool consumer_plan(struct consumer *consumer, const struct ask *ask,
		   const struct settings *settings, struct page_plan *plan_out);

/* The page was made after this plan: it is handed out, or nothing was found. */
void consumer_hand(struct consumer *consumer, const struct ask *ask,
		   const struct page_plan *plan, const struct page *page);

/* The page that was handed out last did not leave. */
void consumer_take_back(struct consumer *consumer, const struct page_plan *plan);

/*
 * An acknowledgement: what it may confirm it does, the rest it does not; that
 * comes again. -EINVAL an id that nobody was given, or what the journal says.
 */
int consumer_ack(struct consumer *consumer, const struct ask_ack *ack);

#endif
