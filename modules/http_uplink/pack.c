/* SPDX-License-Identifier: Apache-2.0 */
/* A finished body made ready to be sent: see pack.h. */
#include "modules/http_uplink/pack.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define GZIP_BITS  (15 + 16)    /* of window; 16 asks for the gzip frame */

__extension__ typedef unsigned __int128 wide;

/* Two halves of a product of 64 bits each, one on the other. */
static uint64_t pack_mix(uint64_t a, uint64_t b)
{
	wide product = (wide)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t pack_word(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

struct digest {
	uint64_t low, high;
};

/* Odd numbers without a pattern: the fractions of the roots of 2, 3, 5 and 7. */
static const uint64_t salts[4] = {
	0x6a09e667f3bcc909u, 0xbb67ae8584caa73bu, 0x3c6ef372fe94f82bu, 0xa54ff53a5f1d36f1u,
};

static void digest_add(struct digest *digest, const char *at, size_t size)
{
	char rest[16] = {0};

	digest->high ^= (uint64_t)size;
	for (; size >= 16; size -= 16, at += 16) {
		uint64_t a = pack_word(at), b = pack_word(at + 8);

		digest->low = pack_mix(digest->low ^ a ^ salts[0], b ^ salts[1]);
		digest->high = pack_mix(digest->high ^ b ^ salts[2], a ^ salts[3]);
	}
	if (size > 0) {
		memcpy(rest, at, size);
		digest->low = pack_mix(digest->low ^ pack_word(rest),
				       salts[2] ^ pack_word(rest + 8));
		digest->high = pack_mix(digest->high ^ pack_word(rest + 8),
					salts[0] ^ pack_word(rest));
	}
}

void pack_key(const char *sender, const struct bytes *body, char key_out[PACK_KEY_SIZE])
{
	static const char hex[] = "0123456789abcdef";
	struct digest digest = {salts[0], salts[3]};
	uint64_t words[2];

	digest_add(&digest, sender, strlen(sender));
	digest_add(&digest, body->at, body->size);
	words[0] = pack_mix(digest.low ^ salts[1], digest.high ^ salts[3]);
	words[1] = pack_mix(digest.high ^ salts[2], digest.low ^ salts[0]) ^ digest.low;
	for (int i = 0; i < 32; i++) {
		key_out[i] = hex[words[i / 16] >> (60 - 4 * (i % 16)) & 15];
	}
	key_out[32] = '\0';
}

int pack_gzip(const struct bytes *body, int level, struct bytes *packed_out)
{
	struct bytes packed = {0};
	z_stream stream = {0};
	size_t room;
	int error = 0;

	if (deflateInit2(&stream, level, Z_DEFLATED, GZIP_BITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		return -ENOMEM;
	}
	room = deflateBound(&stream, body->size);
	stream.next_in = (Bytef *)body->at;
	stream.avail_in = (uInt)body->size;
	stream.next_out = (Bytef *)bytes_room(&packed, room);
	stream.avail_out = (uInt)room;
	/* the bound makes it one call */
	if (packed.failed || deflate(&stream, Z_FINISH) != Z_STREAM_END) {
		error = -ENOMEM;
	}
	bytes_grow(&packed, room - stream.avail_out);
	(void)deflateEnd(&stream);
	if (error != 0) {
		bytes_free(&packed);
		return error;
	}
	*packed_out = packed;
	return 0;
}

/* Inflate until the end of the member. */
static int pack_inflate(z_stream *stream, size_t limit, struct bytes *body)
{
	int state = Z_OK;

	while (state == Z_OK) {
		size_t room = body->size + 4096;

		if (body->size > limit) {
			return -EMSGSIZE;
		}
		stream->next_out = (Bytef *)bytes_room(body, room);
		stream->avail_out = (uInt)room;
		if (body->failed) {
			return -ENOMEM;
		}
		state = inflate(stream, Z_NO_FLUSH);
		bytes_grow(body, room - stream->avail_out);
	}
	if (state != Z_STREAM_END) {
		return state == Z_MEM_ERROR ? -ENOMEM : -EPROTO;
	}
	return body->size > limit ? -EMSGSIZE : 0;
}

int pack_gunzip(const struct bytes *packed, size_t limit, struct bytes *body_out)
{
	struct bytes body = {0};
	z_stream stream = {0};
	int error;

	if (inflateInit2(&stream, GZIP_BITS) != Z_OK) {
		return -ENOMEM;
	}
	stream.next_in = (Bytef *)packed->at;
	stream.avail_in = (uInt)packed->size;
	error = pack_inflate(&stream, limit, &body);
	(void)inflateEnd(&stream);
	if (error != 0) {
		bytes_free(&body);
		return error;
	}
	*body_out = body;
	return 0;
}
