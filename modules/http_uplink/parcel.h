/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pile grows record by record; closed it is a parcel: the body of one request
 * as it will leave, however often it is tried. Both know whose records they
 * hold. Runs on the instance's loop.
 */
#ifndef HTTP_UPLINK_PARCEL_H
#define HTTP_UPLINK_PARCEL_H

#include <sys/queue.h>

#include "modules/http_uplink/encode.h"
#include "modules/http_uplink/pack.h"
#include "modules/http_uplink/receipt.h"

/* So many records, one after the other, of one batch or event. */
struct part {
	struct receipt *receipt;
	uint32_t records;
	bool is_event;
};

struct content {
	struct bytes body;
	struct part *parts;
	size_t part_count;
	size_t part_room;
	uint32_t records;
	uint32_t events;        /* of these */
};

struct device_entry;
struct lane;

struct pile {
	TAILQ_ENTRY(pile) next;
	bool is_open;           /* in a list: it has records */
	ew_dur opened;          /* monotonic, of its first record */
	const struct device_entry *device;      /* whose it is; NULL: of several */
	struct lane *lane;      /* where its parcels wait; NULL: there is none yet */
	struct content content;
};

struct parcel {
	STAILQ_ENTRY(parcel) next;
	struct content content;         /* the body perhaps compressed */
	size_t raw_size;                /* bytes of the body before that */
	bool is_gzip;
	enum encode_format format;
	char *device;                   /* path and type for templates; NULL: of several devices */
	char *type;
	char key[PACK_KEY_SIZE];
};

TAILQ_HEAD(pile_list, pile);
STAILQ_HEAD(parcel_queue, parcel);

/* -ENOMEM: the pile is as before. */
int pile_add_sample(struct pile *pile, enum encode_format format, const struct shape *shape,
		    const struct ew_sample *sample, struct receipt *receipt) EW_CHECKED;
int pile_add_event(struct pile *pile, enum encode_format format, const struct shape_names *names,
		   const struct ew_event *event, struct receipt *receipt) EW_CHECKED;

/* How a pile is closed. */
struct closing {
	enum encode_format format;
	int level;              /* of gzip; 0: none */
	const char *sender;     /* for the key */
	const char *device;     /* may be NULL */
	const char *type;
};

/*
 * Make a parcel of what the pile has; it is empty then. -ENOMEM: it is as before.
 */
int pile_close(struct pile *pile, const struct closing *closing,
	       struct parcel **parcel_out) EW_CHECKED;

/* Let its records be delivered again: there is no memory to close it. */
void pile_give_back(struct pile *pile);

/* Its receipts are not told: at the end. */
void pile_free(struct pile *pile);

/* Tell all receipts. refused: why the server does not take it; NULL: it took it. */
void parcel_settle(struct parcel *parcel, const char *refused);

/* Accepts NULL. */
void parcel_free(struct parcel **parcel);

#endif
