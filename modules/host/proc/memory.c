/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/meminfo. */
#include "modules/host/proc/proc.h"

bool proc_memory_parse(struct scan text, struct proc_memory *memory_out)
{
	struct proc_memory memory = {.total = 0};
	const struct {
		const char *word;
		uint64_t *value;
	} rows[] = {
		{"MemTotal:", &memory.total},     {"MemFree:", &memory.free},
		{"MemAvailable:", &memory.available}, {"Buffers:", &memory.buffers},
		{"Cached:", &memory.cached},      {"SwapTotal:", &memory.swap_total},
		{"SwapFree:", &memory.swap_free},
	};
	struct scan line, word;

	while (scan_line(&text, &line)) {
		uint64_t kibibytes;

		if (!scan_word(&line, &word)) {
			continue;
		}
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			if (scan_is(&word, rows[i].word) && scan_u64(&line, &kibibytes) &&
			    kibibytes <= UINT64_MAX / 1024) {
				*rows[i].value = kibibytes * 1024;
			}
		}
	}
	if (memory.total == 0) {
		return false;
	}
	*memory_out = memory;
	return true;
}
