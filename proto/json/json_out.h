/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text and bytes as JSON (RFC 8259), appended to bytes that grow. Pure, any
 * thread.
 */
#ifndef PROTO_JSON_JSON_OUT_H
#define PROTO_JSON_JSON_OUT_H

#include "proto/json/bytes.h"

/* Inside the quotes of JSON: escaped; what is not UTF-8 as U+FFFD. */
void json_out_text(struct bytes *to, const char *text, size_t size);

/* `"text"` */
void json_out_string(struct bytes *to, const char *text);

/* Inside quotes: base64 with padding. */
void json_out_base64(struct bytes *to, const void *from, size_t size);

/* A JSON text without line feeds: white space outside of its texts is of no use. */
void json_out_line(struct bytes *to, const char *json);

#endif
