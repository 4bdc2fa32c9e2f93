/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run of the daemon: everything is made in an order, runs on the main
 * loop, and is taken down in the reverse order. Signals come through a file
 * descriptor of the loop. A tick a second names what hangs and feeds the
 * service manager's watchdog: so the watchdog bites when the main loop hangs.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "config.h"
#include "core/api/bus_metrics.h"
#include "core/api/fleet_metrics.h"
#include "core/api/http_metrics.h"
#include "core/api/uplink_metrics.h"
#include "core/base/check.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/daemon/daemon.h"
#include "core/daemon/lock.h"
#include "core/daemon/run.h"
#include "core/store/store.h"

#define LEAVE_PATIENCE  (5 * EW_SECOND)

const char *daemon_summary(struct daemon *daemon, char *out, size_t size)
{
	struct gateway_facts facts;
	size_t used;

	facts_fill(daemon, &facts);
	(void)snprintf(out, size, "%u instances run", facts.instances_running);
	used = strlen(out);
	if (facts.instances_down > 0) {
		(void)snprintf(out + used, size - used, ", %u down", facts.instances_down);
		used = strlen(out);
	}
	if (facts.uplink_state != NULL) {
		(void)snprintf(out + used, size - used, ", uplink %s", facts.uplink_state);
	}
	return out;
}

void daemon_schedule(struct daemon *daemon)
{
	task_schedule(&daemon->step);
}

void daemon_stop(struct daemon *daemon, int status, const char *why)
{
	if (daemon->phase == DAEMON_STOPPING || daemon->phase == DAEMON_STOPPED) {
		return;
	}
	log_msg(LOG_LEVEL_NOTICE, NULL, "stopping: %s", why);
	daemon->status = status;
	daemon->phase = DAEMON_STOPPING;
	notify_stopping(&daemon->notify, why);
	http_set_ready(daemon->http, false, "the daemon stops");
	supervisor_stop(daemon);
}

static bool daemon_on_step(struct task *task)
{
	struct daemon *daemon = container_of(task, struct daemon, step);

	supervisor_step(daemon);
	if (daemon->phase == DAEMON_STOPPED) {
		loop_quit(daemon->loop);
	}
	return false;
}

static void daemon_on_changed(void *arg, struct ew_instance *inst)
{
	(void)inst;
	daemon_schedule(arg);
}

static void daemon_on_tick(struct loop_timer *timer)
{
	struct daemon *daemon = container_of(timer, struct daemon, tick);
	char text[sizeof(daemon->said)];

	notify_alive(&daemon->notify);
	hang_look(daemon);
	storage_look_at_clock(daemon);
	fleet_metrics_take(daemon->fleet_metrics);
	if (daemon->phase != DAEMON_RUNNING) {
		return;
	}
	daemon_summary(daemon, text, sizeof(text));
	if (strcmp(text, daemon->said) != 0) {
		memcpy(daemon->said, text, sizeof(text));
		notify_status(&daemon->notify, text);
	}
}

static void daemon_on_signal(struct loop_watch *watch, unsigned events)
{
	struct daemon *daemon = container_of(watch, struct daemon, signals);
	struct signalfd_siginfo info;

	(void)events;
	while (read(daemon->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP) {
			reload_begin(daemon, NULL);
		} else {
			daemon_stop(daemon, daemon->status, strsignal((int)info.ssi_signo));
		}
	}
}

static int daemon_open_signals(struct daemon *daemon)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)signal(SIGPIPE, SIG_IGN);
	/* before any thread is made, so that all inherit it */
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
		return -errno;
	}
	daemon->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (daemon->signal_fd < 0) {
		return -errno;
	}
	return watch_init(&daemon->signals, daemon->loop, daemon->signal_fd, EPOLLIN,
			  daemon_on_signal);
}

/* The state directory is ours, and what the last run left there is read. */
static int daemon_open_state(struct daemon *daemon, struct ew_error *err)
{
	struct crash_config crash = {
		.limit = daemon->config->limits.crash_limit,
		.window = daemon->config->limits.crash_window,
	};
	char path[PATH_MAX];
	int error;

	daemon->state_dir = daemon->options->state_dir != NULL ? daemon->options->state_dir
			    : daemon->config->state_dir != NULL ? daemon->config->state_dir
								: EW_STATE_DIR;
	crash.state_dir = daemon->state_dir;
	error = lock_state_dir(daemon->state_dir, &daemon->lock_fd, err);
	if (error == 0) {
		error = lock_make_dir(daemon->options->run_dir, 0755, err);
	}
	if (error == 0) {
		error = crashes_read(&crash, &daemon->crashes);
	}
	if (error == 0) {
		(void)snprintf(path, sizeof(path), "%s/running", daemon->state_dir);
		error = running_open(path, &daemon->running);
	}
	if (error == 0) {
		crash_catch(daemon->running, instance_current_slot);
	}
	return error;
}

static int daemon_open_audit(struct daemon *daemon, struct ew_error *err)
{
	struct audit_config config = { .keep = 4, .sync = EW_SECOND };
	char path[PATH_MAX];
	int error;

	(void)snprintf(path, sizeof(path), "%s/audit.log", daemon->state_dir);
	config.path = path;
	error = audit_new(&config, &daemon->audit, err);
	if (error == 0) {
		bus_set_audit(daemon->bus, audit_on_record, daemon->audit);
	}
	return error;
}

static int daemon_open_outside(struct daemon *daemon)
{
	int error = http_new(&daemon->http);

	if (error == 0) {
		error = uplinks_open(daemon->config->uplinks, daemon->config->uplink_count,
				     &daemon->uplinks);
	}
	error = error != 0 ? error : bus_metrics_new(daemon->bus, &daemon->bus_metrics);
	error = error != 0 ? error : http_metrics_new(daemon->http, &daemon->http_metrics);
	return error != 0 ? error
			  : uplink_metrics_new(daemon->uplinks, &daemon->uplink_metrics);
}

static int daemon_open_fleet(struct daemon *daemon)
{
	const char *module_dir = daemon->options->module_dir;
	struct fleet_config config = {
		.bus = daemon->bus,
		.main = daemon->loop,
		.running = daemon->running,
		.http = daemon->http,
		.uplinks = daemon->uplinks,
		.state_dir = daemon->state_dir,
		.gateway = {
			.group = daemon->config->gateway.group,
			.name = daemon->config->gateway.name,
			.version = PACKAGE_VERSION,
		},
		.changed = daemon_on_changed,
		.arg = daemon,
	};
	int error = loader_new(&module_dir, 1, &daemon->loader);

	error = error != 0 ? error : fleet_new(&config, &daemon->fleet);
	return error != 0 ? error : fleet_metrics_new(daemon->fleet, &daemon->fleet_metrics);
}

/* Its own places on the bus, and the control socket that shows them. */
static int daemon_open_control(struct daemon *daemon, struct ew_error *err)
{
	struct gateway_config gateway = {
		.bus = daemon->bus, .loop = daemon->loop, .version = PACKAGE_VERSION,
		.state_dir = daemon->state_dir, .facts = facts_fill, .arg = daemon,
		.clock_valid_after = daemon->config->limits.clock_valid_after,
	};
	struct ctl_config ctl = { .loop = daemon->loop, .group = daemon->options->group };
	char path[PATH_MAX];
	int error = gateway_new(&gateway, &daemon->gateway);

	if (error != 0) {
		return error;
	}
	error = desk_new(daemon->bus, daemon->loop, &daemon->desk);
	if (error != 0) {
		return error;
	}
	(void)snprintf(path, sizeof(path), "%s/control.sock", daemon->options->run_dir);
	ctl.path = path;
	ctl.tables[0] = desk_table(daemon->desk);
	ctl.tables[1] = control_table(daemon);
	return ctl_new(&ctl, &daemon->ctl, err);
}

static int daemon_open(struct daemon *daemon, struct ew_error *err)
{
	ew_dur tick = DAEMON_TICK;
	int error = loop_new("main", &daemon->loop);

	if (error == 0) {
		task_init(&daemon->step, daemon->loop, LANE_DATA, daemon_on_step);
		error = timer_init(&daemon->tick, daemon->loop, daemon_on_tick);
	}
	if (error == 0) {
		error = timer_init(&daemon->hang_timer, daemon->loop, hang_on_timer);
	}
	error = error != 0 ? error : daemon_open_signals(daemon);
	error = error != 0 ? error : daemon_open_state(daemon, err);
	error = error != 0 ? error : bus_new(&daemon->bus);
	error = error != 0 ? error : daemon_open_audit(daemon, err);
	error = error != 0 ? error : daemon_open_outside(daemon);
	error = error != 0 ? error : daemon_open_fleet(daemon);
	error = error != 0 ? error : daemon_open_control(daemon, err);
	if (error != 0) {
		return error;
	}
	if (daemon->notify.watchdog > 0 && daemon->notify.watchdog / 2 < tick) {
		tick = daemon->notify.watchdog / 2;
	}
	timer_set(&daemon->tick, tick, tick);
	return 0;
}

/* Everything that has left the bus when it returns true. Only this loop is left. */
static bool daemon_leave_bus(struct daemon *daemon)
{
	ew_dur until = clock_mono() + LEAVE_PATIENCE;

	if (daemon->gateway != NULL) {
		gateway_leave(daemon->gateway);
	}
	if (daemon->desk != NULL) {
		desk_leave(daemon->desk);
	}
	while ((daemon->gateway != NULL && !gateway_has_left(daemon->gateway)) ||
	       (daemon->desk != NULL && !desk_has_left(daemon->desk))) {
		if (!loop_step(daemon->loop) && clock_mono() > until) {
			return false;
		}
	}
	return true;
}

/*
 * A thread that hangs may wake in anything it was given: nothing of that is
 * freed. What others read is brought to its end, and the process goes.
 */
static _Noreturn void daemon_abandon(struct daemon *daemon)
{
	ctl_free(&daemon->ctl);
	http_stop(daemon->http);
	if (daemon->store != NULL) {
		/* the disk was tried; nobody is left to hear */
		(void)store_sync(daemon->store);
	}
	audit_free(&daemon->audit);
	log_msg(LOG_LEVEL_WARNING, NULL, "stopped, with an instance that hangs");
	_exit(daemon->status);
}

static void daemon_close(struct daemon *daemon)
{
	if ((daemon->fleet != NULL && fleet_is_adrift(daemon->fleet)) ||
	    (daemon->bus != NULL && !daemon_leave_bus(daemon))) {
		daemon_abandon(daemon);
	}
	supervisor_end(daemon);
	fleet_metrics_free(&daemon->fleet_metrics);
	uplink_metrics_free(&daemon->uplink_metrics);
	http_metrics_free(&daemon->http_metrics);
	bus_metrics_free(&daemon->bus_metrics);
	uplinks_close(&daemon->uplinks);
	http_free(&daemon->http);
	ctl_free(&daemon->ctl);
	gateway_free(&daemon->gateway);
	desk_free(&daemon->desk);
	fleet_free(&daemon->fleet);
	loader_free(&daemon->loader);
	store_close(&daemon->store);
	bus_free(&daemon->bus);
	audit_free(&daemon->audit);
	crash_release();
	running_close(&daemon->running);
	crashes_free(&daemon->crashes);
	if (daemon->loop != NULL) {
		watch_fini(&daemon->signals);
		timer_fini(&daemon->tick);
		timer_fini(&daemon->hang_timer);
		task_fini(&daemon->step);
		loop_free(&daemon->loop);
	}
	if (daemon->signal_fd >= 0) {
		(void)close(daemon->signal_fd);
	}
	if (daemon->lock_fd >= 0) {
		(void)close(daemon->lock_fd);
	}
}

void daemon_drop_config(struct daemon *daemon, struct config **config)
{
	if (*config == daemon->first) {
		*config = NULL;
	}
	config_free(config);
}

void daemon_log_finding(void *arg, bool is_error, const char *line)
{
	(void)arg;
	log_msg(is_error ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, NULL, "%s", line);
}

/* Instances, then what lets data and people in. -EINVAL: the configuration. */
static int daemon_begin(struct daemon *daemon)
{
	struct diag diag;
	int error;

	diag_init(&diag);
	error = storage_apply(daemon, daemon->config);
	storage_commit(daemon);
	error = error != 0 ? error : settings_apply_routes(daemon, daemon->config);
	error = error != 0 ? error : settings_apply_access(daemon, daemon->config);
	error = error != 0 ? error : supervisor_begin(daemon, &diag);
	diag_each_to_log(&diag, daemon_log_finding, NULL);
	diag_fini(&diag);
	return error != 0 ? error : settings_apply_http(daemon, daemon->config);
}

static int daemon_load(struct daemon *daemon)
{
	struct diag diag;
	int error;

	diag_init(&diag);
	error = config_load(daemon->options->config, 0, &diag, &daemon->config);
	diag_each_to_log(&diag, daemon_log_finding, NULL);
	diag_fini(&diag);
	if (error != 0) {
		return error;
	}
	daemon->first = daemon->config;
	log_set_level((enum log_level)daemon->config->log.level);
	error = log_open((enum log_target)daemon->config->log.target);
	if (error != 0) {
		log_msg(LOG_LEVEL_WARNING, NULL, "journald does not answer: %s", strerror(-error));
	}
	return 0;
}

int daemon_run(const struct daemon_options *options)
{
	struct daemon daemon = {
		.options = options, .lock_fd = -1, .signal_fd = -1, .started = clock_mono(),
		.since = clock_utc(),
	};
	struct ew_error err;
	int error;

	error_clear(&err);
	list_init(&daemon.members);
	notify_open(&daemon.notify);
	if (daemon_load(&daemon) != 0) {
		return DAEMON_EXIT_CONFIG;
	}
	log_msg(LOG_LEVEL_NOTICE, NULL, "edgewayd " PACKAGE_VERSION " starts with %s%s",
		daemon.config->path, options->safe ? ", --safe" : "");
	error = daemon_open(&daemon, &err);
	if (error != 0) {
		log_msg(LOG_LEVEL_ERROR, NULL, "cannot start: %s",
			error_is_set(&err) ? err.text : strerror(-error));
		daemon.status = DAEMON_EXIT_FAILED;
	} else {
		error = daemon_begin(&daemon);
		if (error != 0) {
			daemon_stop(&daemon,
				    error == -EINVAL ? DAEMON_EXIT_CONFIG : DAEMON_EXIT_FAILED,
				    "it cannot start");
		}
		daemon_schedule(&daemon);
		loop_run(daemon.loop);
	}
	daemon_close(&daemon);
	log_msg(LOG_LEVEL_NOTICE, NULL, "stopped");
	notify_close(&daemon.notify);
	daemon_drop_config(&daemon, &daemon.config);
	config_free(&daemon.first);
	log_close();
	return daemon.status;
}
