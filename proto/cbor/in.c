/* SPDX-License-Identifier: Apache-2.0 */
/* Reading CBOR: see cbor.h. */
#include "proto/cbor/cbor.h"

#include <math.h>

static uint64_t in_big(const uint8_t *at, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++) {
		value = value << 8 | at[i];
	}
	return value;
}

bool cbor_argument(struct cbor_in *in, unsigned low, uint64_t *value_out)
{
	unsigned bytes;

	if (low < 24) {
		*value_out = low;
		return true;
	}
	if (low > 27) {
		return false;
	}
	bytes = 1u << (low - 24);
	if ((size_t)(in->end - in->at) < bytes) {
		return false;
	}
	*value_out = in_big(in->at, bytes);
	in->at += bytes;
	return true;
}

/* IEEE 754 binary16, which C11 has no type for. */
static double in_half(unsigned bits)
{
	unsigned exponent = bits >> 10 & 31;
	unsigned mantissa = bits & 1023;
	double value;

	if (exponent == 0) {
		value = ldexp(mantissa, -24);
	} else if (exponent == 31) {
		value = mantissa == 0 ? (double)INFINITY : (double)NAN;
	} else {
		value = ldexp(mantissa + 1024, (int)exponent - 25);
	}
	return bits & 0x8000 ? -value : value;
}

static int in_simple(struct cbor_in *in, unsigned low, struct cbor_item *item_out)
{
	uint64_t bits;
	uint32_t word;
	float single;

	switch (low) {
	case 20:
	case 21:
		item_out->kind = CBOR_BOOL;
		item_out->v.b = low == 21;
		return 0;
	case 22:
	case 23:
		item_out->kind = CBOR_NULL;
		return 0;
	case 31:
		item_out->kind = CBOR_BREAK;
		return 0;
	case 25:
	case 26:
	case 27:
		break;
	default:
		return -EPROTO;
	}
	if (!cbor_argument(in, low, &bits)) {
		return -EPROTO;
	}
	item_out->kind = CBOR_FLOAT;
	if (low == 27) {
		memcpy(&item_out->v.f, &bits, sizeof(bits));
	} else if (low == 26) {
		word = (uint32_t)bits;
		memcpy(&single, &word, sizeof(word));
		item_out->v.f = (double)single;
	} else {
		item_out->v.f = in_half((unsigned)bits);
	}
	return 0;
}

static int in_string(struct cbor_in *in, uint64_t size, struct cbor_item *item_out)
{
	if (size > (uint64_t)(in->end - in->at)) {
		return -EPROTO;
	}
	if (item_out->kind == CBOR_TEXT && !cbor_is_utf8(in->at, (size_t)size)) {
		return -EPROTO;
	}
	item_out->v.x.at = in->at;
	item_out->v.x.size = (size_t)size;
	in->at += size;
	return 0;
}

int cbor_next(struct cbor_in *in, struct cbor_item *item_out)
{
	uint64_t value;
	unsigned low;

	if (in->at == in->end) {
		return -EPROTO;
	}
	item_out->kind = (enum cbor_kind)(*in->at >> 5);
	low = *in->at++ & 31;
	if (item_out->kind == CBOR_FLOAT) {
		return in_simple(in, low, item_out);
	}
	if (low == 31 && (item_out->kind == CBOR_ARRAY || item_out->kind == CBOR_MAP)) {
		item_out->v.u = CBOR_INDEFINITE;
		return 0;
	}
	if (!cbor_argument(in, low, &value)) {
		return -EPROTO;
	}
	switch (item_out->kind) {
	case CBOR_NEGATIVE:
		if (value > INT64_MAX) {
			return -EPROTO;
		}
		item_out->v.i = -1 - (int64_t)value;
		return 0;
	case CBOR_BYTES:
	case CBOR_TEXT:
		return in_string(in, value, item_out);
	case CBOR_ARRAY:
	case CBOR_MAP:
		/* each item is a byte at least; so a count is never CBOR_INDEFINITE here */
		if (value > (uint64_t)(in->end - in->at)) {
			return -EPROTO;
		}
		item_out->v.u = value;
		return 0;
	case CBOR_UINT:
	case CBOR_TAG:
	case CBOR_FLOAT:
	case CBOR_BOOL:
	case CBOR_NULL:
	case CBOR_BREAK:
		break;
	}
	item_out->v.u = value;
	return 0;
}

/* What cbor_skip() keeps of a container: how many items are left, or one of these. */
#define SKIP_ARRAY     UINT64_MAX       /* until a break */
#define SKIP_MAP_EVEN  (UINT64_MAX - 1) /* until a break, which may come here */
#define SKIP_MAP_ODD   (UINT64_MAX - 2)

static uint64_t skip_items(const struct cbor_item *item)
{
	if (item->kind == CBOR_TAG) {
		return 1;
	}
	if (item->v.u == CBOR_INDEFINITE) {
		return item->kind == CBOR_MAP ? SKIP_MAP_EVEN : SKIP_ARRAY;
	}
	return item->kind == CBOR_MAP ? item->v.u * 2 : item->v.u;
}

/* One item less; true: it was the last. */
static bool skip_one(uint64_t *left)
{
	if (*left == SKIP_MAP_EVEN || *left == SKIP_MAP_ODD) {
		*left ^= SKIP_MAP_EVEN ^ SKIP_MAP_ODD;
		return false;
	}
	return *left != SKIP_ARRAY && --*left == 0;
}

int cbor_skip(struct cbor_in *in)
{
	uint64_t left[CBOR_DEPTH_MAX];
	unsigned depth = 0;
	int rc;

	do {
		struct cbor_item item;

		rc = cbor_next(in, &item);
		if (rc != 0) {
			return rc;
		}
		if (item.kind == CBOR_BREAK) {
			if (depth == 0 || left[depth - 1] < SKIP_MAP_EVEN) {
				return -EPROTO;
			}
			depth--;
		} else if (item.kind == CBOR_ARRAY || item.kind == CBOR_MAP ||
			   item.kind == CBOR_TAG) {
			uint64_t items = skip_items(&item);

			if (items > 0 && depth == CBOR_DEPTH_MAX) {
				return -EMSGSIZE;
			}
			if (items > 0) {
				left[depth++] = items;
				continue;
			}
		}
		while (depth > 0 && skip_one(&left[depth - 1])) {
			depth--;
		}
	} while (depth > 0);
	return 0;
}

/* Bytes of the character at the start of left > 0 bytes; 0: not well formed. */
static size_t in_character(const uint8_t *at, size_t left)
{
	uint8_t first = at[0];
	size_t size = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 :
		      first < 0xf5 ? 4 : 0;

	if (size == 0 || size > left) {
		return 0;
	}
	for (size_t i = 1; i < size; i++) {
		if ((at[i] & 0xc0) != 0x80) {
			return 0;
		}
	}
	if ((first == 0xe0 && at[1] < 0xa0) || (first == 0xed && at[1] > 0x9f) ||
	    (first == 0xf0 && at[1] < 0x90) || (first == 0xf4 && at[1] > 0x8f)) {
		return 0;
	}
	return size;
}

bool cbor_is_utf8(const uint8_t *at, size_t size)
{
	size_t done = 0;

	while (done < size) {
		uint64_t word;
		size_t one;

		if (size - done >= sizeof(word)) {
			memcpy(&word, at + done, sizeof(word));
			if ((word & 0x8080808080808080u) == 0) {
				done += sizeof(word);
				continue;
			}
		}
		one = in_character(at + done, size - done);
		if (one == 0) {
			return false;
		}
		done += one;
	}
	return true;
}
