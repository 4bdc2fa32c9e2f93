/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values, qualities, times and ages as people read them. Pure, any thread.
 */
#ifndef CONSOLE_VALUE_H
#define CONSOLE_VALUE_H

#include <edgeway/module.h>

#define VALUE_SIZE 128

/* The shortest decimal that reads back as the same f32 or f64. */
void value_number(unsigned type, double value, char out[VALUE_SIZE]);

/* `2026-11-24T03:50:30.123Z` */
void value_time(ew_time time, char out[VALUE_SIZE]);

/* `0.4s`, `12s`, `5m`, `3h`, `2d`; a time to come is `0.0s`. */
void value_age(ew_dur age, char out[VALUE_SIZE]);

/* Any value in one line: labels by name, bytes as hexadecimal, what is too long cut. */
void value_show(const struct ew_tag_info *tag, const struct ew_sample *sample,
		char out[VALUE_SIZE]);

#endif
