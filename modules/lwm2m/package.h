/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outside of Firmware Update: a package that is fetched over HTTPS by a thread of
 * its own, and the command that applies it. Callbacks run on the instance's loop.
 */
#ifndef MODULES_LWM2M_PACKAGE_H
#define MODULES_LWM2M_PACKAGE_H

#include <edgeway/loop.h>

#include "modules/lwm2m/firmware.h"

struct package_settings {
	const char *const *command;     /* program and arguments */
	size_t command_count;
	uint64_t size_max;              /* bytes of a package */
	const char *ca;                 /* PEM files; NULL: the system's, none */
	const char *certificate;
	const char *key;
	bool sha256;                    /* must be said of what is pulled */
};

struct package;

/*
 * Take up what an earlier process left; changed(arg) is called when a server would see
 * another state or result. settings borrowed. -errno.
 */
int package_open(struct ew_instance *inst, const struct package_settings *settings,
		 void (*changed)(void *arg), void *arg, struct package **package_out);

/* Ends a fetch; a command goes on, and leaves its outcome. Accepts NULL. */
void package_close(struct package **package);

struct firmware *package_firmware(struct package *package);

/* ---- the fetch: fetch.c ---- */

struct fetch;

struct fetch_order {
	const char *uri;
	const char *path;               /* where the package goes */
	uint64_t size_max;
	const char *ca, *certificate, *key;
};

/* -errno: it has not begun. */
int fetch_start(const struct fetch_order *order, struct fetch **fetch_out);

/* Can be read when it is over. */
int fetch_descriptor(const struct fetch *fetch);

/* End it, wait for its thread, and free it. Accepts NULL. */
void fetch_stop(struct fetch **fetch);

/* When it is over. hash_out has FIRMWARE_HASH_MAX bytes. */
enum firmware_result fetch_result(const struct fetch *fetch, char *hash_out);

/* The same for people; "" where nothing went wrong on the way. */
const char *fetch_why(const struct fetch *fetch);

#endif
