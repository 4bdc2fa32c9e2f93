/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processor's own instruction where there is one, else eight tables, eight
 * bytes at a time. Both give the same; tests/unit/test_store_record.c compares
 * them with the published check value.
 */
#include "core/store/crc.h"

#include <pthread.h>
#include <string.h>

#if defined(__aarch64__)
#include <arm_acle.h>
#include <sys/auxv.h>
#endif

#define POLYNOMIAL  0x82f63b78u         /* 0x1edc6f41, bits reversed */

static uint32_t tables[8][256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void crc_make_tables(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i;

		for (int bit = 0; bit < 8; bit++) {
			crc = (crc >> 1) ^ ((crc & 1) != 0 ? POLYNOMIAL : 0);
		}
		tables[0][i] = crc;
	}
	for (uint32_t i = 0; i < 256; i++) {
		for (int t = 1; t < 8; t++) {
			uint32_t before = tables[t - 1][i];

			tables[t][i] = (before >> 8) ^ tables[0][before & 0xff];
		}
	}
}

static uint32_t crc_by_table(uint32_t crc, const unsigned char *at, size_t size)
{
	(void)pthread_once(&once, crc_make_tables);
	for (; size >= 8; at += 8, size -= 8) {
		crc ^= (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
		       (uint32_t)at[3] << 24;
		crc = tables[7][crc & 0xff] ^ tables[6][(crc >> 8) & 0xff] ^
		      tables[5][(crc >> 16) & 0xff] ^ tables[4][crc >> 24] ^
		      tables[3][at[4]] ^ tables[2][at[5]] ^ tables[1][at[6]] ^ tables[0][at[7]];
	}
	for (; size > 0; at++, size--) {
		crc = (crc >> 8) ^ tables[0][(crc ^ *at) & 0xff];
	}
	return crc;
}

#if defined(__x86_64__)

static int crc_has_instruction(void)
{
	return __builtin_cpu_supports("sse4.2");
}

__attribute__((target("sse4.2"))) static uint32_t crc_by_instruction(uint32_t crc,
								     const unsigned char *at,
								     size_t size)
{
	uint64_t wide = crc;

	for (; size >= 8; at += 8, size -= 8) {
		uint64_t word;

		memcpy(&word, at, sizeof(word));
		wide = __builtin_ia32_crc32di(wide, word);
	}
	crc = (uint32_t)wide;
	for (; size > 0; at++, size--) {
		crc = __builtin_ia32_crc32qi(crc, *at);
	}
	return crc;
}

#elif defined(__aarch64__)

static int crc_has_instruction(void)
{
	return (getauxval(AT_HWCAP) & (1ul << 7)) != 0; /* HWCAP_CRC32 */
}

__attribute__((target("+crc"))) static uint32_t crc_by_instruction(uint32_t crc,
								    const unsigned char *at,
								    size_t size)
{
	for (; size >= 8; at += 8, size -= 8) {
		uint64_t word;

		memcpy(&word, at, sizeof(word));
		crc = __crc32cd(crc, word);
	}
	for (; size > 0; at++, size--) {
		crc = __crc32cb(crc, *at);
	}
	return crc;
}

#else

static int crc_has_instruction(void)
{
	return 0;
}

static uint32_t crc_by_instruction(uint32_t crc, const unsigned char *at, size_t size)
{
	return crc_by_table(crc, at, size);
}

#endif

uint32_t crc32c_by_table(const void *bytes, size_t size)
{
	return ~crc_by_table(~0u, bytes, size);
}

uint32_t crc32c(const void *bytes, size_t size)
{
	return crc_has_instruction() ? ~crc_by_instruction(~0u, bytes, size)
				     : crc32c_by_table(bytes, size);
}
