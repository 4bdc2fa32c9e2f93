/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An error text for a human who wrote the input: configuration, rules, a
 * command line. Everything else is a negative errno.
 */
#ifndef EDGEWAY_ERROR_H
#define EDGEWAY_ERROR_H

#include <edgeway/base.h>

EW_BEGIN_DECLS

struct ew_error;

/*
 * Say what is wrong: one sentence, lower case, no full stop, the offending
 * value in quotes. Core puts file, line, column and instance in front.
 *
 * Thread:  any, in a callback that was given err
 * Owner:   text copied; err may be NULL
 * Errors:  always returns -EINVAL, so that a check can end with it
 */
EW_API int ew_fail(struct ew_error *err, const char *format, ...) EW_PRINTF(2, 3);

EW_END_DECLS

#endif
