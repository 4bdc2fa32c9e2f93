/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a configuration: read, expanded, judged, bound by a table that
 * has every type. What is accepted prints as YAML that is accepted again and
 * means the same, unless a secret was masked.
 */
#include "core/conf/print.h"

#include <string.h>

#include "core/base/check.h"
#include "core/conf/config_bind.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_module.h"

static void bind_all(const struct config *config, struct diag *diag)
{
	size_t i;

	for (i = 0; i < config->instance_count; i++) {
		struct config_bound *bound = NULL;

		if (config_bind_instance(config, &config->instances[i], &fuzz_module,
					 CONFIG_CHECK_ONLY, diag, &bound) == 0) {
			check(bound->settings != NULL);
			config_bound_free(&bound);
		}
		check(bound == NULL);
	}
}

static void print_and_compare(const struct config *config)
{
	struct config *again = NULL;
	struct config_diff difference;
	struct diag diag;
	struct buf out;

	diag_init(&diag);
	buf_init(&out, 4 * 1024 * 1024);
	print_config(config, NULL, NULL, &out);
	if (out.fault == 0 && strstr(buf_text(&out), "***") == NULL) {
		check(config_load_alone("again", out.at, out.size, &diag, &again) == 0);
		check(node_equal(config->source.root, again->source.root));
		check(config->hash == again->hash);
		check(config_diff_make(config, again, &difference) == 0);
		check(config_diff_is_empty(&difference));
		config_diff_fini(&difference);
	}
	config_free(&again);
	buf_fini(&out);
	diag_fini(&diag);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *config = NULL;
	struct diag diag;

	diag_init(&diag);
	if (config_load_alone("fuzz", (const char *)data, size, &diag, &config) == 0) {
		bind_all(config, &diag);
		print_and_compare(config);
	} else {
		check(diag.errors > 0 && config == NULL);
	}
	config_free(&config);
	diag_fini(&diag);
	return 0;
}
