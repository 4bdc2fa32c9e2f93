/* SPDX-License-Identifier: Apache-2.0 */
/* How the instance is: see status.h. */
#include "modules/http_uplink/status.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "modules/http_uplink/http_uplink.h"
#include "modules/http_uplink/strand.h"

#define DOWN_AFTER  3u          /* failures without a success between them */

static void status_time(ew_time time, char text[32])
{
	time_t seconds = (time_t)(time / EW_SECOND);
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL ||
	    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0) {
		text[0] = '\0';
	}
}

/* https://host:port of the URL. */
static int status_host(const char *url)
{
	const char *host = strstr(url, "://");

	return host == NULL ? 0 : (int)(host - url + 3 + (int)strcspn(host + 3, "/?#"));
}

void status_good(struct http_uplink *uplink)
{
	uplink->status.failures = 0;
	if (strands_failing(uplink) == 0) {
		uplink->status.since = 0;
		ew_health(uplink->inst, EW_UP, NULL);
	}
}

void status_bad(struct http_uplink *uplink, const struct wire_result *result)
{
	const char *url = uplink->settings->url;
	enum ew_health health;
	char what[64], since[32], text[256];

	uplink->status.failures++;
	if (uplink->status.since == 0) {
		uplink->status.since = ew_wall();
		ew_log(uplink->inst, EW_LOG_WARNING,
		       "a request failed status=%ld cause=%s detail=%s", result->status,
		       result->text[0] != '\0' ? result->text : "answer",
		       result->detail);
	}
	if (result->cause == WIRE_ANSWERED) {
		(void)snprintf(what, sizeof(what), "HTTP %ld", result->status); /* it fits */
	} else {
		(void)snprintf(what, sizeof(what), "%s", result->text); /* cut, and readable */
	}
	status_time(uplink->status.since, since);
	(void)snprintf(text, sizeof(text), "%s from %.*s since %s", what, status_host(url), url,
		       since); /* cut, and readable */
	health = uplink->status.failures >= DOWN_AFTER ? EW_DOWN : EW_DEGRADED;
	ew_health(uplink->inst, health, text);
}

void status_short(struct http_uplink *uplink)
{
	ew_health(uplink->inst, EW_DEGRADED, "no memory: samples wait for some");
}
