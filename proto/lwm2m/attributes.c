/* SPDX-License-Identifier: Apache-2.0 */
/* Notification attributes: see attributes.h. */
#include "proto/lwm2m/attributes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SECOND       INT64_C(1000000000)
#define PERIOD_MAX   UINT64_C(1000000000)       /* seconds: 31 years */
#define THRESHOLDS   (LWM2M_HAS(GT) | LWM2M_HAS(LT) | LWM2M_HAS(ST))
#define CONDITIONS   (THRESHOLDS | LWM2M_HAS(EDGE))
#define ALL          (CONDITIONS | LWM2M_HAS(PMIN) | LWM2M_HAS(PMAX) | LWM2M_HAS(EPMIN) | \
		      LWM2M_HAS(EPMAX) | LWM2M_HAS(HQMAX))

static bool attributes_have(const struct lwm2m_attributes *attributes, uint32_t what)
{
	return (attributes->has & what) == what;
}

/* Members that `which` names, from one to the other. */
static void attributes_copy(struct lwm2m_attributes *to, const struct lwm2m_attributes *from,
			    uint32_t which)
{
#define COPY(key, member) \
	to->member = (which & LWM2M_HAS(key)) != 0 ? from->member : to->member
	COPY(PMIN, pmin);
	COPY(PMAX, pmax);
	COPY(EPMIN, epmin);
	COPY(EPMAX, epmax);
	COPY(EDGE, edge);
	COPY(HQMAX, hqmax);
	COPY(GT, gt);
	COPY(LT, lt);
	COPY(ST, st);
#undef COPY
	to->has |= which;
}

static bool attributes_agree(const struct lwm2m_attributes *a)
{
	if (a->pmin > PERIOD_MAX || a->pmax > PERIOD_MAX || a->epmin > PERIOD_MAX ||
	    a->epmax > PERIOD_MAX || a->edge > 1) {
		return false;
	}
	if (attributes_have(a, LWM2M_HAS(EPMIN) | LWM2M_HAS(EPMAX)) && a->epmin >= a->epmax) {
		return false;
	}
	if (attributes_have(a, LWM2M_HAS(ST)) && a->st < 0) {
		return false;
	}
	if (attributes_have(a, LWM2M_HAS(LT) | LWM2M_HAS(GT))) {
		double step = attributes_have(a, LWM2M_HAS(ST)) ? a->st : 0;

		return a->lt < a->gt && a->lt + 2 * step < a->gt;
	}
	return true;
}

int lwm2m_attributes_write(struct lwm2m_attributes *attributes,
			   const struct lwm2m_message *message, enum lwm2m_level level)
{
	struct lwm2m_attributes given = {
		.pmin = message->pmin, .pmax = message->pmax, .epmin = message->epmin,
		.epmax = message->epmax, .edge = message->edge, .hqmax = message->hqmax,
		.gt = message->gt, .lt = message->lt, .st = message->st,
	};
	struct lwm2m_attributes all = *attributes;
	uint32_t which = message->has & ALL;

	if (level < LWM2M_RESOURCE && (which & CONDITIONS) != 0) {
		return -EINVAL;
	}
	all.has &= ~(message->unset & ALL);
	attributes_copy(&all, &given, which);
	if (!attributes_agree(&all)) {
		return -EINVAL;
	}
	*attributes = all;
	return 0;
}

void lwm2m_attributes_inherit(struct lwm2m_attributes *attributes,
			      const struct lwm2m_attributes *above)
{
	attributes_copy(attributes, above, above->has & ~attributes->has);
}

static size_t attributes_put(char *out, size_t at, const char *name, double value)
{
	char number[LWM2M_VALUE_TEXT_MAX];

	(void)lwm2m_float_format(value, number);
	return at + (size_t)snprintf(out + at, LWM2M_ATTRIBUTES_MAX - at, ";%s=%s", name, number);
}

void lwm2m_attributes_format(const struct lwm2m_attributes *attributes, char *out)
{
	const struct {
		uint32_t bit;
		const char *name;
		double value;
	} rows[] = {
		{LWM2M_HAS(PMIN), "pmin", (double)attributes->pmin},
		{LWM2M_HAS(PMAX), "pmax", (double)attributes->pmax},
		{LWM2M_HAS(GT), "gt", attributes->gt},
		{LWM2M_HAS(LT), "lt", attributes->lt},
		{LWM2M_HAS(ST), "st", attributes->st},
		{LWM2M_HAS(EPMIN), "epmin", (double)attributes->epmin},
		{LWM2M_HAS(EPMAX), "epmax", (double)attributes->epmax},
		{LWM2M_HAS(EDGE), "edge", (double)attributes->edge},
		{LWM2M_HAS(HQMAX), "hqmax", (double)attributes->hqmax},
	};
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if ((attributes->has & rows[i].bit) != 0 &&
		    at + LWM2M_VALUE_TEXT_MAX < LWM2M_ATTRIBUTES_MAX) {
			at = attributes_put(out, at, rows[i].name, rows[i].value);
		}
	}
}

static bool attributes_crossed(double from, double to, double threshold)
{
	return (from <= threshold) != (to <= threshold);
}

/* Whether one of the conditions is met; without any, a change is enough. */
static bool attributes_met(const struct lwm2m_attributes *a,
			   const struct lwm2m_notified *notified, double value)
{
	if ((a->has & CONDITIONS) == 0 || !notified->is_number) {
		return true;
	}
	if ((a->has & LWM2M_HAS(EDGE)) != 0 &&
	    (a->edge == 1 ? value > notified->seen : value < notified->seen)) {
		return true;
	}
	return ((a->has & LWM2M_HAS(GT)) != 0 &&
		attributes_crossed(notified->seen, value, a->gt)) ||
	       ((a->has & LWM2M_HAS(LT)) != 0 &&
		attributes_crossed(notified->seen, value, a->lt)) ||
	       ((a->has & LWM2M_HAS(ST)) != 0 && fabs(value - notified->value) >= a->st);
}

enum lwm2m_verdict lwm2m_attributes_judge(const struct lwm2m_attributes *attributes,
					  struct lwm2m_notified *notified, double value,
					  int64_t now, int64_t *at_out)
{
	int64_t earliest = notified->time;
	bool met = attributes_met(attributes, notified, value);

	notified->seen = value;
	if (!met) {
		return LWM2M_NOT_NOW;
	}
	if ((attributes->has & LWM2M_HAS(PMIN)) != 0) {
		earliest += (int64_t)attributes->pmin * SECOND;
	}
	*at_out = now < earliest ? earliest : now;
	return now < earliest ? LWM2M_SAY_LATER : LWM2M_SAY;
}

int64_t lwm2m_attributes_due(const struct lwm2m_attributes *attributes,
			     const struct lwm2m_notified *notified)
{
	uint64_t pmin = (attributes->has & LWM2M_HAS(PMIN)) != 0 ? attributes->pmin : 0;

	if ((attributes->has & LWM2M_HAS(PMAX)) == 0 || attributes->pmax == 0 ||
	    attributes->pmax < pmin) {
		return INT64_MAX;
	}
	return notified->time + (int64_t)attributes->pmax * SECOND;
}
