/* SPDX-License-Identifier: Apache-2.0 */
/* What outlives the process: see store.h. */
#include "modules/lwm2m_server/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/lwm2m_server/sql.h"

#define SECOND  INT64_C(1000000000)

static const char *const statements[] = {
	[PUT_PEER] = "INSERT OR REPLACE INTO client VALUES (?,?,?,?,?,?,?,?)",
	[DROP_PEER] = "DELETE FROM client WHERE endpoint = ?",
	[PUT_WATCH] = "INSERT OR REPLACE INTO observation VALUES (?,?,?,?,?)",
	[DROP_WATCHES] = "DELETE FROM observation WHERE endpoint = ?",
	[PUT_DEVICE] = "INSERT OR REPLACE INTO device VALUES (?,?,?,?)",
	[DROP_DEVICES] = "DELETE FROM device WHERE endpoint = ?",
	[PUT_ASK] = "INSERT OR REPLACE INTO request VALUES (?,?,?,?,?,?,?,?,?,?)",
	[DROP_ASK] = "DELETE FROM request WHERE id = ?",
	[LOAD_PEERS] = "SELECT endpoint, lifetime, registered, updated, version, binding, links, "
		       "profile FROM client ORDER BY registered",
	[LOAD_WATCHES] = "SELECT token, uri, paths, pending FROM observation WHERE endpoint = ?",
	[LOAD_DEVICES] = "SELECT prefix, name, instance FROM device WHERE endpoint = ?",
	[LOAD_ASKS] = "SELECT id, endpoint, operation, uri, paths, content, payload, timeout, "
		      "until, about FROM request ORDER BY id",
	[PUT_PACKAGE] = "INSERT INTO package (bytes) VALUES (?)",
	[DROP_PACKAGES] = "DELETE FROM package WHERE id NOT IN (SELECT package FROM firmware)",
	[GET_PACKAGE] = "SELECT bytes FROM package WHERE id = ?",
	[PUT_FIRMWARE] = "INSERT OR REPLACE INTO firmware VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
	[DROP_FIRMWARE] = "DELETE FROM firmware WHERE endpoint = ?",
	[LOAD_FIRMWARE] = "SELECT * FROM firmware",
	[PUT_DESIRED] = "INSERT OR REPLACE INTO desired VALUES (?,?)",
	[DROP_DESIRED] = "DELETE FROM desired WHERE name = ?",
	[LOAD_DESIRED] = "SELECT name, json FROM desired ORDER BY name DESC",
	[PUT_STATUS] = "INSERT OR REPLACE INTO status VALUES (?,?,?,?,?)",
	[DROP_STATUSES] = "DELETE FROM status WHERE name = ?",
	[LOAD_STATUSES] = "SELECT endpoint, state, result, time FROM status WHERE name = ? "
			  "ORDER BY endpoint",
};

/* From each version of the file to the next; the first makes it. */
static const char *const steps[] = {
	"CREATE TABLE IF NOT EXISTS client (endpoint TEXT PRIMARY KEY, lifetime INTEGER,"
	" registered INTEGER, updated INTEGER, version TEXT, binding TEXT, links TEXT);"
	"CREATE TABLE IF NOT EXISTS observation (endpoint TEXT, token INTEGER, uri TEXT,"
	" paths BLOB, PRIMARY KEY (endpoint, token));"
	"CREATE TABLE IF NOT EXISTS device (endpoint TEXT, prefix TEXT, name TEXT,"
	" instance INTEGER, PRIMARY KEY (endpoint, prefix));"
	"CREATE TABLE IF NOT EXISTS request (id INTEGER PRIMARY KEY, endpoint TEXT,"
	" operation INTEGER, uri TEXT, paths BLOB, content INTEGER, payload BLOB,"
	" timeout INTEGER, until INTEGER, about INTEGER);",
	"ALTER TABLE observation ADD COLUMN pending INTEGER DEFAULT 0;",
	"CREATE TABLE package (id INTEGER PRIMARY KEY, bytes BLOB);"
	"CREATE TABLE firmware (endpoint TEXT PRIMARY KEY, uri TEXT, package INTEGER,"
	" installs INTEGER, state INTEGER, device_state INTEGER, result INTEGER, why TEXT,"
	" started INTEGER, changed INTEGER, until INTEGER, argument TEXT);"
	"CREATE TABLE desired (name TEXT PRIMARY KEY, json TEXT);"
	"CREATE TABLE status (name TEXT, endpoint TEXT, state INTEGER, result INTEGER,"
	" time INTEGER, PRIMARY KEY (name, endpoint));",
	"ALTER TABLE client ADD COLUMN profile INTEGER DEFAULT 0;",
};

static int store_version(sqlite3 *db)
{
	sqlite3_stmt *statement = NULL;
	int version = -1;

	if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW) {
		version = sqlite3_column_int(statement, 0);
	}
	(void)sqlite3_finalize(statement);
	return version;
}

/* Make the tables, or bring those of an older version up to date. */
static int store_upgrade(sqlite3 *db)
{
	int count = (int)(sizeof(steps) / sizeof(steps[0]));
	int rc = sqlite3_exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;", NULL,
			      NULL, NULL);
	int version = store_version(db);

	for (; version >= 0 && version < count && rc == SQLITE_OK; version++) {
		char done[64];

		(void)snprintf(done, sizeof(done), "PRAGMA user_version = %d; COMMIT",
			       version + 1);
		rc = sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
		if (rc == SQLITE_OK) {
			rc = sqlite3_exec(db, steps[version], NULL, NULL, NULL);
		}
		if (rc == SQLITE_OK) {
			rc = sqlite3_exec(db, done, NULL, NULL, NULL);
		}
	}
	return rc;
}

int store_open(const char *path, struct store **store_out, char *text_out)
{
	struct store *store = calloc(1, sizeof(*store));
	int rc;

	if (store == NULL) {
		(void)snprintf(text_out, 256, "out of memory");
		return -EIO;
	}
	rc = sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
	if (rc == SQLITE_OK) {
		rc = store_upgrade(store->db);
	}
	for (size_t i = 0; i < SQL_STATEMENT_COUNT && rc == SQLITE_OK; i++) {
		rc = sqlite3_prepare_v2(store->db, statements[i], -1, &store->statements[i],
					NULL);
	}
	if (rc != SQLITE_OK) {
		(void)snprintf(text_out, 256, "%s", sqlite3_errmsg(store->db));
		store_close(&store);
		return -EIO;
	}
	*store_out = store;
	return 0;
}

void store_close(struct store **owned)
{
	struct store *store = *owned;

	if (store == NULL) {
		return;
	}
	*owned = NULL;
	(void)store_commit(store);      /* what cannot be kept now registers again */
	for (size_t i = 0; i < SQL_STATEMENT_COUNT; i++) {
		(void)sqlite3_finalize(store->statements[i]);
	}
	(void)sqlite3_close(store->db);
	free(store);
}

bool store_is_dirty(const struct store *store)
{
	return store->is_dirty;
}

int store_commit(struct store *store)
{
	if (!store->is_dirty) {
		return 0;
	}
	store->is_dirty = false;
	if (sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK) {
		return 0;
	}
	(void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return -EIO;
}

static int store_begin(struct store *store)
{
	if (!store->is_dirty &&
	    sqlite3_exec(store->db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK) {
		store->is_dirty = true;
	}
	return store->is_dirty ? 0 : -EIO;
}

int sql_run(struct store *store, enum sql_statement which)
{
	sqlite3_stmt *statement = store->statements[which];
	int rc = store_begin(store) != 0 ? SQLITE_ERROR : sqlite3_step(statement);

	(void)sqlite3_reset(statement);
	(void)sqlite3_clear_bindings(statement);
	return rc == SQLITE_DONE ? 0 : -EIO;
}

void sql_bind_text(sqlite3_stmt *statement, int at, const char *text)
{
	(void)sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

void sql_bind_blob(sqlite3_stmt *statement, int at, const void *bytes, size_t size)
{
	if (size > 0) {
		(void)sqlite3_bind_blob64(statement, at, bytes, size, SQLITE_STATIC);
	}
}

void sql_bind_number(sqlite3_stmt *statement, int at, int64_t number)
{
	(void)sqlite3_bind_int64(statement, at, number);
}

int store_put_peer(struct store *store, const struct peer *peer)
{
	sqlite3_stmt *s = store->statements[PUT_PEER];

	sql_bind_text(s, 1, peer->endpoint);
	sql_bind_number(s, 2, (int64_t)peer->lifetime);
	sql_bind_number(s, 3, peer->registered);
	sql_bind_number(s, 4, peer->updated);
	sql_bind_text(s, 5, peer->version);
	sql_bind_text(s, 6, peer->binding);
	sql_bind_text(s, 7, peer->links);
	sql_bind_number(s, 8, peer->profile);
	return sql_run(store, PUT_PEER);
}

int store_put_watches(struct store *store, const struct peer *peer)
{
	sqlite3_stmt *s = store->statements[PUT_WATCH];
	int rc;

	sql_bind_text(store->statements[DROP_WATCHES], 1, peer->endpoint);
	rc = sql_run(store, DROP_WATCHES);
	for (const struct peer_watch *w = peer->watches; w != NULL && rc == 0; w = w->next) {
		sql_bind_text(s, 1, peer->endpoint);
		sql_bind_number(s, 2, (int64_t)w->token);
		sql_bind_text(s, 3, w->uri);
		sql_bind_blob(s, 4, w->paths, w->paths_size);
		sql_bind_number(s, 5, w->is_pending ? 1 : 0);
		rc = sql_run(store, PUT_WATCH);
	}
	return rc;
}

int store_put_devices(struct store *store, const struct peer *peer)
{
	sqlite3_stmt *s = store->statements[PUT_DEVICE];
	int rc;

	sql_bind_text(store->statements[DROP_DEVICES], 1, peer->endpoint);
	rc = sql_run(store, DROP_DEVICES);
	for (const struct peer_device *d = peer->devices; d != NULL && rc == 0; d = d->next) {
		if (d->name == NULL) {
			continue;
		}
		sql_bind_text(s, 1, peer->endpoint);
		sql_bind_text(s, 2, d->prefix);
		sql_bind_text(s, 3, d->name);
		sql_bind_number(s, 4, d->instance);
		rc = sql_run(store, PUT_DEVICE);
	}
	return rc;
}

int store_drop_peer(struct store *store, const char *endpoint)
{
	static const enum sql_statement which[] = {DROP_WATCHES, DROP_DEVICES, DROP_PEER};
	int rc = 0;

	for (size_t i = 0; i < sizeof(which) / sizeof(which[0]); i++) {
		sql_bind_text(store->statements[which[i]], 1, endpoint);
		rc = sql_run(store, which[i]) != 0 ? -EIO : rc;
	}
	return rc;
}

int store_put_ask(struct store *store, const struct ask *ask)
{
	sqlite3_stmt *s = store->statements[PUT_ASK];
	bool has_content = (ask->request.has & LWM2M_HAS(CT)) != 0;
	int rc;

	sql_bind_number(s, 1, (int64_t)ask->id);
	sql_bind_text(s, 2, ask->endpoint);
	sql_bind_number(s, 3, (int64_t)ask->request.operation);
	sql_bind_text(s, 4, ask->uri);
	sql_bind_blob(s, 5, ask->request.paths.at, ask->request.paths.size);
	sql_bind_number(s, 6, has_content ? (int64_t)ask->request.ct : -1);
	sql_bind_blob(s, 7, ask->request.payload.at, ask->request.payload.size);
	sql_bind_number(s, 8, ask->timeout);
	sql_bind_number(s, 9, ask->until);
	sql_bind_number(s, 10, (int64_t)ask->about);
	rc = sql_run(store, PUT_ASK);
	return rc != 0 ? rc : store_commit(store);
}

int store_drop_ask(struct store *store, uint64_t id)
{
	sql_bind_number(store->statements[DROP_ASK], 1, (int64_t)id);
	return sql_run(store, DROP_ASK);
}

/* ---- back ---- */

struct lwm2m_text sql_text(sqlite3_stmt *statement, int at)
{
	const void *bytes = sqlite3_column_blob(statement, at);

	return (struct lwm2m_text){bytes, (size_t)sqlite3_column_bytes(statement, at)};
}

void sql_copy(sqlite3_stmt *statement, int at, char *out, size_t room)
{
	struct lwm2m_text text = sql_text(statement, at);
	size_t size = text.size < room ? text.size : room - 1;

	if (size > 0) {
		memcpy(out, text.at, size);
	}
	out[size] = '\0';
}

static void store_load_watches(struct store *store, struct server *server, struct peer *peer)
{
	sqlite3_stmt *s = store->statements[LOAD_WATCHES];

	sql_bind_text(s, 1, peer->endpoint);
	while (sqlite3_step(s) == SQLITE_ROW) {
		struct lwm2m_text paths = sql_text(s, 2);
		struct peer_watch watch = {
			.token = (uint64_t)sqlite3_column_int64(s, 0),
			.paths = (uint8_t *)(uintptr_t)paths.at,        /* copied */
			.paths_size = paths.size,
			.is_pending = sqlite3_column_int64(s, 3) != 0,
		};

		sql_copy(s, 1, watch.uri, sizeof(watch.uri));
		if (peer_watch_add(&server->peers, peer, &watch) != 0) {
			break;          /* a Notify of it is told to stop */
		}
	}
	(void)sqlite3_reset(s);
}

static void store_load_devices(struct store *store, struct peer *peer)
{
	sqlite3_stmt *s = store->statements[LOAD_DEVICES];

	sql_bind_text(s, 1, peer->endpoint);
	while (sqlite3_step(s) == SQLITE_ROW) {
		struct lwm2m_text prefix = sql_text(s, 0);
		struct lwm2m_text name = sql_text(s, 1);
		struct peer_device *device = peer_device_of(peer, prefix.at, prefix.size);

		/* what is missing is read again after the next Register */
		if (device != NULL && device->name == NULL) {
			device->name = strndup(name.at, name.size);
			device->instance = (uint16_t)sqlite3_column_int64(s, 2);
		}
	}
	(void)sqlite3_reset(s);
}

static int store_load_peers(struct store *store, struct server *server, ew_time wall, ew_dur now)
{
	sqlite3_stmt *s = store->statements[LOAD_PEERS];
	int count = 0;
	int rc;

	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct peer kept = {
			.endpoint = (char *)(uintptr_t)sqlite3_column_text(s, 0), /* copied */
			.lifetime = (uint64_t)sqlite3_column_int64(s, 1),
			.registered = sqlite3_column_int64(s, 2),
			.updated = sqlite3_column_int64(s, 3),
			.links = (char *)(uintptr_t)sqlite3_column_text(s, 6),
			.profile = (uint8_t)sqlite3_column_int64(s, 7),
		};
		struct peer *peer;

		kept.ends = now + kept.updated + (ew_dur)kept.lifetime * SECOND - wall;
		sql_copy(s, 4, kept.version, sizeof(kept.version));
		sql_copy(s, 5, kept.binding, sizeof(kept.binding));
		/* what is over is told as an expiry; what does not fit registers again */
		if (kept.endpoint != NULL && kept.links != NULL &&
		    server_restore(server, &kept, &peer) == 0) {
			store_load_watches(store, server, peer);
			store_load_devices(store, peer);
			count++;
		}
	}
	(void)sqlite3_reset(s);
	return rc == SQLITE_DONE ? count : -EIO;
}

static int store_load_asks(struct store *store, struct server *server, ew_dur now)
{
	sqlite3_stmt *s = store->statements[LOAD_ASKS];
	int rc;

	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct lwm2m_message request = {
			.has = LWM2M_HAS(OPERATION),
			.operation = (uint64_t)sqlite3_column_int64(s, 2),
			.uri = sql_text(s, 3), .paths = sql_text(s, 4),
			.payload = sql_text(s, 6),
		};
		const struct server_order order = {
			.endpoint = (const char *)sqlite3_column_text(s, 1), .request = &request,
			.timeout = sqlite3_column_int64(s, 7),
			.until = sqlite3_column_int64(s, 8),
			.about = (uint64_t)sqlite3_column_int64(s, 9),
		};

		request.has |= request.uri.size > 0 ? LWM2M_HAS(URI) : 0;
		request.has |= request.paths.size > 0 ? LWM2M_HAS(PATHS) : 0;
		request.has |= request.payload.size > 0 ? LWM2M_HAS(PAYLOAD) : 0;
		if (sqlite3_column_int64(s, 5) >= 0) {
			request.has |= LWM2M_HAS(CT);
			request.ct = (uint64_t)sqlite3_column_int64(s, 5);
		}
		/* with a lower limit than before the rest stays in the file */
		if (order.endpoint == NULL ||
		    server_restore_ask(server, &order, (uint64_t)sqlite3_column_int64(s, 0),
				       now) != 0) {
			continue;
		}
	}
	(void)sqlite3_reset(s);
	return rc == SQLITE_DONE ? 0 : -EIO;
}

int store_load(struct store *store, struct server *server, ew_time wall, ew_dur now)
{
	int count = store_load_peers(store, server, wall, now);

	return count < 0 || store_load_asks(store, server, now) != 0 ? -EIO : count;
}
