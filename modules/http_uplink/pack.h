/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A finished body made ready to be sent: compressed, and named by its content.
 * Pure, any thread.
 */
#ifndef HTTP_UPLINK_PACK_H
#define HTTP_UPLINK_PACK_H

#include <edgeway/base.h>

#include "proto/json/bytes.h"

#define PACK_KEY_SIZE 33        /* 32 hexadecimal digits and a NUL */

/*
 * The idempotency key: a digest of sender and content. The same samples in the
 * same order have the same key, whenever they are sent; samples have times, so
 * other samples have another one. Not for protection against an attacker.
 */
void pack_key(const char *sender, const struct bytes *body, char key_out[PACK_KEY_SIZE]);

/*
 * The body as a gzip file of one member. level: 1 to 9.
 * -ENOMEM
 */
int pack_gzip(const struct bytes *body, int level, struct bytes *packed_out) EW_CHECKED;

/*
 * Back again, at most `limit` bytes of it.
 * -ENOMEM, -EPROTO not gzip, -EMSGSIZE longer than the limit
 */
int pack_gunzip(const struct bytes *packed, size_t limit, struct bytes *body_out) EW_CHECKED;

#endif
