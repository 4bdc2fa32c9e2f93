/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Testing a module without a daemon: link with -ledgeway-test (pkg-config
 * edgeway-test) instead of -ledgeway.
 *
 * Everything is the real thing (bus, loops, configuration, the functions of
 * <edgeway/module.h>), stepped by the test under a clock of the test. So a
 * test never waits, and the same steps give the same samples.
 *
 *	struct ew_test *test = NULL;
 *
 *	assert(ew_test_new(&test) == 0);
 *	assert(ew_test_load(test, &ew_module, "office", "setpoint: 21\n") == 0);
 *	assert(ew_test_start(test) == 0);
 *	ew_test_advance(test, 5 * EW_SECOND);
 *	assert(ew_test_number(test, "room:Temperature") == 21);
 *	ew_test_free(&test);
 *
 * A test also runs an instance of its own, called `test`, that receives
 * everything (ew_test_record()) and that the test speaks for between
 * ew_test_begin() and ew_test_end().
 *
 * One test at a time in a process, on one thread. Functions that find their
 * caller in the wrong (an instance that was never loaded, a tag that nobody
 * declared where one is needed) print what is wrong and abort.
 */
#ifndef EDGEWAY_TEST_H
#define EDGEWAY_TEST_H

#include <edgeway/module.h>

EW_BEGIN_DECLS

struct ew_test;

/*
 * Begin: the clock stands at 2026-01-01 00:00 UTC.
 *
 * Thread:  the test's
 * Owner:   the caller; ew_test_free()
 * Errors:  -ENOMEM, -EBUSY another test has not ended
 */
EW_API int ew_test_new(struct ew_test **test_out) EW_CHECKED;

/*
 * End: stop and close all instances, free everything.
 *
 * Thread:  the test's
 * Owner:   takes *test and clears it; accepts NULL
 * Errors:  none
 */
EW_API void ew_test_free(struct ew_test **test);

/* ---- what is tested ---- */

/*
 * Add top-level sections of the YAML (profiles, routes, access, gateway, ...),
 * before ew_test_start(). Without `access:` the test may write all, others
 * nothing.
 *
 * Thread:  the test's
 * Owner:   yaml copied
 * Errors:  -ENOMEM; what is wrong with it is told by ew_test_start()
 */
EW_API int ew_test_config(struct ew_test *test, const char *yaml);

/*
 * Add an instance of a module that is linked to the test. yaml: its options as
 * they stand below its name, in lines; NULL: none.
 *
 * Thread:  the test's
 * Owner:   module borrowed until ew_test_free(); name and yaml copied
 * Errors:  -EINVAL  the loader refuses the descriptor, see ew_test_error();
 *          -EEXIST  the name is taken;  -ENOMEM
 */
EW_API int ew_test_load(struct ew_test *test, const struct ew_module *module, const char *name,
			const char *yaml);

/*
 * The same for a module in a file, DIRECTORY/MODULE.so.
 *
 * Thread:  the test's
 * Owner:   texts copied
 * Errors:  as ew_test_load()
 */
EW_API int ew_test_load_file(struct ew_test *test, const char *directory, const char *module,
			     const char *name, const char *yaml);

/*
 * Check the configuration, open and start all that was loaded since the last
 * call, step until nothing is left to do.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  -EINVAL  the YAML or a module's check() refuses, nothing was opened;
 *          -EIO  an instance failed;  both told by ew_test_error()
 */
EW_API int ew_test_start(struct ew_test *test);

/*
 * Give an instance another YAML, as a reload of the daemon does, and step.
 *
 * Thread:  the test's
 * Owner:   yaml copied
 * Errors:  -EINVAL  as ew_test_start(), nothing changed;
 *          -errno of the module: it goes on with what it had
 */
EW_API int ew_test_reload(struct ew_test *test, const char *name, const char *yaml);

/*
 * Stop an instance, in order, and step. NULL: all but the test's own.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  -EBUSY  it did not say ew_stopped() yet: go on with ew_test_advance()
 */
EW_API int ew_test_stop(struct ew_test *test, const char *name);

/*
 * Start an instance that was stopped or has failed, and step.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  -EIO  it failed, told by ew_test_error();  -EBUSY  it is not stopped
 */
EW_API int ew_test_run(struct ew_test *test, const char *name);

/*
 * What the last function that failed, or warned, had to say; lines as
 * `edgewayd --check` prints them.
 *
 * Thread:  the test's
 * Owner:   borrowed until the next call
 * Errors:  "" when nothing was wrong
 */
EW_API const char *ew_test_error(const struct ew_test *test);

/* ---- time ---- */

/*
 * Run all loops until none has anything to do; time stands still. After 100,000
 * turns something goes round for ever: it is named, and the test aborted. The
 * same holds for all functions that step.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  none
 */
EW_API void ew_test_step(struct ew_test *test);

/*
 * Let time pass: every timer runs at its time, in order, with all that follows
 * from it.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  none
 */
EW_API void ew_test_advance(struct ew_test *test, ew_dur by);

/*
 * Let the loops be late: time passes as a whole before anything runs.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  none
 */
EW_API void ew_test_jump(struct ew_test *test, ew_dur by);

/*
 * Let an instance hang, as in a callback that does not return: its loop, and
 * all on it, does nothing from now on. NULL: it goes on.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  none
 */
EW_API void ew_test_hang(struct ew_test *test, const char *name);

/*
 * Set the wall clock; monotonic time does not notice.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  none
 */
EW_API void ew_test_set_wall(struct ew_test *test, ew_time now);

/* ---- how an instance is ---- */

/*
 * The state of its life: "running", "closed", "failed", ...
 *
 * Thread:  the test's
 * Owner:   a constant
 * Errors:  none
 */
EW_API const char *ew_test_state(const struct ew_test *test, const char *name);

/*
 * What it said last by ew_health(); text_out may be NULL.
 *
 * Thread:  the test's
 * Owner:   text borrowed until the next call
 * Errors:  none
 */
EW_API enum ew_health ew_test_health(struct ew_test *test, const char *name,
				     const char **text_out);

/*
 * Ask an instance as `edgewayctl ask` does, and step until it has answered.
 * words are separated by blanks; "": none. answer_out gets the rows, a JSON
 * object a line.
 *
 * Thread:  the test's
 * Owner:   answer borrowed until the next call
 * Errors:  -ENOTSUP the module takes no questions; -ENOENT not this one; what answer()
 *          returned
 */
EW_API int ew_test_query(struct ew_test *test, const char *name, const char *words,
			 const char **answer_out) EW_CHECKED;

/*
 * A counter or gauge, by the name in the module's table; of a histogram the
 * number of observations.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  NaN: the module has no such metric
 */
EW_API double ew_test_metric(const struct ew_test *test, const char *name, const char *metric);

/*
 * A line of the log, from the first one on; `warning example/office: text`.
 *
 * Thread:  the test's
 * Owner:   borrowed until ew_test_forget()
 * Errors:  NULL: there are not that many
 */
EW_API const char *ew_test_log(const struct ew_test *test, size_t index);

/*
 * How many log lines contain the text.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  none
 */
EW_API size_t ew_test_logged(const struct ew_test *test, const char *text);

/*
 * By default the test aborts when a module calls what it may not: from another
 * thread or instance, or from close(). Let it be refused instead, as in the
 * daemon, and counted.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  none
 */
EW_API void ew_test_allow_misuse(struct ew_test *test);
EW_API unsigned ew_test_misuses(const struct ew_test *test);

/* ---- what it publishes ---- */

/*
 * The id of a tag, `device:tag`.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  EW_NO_ID: nobody declares it now
 */
EW_API uint32_t ew_test_tag(const struct ew_test *test, const char *tag);

/*
 * The last sample of a tag.
 *
 * Thread:  the test's
 * Owner:   text borrowed until the next call
 * Errors:  -ENOENT  no such tag;  -ENODATA  nothing was published yet
 */
EW_API int ew_test_read(struct ew_test *test, const char *tag,
			struct ew_sample *sample_out) EW_CHECKED;

/*
 * The last value of a numeric or boolean tag.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  NaN: no such tag, no value yet, or not a number
 */
EW_API double ew_test_number(struct ew_test *test, const char *tag);

enum ew_test_kind {
	EW_TEST_DEVICE = 0,     /* change and device are meant */
	EW_TEST_TAG = 1,        /* change and tag */
	EW_TEST_SAMPLE = 2,     /* tag, sample and batch_flags */
	EW_TEST_EVENT = 3,      /* event */
	EW_TEST_GAP = 4,        /* gap */
	EW_TEST_SYNCED = 5,
	EW_TEST_ANSWER = 6      /* answer, to a write of the test */
};

/* One thing that the test's own instance received, in the order of arrival. */
struct ew_test_record {
	enum ew_test_kind kind;
	uint32_t route;
	const char *name;       /* `device`, `device:tag`, or the event's kind */
	enum ew_change change;
	enum ew_state state;    /* devices */
	struct ew_sample sample;
	uint32_t batch_flags;
	struct ew_event event;
	struct ew_gap gap;
	struct ew_write_answer answer;
};

/*
 * What was received, from the first one on. At most 100,000 are kept.
 *
 * Thread:  the test's
 * Owner:   borrowed until ew_test_forget()
 * Errors:  NULL: there are not that many
 */
EW_API const struct ew_test_record *ew_test_record(const struct ew_test *test, size_t index);

/*
 * How many of a kind were received; name may be NULL for all.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  none
 */
EW_API size_t ew_test_count(const struct ew_test *test, enum ew_test_kind kind,
			    const char *name);

/*
 * Forget records and log lines.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  none
 */
EW_API void ew_test_forget(struct ew_test *test);

/* ---- what the test does ---- */

/*
 * Speak for the test's own instance: until ew_test_end() the test may call all
 * that a module may: declare, publish, write, want. It is called `test`, may
 * wait (EW_CAN_WAIT) and refuses what is written to its tags unless
 * ew_test_answer() says otherwise. Do not step in between.
 *
 * Thread:  the test's
 * Owner:   borrowed until ew_test_end()
 * Errors:  none
 */
EW_API struct ew_instance *ew_test_begin(struct ew_test *test);

/*
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  none
 */
EW_API void ew_test_end(struct ew_test *test);

/*
 * How the test answers what is written to its own tags from now on: 0 done, or
 * a negative errno.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  none
 */
EW_API void ew_test_answer(struct ew_test *test, int error);

/*
 * Write a value to a tag of a module, as an administrator, and step until it
 * is answered or `timeout` of the request has passed. The sample's tag is
 * filled in; EW_NONE executes.
 *
 * Thread:  the test's
 * Owner:   borrowed
 * Errors:  the item's error: 0 done, -EACCES, -ERANGE, -EBUSY, -ETIMEDOUT ...
 */
EW_API int ew_test_write(struct ew_test *test, const char *tag, struct ew_sample value);

/*
 * The same for a number: in the carrier that the tag has.
 *
 * Thread:  the test's
 * Owner:   nothing
 * Errors:  as ew_test_write()
 */
EW_API int ew_test_set(struct ew_test *test, const char *tag, double value);

/*
 * A directory for the test, empty at its beginning, removed at its end. The
 * instances' ew_state_dir() are below it.
 *
 * Thread:  the test's
 * Owner:   borrowed until ew_test_free()
 * Errors:  none
 */
EW_API const char *ew_test_directory(const struct ew_test *test);

EW_END_DECLS

#endif
