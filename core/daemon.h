/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon from its command line to its exit status. Main thread only.
 */
#ifndef CORE_DAEMON_H
#define CORE_DAEMON_H

/* Runs until told to stop. Returns the exit status of the process. */
__attribute__((visibility("default")))
int ew_daemon_main(int argc, char **argv);

#endif
