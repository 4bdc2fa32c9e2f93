/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict reading of the scalars people write, and a few facts about text.
 * Pure functions, any thread.
 *
 * The parsers take the whole text: blanks, signs where none belong, a missing
 * unit or anything left over is an error. Outputs are written only on success.
 * Errors: -EINVAL not of this form, -ERANGE does not fit, -EDOM (durations and
 * sizes) a number without its unit.
 */
#ifndef CORE_BASE_TEXT_H
#define CORE_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <edgeway/base.h>

/* Decimal, or hexadecimal after 0x; '_' between digits is allowed. */
int text_parse_int(const char *text, int64_t *value_out) EW_CHECKED;
int text_parse_uint(const char *text, uint64_t *value_out) EW_CHECKED;

/* Decimal number with optional fraction and exponent; always '.'; finite. */
int text_parse_float(const char *text, double *value_out) EW_CHECKED;

/* yes, no, true, false. */
int text_parse_bool(const char *text, bool *value_out) EW_CHECKED;

/* Number and unit, several in a row: "500ms", "1.5s", "1h30m". Units: ns us
 * ms s m h d w. "0" alone is allowed. Never negative. */
int text_parse_duration(const char *text, ew_dur *value_out) EW_CHECKED;

/* Number and unit: B, kB MB GB TB (powers of 1000), KiB MiB GiB TiB (of 1024).
 * "0" alone is allowed. */
int text_parse_size(const char *text, uint64_t *value_out) EW_CHECKED;

/* As short as text_parse_duration reads it back: "1h30m", "500ms". */
const char *text_format_duration(ew_dur value, char *out, size_t size);

/* As text_parse_size reads it back: "2GiB", "1500kB", "17B". */
const char *text_format_size(uint64_t value, char *out, size_t size);

/* Shortest decimal that reads back as the same double. */
const char *text_format_float(double value, char *out, size_t size);

/* Moment in UTC: "2026-11-24" or "2026-11-24T03:30:00Z", from 1970 on. */
int text_parse_time(const char *text, ew_time *value_out) EW_CHECKED;

/* Bytes of the UTF-8 character at the start of `left` > 0 bytes; 0: not well
 * formed. */
size_t text_utf8_size(const char *text, size_t left);

/* Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool text_is_utf8(const char *text, size_t size);

/* The name that was most likely meant, or NULL when none is near. */
const char *text_suggest(const char *name, const char *const *names, size_t count);

/* Stable 64-bit hash (FNV-1a): the same in every process and release. For
 * names from outside use hash.h, which is keyed. */
uint64_t text_hash(const void *bytes, size_t size);

/* Pattern: '*' any run without '/', '**' any run. Everything else stands for
 * itself. */
bool text_match(const char *pattern, const char *text);

#endif
