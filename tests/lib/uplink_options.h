/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of an uplink from name=value words; one set in a process. */
#ifndef TESTS_LIB_UPLINK_OPTIONS_H
#define TESTS_LIB_UPLINK_OPTIONS_H

#include "core/conf/uplink.h"

void options_defaults(struct uplink_config *config);

/* Ends the program when there is no such option. */
void options_set(struct uplink_config *config, const char *name, const char *value);

#endif
