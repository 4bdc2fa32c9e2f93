/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/stat: processor time, interrupts, context switches, processes. */
#include <string.h>

#include "modules/host/proc/proc.h"

/* user nice system idle, since 2.6 iowait irq softirq, since 2.6.11 steal; guests are in user */
static bool stat_ticks(struct scan *line, struct cpu_ticks *ticks_out)
{
	uint64_t n[8] = {0};

	if (!scan_numbers(line, n, 4)) {
		return false;
	}
	(void)scan_numbers(line, n + 4, 4); /* what is missing stays 0 */
	ticks_out->user = n[0] + n[1];
	ticks_out->system = n[2] + n[5] + n[6];
	ticks_out->idle = n[3];
	ticks_out->iowait = n[4];
	ticks_out->steal = n[7];
	return true;
}

static bool stat_core(const struct scan *word, struct scan *line, struct proc_core *core_out)
{
	struct scan digits = {word->at + 3, word->end};
	struct proc_core core;

	if (!scan_u64(&digits, &core.number) || !stat_ticks(line, &core.ticks)) {
		return false;
	}
	*core_out = core;
	return true;
}

static void stat_number(const struct scan *word, struct scan *line, struct proc_stat *stat)
{
	const struct {
		const char *word;
		uint64_t *value;
	} rows[] = {
		{"intr", &stat->interrupts},      {"ctxt", &stat->switches},
		{"btime", &stat->boot_time},      {"processes", &stat->created},
		{"procs_running", &stat->running}, {"procs_blocked", &stat->blocked},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (scan_is(word, rows[i].word)) {
			(void)scan_u64(line, rows[i].value); /* else it stays 0 */
		}
	}
}

bool proc_stat_parse(struct scan text, struct proc_core *cores, size_t room,
		     struct proc_stat *stat_out)
{
	struct proc_stat stat = {.core_count = 0};
	struct scan line, word;
	bool has_total = false;

	while (scan_line(&text, &line)) {
		struct proc_core core;

		if (!scan_word(&line, &word)) {
			continue;
		}
		if (scan_is(&word, "cpu")) {
			has_total = stat_ticks(&line, &stat.total) || has_total;
		} else if (word.end - word.at > 3 && memcmp(word.at, "cpu", 3) == 0) {
			if (stat_core(&word, &line, &core)) {
				if (stat.core_count < room) {
					cores[stat.core_count] = core;
				}
				stat.core_count++;
			}
		} else {
			stat_number(&word, &line, &stat);
		}
	}
	if (!has_total) {
		return false;
	}
	*stat_out = stat;
	return true;
}
