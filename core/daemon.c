/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command line of edgewayd. Runs on the main thread.
 */
#include "core/daemon.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "config.h"

static void daemon_usage(FILE *out)
{
	fputs("Usage: edgewayd [OPTION]\n"
	      "  -h, --help     print this text\n"
	      "  -V, --version  print the version\n", out);
}

int ew_daemon_main(int argc, char **argv)
{
	static const struct option options[] = {
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};

	switch (getopt_long(argc, argv, "hV", options, NULL)) {
	case 'h':
		daemon_usage(stdout);
		return EXIT_SUCCESS;
	case 'V':
		puts("edgewayd " PACKAGE_VERSION);
		return EXIT_SUCCESS;
	default:
		daemon_usage(stderr);
		return EXIT_FAILURE;
	}
}
