/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words and pieces that all forms share: qualities, severities, text and bytes
 * inside quotes. Pure, any thread.
 */
#ifndef HTTP_UPLINK_WORDS_H
#define HTTP_UPLINK_WORDS_H

#include <edgeway/module.h>

#include "modules/http_uplink/bytes.h"

/* Constants. A reason that is none is "". */
const char *words_quality(uint16_t quality);
const char *words_reason(uint16_t quality);
const char *words_severity(enum ew_severity severity);

/* A value that neither JSON nor influx has a number for. */
bool words_has_value(const struct ew_sample *sample);

/* Inside the quotes of JSON: escaped; what is not UTF-8 as U+FFFD. */
void words_json(struct bytes *to, const char *text, size_t size);

/* `"text"` */
void words_json_string(struct bytes *to, const char *text);

/* Inside quotes: base64 with padding. */
void words_base64(struct bytes *to, const void *from, size_t size);

/* An array as JSON. */
void words_array(struct bytes *to, unsigned element, const struct ew_sample *sample);

#endif
