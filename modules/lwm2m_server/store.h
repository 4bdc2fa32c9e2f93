/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What outlives the process: registrations, observations, requests that wait,
 * firmware updates and desired states.
 * One SQLite file with a write-ahead log. Changes are gathered in a transaction
 * that store_commit() ends; a request that waits is in the file when
 * store_put_ask() returns. Runs on the instance's loop.
 */
#ifndef MODULES_LWM2M_SERVER_STORE_H
#define MODULES_LWM2M_SERVER_STORE_H

#include "modules/lwm2m_server/server.h"

struct store;

/* -EIO: what is wrong is in text_out, of 256 bytes. */
int store_open(const char *path, struct store **store_out, char *text_out);
void store_close(struct store **store);

/* All of these: -EIO, the change is lost. */
int store_put_peer(struct store *store, const struct peer *peer);
int store_put_watches(struct store *store, const struct peer *peer);
int store_put_devices(struct store *store, const struct peer *peer);
int store_drop_peer(struct store *store, const char *endpoint);
int store_put_ask(struct store *store, const struct ask *ask);
int store_drop_ask(struct store *store, uint64_t id);

/* True: changes wait for store_commit(). */
bool store_is_dirty(const struct store *store);
int store_commit(struct store *store);

/*
 * Take all back into the machine; what has expired is left out. wall and now
 * are the same moment. Returns how many registrations, or -EIO.
 */
int store_load(struct store *store, struct server *server, ew_time wall, ew_dur now);

/* ---- store_fleet.c: firmware and desired states; the rows are borrowed ---- */

struct store_firmware {
	const char *endpoint;
	const char *uri;                /* NULL: a package is pushed */
	int64_t package;                /* 0: none */
	bool installs;
	int state;
	int device_state, result;       /* /5/0/3 and /5/0/5; -1: not known */
	const char *why;
	ew_time started, changed, until;
	const char *argument;           /* NULL: none */
};

/* Packages are kept once, however many clients get them. */
int store_put_package(struct store *store, const void *bytes, size_t size, int64_t *id_out);
typedef int (*store_package_fn)(void *arg, struct lwm2m_text bytes);
int store_get_package(struct store *store, int64_t id, void *arg, store_package_fn take);

/* Those that nobody is to get any more; as store_put_firmware() has said. */
int store_drop_packages(struct store *store);

int store_put_firmware(struct store *store, const struct store_firmware *row);
int store_drop_firmware(struct store *store, const char *endpoint);
typedef void (*store_firmware_fn)(void *arg, const struct store_firmware *row);
int store_load_firmware(struct store *store, void *arg, store_firmware_fn take);

int store_put_desired(struct store *store, const char *name, const char *json);
int store_drop_desired(struct store *store, const char *name);
typedef void (*store_desired_fn)(void *arg, const char *name, struct lwm2m_text json);
int store_load_desired(struct store *store, void *arg, store_desired_fn take);

struct store_status {
	const char *name, *endpoint;
	int state;
	int result;                     /* of the client; 0: none */
	ew_time time;
};

int store_put_status(struct store *store, const struct store_status *row);
int store_drop_statuses(struct store *store, const char *name);
typedef void (*store_status_fn)(void *arg, const struct store_status *row);
int store_load_statuses(struct store *store, const char *name, void *arg, store_status_fn take);

#endif
