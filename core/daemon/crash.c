/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of crashes has a line each: seconds UTC, a blank, `module/instance`.
 * It is rewritten at a start, through a new file and a rename.
 */
#include "core/daemon/crash.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/log.h"
#include "core/base/text.h"

#define CRASH_SECOND  ((ew_time)1000000000)

struct crash {
	ew_time at;
	char who[64];
};

struct crashes {
	struct crash_config config;
	char path[PATH_MAX];
	struct crash kept[CRASH_KEPT_MAX];      /* oldest first */
	size_t count;
};

static void crashes_add(struct crashes *crashes, ew_time at, const char *who)
{
	struct crash *crash;

	if (crashes->count == CRASH_KEPT_MAX) {
		memmove(crashes->kept, crashes->kept + 1,
			sizeof(crashes->kept) - sizeof(crashes->kept[0]));
		crashes->count--;
	}
	crash = &crashes->kept[crashes->count++];
	crash->at = at;
	(void)snprintf(crash->who, sizeof(crash->who), "%s", who);
}

/* A line that is not understood is left out: the file is a memory, not an input. */
static void crashes_load(struct crashes *crashes, ew_time now)
{
	FILE *file = fopen(crashes->path, "re");
	char line[128];

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		char *blank = strchr(line, ' ');
		int64_t seconds;

		line[strcspn(line, "\n")] = '\0';
		if (blank == NULL) {
			continue;
		}
		*blank = '\0';
		if (text_parse_int(line, &seconds) == 0 && seconds < INT64_MAX / CRASH_SECOND &&
		    seconds * CRASH_SECOND > now - crashes->config.window) {
			crashes_add(crashes, seconds * CRASH_SECOND, blank + 1);
		}
	}
	if (file != NULL) {
		(void)fclose(file); /* it was only read */
	}
}

static void crashes_save(const struct crashes *crashes)
{
	char fresh[PATH_MAX + 8];
	FILE *file;
	bool failed;

	(void)snprintf(fresh, sizeof(fresh), "%s.new", crashes->path);
	file = fopen(fresh, "we");
	failed = file == NULL;
	for (size_t i = 0; !failed && i < crashes->count; i++) {
		failed = fprintf(file, "%" PRId64 " %s\n", crashes->kept[i].at / CRASH_SECOND,
				 crashes->kept[i].who) < 0;
	}
	if (file != NULL) {
		failed = fflush(file) != 0 || fsync(fileno(file)) != 0 || failed;
		failed = fclose(file) != 0 || failed;
	}
	if (failed || rename(fresh, crashes->path) != 0) {
		log_msg(LOG_LEVEL_WARNING, NULL, "cannot keep the list of crashes %s: %s",
			crashes->path, strerror(errno));
	}
}

struct crash_reading {
	struct crashes *crashes;
	const struct running_past *past;
	ew_time now;
};

static int crash_on_call(void *arg, const struct running_call *call)
{
	struct crash_reading *reading = arg;

	if (call->crashed) {
		log_msg(LOG_LEVEL_ERROR, call->instance,
			"crashed the last run: signal %d (%s) in %s", reading->past->signal,
			strsignal(reading->past->signal), call->callback);
		crashes_add(reading->crashes, reading->now, call->instance);
	} else if (reading->past->signal == 0) {
		log_msg(LOG_LEVEL_WARNING, call->instance,
			"%s was running when the last run was killed", call->callback);
	}
	return 0;
}

int crashes_read(const struct crash_config *config, struct crashes **crashes_out)
{
	struct crashes *crashes = calloc(1, sizeof(*crashes));
	struct running_past past = { .clean = true };
	struct crash_reading reading = { crashes, &past, clock_utc() };
	char record[PATH_MAX];
	int error;

	if (crashes == NULL) {
		return -ENOMEM;
	}
	crashes->config = *config;
	(void)snprintf(crashes->path, sizeof(crashes->path), "%s/crashes", config->state_dir);
	(void)snprintf(record, sizeof(record), "%s/running", config->state_dir);
	crashes_load(crashes, reading.now);
	error = running_read(record, &past, crash_on_call, &reading);
	if (error == -EBADMSG) {
		log_msg(LOG_LEVEL_WARNING, NULL, "the record of the last run is damaged: %s",
			record);
	} else if (error == 0 && !past.clean) {
		log_msg(LOG_LEVEL_WARNING, NULL, "the last run, process %d, %s", (int)past.pid,
			!past.same_boot	   ? "ended with the machine"
			: past.signal != 0 ? "crashed"
					   : "was killed");
		crashes_save(crashes);
	}
	*crashes_out = crashes;
	return 0;
}

void crashes_free(struct crashes **crashes)
{
	free(*crashes);
	*crashes = NULL;
}

uint64_t crashes_count(const struct crashes *crashes, const char *who)
{
	uint64_t count = 0;

	for (size_t i = 0; i < crashes->count; i++) {
		count += strcmp(crashes->kept[i].who, who) == 0;
	}
	return count;
}

bool crashes_keep_off(const struct crashes *crashes, const char *who)
{
	return crashes->config.limit > 0 && crashes_count(crashes, who) >= crashes->config.limit;
}

void crashes_forgive(struct crashes *crashes, const char *who)
{
	size_t left = 0;

	for (size_t i = 0; i < crashes->count; i++) {
		if (strcmp(crashes->kept[i].who, who) != 0) {
			crashes->kept[left++] = crashes->kept[i];
		}
	}
	if (left != crashes->count) {
		crashes->count = left;
		crashes_save(crashes);
	}
}

/* A signal handler has no argument. */
static struct {
	_Atomic(struct running *) running;
	const struct running_slot *(*current)(void);
} crash_state;

static void crash_on_signal(int number)
{
	struct running *running = atomic_load(&crash_state.running);

	if (running != NULL) {
		running_crashed(running, crash_state.current(), number);
	}
	/* SA_RESETHAND: this time it does its work */
	(void)raise(number);
}

void crash_catch(struct running *running, const struct running_slot *(*current)(void))
{
	static const int fatal[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS };
	struct sigaction action = {
		.sa_handler = crash_on_signal,
		.sa_flags = (int)(SA_RESETHAND | SA_NODEFER),
	};

	crash_state.current = current;
	atomic_store(&crash_state.running, running);
	for (size_t i = 0; i < array_count(fatal); i++) {
		check(sigaction(fatal[i], &action, NULL) == 0);
	}
}

void crash_release(void)
{
	atomic_store(&crash_state.running, NULL);
}
