/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an event looks like, on disk and to clients.
 *
 * An entry of the journal is the kind, a line feed, and the event's JSON
 * object without its opening brace and its id, which is the entry's number:
 *
 *	alarm.raised\n,"event_type":"alarm.raised",...}
 *
 * So a page is copied, not formatted. The entry's key is the event's: the path
 * of its device, or the instance that said it.
 */
#ifndef EVENTS_ENTRY_H
#define EVENTS_ENTRY_H

#include <edgeway/module.h>

#include "modules/events/ask.h"
#include "proto/json/bytes.h"

#define ENTRY_KIND_SAMPLES  "samples"
#define ENTRY_KIND_GAP      "events.gap"
#define ENTRY_BYTES_MAX     ((size_t)256 << 10)  /* then the next samples begin another event */
#define ENTRY_VALUE_MAX     ((size_t)128 << 10)  /* of text or bytes in one record */

/* Who and what an event is about. */
struct entry_names {
	const char *device;     /* its path; NULL: none, or it is gone */
	const char *source;     /* the instance that published */
};

/* The event's key. */
const char *entry_key(const struct entry_names *names);

/* Append an entry's bytes. Want of memory shows in `to`. */
void entry_event(struct bytes *to, const struct entry_names *names, const struct ew_event *event);

/*
 * The same for samples, record by record: begin, each record, end. Returns
 * false when a value was too long and is left out of its record.
 */
void entry_begin_samples(struct bytes *to, const struct entry_names *names, ew_time time);
bool entry_record(struct bytes *to, const struct ew_tag_info *tag,
		  const struct ew_sample *sample, bool is_first);
void entry_end_samples(struct bytes *to);

/* ---- for clients ---- */

/* The kind at the front of an entry; NULL: it is no entry of ours. */
const char *entry_kind(const void *bytes, size_t size, size_t *size_out);

/* Where an event is shown. */
struct entry_place {
	enum ask_form form;
	bool is_first;          /* of its page: an array begins */
	uint64_t id;
};

/* Append the event to a page. */
void entry_show(struct bytes *to, const struct entry_place *place, const void *bytes, size_t size);

/* Append a mark: at most `lost` events after `after` were removed, up to its id. */
void entry_show_gap(struct bytes *to, const struct entry_place *place, uint64_t after,
		    uint64_t lost);

#endif
