/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon from its command line to its exit status. Main thread only.
 */
#ifndef CORE_DAEMON_DAEMON_H
#define CORE_DAEMON_DAEMON_H

/* Statuses of the process; edgewayd(8) lists them. */
enum {
	DAEMON_EXIT_OK = 0,
	DAEMON_EXIT_FAILED = 1,         /* it could not start, or had to end */
	DAEMON_EXIT_USAGE = 2,          /* a wrong command line */
	DAEMON_EXIT_CONFIG = 78         /* a wrong configuration: EX_CONFIG of sysexits.h */
};

/* Runs until told to stop. Returns the exit status of the process. */
__attribute__((visibility("default")))
int ew_daemon_main(int argc, char **argv);

#endif
