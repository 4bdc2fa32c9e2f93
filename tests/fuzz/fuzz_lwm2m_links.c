/* SPDX-License-Identifier: Apache-2.0 */
/* Link format: what is read can be written and read again. */
#include <stdlib.h>

#include "core/base/check.h"
#include "proto/lwm2m/link.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lwm2m_links links;
	struct lwm2m_link link;
	char text[LWM2M_PATH_MAX];
	struct lwm2m_text value;

	lwm2m_links_begin(&links, (const char *)data, size);
	while (lwm2m_links_next(&links, &link) > 0) {
		struct lwm2m_path path;

		check(lwm2m_path_parse(text, lwm2m_path_format(&link.path, text), &path) == 0);
		check(lwm2m_path_equal(&path, &link.path));
		if (lwm2m_link_attribute(&link, "ver", &value)) {
			check(value.at >= (const char *)data && value.size <= size);
		}
	}
	return 0;
}
