/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A module descriptor with an option of every type, for the fuzz programs of
 * core/conf. It never runs.
 */
#ifndef TESTS_FUZZ_FUZZ_MODULE_H
#define TESTS_FUZZ_FUZZ_MODULE_H

#include <edgeway/module.h>

struct fuzz_item {
	const char *key;
	double x;
	const char *const *names;
	size_t name_count;
};

struct fuzz_settings {
	bool flag;
	int64_t number;
	uint64_t count;
	double ratio;
	const char *text;
	ew_dur every;
	uint64_t size;
	int mode;
	const double *steps;
	size_t step_count;
	const struct ew_property *pairs;
	size_t pair_count;
	struct fuzz_item item;
	const struct fuzz_item *items;
	size_t item_count;
	const struct fuzz_item *list;
	size_t list_count;
	const struct ew_node *raw;
};

static const char *const fuzz_modes[] = {"slow", "fast", NULL};

static const struct ew_option fuzz_item_rows[] = {
	EW_OPTION(struct fuzz_item, x, .fallback = "0.5", .help = "h"),
	EW_LIST_OPTION(struct fuzz_item, names, name_count, .help = "h"),
	EW_OPTION_END,
};

static const struct ew_option fuzz_rows[] = {
	EW_OPTION(struct fuzz_settings, flag, .help = "h"),
	EW_OPTION(struct fuzz_settings, number, .min = "-5", .max = "5", .help = "h"),
	EW_OPTION(struct fuzz_settings, count, .help = "h"),
	EW_OPTION(struct fuzz_settings, ratio, .help = "h"),
	EW_OPTION(struct fuzz_settings, text, .help = "h"),
	EW_DURATION_OPTION(struct fuzz_settings, every, .fallback = "1s", .help = "h"),
	EW_SIZE_OPTION(struct fuzz_settings, size, .help = "h"),
	EW_ENUM_OPTION(struct fuzz_settings, mode, fuzz_modes, .help = "h"),
	EW_LIST_OPTION(struct fuzz_settings, steps, step_count, .fallback = "1, 2", .help = "h"),
	EW_PAIRS_OPTION(struct fuzz_settings, pairs, pair_count, .help = "h"),
	EW_TABLE_OPTION(struct fuzz_settings, item, fuzz_item_rows, .flags = EW_SHORT, .help = "h"),
	EW_TABLE_MAP_OPTION(struct fuzz_settings, items, item_count, struct fuzz_item, key,
			    fuzz_item_rows, .help = "h"),
	EW_TABLES_OPTION(struct fuzz_settings, list, list_count, struct fuzz_item, fuzz_item_rows,
			 .flags = EW_SHORT, .help = "h"),
	EW_RAW_OPTION(struct fuzz_settings, raw, .help = "h"),
	EW_OPTION_END,
};

static const struct ew_module fuzz_module = {
	.option_size = sizeof(struct ew_option),
	.flags = EW_HAS_DEVICES,
	.name = "fuzz",
	.options = fuzz_rows,
	.device_options = fuzz_item_rows,
	.tag_options = fuzz_rows,
	.settings_size = sizeof(struct fuzz_settings),
	.device_settings_size = sizeof(struct fuzz_item),
	.tag_settings_size = sizeof(struct fuzz_settings),
};

#endif
