/* SPDX-License-Identifier: Apache-2.0 */
/* A broker's address of any bytes: what is accepted is written, and reads back, the same. */
#include "core/conf/url.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/base/error.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct ew_error error;
	struct url url;
	struct url again;
	char written[URL_HOST_MAX + 20];

	check(text != NULL);
	memset(&error, 0, sizeof(error));
	if (url_parse(text, &url, &error) < 0) {
		check(error_is_set(&error));
	} else {
		check(!error_is_set(&error));
		check(url.port != 0 && url.host[0] != '\0');
		url_format(&url, written, sizeof(written));
		check(url_parse(written, &again, NULL) == 0);
		check(again.port == url.port && again.tls == url.tls);
		check(strcmp(again.host, url.host) == 0);
	}
	free(text);
	return 0;
}
