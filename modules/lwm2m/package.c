/* SPDX-License-Identifier: Apache-2.0 */
/* The outside of Firmware Update: see package.h. */
#include "modules/lwm2m/package.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <edgeway/log.h>
#include <edgeway/module.h>

#define VARIABLES_MAX  64u      /* of the environment that a command inherits */

struct package {
	struct ew_instance *inst;
	const struct package_settings *settings;
	struct firmware firmware;
	void (*changed)(void *arg);
	void *arg;
	struct fetch *fetch;            /* NULL: none */
	struct ew_watch *fetch_watch;
	pid_t command;                  /* 0: none */
	int command_fd;
	struct ew_watch *command_watch;
};

/* ---- the fetch ---- */

static void package_drop(void *arg)
{
	struct package *package = arg;

	ew_watch_free(&package->fetch_watch);
	fetch_stop(&package->fetch);
}

static void package_on_fetched(void *arg, int fd, unsigned events)
{
	struct package *package = arg;
	char hash[FIRMWARE_HASH_MAX];
	enum firmware_result result = fetch_result(package->fetch, hash);

	(void)fd;
	(void)events;
	if (result == FIRMWARE_INITIAL) {
		ew_log(package->inst, EW_LOG_INFO, "a package was fetched sha256=%s", hash);
	} else {
		ew_log(package->inst, EW_LOG_WARNING, "a package cannot be fetched: %s result=%d",
		       fetch_why(package->fetch), (int)result);
	}
	package_drop(package);
	firmware_fetched(&package->firmware, result, hash);
}

static int package_fetch(void *arg, const char *uri)
{
	struct package *package = arg;
	const struct package_settings *s = package->settings;
	const struct fetch_order order = {
		.uri = uri, .path = package->firmware.package, .size_max = s->size_max,
		.ca = s->ca, .certificate = s->certificate, .key = s->key,
	};
	int rc = fetch_start(&order, &package->fetch);

	if (rc == 0) {
		rc = ew_watch_new(package->inst, "fetched", fetch_descriptor(package->fetch),
				  EW_FD_READ, package_on_fetched, package,
				  &package->fetch_watch);
	}
	if (rc != 0) {
		package_drop(package);
	}
	return rc;
}

/* ---- the command ---- */

static void package_on_ended(void *arg, int fd, unsigned events)
{
	struct package *package = arg;
	int status = -1;

	(void)fd;
	(void)events;
	if (waitpid(package->command, &status, WNOHANG) == 0) {
		return;
	}
	ew_watch_free(&package->command_watch);
	(void)close(package->command_fd);
	package->command = 0;
	ew_log(package->inst, status == 0 ? EW_LOG_NOTICE : EW_LOG_ERROR,
	       "the update command ended status=%d", status);
	firmware_applied(&package->firmware, status == 0);
}

/* Ours, and where the package is. -E2BIG: ours is too large. */
static int package_environment(char *const own[3], char *environment[VARIABLES_MAX])
{
	size_t count = 0;

	for (char **at = environ; *at != NULL; at++) {
		if (count + 4 > VARIABLES_MAX) {
			return -E2BIG;
		}
		environment[count++] = *at;
	}
	for (size_t i = 0; i < 3; i++) {
		environment[count++] = own[i];
	}
	environment[count] = NULL;
	return 0;
}

static int package_spawn(struct package *package, char *const argv[], char *const environment[])
{
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int rc;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	rc = -posix_spawnattr_init(&attributes);
	if (rc != 0) {
		return rc;
	}
	/* threads of the daemon take no signals; a command does, and outlives it */
	(void)posix_spawnattr_setsigmask(&attributes, &none);
	(void)posix_spawnattr_setsigdefault(&attributes, &all);
	(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK |
				       POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
	rc = -posix_spawn(&package->command, argv[0], NULL, &attributes, argv, environment);
	(void)posix_spawnattr_destroy(&attributes);
	return rc;
}

static int package_watch_command(struct package *package)
{
	int rc;

	package->command_fd = (int)syscall(SYS_pidfd_open, package->command, 0);
	rc = package->command_fd < 0 ? -errno :
	     ew_watch_new(package->inst, "update command", package->command_fd, EW_FD_READ,
			  package_on_ended, package, &package->command_watch);
	if (rc != 0 && package->command_fd >= 0) {
		(void)close(package->command_fd);
	}
	return rc;
}

static int package_apply(void *arg)
{
	struct package *package = arg;
	const struct package_settings *s = package->settings;
	const struct firmware *firmware = &package->firmware;
	char file[PATH_MAX + 32], hash[FIRMWARE_HASH_MAX + 32], outcome[PATH_MAX + 32];
	char *const own[3] = {file, hash, outcome};
	char *environment[VARIABLES_MAX];
	char **argv = calloc(s->command_count + 1, sizeof(*argv));
	int rc;

	if (argv == NULL) {
		return -ENOMEM;
	}
	(void)snprintf(file, sizeof(file), "EDGEWAY_PACKAGE=%s", firmware->package);
	(void)snprintf(hash, sizeof(hash), "EDGEWAY_SHA256=%s", firmware->hash);
	(void)snprintf(outcome, sizeof(outcome), "EDGEWAY_OUTCOME=%s", firmware->outcome);
	for (size_t i = 0; i < s->command_count; i++) {
		argv[i] = (char *)(uintptr_t)s->command[i];     /* exec takes them so */
	}
	rc = package_environment(own, environment);
	if (rc == 0) {
		rc = package_spawn(package, argv, environment);
	}
	if (rc == 0) {
		ew_log(package->inst, EW_LOG_NOTICE, "the update command runs pid=%d sha256=%s",
		       (int)package->command, firmware->hash);
		rc = package_watch_command(package);
	}
	if (rc != 0) {
		ew_log(package->inst, EW_LOG_ERROR, "cannot run the update command error=%d", -rc);
	}
	free(argv);
	return rc;
}

/* ---- life ---- */

static void package_changed(void *arg)
{
	struct package *package = arg;

	ew_log(package->inst, EW_LOG_INFO, "firmware state=%d result=%d",
	       (int)package->firmware.state, (int)package->firmware.result);
	if (package->changed != NULL) {
		package->changed(package->arg);
	}
}

int package_open(struct ew_instance *inst, const struct package_settings *settings,
		 void (*changed)(void *arg), void *arg, struct package **package_out)
{
	struct package *package = calloc(1, sizeof(*package));
	const struct firmware_settings firmware = {
		.directory = ew_state_dir(inst), .needs_hash = settings->sha256,
	};
	int rc;

	if (package == NULL || firmware.directory == NULL) {
		free(package);
		return firmware.directory == NULL ? -EIO : -ENOMEM;
	}
	package->inst = inst;
	package->settings = settings;
	rc = firmware_open(&package->firmware, &firmware, &(struct firmware_ops){
		.fetch = package_fetch, .drop = package_drop, .apply = package_apply,
		.changed = package_changed, .arg = package,
	});
	if (rc != 0) {
		free(package);
		return rc;
	}
	package->changed = changed;     /* from now on: there was nobody to see it */
	package->arg = arg;
	*package_out = package;
	return 0;
}

void package_close(struct package **owned)
{
	struct package *package = *owned;

	if (package == NULL) {
		return;
	}
	*owned = NULL;
	package_drop(package);
	if (package->command != 0) {
		ew_watch_free(&package->command_watch);
		(void)close(package->command_fd);
	}
	free(package);
}

struct firmware *package_firmware(struct package *package)
{
	return &package->firmware;
}
