/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns over devices and tags: `device:tag`, where * stands for any
 * characters but / and ** for any. Without a colon the pattern is a device's
 * and takes all its tags. Pure; any thread.
 */
#ifndef CORE_BUS_PATTERN_H
#define CORE_BUS_PATTERN_H

#include <stdbool.h>

/* NULL: it is a pattern; else a sentence that says what is wrong with it. */
const char *pattern_fault(const char *pattern);

bool pattern_match_device(const char *pattern, const char *device);
bool pattern_match_tag(const char *pattern, const char *device, const char *tag);

#endif
