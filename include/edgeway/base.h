/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every public header stands on: integer types, time, and the marks of
 * the contract. Included by the others; a module includes <edgeway/module.h>.
 */
#ifndef EDGEWAY_BASE_H
#define EDGEWAY_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define EW_BEGIN_DECLS  extern "C" {
#define EW_END_DECLS    }
#else
#define EW_BEGIN_DECLS
#define EW_END_DECLS
#endif

#if defined(__GNUC__) || defined(__clang__)
#define EW_EXPORT       __attribute__((visibility("default")))
#define EW_CHECKED      __attribute__((warn_unused_result))
#define EW_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define EW_EXPORT
#define EW_CHECKED
#define EW_PRINTF(f, a)
#endif

/* A function of libedgeway.so that a module may call. */
#define EW_API          EW_EXPORT

typedef int64_t ew_time;        /* ns since 1970-01-01 UTC */
typedef int64_t ew_dur;         /* ns, a span or a monotonic time */

/* A free fact about something: a name and its text, as in YAML. */
struct ew_property {
	const char *name;
	const char *value;
};

#endif
