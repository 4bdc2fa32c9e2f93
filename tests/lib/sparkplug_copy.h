/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A payload through our own codec and back: everything is taken apart by the
 * readers and put together by the writers.
 */
#ifndef TESTS_LIB_SPARKPLUG_COPY_H
#define TESTS_LIB_SPARKPLUG_COPY_H

#include "proto/sparkplug/message.h"

extern const struct sp_limits sparkplug_copy_limits;

/*
 * Allocated, the caller frees its bytes. Without what has no meaning to us:
 * vendors' extensions inside values stay as they are.
 *
 * Errors: what sp_payload_check() says
 */
int sparkplug_copy(struct sp_bytes payload, struct sp_bytes *copy_out);

#endif
