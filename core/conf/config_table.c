/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's own option tables: each key of the YAML once, with its type,
 * fallback, bounds and help. Constant data; judged by config_judge.c.
 */
#include "core/conf/config_rows.h"

/* The build says where it was installed to; a bare compile uses the usual place. */
#ifndef EW_STATE_DIR
#define EW_STATE_DIR "/var/lib/edgeway"
#endif

static const char *const when_full_words[] = {"drop_oldest", "drop_newest", "thin", NULL};
static const char *const on_failure_words[] = {"continue", "stop", NULL};
static const char *const report_words[] = {"all", "exception", NULL};
static const char *const full_words[] = {"drop_oldest", "drop_newest", "block", NULL};
static const char *const order_words[] = {"in_order", "live_first", NULL};
static const char *const level_words[] = {"error", "warning", "notice", "info", "debug", NULL};
static const char *const target_words[] = {"auto", "stderr", "journal", NULL};
static const char *const priority_words[] = {"remote", "rule", "operator", "interlock", NULL};

#define GATEWAY struct config_gateway
static const struct ew_option gateway_rows[] = {
	EW_OPTION(GATEWAY, group, .fallback = "edgeway", .help = "group that it belongs to"),
	EW_OPTION(GATEWAY, name, .help = "its name in the group; without it the host's"),
	EW_OPTION(GATEWAY, description, .help = "for people"),
	EW_PAIRS_OPTION(GATEWAY, properties, property_count, .help = "facts about it, free"),
	EW_OPTION_END};

#define STORE struct config_store
static const struct ew_option store_rows[] = {
	EW_SIZE_OPTION(STORE, size, .fallback = "1GiB", .min = "1MiB", .unit = "bytes",
		       .help = "most disk that it takes"),
	EW_DURATION_OPTION(STORE, age, .fallback = "30d", .min = "1m",
			   .help = "older data are dropped"),
	EW_ENUM_OPTION(STORE, when_full, when_full_words, .fallback = "drop_oldest",
		       .help = "what gives way when size is reached"),
	EW_OPTION(STORE, sync_text, .name = "sync", .fallback = "50ms",
		  .help = "most time that a power cut can cost: a duration, always or never"),
	EW_SIZE_OPTION(STORE, reserve, .fallback = "0", .unit = "bytes",
		       .help = "disk space that it leaves free for others"),
	EW_DURATION_OPTION(STORE, clock_wait, .fallback = "0",
			   .help = "how long after a start nothing is sent from it while the clock "
				   "is not known good; times are right then"),
	EW_OPTION(STORE, path, .fallback = "store", .help = "folder, in state_dir unless absolute"),
	EW_OPTION_END};

#define INSTANCE struct config_instance
static const struct ew_option instance_rows[] = {
	EW_OPTION(INSTANCE, module, .flags = EW_REQUIRED, .help = "which module it runs"),
	EW_OPTION(INSTANCE, is_enabled, .name = "enabled", .fallback = "yes",
		  .help = "no: as if it were not there"),
	EW_OPTION(INSTANCE, loop, .help = "instances with the same loop share a thread"),
	EW_OPTION(INSTANCE, uplink, .fallback = CONFIG_MAIN_UPLINK, .help = "which uplink it uses"),
	EW_ENUM_OPTION(INSTANCE, on_failure, on_failure_words, .fallback = "continue",
		       .help = "when it cannot start: go on without it, or stop the daemon"),
	EW_DURATION_OPTION(INSTANCE, stop_timeout, .min = "100ms", .max = "1h",
			   .set = EW_SET_IN(INSTANCE, has_stop_timeout),
			   .help = "how long it may take to stop; without it limits.stop_timeout"),
	EW_OPTION(INSTANCE, max_devices, .min = "1", .max = "10000000",
		  .set = EW_SET_IN(INSTANCE, has_max_devices),
		  .help = "most devices it may have; without it limits.max_devices"),
	EW_OPTION(INSTANCE, max_tags, .min = "1", .max = "100000000",
		  .set = EW_SET_IN(INSTANCE, has_max_tags),
		  .help = "most tags it may have; without it limits.max_tags"),
	EW_ENUM_OPTION(INSTANCE, log, level_words, .set = EW_SET_IN(INSTANCE, has_log),
		       .help = "what it logs; without it log.level"),
	EW_RAW_OPTION(INSTANCE, devices, .help = "map of its devices, where the module takes them"),
	EW_OPTION_END};

#define DEVICE struct config_device_core
static const struct ew_option device_rows[] = {
	EW_OPTION(DEVICE, profile, .help = "named set of tags, of `profiles:`"),
	EW_OPTION(DEVICE, type, .help = "what it is; without it the profile's name"),
	EW_OPTION(DEVICE, version, .help = "of the type"),
	EW_OPTION(DEVICE, parent, .help = "path of the device that it is part of"),
	EW_PAIRS_OPTION(DEVICE, properties, property_count, .help = "facts about it, free"),
	EW_RAW_OPTION(DEVICE, tags, .flags = TABLE_BORROW,
		      .help = "map of its tags, or the name of a CSV file; on top of "
			      "the profile's"),
	EW_OPTION_END};

#define TAG struct config_tag_core
static const struct ew_option tag_rows[] = {
	EW_OPTION(TAG, type,
		  .help = "datatype: bool, i8-i64, u8-u64, f32, f64, time, text, uuid, "
			  "bytes, file, array of ..."),
	EW_OPTION(TAG, unit, .help = "UCUM code: Cel, bar, m3/h"),
	EW_OPTION(TAG, description, .help = "for people"),
	EW_RAW_OPTION(TAG, range, .flags = TABLE_BORROW,
		      .help = "engineering range: [low, high] or low..high"),
	EW_OPTION(TAG, scale, .set = EW_SET_IN(TAG, has_scale),
		  .help = "value = raw * scale + offset; not 0"),
	EW_OPTION(TAG, offset, .set = EW_SET_IN(TAG, has_offset), .help = "see scale"),
	EW_OPTION(TAG, clamp, .set = EW_SET_IN(TAG, has_clamp),
		  .help = "hold values inside the range instead of marking them"),
	EW_RAW_OPTION(TAG, writable, .flags = TABLE_BORROW,
		      .help = "yes: within the range; or the range that a write may "
			      "set; no"),
	EW_RAW_OPTION(TAG, labels, .flags = TABLE_BORROW,
		      .help = "names of its values, {0: off, 1: on} or 0=off|1=on; a "
			      "write may set these only"),
	EW_LIST_OPTION(TAG, access.at, access.count, .name = "access",
		       .help = "read, write, execute"),
	EW_OPTION(TAG, deadband, .min = "0", .set = EW_SET_IN(TAG, has_deadband),
		  .help = "smallest change worth reporting, in its unit"),
	EW_DURATION_OPTION(TAG, max_age, .set = EW_SET_IN(TAG, has_max_age),
			   .help = "a value older than this is stale"),
	EW_SIZE_OPTION(TAG, max_bytes, .min = "1B", .max = "64MiB", .unit = "bytes",
		       .set = EW_SET_IN(TAG, has_max_bytes), .help = "longest text or bytes"),
	EW_PAIRS_OPTION(TAG, properties, property_count, .help = "facts about it, free"),
	EW_OPTION_END};

#define ROUTE struct config_route
static const struct ew_option queue_rows[] = {
	EW_SIZE_OPTION(struct config_queue, size, .fallback = "4MiB", .min = "64KiB", .max = "4GiB",
		       .unit = "bytes", .help = "most that waits or is held"),
	EW_OPTION(struct config_queue, batches, .fallback = "4096", .min = "2", .max = "1000000",
		  .help = "most batches that wait or are held"),
	EW_OPTION_END};

static const struct ew_option drain_rows[] = {
	EW_OPTION(struct config_drain, messages, .fallback = "0", .unit = "/s",
		  .help = "most batches and events; 0: no limit"),
	EW_SIZE_OPTION(struct config_drain, bytes, .fallback = "0", .unit = "bytes/s",
		       .help = "most bytes; 0: no limit"),
	EW_OPTION_END};

static const struct ew_option durable_rows[] = {
	EW_OPTION(struct config_durable, is_on, .name = "on", .fallback = "yes",
		  .help = "keep on disk what was not acknowledged"),
	EW_ENUM_OPTION(struct config_durable, order, order_words, .fallback = "in_order",
		       .help = "the store first, or new data first and the store beside them"),
	EW_TABLE_OPTION(struct config_durable, drain, drain_rows,
			.help = "how fast the store is read for it, a second"),
	EW_OPTION_END};

static const struct ew_option route_rows[] = {
	EW_LIST_OPTION(ROUTE, from.at, from.count, .name = "from",
		       .help = "instances; without it every source"),
	EW_LIST_OPTION(ROUTE, to.at, to.count, .name = "to", .flags = EW_REQUIRED,
		       .help = "instances that receive"),
	EW_LIST_OPTION(ROUTE, tags.at, tags.count, .name = "tags",
		       .help = "patterns device:tag; * stops at /, ** does not; without it all"),
	EW_OPTION(ROUTE, events, .fallback = "yes", .help = "events travel too"),
	EW_ENUM_OPTION(ROUTE, report, report_words, .fallback = "all",
		       .help = "every sample, or changes beyond the deadband"),
	EW_OPTION(ROUTE, deadband, .min = "0", .set = EW_SET_IN(ROUTE, has_deadband),
		  .help = "instead of the tag's"),
	EW_DURATION_OPTION(
		ROUTE, min_interval, .fallback = "0",
		.help = "at most one value of a tag in this time; the last always comes"),
	EW_DURATION_OPTION(ROUTE, max_age, .fallback = "0",
			   .help = "with exception: report at the latest after this"),
	EW_ENUM_OPTION(ROUTE, full, full_words, .fallback = "drop_oldest",
		       .set = EW_SET_IN(ROUTE, has_full),
		       .help = "when the receiver lags: what is dropped, or the source waits; "
			       "of a durable route, when the store takes no more"),
	EW_TABLE_OPTION(ROUTE, queue, queue_rows, .help = "bounds of what waits"),
	EW_TABLE_OPTION(ROUTE, durable, durable_rows, .flags = EW_SHORT,
			.set = EW_SET_IN(ROUTE, has_durable),
			.help = "yes, no, or how; without it the receiver's module decides"),
	EW_OPTION_END};

#define RULE struct config_write_rule
static const struct ew_option write_rows[] = {
	EW_LIST_OPTION(RULE, tags.at, tags.count, .name = "tags", .flags = EW_REQUIRED,
		       .help = "patterns device:tag"),
	EW_LIST_OPTION(RULE, range, range_count, .help = "[low, high] of values"),
	EW_OPTION(RULE, rate, .help = "most writes: 10/s, 10/m, 10/h"), EW_OPTION_END};

#define ACCESS struct config_access
static const struct ew_option access_rows[] = {
	EW_TABLES_OPTION(ACCESS, writes, write_count, RULE, write_rows, .name = "write",
			 .flags = EW_SHORT, .help = "tags that it may set"),
	EW_LIST_OPTION(ACCESS, execute.at, execute.count, .name = "execute",
		       .help = "tags that it may execute, patterns device:tag"),
	EW_ENUM_OPTION(ACCESS, max_priority_word, priority_words, .name = "max_priority",
		       .fallback = "operator", .help = "highest priority that it may claim"),
	EW_OPTION_END};

#define LOG struct config_log
static const struct ew_option log_rows[] = {
	EW_ENUM_OPTION(LOG, level, level_words, .fallback = "info", .help = "what is logged"),
	EW_ENUM_OPTION(LOG, target, target_words, .fallback = "auto", .help = "where to"),
	EW_OPTION_END};

#define LIMITS struct config_limits
static const struct ew_option limits_rows[] = {
	EW_OPTION(LIMITS, max_devices, .fallback = "10000", .min = "1", .max = "10000000",
		  .help = "devices of one instance"),
	EW_OPTION(LIMITS, max_tags, .fallback = "200000", .min = "1", .max = "100000000",
		  .help = "tags of one instance"),
	EW_DURATION_OPTION(LIMITS, stop_timeout, .fallback = "10s", .min = "100ms", .max = "1h",
			   .help = "how long an instance may take to stop"),
	EW_DURATION_OPTION(LIMITS, hang_after, .fallback = "1s", .min = "10ms", .max = "10m",
			   .help = "a callback that takes longer is named in the log"),
	EW_OPTION(LIMITS, crash_limit, .fallback = "3", .min = "1", .max = "1000",
		  .help = "an instance that crashed this often stays off"),
	EW_DURATION_OPTION(LIMITS, crash_window, .fallback = "10m", .min = "1s", .max = "30d",
			   .help = "time in which crashes are counted"),
	EW_OPTION(LIMITS, clock_valid_after_text, .name = "clock_valid_after",
		  .help = "a clock past this moment (UTC) counts as good, synchronised or not"),
	EW_OPTION_END};

#define ROOT struct config_root
static const struct ew_option root_rows[] = {
	EW_OPTION(ROOT, version, .flags = EW_REQUIRED, .min = "1", .max = "1",
		  .help = "of this format"),
	EW_LIST_OPTION(ROOT, include.at, include.count, .name = "include",
		       .help = "more files, patterns allowed, relative to this one"),
	EW_PAIRS_OPTION(ROOT, vars, var_count, .help = "text for ${name} in values"),
	EW_TABLE_OPTION(ROOT, gateway, gateway_rows, .help = "who this gateway is"),
	EW_TABLE_OPTION(ROOT, uplink, uplink_options, .set = EW_SET_IN(ROOT, has_uplink),
			.help = "the MQTT session that modules share; called main"),
	EW_TABLE_MAP_OPTION(ROOT, uplinks, uplink_count, struct uplink_config, name, uplink_options,
			    .help = "further sessions"),
	EW_TABLE_OPTION(ROOT, store, store_rows, .set = EW_SET_IN(ROOT, store.is_given),
			.help = "the disk log behind durable routes"),
	EW_RAW_OPTION(ROOT, profiles, .help = "named sets of tags: maps, or names of CSV files"),
	EW_TABLE_MAP_OPTION(ROOT, instances, instance_count, INSTANCE, name, instance_rows,
			    .flags = TABLE_OPEN,
			    .help = "what runs; with the options of its module"),
	EW_TABLES_OPTION(ROOT, routes, route_count, ROUTE, route_rows,
			 .help = "who gets what; without one to it a receiver gets everything"),
	EW_TABLE_MAP_OPTION(ROOT, access, access_count, ACCESS, name, access_rows,
			    .help = "who may write: instances, or token:NAME; without it nobody"),
	EW_TABLE_OPTION(ROOT, http, http_options, .set = EW_SET_IN(ROOT, http.is_given),
			.help = "the one HTTP listener; without it there is none"),
	EW_TABLE_OPTION(ROOT, log, log_rows, .flags = EW_SHORT, .help = "the log"),
	EW_FILE_OPTION(ROOT, state_dir, .fallback = EW_STATE_DIR,
		       .help = "folder for all that outlives a restart"),
	EW_TABLE_OPTION(ROOT, limits, limits_rows, .help = "bounds that hold for all"),
	EW_OPTION_END};

const struct conf_table config_table = {root_rows, sizeof(struct ew_option)};
const struct conf_table config_instance_table = {instance_rows, sizeof(struct ew_option)};
const struct conf_table config_device_table = {device_rows, sizeof(struct ew_option)};
const struct conf_table config_tag_table = {tag_rows, sizeof(struct ew_option)};
