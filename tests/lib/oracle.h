/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protobuf-c's opinion of a Sparkplug payload: a codec generated from
 * proto/sparkplug_b.proto, against which our own is held.
 */
#ifndef TESTS_LIB_ORACLE_H
#define TESTS_LIB_ORACLE_H

#include <stddef.h>
#include <stdint.h>

/*
 * The payload read and written again in protobuf-c's form, without what our
 * own codec does not keep: unknown fields, extensions, flags and types that are
 * there and zero. Allocated; NULL: protobuf-c refuses it.
 */
uint8_t *oracle_canonical(const void *payload, size_t size, size_t *size_out);

#endif
