/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging. The identity (module and instance) is put in front by core.
 *
 * Message: lower case, what happened, then facts as key=value; one line, no
 * secrets. State changes and health are logged by core, so modules rarely
 * need notice.
 */
#ifndef EDGEWAY_LOG_H
#define EDGEWAY_LOG_H

#include <edgeway/base.h>

EW_BEGIN_DECLS

struct ew_instance;

enum ew_log_level {
	EW_LOG_ERROR = 0,       /* someone must act */
	EW_LOG_WARNING = 1,     /* degraded, may heal */
	EW_LOG_NOTICE = 2,      /* rare and normal: started, session online */
	EW_LOG_INFO = 3,        /* per connection or batch of work */
	EW_LOG_DEBUG = 4        /* per message */
};

/*
 * Log a line. The same place is limited to 10 lines in 10 s; the next line
 * says how many were suppressed.
 *
 * Thread:  any
 * Owner:   copied
 * Errors:  none
 */
EW_API void ew_log(struct ew_instance *inst, enum ew_log_level level, const char *format, ...)
	EW_PRINTF(3, 4);

EW_END_DECLS

#endif
