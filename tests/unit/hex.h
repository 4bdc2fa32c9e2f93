/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as tests write them down: hexadecimal digits. */
#ifndef TESTS_UNIT_HEX_H
#define TESTS_UNIT_HEX_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/base/check.h"

/* Digits to bytes; out has `room` of them. Returns how many. */
static inline size_t hex_bytes(const char *digits, uint8_t *out, size_t room)
{
	size_t size = strlen(digits) / 2;

	check(strlen(digits) % 2 == 0 && size <= room);
	for (size_t i = 0; i < size; i++) {
		unsigned byte;

		check(sscanf(digits + 2 * i, "%2x", &byte) == 1);
		out[i] = (uint8_t)byte;
	}
	return size;
}

/* Bytes to digits with a NUL. */
static inline void hex_digits(const uint8_t *bytes, size_t size, char *out, size_t room)
{
	check(room > 2 * size);
	out[0] = '\0';
	for (size_t i = 0; i < size; i++) {
		(void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
	}
}

#endif
