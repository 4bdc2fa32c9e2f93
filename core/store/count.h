/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a log has of each tag, and how far its receivers are with it: the ledger by
 * tag, made from the log when somebody asks. As a dump it changes nothing and takes no
 * lock, so a log that is in use can be counted, too.
 */
#ifndef CORE_STORE_COUNT_H
#define CORE_STORE_COUNT_H

#include <edgeway/error.h>

/*
 * Lines of JSON: for each tag and receiver how many samples are kept, how many of them
 * the receiver has passed (acknowledged, or they are not for it) and how many it has
 * open, and the lowest and the highest time. fn and errors as of store_dump().
 */
int store_count(const char *path, int (*fn)(void *arg, const char *line), void *arg,
		struct ew_error *err) EW_CHECKED;

#endif
