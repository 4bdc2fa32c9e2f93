/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of libedgeway-test, shared by its files. All on the test's thread;
 * log lines may come from a module's own threads.
 */
#ifndef TESTS_LIB_KIT_H
#define TESTS_LIB_KIT_H

#include <pthread.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/list.h"
#include "core/module/apply.h"
#include "core/module/loader.h"
#include "core/module/stepped.h"

#include <edgeway/test.h>

#define KIT_OWN_NAME     "test"
#define KIT_RECORDS_MAX  100000u
#define KIT_LINES_MAX    10000u
#define KIT_ARENA_MAX    ((size_t)1 << 30)
#define KIT_PATIENCE     (60 * EW_SECOND)       /* for an end in order */

struct kit_instance {
	struct list node;
	const struct module *module;
	char *name;
	char *yaml;
	struct ew_instance *inst;       /* NULL: not made yet */
};

/* What came to the test's own instance. Copies are in test->records. */
struct kit_records {
	struct arena arena;
	struct ew_test_record *at;
	size_t count;
	size_t room;
};

struct kit_lines {
	pthread_mutex_t lock;
	struct arena arena;
	const char **at;
	size_t count;
	size_t room;
};

struct ew_test {
	struct stepped stepped;
	struct bus *bus;
	struct http *http;
	struct list loaders;            /* struct kit_loader */
	struct list modules;            /* struct module, of linked descriptors */
	struct list instances;          /* struct kit_instance */
	struct uplinks *uplinks;        /* NULL: the YAML had none yet */
	struct config *uplink_config;   /* what they borrow from */
	bool uplinks_run;
	struct list brokers;            /* struct wire_broker */
	struct list disks;              /* struct ew_test_disk */
	struct buf config;              /* sections beside `instances:` */
	struct buf answer;              /* of ew_test_query() */
	struct buf error;
	struct kit_lines lines;
	struct kit_records records;
	char *directory;
	unsigned misuses_before;

	/* the own instance */
	struct ew_instance *own;
	uint32_t own_callback;          /* number of its name */
	int own_answer;
	uint64_t waited_token;          /* of ew_test_write(); 0: none */
	bool was_answered;
	int waited_error;

	unsigned char value[EW_EVENT_BODY_MAX]; /* text of the last sample read */
	struct instance_health health;
};

/* The one that runs. */
extern struct ew_test *kit_running;

/* The descriptor of the own instance. */
extern const struct ew_module kit_own_module;

/* The test was called wrongly: say how and abort. */
_Noreturn void kit_abort(const char *function, const char *format, ...) EW_PRINTF(2, 3);

/* Aborts when it is not there. */
struct kit_instance *kit_find(const struct ew_test *test, const char *name,
			      const char *function);

/* Add an instance; the module is in one of the lists. */
int kit_add(struct ew_test *test, const struct module *module, const char *name,
	    const char *yaml);

void kit_free_instances(struct ew_test *test);

/* Run the loops until none has anything to do. Aborts when they go round for ever. */
void kit_settle(struct ew_test *test);

/* Open the uplinks of the first configuration that has any, which they take. */
int kit_open_uplinks(struct ew_test *test, struct config **config) EW_CHECKED;
void kit_start_uplinks(struct ew_test *test);
void kit_close_uplinks(struct ew_test *test);

/* Let each take a turn; when the next is due. */
ew_dur kit_step_uplinks(struct ew_test *test);

/* kit_disk.c */
void kit_free_disks(struct ew_test *test);

/* Log lines. */
int kit_lines_open(struct ew_test *test);
void kit_lines_close(struct ew_test *test);

/* Records. */
void kit_records_clear(struct ew_test *test);

#endif
