/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the file, for the files of the store. */
#ifndef MODULES_LWM2M_SERVER_SQL_H
#define MODULES_LWM2M_SERVER_SQL_H

#include <sqlite3.h>

#include "modules/lwm2m_server/store.h"

enum sql_statement {
	PUT_PEER, DROP_PEER, PUT_WATCH, DROP_WATCHES, PUT_DEVICE, DROP_DEVICES, PUT_ASK, DROP_ASK,
	LOAD_PEERS, LOAD_WATCHES, LOAD_DEVICES, LOAD_ASKS,
	PUT_PACKAGE, DROP_PACKAGES, GET_PACKAGE, PUT_FIRMWARE, DROP_FIRMWARE,
	LOAD_FIRMWARE,
	PUT_DESIRED, DROP_DESIRED, LOAD_DESIRED, PUT_STATUS, DROP_STATUSES, LOAD_STATUSES,
	SQL_STATEMENT_COUNT
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *statements[SQL_STATEMENT_COUNT];
	bool is_dirty;          /* a transaction is open */
};

/* Run a statement that is bound, and give it back. -EIO. */
int sql_run(struct store *store, enum sql_statement which);

/* Binding fails for want of memory only, and then the statement fails. NULL: none. */
void sql_bind_text(sqlite3_stmt *statement, int at, const char *text);
void sql_bind_blob(sqlite3_stmt *statement, int at, const void *bytes, size_t size);
void sql_bind_number(sqlite3_stmt *statement, int at, int64_t number);

/* Borrowed until the next step. */
struct lwm2m_text sql_text(sqlite3_stmt *statement, int at);
void sql_copy(sqlite3_stmt *statement, int at, char *out, size_t room);

#endif
