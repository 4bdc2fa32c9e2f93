/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A module that goes wrong as its options say: for tests of the daemon.
 */
#include <edgeway/module.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum fault { FAULT_NONE, FAULT_OPEN, FAULT_START, FAULT_CRASH, FAULT_HANG, FAULT_STOP };

struct settings {
	int fault;
	ew_dur after;
	bool refused;
};

static const char *const faults[] = { "none", "open", "start", "crash", "hang", "stop", NULL };

static const struct ew_option options[] = {
	EW_ENUM_OPTION(struct settings, fault, faults, .fallback = "none",
		       .help = "what goes wrong"),
	EW_DURATION_OPTION(struct settings, after, .fallback = "100ms",
			   .help = "when it crashes or hangs"),
	EW_OPTION(struct settings, refused, .help = "the cross check refuses it"),
	EW_OPTION_END
};

struct faulty {
	struct ew_instance *inst;
	struct ew_timer *timer;
	const struct settings *settings;
};

static int faulty_check(const void *settings_of, struct ew_error *err)
{
	const struct settings *settings = settings_of;

	return settings->refused ? ew_fail(err, "refused as asked") : 0;
}

static void faulty_on_timer(void *arg)
{
	struct faulty *faulty = arg;

	if (faulty->settings->fault == FAULT_CRASH) {
		(void)raise(SIGSEGV);
	}
	if (faulty->settings->fault == FAULT_HANG) {
		for (;;) {
			(void)pause();
		}
	}
}

static int faulty_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	struct faulty *faulty = calloc(1, sizeof(*faulty));
	int error;

	if (faulty == NULL) {
		return -ENOMEM;
	}
	faulty->inst = inst;
	faulty->settings = settings;
	error = faulty->settings->fault == FAULT_OPEN
			? -EIO
			: ew_timer_new(inst, "fuse", faulty_on_timer, faulty, &faulty->timer);
	if (error != 0) {
		free(faulty);
		return error;
	}
	*self_out = faulty;
	return 0;
}

static int faulty_start(void *self)
{
	struct faulty *faulty = self;

	ew_timer_set(faulty->timer, faulty->settings->after, 0);
	return faulty->settings->fault == FAULT_START ? -ECONNREFUSED : 0;
}

static void faulty_stop(void *self)
{
	struct faulty *faulty = self;

	if (faulty->settings->fault != FAULT_STOP) {
		ew_stopped(faulty->inst);
	}
}

static void faulty_close(void *self)
{
	struct faulty *faulty = self;

	ew_timer_free(&faulty->timer);
	free(faulty);
}

EW_MODULE(.name = "faulty", .version = "1.0", .summary = "goes wrong as it is told",
	  .options = options, .settings_size = sizeof(struct settings), .check = faulty_check,
	  .open = faulty_open, .start = faulty_start, .stop = faulty_stop,
	  .close = faulty_close);
