/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A module that goes wrong as its options say, in the callback that they say:
 * for tests of the daemon. It has a tag that may be written, and once the fuse
 * has burnt it publishes, tells an event, posts and writes to itself, so that
 * each callback comes.
 */
#include <edgeway/module.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum fault { FAULT_NONE, FAULT_OPEN, FAULT_START, FAULT_CRASH, FAULT_HANG, FAULT_STOP };

/* Where it crashes or hangs. */
enum place {
	IN_TIMER, IN_OPEN, IN_START, IN_RELOAD, IN_STOP, IN_CLOSE, IN_DEVICE, IN_TAG, IN_BATCH,
	IN_EVENT, IN_WRITE, IN_ANSWERED, IN_QUERY, IN_POST
};

struct settings {
	int fault;
	int in;
	ew_dur after;
	uint64_t turn;
	bool refused;
};

static const char *const faults[] = { "none", "open", "start", "crash", "hang", "stop", NULL };
static const char *const places[] = { "timer", "open", "start", "reload", "stop", "close",
				      "device", "tag", "batch", "event", "write", "answered",
				      "query", "post", NULL };

static const struct ew_option options[] = {
	EW_ENUM_OPTION(struct settings, fault, faults, .fallback = "none",
		       .help = "what goes wrong"),
	EW_ENUM_OPTION(struct settings, in, places, .fallback = "timer",
		       .help = "the callback that crashes or hangs"),
	EW_DURATION_OPTION(struct settings, after, .fallback = "100ms",
			   .help = "when it begins to work, or goes wrong"),
	EW_OPTION(struct settings, turn, .fallback = "0", .help = "another: a reload"),
	EW_OPTION(struct settings, refused, .help = "the cross check refuses it"),
	EW_OPTION_END
};

struct faulty {
	struct ew_instance *inst;
	struct ew_timer *timer;
	const struct settings *settings;
	uint32_t tag;
};

static void go_wrong(const struct settings *settings, enum place place)
{
	if (settings->in != (int)place) {
		return;
	}
	if (settings->fault == FAULT_CRASH) {
		(void)raise(SIGSEGV);
	}
	while (settings->fault == FAULT_HANG) {
		(void)pause();
	}
}

static int faulty_check(const void *settings_of, struct ew_error *err)
{
	const struct settings *settings = settings_of;

	return settings->refused ? ew_fail(err, "refused as asked") : 0;
}

static void faulty_on_post(void *self, void *arg)
{
	const struct faulty *faulty = self;

	(void)arg;
	go_wrong(faulty->settings, IN_POST);
}

static void faulty_on_timer(void *arg)
{
	struct faulty *faulty = arg;
	const struct ew_sample sample = ew_sample_f64(faulty->tag, 0, 1);
	const struct ew_event event = { .size = sizeof(event), .kind = "faulty.works",
					.device = EW_NO_ID, .body = "{}" };
	const struct ew_write_request request = { .size = sizeof(request), .items = &sample,
						  .count = 1 };

	go_wrong(faulty->settings, IN_TIMER);
	(void)ew_publish(faulty->inst, &sample, 1, NULL);
	(void)ew_event_publish(faulty->inst, &event);
	if (ew_write(faulty->inst, &request) != 0 ||
	    ew_post(faulty->inst, "nudge", faulty_on_post, NULL) != 0) {
		ew_log(faulty->inst, EW_LOG_WARNING, "cannot write to itself, or post");
	}
}

static int faulty_declare(struct faulty *faulty)
{
	char path[80];
	const struct ew_device_spec device = { .size = sizeof(device), .path = path };
	const struct ew_tag_spec tag = { .size = sizeof(tag), .name = "Fault", .type = EW_TYPE_F64,
					 .high = 10, .access = EW_ACCESS_READ | EW_ACCESS_WRITE };
	uint32_t id;
	int error;

	(void)snprintf(path, sizeof(path), "faulty-%s", ew_name(faulty->inst));
	error = ew_device_declare(faulty->inst, &device, &id);
	return error != 0 ? error : ew_tag_declare(faulty->inst, id, &tag, &faulty->tag);
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
	go_wrong(settings, IN_OPEN);
	error = faulty->settings->fault == FAULT_OPEN ? -EIO : faulty_declare(faulty);
	if (error == 0) {
		error = ew_timer_new(inst, "fuse", faulty_on_timer, faulty, &faulty->timer);
	}
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

	go_wrong(faulty->settings, IN_START);
	ew_timer_set(faulty->timer, faulty->settings->after, faulty->settings->after);
	return faulty->settings->fault == FAULT_START ? -ECONNREFUSED : 0;
}

static int faulty_reload(void *self, const void *settings)
{
	struct faulty *faulty = self;

	faulty->settings = settings;
	go_wrong(settings, IN_RELOAD);
	return 0;
}

static void faulty_stop(void *self)
{
	struct faulty *faulty = self;

	go_wrong(faulty->settings, IN_STOP);
	if (faulty->settings->fault != FAULT_STOP) {
		ew_stopped(faulty->inst);
	}
}

static void faulty_close(void *self)
{
	struct faulty *faulty = self;

	go_wrong(faulty->settings, IN_CLOSE);
	ew_timer_free(&faulty->timer);
	free(faulty);
}

static void faulty_device(void *self, enum ew_change change, const struct ew_device_info *device)
{
	(void)change;
	(void)device;
	go_wrong(((struct faulty *)self)->settings, IN_DEVICE);
}

static void faulty_tag(void *self, enum ew_change change, const struct ew_tag_info *tag)
{
	(void)change;
	(void)tag;
	go_wrong(((struct faulty *)self)->settings, IN_TAG);
}

static void faulty_batch(void *self, const struct ew_batch *batch)
{
	(void)batch;
	go_wrong(((struct faulty *)self)->settings, IN_BATCH);
}

static void faulty_event(void *self, const struct ew_event *event)
{
	(void)event;
	go_wrong(((struct faulty *)self)->settings, IN_EVENT);
}

static void faulty_write(void *self, struct ew_write *write)
{
	struct faulty *faulty = self;

	go_wrong(faulty->settings, IN_WRITE);
	(void)ew_write_done(faulty->inst, &write, NULL);
}

static void faulty_answered(void *self, const struct ew_write_answer *answer)
{
	(void)answer;
	go_wrong(((struct faulty *)self)->settings, IN_ANSWERED);
}

static int faulty_answer(void *self, struct ew_query *query)
{
	go_wrong(((struct faulty *)self)->settings, IN_QUERY);
	ew_query_bool(query, "fine", true);
	ew_query_row(query);
	return 0;
}

static const struct ew_question questions[] = {
	{ .summary = "whether it answers", .answer = faulty_answer },
	EW_QUESTION_END
};

EW_MODULE(.name = "faulty", .version = "1.0", .summary = "goes wrong as it is told",
	  .options = options, .settings_size = sizeof(struct settings), .check = faulty_check,
	  .open = faulty_open, .start = faulty_start, .reload = faulty_reload,
	  .stop = faulty_stop, .close = faulty_close, .device = faulty_device,
	  .tag = faulty_tag, .batch = faulty_batch, .event = faulty_event,
	  .write = faulty_write, .answered = faulty_answered, .questions = questions);
