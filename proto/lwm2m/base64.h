/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base64 (RFC 4648): with the URL alphabet and no padding as SenML JSON has it,
 * with the common one and padding as plain text has it. Pure functions.
 */
#ifndef PROTO_LWM2M_BASE64_H
#define PROTO_LWM2M_BASE64_H

#include <errno.h>
#include <stddef.h>

/* Characters for so many bytes. */
static inline size_t base64_size(size_t bytes)
{
	return bytes / 3 * 4 + (bytes % 3 == 0 ? 0 : bytes % 3 + 1);
}

/* out has base64_size() characters of room; no padding. */
void base64_encode_url(const char *bytes, size_t size, char *out);

/* out has 4 characters of room for each 3 bytes begun; the number written. */
size_t base64_encode_padded(const char *bytes, size_t size, char *out);

/* Either alphabet, padded or not; out has as much room as the text. -EPROTO. */
int base64_decode(const char *text, size_t size, char *out, size_t *size_out);

#endif
