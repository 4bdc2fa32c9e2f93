/* SPDX-License-Identifier: Apache-2.0 */
/*
 * edgewayd: the program is libedgeway.so, so that the modules it loads and the
 * daemon share one core. Nothing else belongs here.
 */
#include "core/daemon/daemon.h"

int main(int argc, char **argv)
{
	return ew_daemon_main(argc, argv);
}
