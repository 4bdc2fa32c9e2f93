/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/loadavg and /proc/uptime. */
#include <string.h>

#include "modules/host/proc/proc.h"

bool proc_load_parse(struct scan text, struct proc_load *load_out)
{
	struct proc_load load;
	struct scan line, word;
	const char *slash;

	if (!scan_line(&text, &line)) {
		return false;
	}
	for (size_t i = 0; i < 3; i++) {
		if (!scan_decimal(&line, &load.average[i])) {
			return false;
		}
	}
	/* runnable/all */
	if (!scan_word(&line, &word)) {
		return false;
	}
	slash = memchr(word.at, '/', (size_t)(word.end - word.at));
	if (slash == NULL) {
		return false;
	}
	word.at = slash + 1;
	if (!scan_u64(&word, &load.threads)) {
		return false;
	}
	*load_out = load;
	return true;
}

bool proc_uptime_parse(struct scan text, double *seconds_out)
{
	struct scan line;

	return scan_line(&text, &line) && scan_decimal(&line, seconds_out);
}
