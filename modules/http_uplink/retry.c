/* SPDX-License-Identifier: Apache-2.0 */
/* What to do after an answer: see retry.h. */
#include "modules/http_uplink/retry.h"

#include <errno.h>
#include <string.h>

#define AFTER_MAX  ((int64_t)10 * 366 * 86400)  /* seconds; more is as good as never */

enum verdict retry_judge(long status, const uint64_t *again, size_t again_count)
{
	if (status >= 200 && status < 300) {
		return VERDICT_ACCEPTED;
	}
	if (status < 400 || status >= 500) {
		return VERDICT_AGAIN;
	}
	for (size_t i = 0; i < again_count; i++) {
		if (again[i] == (uint64_t)status) {
			return VERDICT_AGAIN;
		}
	}
	return VERDICT_REFUSED;
}

ew_dur retry_wait(const struct retry_waits *waits, unsigned failures, uint64_t random)
{
	ew_dur wait = waits->min;

	for (unsigned i = 1; i < failures && wait < waits->max; i++) {
		wait = wait > waits->max / 2 ? waits->max : wait * 2;
	}
	return wait - (ew_dur)(random % ((uint64_t)wait / 2 + 1));
}

/* ---- dates ---- */

struct scan {
	const char *at;
	const char *end;
};

static bool scan_text(struct scan *scan, const char *text)
{
	size_t size = strlen(text);

	if ((size_t)(scan->end - scan->at) < size || memcmp(scan->at, text, size) != 0) {
		return false;
	}
	scan->at += size;
	return true;
}

/* Exactly so many digits. */
static bool scan_number(struct scan *scan, int digits, int *number_out)
{
	int number = 0;

	if (scan->end - scan->at < digits) {
		return false;
	}
	for (int i = 0; i < digits; i++) {
		char c = scan->at[i];

		if (c < '0' || c > '9') {
			return false;
		}
		number = number * 10 + (c - '0');
	}
	scan->at += digits;
	*number_out = number;
	return true;
}

static bool scan_month(struct scan *scan, int *month_out)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12 && scan->end - scan->at >= 3; i++) {
		if (memcmp(scan->at, names + 3 * i, 3) == 0) {
			scan->at += 3;
			*month_out = i + 1;
			return true;
		}
	}
	return false;
}

/* The day of the week is of no use to us: letters up to what follows them. */
static bool scan_weekday(struct scan *scan, const char *after)
{
	const char *begin = scan->at;

	while (scan->at < scan->end && scan->at - begin < 9 &&
	       ((*scan->at >= 'A' && *scan->at <= 'Z') ||
		(*scan->at >= 'a' && *scan->at <= 'z'))) {
		scan->at++;
	}
	return scan->at - begin >= 3 && scan_text(scan, after);
}

struct date {
	int year, month, day, hour, minute, second;
};

static bool scan_clock(struct scan *scan, struct date *date)
{
	return scan_number(scan, 2, &date->hour) && scan_text(scan, ":") &&
	       scan_number(scan, 2, &date->minute) && scan_text(scan, ":") &&
	       scan_number(scan, 2, &date->second);
}

/* Sun, 06 Nov 1994 08:49:37 GMT */
static bool scan_fixed(struct scan scan, struct date *date)
{
	return scan_weekday(&scan, ", ") && scan_number(&scan, 2, &date->day) &&
	       scan_text(&scan, " ") && scan_month(&scan, &date->month) && scan_text(&scan, " ") &&
	       scan_number(&scan, 4, &date->year) && scan_text(&scan, " ") &&
	       scan_clock(&scan, date) && scan_text(&scan, " GMT") && scan.at == scan.end;
}

/* Sunday, 06-Nov-94 08:49:37 GMT */
static bool scan_dashed(struct scan scan, struct date *date)
{
	if (!(scan_weekday(&scan, ", ") && scan_number(&scan, 2, &date->day) &&
	      scan_text(&scan, "-") && scan_month(&scan, &date->month) && scan_text(&scan, "-") &&
	      scan_number(&scan, 2, &date->year) && scan_text(&scan, " ") &&
	      scan_clock(&scan, date) && scan_text(&scan, " GMT") && scan.at == scan.end)) {
		return false;
	}
	date->year += date->year < 70 ? 2000 : 1900;
	return true;
}

/* Sun Nov  6 08:49:37 1994 */
static bool scan_asctime(struct scan scan, struct date *date)
{
	return scan_weekday(&scan, " ") && scan_month(&scan, &date->month) &&
	       scan_text(&scan, " ") &&
	       (scan_text(&scan, " ") ? scan_number(&scan, 1, &date->day) :
					scan_number(&scan, 2, &date->day)) &&
	       scan_text(&scan, " ") && scan_clock(&scan, date) && scan_text(&scan, " ") &&
	       scan_number(&scan, 4, &date->year) && scan.at == scan.end;
}

/* Days since 1970-01-01, years that begin in March so that a leap day is the last. */
static int64_t date_days(const struct date *date)
{
	int64_t year = date->month > 2 ? date->year : date->year - 1;
	int64_t month = date->month > 2 ? date->month - 3 : date->month + 9;

	return year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 +
	       date->day - 1 - 719468;
}

int retry_date_parse(const char *text, size_t size, ew_time *time_out)
{
	const struct scan scan = {text, text + size};
	struct date date = {0};
	int64_t seconds;

	if (!scan_fixed(scan, &date) && !scan_dashed(scan, &date) && !scan_asctime(scan, &date)) {
		return -EINVAL;
	}
	/* 2261 is the last whole year of ew_time; 60 is a leap second */
	if (date.year < 1970 || date.year > 2261 || date.day < 1 || date.day > 31 ||
	    date.hour > 23 || date.minute > 59 || date.second > 60) {
		return -EINVAL;
	}
	seconds = date_days(&date) * 86400 + date.hour * 3600 + date.minute * 60 + date.second;
	*time_out = seconds * EW_SECOND;
	return 0;
}

/* ---- Retry-After ---- */

static int retry_seconds(const char *text, size_t size, ew_dur *wait_out)
{
	int64_t seconds = 0;

	for (size_t i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9') {
			return -EINVAL;
		}
		seconds = seconds * 10 + (text[i] - '0');
		if (seconds > AFTER_MAX) {
			seconds = AFTER_MAX;
		}
	}
	*wait_out = seconds * EW_SECOND;
	return 0;
}

int retry_after_parse(const char *text, size_t size, ew_time now, ew_dur *wait_out)
{
	ew_time until;

	while (size > 0 && (text[0] == ' ' || text[0] == '\t')) {
		text++;
		size--;
	}
	while (size > 0 && strchr(" \t\r\n", text[size - 1]) != NULL) {
		size--;
	}
	if (size == 0) {
		return -EINVAL;
	}
	if (text[0] >= '0' && text[0] <= '9') {
		return retry_seconds(text, size, wait_out);
	}
	if (retry_date_parse(text, size, &until) != 0) {
		return -EINVAL;
	}
	*wait_out = until > now ? until - now : 0;
	return 0;
}
