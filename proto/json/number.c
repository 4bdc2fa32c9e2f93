/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers as text: see number.h.
 *
 * Most values of a plant have few digits: 27.35 is 2735 / 100, and when that
 * division gives the value, the text reads back as it. Values that use all of
 * their 53 bits are v = m * 2^e; times 10^k that is m * 5^k * 2^(e + k), which
 * fits in 128 bits, so their 16 or 17 digits follow without an error. What is
 * left, very large and very small, goes through the library.
 */
#include "proto/json/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS_SURE  15         /* a decimal of so many digits survives a double */
#define DIGITS_MOST  17
#define LIBRARY_SIZE 320        /* any double by any "%g": what a compiler reckons with */
#define K_MAX        27         /* 5^27 < 2^63 */

__extension__ typedef unsigned __int128 wide;

static const char pairs[201] =
	"00010203040506070809" "10111213141516171819" "20212223242526272829"
	"30313233343536373839" "40414243444546474849" "50515253545556575859"
	"60616263646566676869" "70717273747576777879" "80818283848586878889"
	"90919293949596979899";

static const double tens[] = {
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
	1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

#define TENS_MAX  22            /* 10^22 is the last that is exact */

size_t number_u64(char *to, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	while (value >= 100) {
		at -= 2;
		memcpy(&digits[at], &pairs[2 * (value % 100)], 2);
		value /= 100;
	}
	if (value >= 10) {
		at -= 2;
		memcpy(&digits[at], &pairs[2 * value], 2);
	} else {
		digits[--at] = (char)('0' + value);
	}
	memcpy(to, &digits[at], sizeof(digits) - at);
	return sizeof(digits) - at;
}

size_t number_i64(char *to, int64_t value)
{
	if (value >= 0) {
		return number_u64(to, (uint64_t)value);
	}
	*to = '-';
	return 1 + number_u64(to + 1, 0 - (uint64_t)value);
}

/* digits / 10^point, without zeros at its end. */
static size_t number_decimal(char *to, uint64_t digits, int point)
{
	char text[20];
	size_t size, whole;

	while (point > 0 && digits % 10 == 0) {
		digits /= 10;
		point--;
	}
	size = number_u64(text, digits);
	if (point == 0) {
		memcpy(to, text, size);
		return size;
	}
	if (size > (size_t)point) {
		whole = size - (size_t)point;
		memcpy(to, text, whole);
		to[whole] = '.';
		memcpy(to + whole + 1, text + whole, (size_t)point);
		return size + 1;
	}
	memcpy(to, "0.", 2);
	memset(to + 2, '0', (size_t)point - size);
	memcpy(to + 2 + (size_t)point - size, text, size);
	return (size_t)point + 2;
}

/* The power of ten of the first digit: 3 for 2735. May be one too low. */
static int number_magnitude(double value)
{
	int exponent, magnitude;

	(void)frexp(value, &exponent);
	/* log10(2) in 1/2^16, for 2^(exponent - 1) <= value */
	magnitude = ((exponent - 1) * 19728) >> 16;
	return magnitude >= 0 && magnitude < TENS_MAX && value >= tens[magnitude + 1] ?
	       magnitude + 1 : magnitude;
}

/* A decimal of at most `count` digits that is the value; 0: there is none. */
static size_t number_few(char *to, double value, int count, bool is_single)
{
	int k = count - 1 - number_magnitude(value);
	double scaled, back;

	if (k < 0 || k > TENS_MAX) {
		return 0;
	}
	scaled = value * tens[k];
	if (scaled >= tens[count] && k > 0) {
		scaled = value * tens[--k];
	}
	scaled = nearbyint(scaled);
	back = scaled / tens[k];
	if (is_single ? (float)back != (float)value : back != value) {
		return 0;
	}
	return number_decimal(to, (uint64_t)scaled, k);
}

/* Divided by 2^shift, to the nearest. */
static uint64_t number_shifted(wide value, int shift)
{
	wide half = shift > 0 ? (wide)1 << (shift - 1) : 0;

	return (uint64_t)((value + half) >> shift);
}

/* 16 or 17 digits, by whole numbers; 0: out of their range. */
static size_t number_many(char *to, double value)
{
	int exponent, shift;
	int k = DIGITS_MOST - 1 - number_magnitude(value);
	uint64_t mantissa = (uint64_t)ldexp(frexp(value, &exponent), 53);
	uint64_t five = 1, digits, fewer;
	wide exact, rounded, off;

	if (k < 1 || k > K_MAX) {
		return 0;
	}
	for (int i = 0; i < k; i++) {
		five *= 5;
	}
	for (;;) {
		exact = (wide)mantissa * five;
		shift = 53 - exponent - k;
		if (shift < 1 || shift > 63) {
			return 0;
		}
		digits = number_shifted(exact, shift);
		if (digits < 100000000000000000u) {
			break;
		}
		/* the magnitude was one too low */
		five /= 5;
		k--;
	}
	/* one digit less is as good when it stays within half a step of the mantissa */
	fewer = (digits + 5) / 10;
	rounded = (wide)(fewer * 10) << shift;
	off = rounded > exact ? rounded - exact : exact - rounded;
	if (off < five / 2) {
		return number_decimal(to, fewer, k - 1);
	}
	return number_decimal(to, digits, k);
}

static size_t number_by_library(char *to, double value, bool is_single)
{
	char text[LIBRARY_SIZE];
	int count = is_single ? 9 : DIGITS_MOST;

	for (int digits = is_single ? 6 : DIGITS_SURE; digits < count; digits++) {
		(void)snprintf(text, sizeof(text), "%.*g", digits, value); /* it fits */
		if (is_single ? strtof(text, NULL) == (float)value :
				strtod(text, NULL) == value) {
			count = digits;
		}
	}
	(void)snprintf(text, sizeof(text), "%.*g", count, value); /* it fits */
	memcpy(to, text, strlen(text));
	return strlen(text);
}

size_t number_f64(char *to, double value, bool is_single)
{
	size_t sign = 0, size;

	if (signbit(value)) {
		*to++ = '-';
		sign = 1;
		value = -value;
	}
	if (value < 1e15 && value == (double)(uint64_t)value) {
		return sign + number_u64(to, (uint64_t)value);
	}
	for (int count = is_single ? 6 : DIGITS_SURE; count <= (is_single ? 9 : DIGITS_SURE);
	     count++) {
		size = number_few(to, value, count, is_single);
		if (size > 0) {
			return sign + size;
		}
	}
	size = is_single ? 0 : number_many(to, value);
	return sign + (size > 0 ? size : number_by_library(to, value, is_single));
}
