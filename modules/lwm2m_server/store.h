/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What outlives the process: registrations, observations, requests that wait.
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

#endif
