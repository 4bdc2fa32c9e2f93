/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers as text, near the speed of a copy. Whole numbers are exact; a floating
 * point number is a decimal that reads back as the same f64 or f32, with as few
 * digits as that takes (in one of 50,000 cases one more). Pure, any thread.
 */
#ifndef PROTO_JSON_NUMBER_H
#define PROTO_JSON_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NUMBER_SIZE 40  /* most that any of these writes; without a NUL */

/* Return how many bytes they wrote. */
size_t number_u64(char *to, uint64_t value);
size_t number_i64(char *to, int64_t value);

/* A finite value; is_single: an f32 that is carried as f64. */
size_t number_f64(char *to, double value, bool is_single);

#endif
