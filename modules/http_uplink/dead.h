/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dead letters: what the server refused for good, with its answer, in a file of
 * JSON lines that people read and can send again. Two files at most: when the
 * newer one is half of the bound, it takes the place of the older one.
 */
#ifndef HTTP_UPLINK_DEAD_H
#define HTTP_UPLINK_DEAD_H

#include "modules/http_uplink/parcel.h"

#define DEAD_FILE  "dead-letters.jsonl"
#define DEAD_OLDER "dead-letters.1.jsonl"

struct dead_letter {
	const struct parcel *parcel;
	long status;
	const char *answer;     /* beginning of its body */
	ew_time time;
};

/*
 * Append to the file in `directory`, and make sure that it is on disk. size: of
 * both files; a body that is longer than an eighth of it is cut.
 * -ENOMEM, -EPROTO the body is damaged, what open(2), write(2), rename(2) say:
 * the file is as before
 */
int dead_write(const char *directory, uint64_t size, const struct dead_letter *letter) EW_CHECKED;

#endif
