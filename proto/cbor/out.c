/* SPDX-License-Identifier: Apache-2.0 */
/* Writing CBOR: what is too long to be inline. See cbor.h. */
#include "proto/cbor/cbor.h"

#define HALF_LOST  0x1fffu      /* bits of a binary32's mantissa that binary16 has no room for */
#define OUT_INFINITY  0x7ff0000000000000u       /* bits; above it, signs apart, is no number */

/* The binary16 of a binary32, where it is exact. */
static bool out_half(uint32_t word, uint16_t *half_out)
{
	uint32_t sign = word >> 16 & 0x8000;
	uint32_t mantissa = word & 0x7fffff;
	int exponent = (int)(word >> 23 & 255) - 127;
	unsigned shift;

	if ((word & 0x7fffffff) == 0) {
		*half_out = (uint16_t)sign;
		return true;
	}
	if (exponent == 128 && mantissa == 0) {
		*half_out = (uint16_t)(sign | 0x7c00);
		return true;
	}
	if (exponent >= -14 && exponent <= 15 && (mantissa & HALF_LOST) == 0) {
		*half_out = (uint16_t)(sign | (uint32_t)(exponent + 15) << 10 | mantissa >> 13);
		return true;
	}
	if (exponent >= -24 && exponent < -14) {        /* subnormal in 16 bits */
		mantissa |= 0x800000;
		shift = (unsigned)(-1 - exponent);
		if ((mantissa & ((1u << shift) - 1)) == 0) {
			*half_out = (uint16_t)(sign | mantissa >> shift);
			return true;
		}
	}
	return false;
}

static void out_bits(struct cbor_out *out, uint8_t head, uint64_t bits, unsigned bytes)
{
	if (cbor_room(out, 1 + bytes)) {
		out->at[0] = head;
		cbor_put_big(out->at + 1, bits, bytes);
		out->at += 1 + bytes;
	}
}

void cbor_put_float(struct cbor_out *out, double value)
{
	uint64_t bits;
	uint32_t word;
	uint16_t half;
	float single;

	memcpy(&bits, &value, sizeof(bits));
	if (bits << 1 > OUT_INFINITY << 1) {    /* one form for all that are not numbers */
		out_bits(out, 0xf9, 0x7e00, 2);
		return;
	}
	single = (float)value;
	memcpy(&word, &single, sizeof(word));
	if ((double)single < value || (double)single > value) {
		out_bits(out, 0xfb, bits, 8);
	} else if (!out_half(word, &half)) {
		out_bits(out, 0xfa, word, 4);
	} else {
		out_bits(out, 0xf9, half, 2);
	}
}
