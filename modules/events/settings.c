/* SPDX-License-Identifier: Apache-2.0 */
/* Options: see settings.h. */
#include "modules/events/settings.h"

const struct ew_option settings_options[] = {
	EW_OPTION(struct settings, samples, .fallback = "no",
		  .help = "samples too: an event for each device and batch, with every record"),
	EW_SIZE_OPTION(struct settings, size, .fallback = "256MiB", .min = "1MiB",
		       .help = "most that is kept on disk; then the oldest events go"),
	EW_DURATION_OPTION(struct settings, age, .fallback = "7d",
			   .help = "older events go; 0: none for its age"),
	EW_DURATION_OPTION(struct settings, sync, .fallback = "50ms", .min = "1ms", .max = "10s",
			   .help = "most time until an event is on disk, and is shown"),
	EW_OPTION(struct settings, page_events, .fallback = "1000", .min = "1", .max = "10000",
		  .help = "most events in a page"),
	EW_SIZE_OPTION(struct settings, page_bytes, .fallback = "1MiB", .min = "1KiB",
		       .max = "16MiB",
		       .help = "a page ends with the event that brings it to this size"),
	EW_DURATION_OPTION(struct settings, wait, .fallback = "60s", .min = "1s", .max = "10m",
			   .help = "the longest that a poll may wait for an event"),
	EW_OPTION(struct settings, waiting, .fallback = "64", .min = "1", .max = "1000",
		  .help = "most polls that wait and streams that are open"),
	EW_OPTION(struct settings, consumers, .fallback = "16", .min = "1", .max = "60",
		  .help = "most consumers"),
	EW_OPTION(struct settings, window, .fallback = "64", .min = "1", .max = "256",
		  .help = "pages that a consumer may have without acknowledging them"),
	EW_DURATION_OPTION(struct settings, redeliver_after, .fallback = "30s", .min = "100ms",
			   .help = "a page that was not acknowledged is handed out again"),
	EW_DURATION_OPTION(struct settings, forget_after, .fallback = "30d",
			   .help = "a consumer that did not ask for so long is forgotten; 0: none"),
	EW_OPTION_END
};

int settings_check(const void *arg, struct ew_error *err)
{
	const struct settings *settings = arg;

	if (settings->page_bytes > settings->size / 4) {
		return ew_fail(err, "page_bytes is more than a quarter of size");
	}
	if (settings->forget_after != 0 && settings->forget_after <= settings->redeliver_after) {
		return ew_fail(err, "forget_after is not more than redeliver_after");
	}
	return 0;
}
