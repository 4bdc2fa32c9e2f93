/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's configuration as structs. Made on the main thread by
 * config_load; never changed after, so any thread may read it.
 *
 * Options of a module are bound later, by the module's own tables: see
 * config_bind.h. Text is borrowed from the config until config_free.
 */
#ifndef CORE_CONF_CONFIG_H
#define CORE_CONF_CONFIG_H

#include <edgeway/module.h>

#include "core/base/buf.h"
#include "core/base/log.h"
#include "core/conf/http.h"
#include "core/conf/source.h"
#include "core/conf/table.h"
#include "core/conf/uplink.h"

#define CONFIG_VERSION 1
#define CONFIG_MAIN_UPLINK "main" /* what `uplink:` is called */

struct config_strings {
	const char *const *at;
	size_t count;
};

struct config_gateway {
	const char *group;
	const char *name; /* the host's name when the YAML gives none */
	const char *description;
	const struct ew_property *properties;
	size_t property_count;
};

enum config_when_full {
	CONFIG_DROP_OLDEST,
	CONFIG_DROP_NEWEST,
	CONFIG_THIN
};

struct config_store {
	bool is_given;
	uint64_t size;
	ew_dur age;
	int when_full; /* enum config_when_full */
	const char *sync_text;
	ew_dur sync; /* most time unsynced; 0: always; -1: never */
	uint64_t reserve; /* bytes of the disk to leave free */
	ew_dur clock_wait; /* after a start, for a clock that is known good; 0: not */
	const char *path; /* relative to state_dir unless absolute */
};

enum config_on_failure {
	CONFIG_CONTINUE,
	CONFIG_STOP
};

struct config_instance {
	const char *name;
	const char *module;
	const char *loop; /* its own name when the YAML gives none */
	const char *uplink; /* CONFIG_MAIN_UPLINK by default; it need not exist */
	bool is_enabled;
	int on_failure; /* enum config_on_failure */
	ew_dur stop_timeout;
	uint64_t max_devices;
	uint64_t max_tags;
	int log; /* enum log_level */
	bool has_log; /* else the daemon's level holds */
	bool has_stop_timeout, has_max_devices, has_max_tags;
	const struct ew_node *node; /* its whole map */
	const struct ew_node *devices; /* the map of devices, CSV files read; or NULL */
};

enum config_report {
	CONFIG_ALL,
	CONFIG_EXCEPTION
};
enum config_full {
	CONFIG_FULL_DROP_OLDEST,
	CONFIG_FULL_DROP_NEWEST,
	CONFIG_FULL_BLOCK
};

struct config_queue {
	uint64_t size; /* bytes */
	uint64_t batches;
};

enum config_order {
	CONFIG_IN_ORDER,
	CONFIG_LIVE_FIRST
};

struct config_drain {
	uint64_t messages; /* a second; 0: no limit */
	uint64_t bytes;
};

struct config_durable {
	bool is_on;
	int order; /* enum config_order */
	struct config_drain drain;
};

struct config_route {
	struct config_strings from; /* instances; none: every source */
	struct config_strings to; /* instances; one at least */
	struct config_strings tags; /* patterns `device:tag`; none: all */
	bool events;
	int report; /* enum config_report */
	bool has_deadband; /* deadband overrides the tag's */
	double deadband;
	ew_dur min_interval; /* 0: none */
	ew_dur max_age; /* 0: the tag's */
	int full; /* enum config_full */
	bool has_full;
	struct config_queue queue;
	struct config_durable durable;
	bool has_durable; /* else the receiver's module decides */
	struct conf_place place; /* for messages of whoever checks it further */
};

struct config_write_rule {
	struct config_strings tags; /* patterns `device:tag` */
	bool has_range;
	double low, high;
	const double *range; /* as bound: two numbers */
	size_t range_count;
	uint64_t rate_count; /* this many writes */
	ew_dur rate_window; /* in this time; 0: any number */
	const char *rate; /* as written */
};

struct config_access {
	const char *name; /* an instance, or token:NAME */
	const struct config_write_rule *writes;
	size_t write_count;
	struct config_strings execute; /* patterns `device:tag` */
	int max_priority_word;
	unsigned max_priority; /* enum ew_priority */
};

struct config_log {
	int level; /* enum log_level */
	int target; /* enum log_target */
};

struct config_limits {
	uint64_t max_devices; /* an instance */
	uint64_t max_tags; /* an instance */
	ew_dur stop_timeout;
	ew_dur hang_after;
	uint64_t crash_limit;
	ew_dur crash_window;
	const char *clock_valid_after_text;
	ew_time clock_valid_after; /* 0: only the kernel's word counts */
};

struct config {
	struct conf_source source; /* owns all memory; root is the expanded tree */
	struct diag *diag; /* of the load; NULL after it */
	const char *path; /* of the main file */
	uint64_t version;
	struct config_gateway gateway;
	const struct uplink_config *uplinks;
	size_t uplink_count;
	struct config_store store;
	const struct config_instance *instances; /* in the order of the file */
	size_t instance_count;
	const struct ew_node *profiles; /* map of maps of tags, CSV files read; or NULL */
	const struct config_route *routes;
	size_t route_count;
	const struct config_access *access;
	size_t access_count;
	struct http_config http;
	struct config_log log;
	struct config_limits limits;
	const char *state_dir;
	uint64_t hash; /* of the expanded content: equal files, equal hash */
};

/* config_load flags */
#define CONFIG_CHECK_ONLY 0x01u /* nothing will run: absent credentials are warnings */

/*
 * Read, expand and judge a configuration. All findings go to diag (borrowed
 * for the call), also warnings on success. -EINVAL, -ENOMEM: nothing is made.
 * Free with config_free.
 */
int config_load(const char *path, unsigned flags, struct diag *diag, struct config **config_out)
	EW_CHECKED;

/* The same for text that is no file. */
int config_load_text(const char *name, const char *text, size_t size, struct diag *diag,
		     struct config **config_out) EW_CHECKED;

/* The same, for text that nobody vouches for: `include` and CSV are refused. */
int config_load_alone(const char *name, const char *text, size_t size, struct diag *diag,
		      struct config **config_out) EW_CHECKED;

void config_free(struct config **config);

/* NULL: not there. */
const struct config_instance *config_find_instance(const struct config *config, const char *name);
const struct uplink_config *config_find_uplink(const struct config *config, const char *name);

/* Does core itself know this key of an instance? Then no module may have it. */
bool config_is_core_key(const char *key);

/* The daemon's own table, for --describe and the schema; the tables of an
 * instance, of a device and of a tag as core knows them. */
extern const struct conf_table config_table;
extern const struct conf_table config_instance_table;
extern const struct conf_table config_device_table;
extern const struct conf_table config_tag_table;

enum config_change {
	CONFIG_SAME,
	CONFIG_CHANGED,
	CONFIG_ADDED,
	CONFIG_REMOVED
};

struct config_instance_change {
	const char *name; /* borrowed from the newer config that has it */
	enum config_change change;
};

/* What a reload has to do. Comments and the order of keys do not count. */
struct config_diff {
	struct config_instance_change *instances; /* new order, then the removed */
	size_t instance_count;
	bool gateway, uplinks, store, store_path, routes, access, http, log, state_dir, limits;
};

/* -ENOMEM. Free with config_diff_fini; both configs must outlive it. */
int config_diff_make(const struct config *old_config, const struct config *new_config,
		     struct config_diff *diff_out) EW_CHECKED;
void config_diff_fini(struct config_diff *diff);

/* Anything at all? */
bool config_diff_is_empty(const struct config_diff *diff);

#endif
