/* SPDX-License-Identifier: Apache-2.0 */
/* A temperature of /sys: one number, thousandths of a degree. */
#include "modules/host/proc/proc.h"

bool proc_celsius_parse(struct scan text, double *celsius_out)
{
	struct scan line;
	int64_t thousandths;

	if (!scan_line(&text, &line) || !scan_i64(&line, &thousandths)) {
		return false;
	}
	*celsius_out = (double)thousandths / 1000.0;
	return true;
}
