/* SPDX-License-Identifier: Apache-2.0 */
/* What outlives the process, of firmware and desired states: see store.h. */
#include <errno.h>
#include <string.h>

#include "modules/lwm2m_server/sql.h"

int store_put_package(struct store *store, const void *bytes, size_t size, int64_t *id_out)
{
	int rc;

	sql_bind_blob(store->statements[PUT_PACKAGE], 1, bytes, size);
	rc = sql_run(store, PUT_PACKAGE);
	*id_out = sqlite3_last_insert_rowid(store->db);
	return rc;
}

int store_get_package(struct store *store, int64_t id, void *arg, store_package_fn take)
{
	sqlite3_stmt *s = store->statements[GET_PACKAGE];
	int rc = -ENOENT;

	sql_bind_number(s, 1, id);
	if (sqlite3_step(s) == SQLITE_ROW) {
		rc = take(arg, sql_text(s, 0));
	}
	(void)sqlite3_reset(s);
	return rc;
}

int store_drop_packages(struct store *store)
{
	return sql_run(store, DROP_PACKAGES);
}

int store_put_firmware(struct store *store, const struct store_firmware *row)
{
	sqlite3_stmt *s = store->statements[PUT_FIRMWARE];

	sql_bind_text(s, 1, row->endpoint);
	sql_bind_text(s, 2, row->uri);
	sql_bind_number(s, 3, row->package);
	sql_bind_number(s, 4, row->installs ? 1 : 0);
	sql_bind_number(s, 5, row->state);
	sql_bind_number(s, 6, row->device_state);
	sql_bind_number(s, 7, row->result);
	sql_bind_text(s, 8, row->why);
	sql_bind_number(s, 9, row->started);
	sql_bind_number(s, 10, row->changed);
	sql_bind_number(s, 11, row->until);
	sql_bind_text(s, 12, row->argument);
	return sql_run(store, PUT_FIRMWARE);
}

int store_drop_firmware(struct store *store, const char *endpoint)
{
	sql_bind_text(store->statements[DROP_FIRMWARE], 1, endpoint);
	return sql_run(store, DROP_FIRMWARE);
}

int store_load_firmware(struct store *store, void *arg, store_firmware_fn take)
{
	sqlite3_stmt *s = store->statements[LOAD_FIRMWARE];
	int rc;

	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		const struct store_firmware row = {
			.endpoint = (const char *)sqlite3_column_text(s, 0),
			.uri = (const char *)sqlite3_column_text(s, 1),
			.package = sqlite3_column_int64(s, 2),
			.installs = sqlite3_column_int64(s, 3) != 0,
			.state = sqlite3_column_int(s, 4),
			.device_state = sqlite3_column_int(s, 5),
			.result = sqlite3_column_int(s, 6),
			.why = (const char *)sqlite3_column_text(s, 7),
			.started = sqlite3_column_int64(s, 8),
			.changed = sqlite3_column_int64(s, 9),
			.until = sqlite3_column_int64(s, 10),
			.argument = (const char *)sqlite3_column_text(s, 11),
		};

		if (row.endpoint != NULL && row.why != NULL) {
			take(arg, &row);
		}
	}
	(void)sqlite3_reset(s);
	return rc == SQLITE_DONE ? 0 : -EIO;
}

int store_put_desired(struct store *store, const char *name, const char *json)
{
	sql_bind_text(store->statements[PUT_DESIRED], 1, name);
	sql_bind_text(store->statements[PUT_DESIRED], 2, json);
	return sql_run(store, PUT_DESIRED);
}

int store_drop_desired(struct store *store, const char *name)
{
	int rc;

	sql_bind_text(store->statements[DROP_STATUSES], 1, name);
	rc = sql_run(store, DROP_STATUSES);
	sql_bind_text(store->statements[DROP_DESIRED], 1, name);
	return sql_run(store, DROP_DESIRED) != 0 ? -EIO : rc;
}

int store_load_desired(struct store *store, void *arg, store_desired_fn take)
{
	sqlite3_stmt *s = store->statements[LOAD_DESIRED];
	int rc;

	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(s, 0);

		if (name != NULL) {
			take(arg, name, sql_text(s, 1));
		}
	}
	(void)sqlite3_reset(s);
	return rc == SQLITE_DONE ? 0 : -EIO;
}

int store_put_status(struct store *store, const struct store_status *row)
{
	sqlite3_stmt *s = store->statements[PUT_STATUS];

	sql_bind_text(s, 1, row->name);
	sql_bind_text(s, 2, row->endpoint);
	sql_bind_number(s, 3, row->state);
	sql_bind_number(s, 4, row->result);
	sql_bind_number(s, 5, row->time);
	return sql_run(store, PUT_STATUS);
}

int store_drop_statuses(struct store *store, const char *name)
{
	sql_bind_text(store->statements[DROP_STATUSES], 1, name);
	return sql_run(store, DROP_STATUSES);
}

int store_load_statuses(struct store *store, const char *name, void *arg, store_status_fn take)
{
	sqlite3_stmt *s = store->statements[LOAD_STATUSES];
	int rc;

	sql_bind_text(s, 1, name);
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		const struct store_status row = {
			.name = name, .endpoint = (const char *)sqlite3_column_text(s, 0),
			.state = sqlite3_column_int(s, 1), .result = sqlite3_column_int(s, 2),
			.time = sqlite3_column_int64(s, 3),
		};

		if (row.endpoint != NULL) {
			take(arg, &row);
		}
	}
	(void)sqlite3_reset(s);
	return rc == SQLITE_DONE ? 0 : -EIO;
}
