/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words and pieces that all forms share: qualities, severities, arrays. Pure, any thread.
 */
#ifndef HTTP_UPLINK_WORDS_H
#define HTTP_UPLINK_WORDS_H

#include <edgeway/module.h>

#include "proto/json/bytes.h"

/* Constants. A reason that is none is "". */
const char *words_quality(uint16_t quality);
const char *words_reason(uint16_t quality);
const char *words_severity(enum ew_severity severity);

/* A value that neither JSON nor influx has a number for. */
bool words_has_value(const struct ew_sample *sample);

/* An array as JSON. */
void words_array(struct bytes *to, unsigned element, const struct ew_sample *sample);

#endif
