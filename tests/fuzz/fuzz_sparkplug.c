/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A payload of any bytes. Whatever protobuf-c reads we read, within our limits
 * and the counts that Sparkplug itself demands, and mean the same by it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/oracle.h"
#include "tests/lib/sparkplug_copy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_bytes payload = { data, size };
	int error = sp_payload_check(payload, &sparkplug_copy_limits);
	size_t theirs_size, again_size;
	uint8_t *theirs, *again;
	struct sp_bytes copy;

	check(error == 0 || error == -EMSGSIZE || error == -EPROTO);
	theirs = oracle_canonical(data, size, &theirs_size);
	/* in its form nothing comes twice, where we take the last and protobuf-c merges */
	payload = (struct sp_bytes){ theirs, theirs_size };
	if (theirs != NULL && sparkplug_copy(payload, &copy) == 0) {
		again = oracle_canonical(copy.at, copy.size, &again_size);
		check(again != NULL && again_size == theirs_size);
		check(memcmp(again, theirs, theirs_size) == 0);
		free(again);
		free((void *)(uintptr_t)copy.at);
	}
	free(theirs);
	return 0;
}
