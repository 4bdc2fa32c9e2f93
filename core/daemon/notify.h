/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telling the service manager how we are: the datagrams of sd_notify(3). Does
 * nothing where nobody listens. Main thread.
 */
#ifndef CORE_DAEMON_NOTIFY_H
#define CORE_DAEMON_NOTIFY_H

#include <edgeway/base.h>

struct notify {
	int fd;                 /* -1: nobody listens */
	ew_dur watchdog;        /* it must hear of us within this time; 0: it does not care */
};

/* Reads $NOTIFY_SOCKET, $WATCHDOG_USEC, $WATCHDOG_PID, and takes them out of the environment. */
void notify_open(struct notify *notify);
void notify_close(struct notify *notify);

/* READY=1 and what we do, in a line. */
void notify_ready(struct notify *notify, const char *status);
void notify_status(struct notify *notify, const char *status);

/* RELOADING=1; notify_ready() ends it. */
void notify_reloading(struct notify *notify);
void notify_stopping(struct notify *notify, const char *status);
void notify_alive(struct notify *notify);

#endif
