/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notification attributes, and when an observed value is worth a notification.
 * Pure functions over numbers and a time that is given; any thread.
 */
#ifndef PROTO_LWM2M_ATTRIBUTES_H
#define PROTO_LWM2M_ATTRIBUTES_H

#include "proto/lwm2m/message.h"
#include "proto/lwm2m/path.h"
#include "proto/lwm2m/value.h"

#define LWM2M_ATTRIBUTES_MAX  160       /* bytes of attributes as text, with a NUL */

/* Attributes attached to one path; members are valid as `has` says. */
struct lwm2m_attributes {
	uint32_t has;                   /* LWM2M_HAS(PMIN), ... */
	uint64_t pmin, pmax, epmin, epmax;      /* seconds */
	uint64_t edge;
	uint64_t hqmax;
	double gt, lt, st;
};

/*
 * Take what a Write-Attributes says, and takes back. -EINVAL: on this level or
 * together they make no sense; nothing changed.
 */
int lwm2m_attributes_write(struct lwm2m_attributes *attributes,
			   const struct lwm2m_message *message, enum lwm2m_level level);

/* What is attached above counts where nothing is attached below. */
void lwm2m_attributes_inherit(struct lwm2m_attributes *attributes,
			      const struct lwm2m_attributes *above);

/* ";pmin=10;gt=45.5", with a NUL. out has LWM2M_ATTRIBUTES_MAX bytes. */
void lwm2m_attributes_format(const struct lwm2m_attributes *attributes, char *out);

enum lwm2m_verdict {
	LWM2M_NOT_NOW = 0,      /* nothing to say */
	LWM2M_SAY = 1,
	LWM2M_SAY_LATER = 2     /* within pmin: at the time that is told */
};

/* What was notified last. */
struct lwm2m_notified {
	int64_t time;           /* ns, monotonic */
	bool is_number;         /* value is one */
	double value;
	double seen;            /* the last value looked at: what thresholds are crossed from */
};

/* A change of the value. Of texts and whole instances, no numbers, any change counts. */
enum lwm2m_verdict lwm2m_attributes_judge(const struct lwm2m_attributes *attributes,
					  struct lwm2m_notified *notified, double value,
					  int64_t now, int64_t *at_out);

/* When a notification is due at the latest; INT64_MAX: never. */
int64_t lwm2m_attributes_due(const struct lwm2m_attributes *attributes,
			     const struct lwm2m_notified *notified);

#endif
