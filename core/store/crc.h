/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRC32C (Castagnoli, reflected, as in iSCSI): the checksum of every record.
 * Pure; any thread.
 */
#ifndef CORE_STORE_CRC_H
#define CORE_STORE_CRC_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(const void *bytes, size_t size);

/* The same without the help of the processor. */
uint32_t crc32c_by_table(const void *bytes, size_t size);

#endif
