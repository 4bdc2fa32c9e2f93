/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ask: a question to an instance. What comes back is the module's affair, so
 * the columns of the table are the keys of the first row.
 */
#include <stdio.h>
#include <string.h>

#include "core/edgewayctl/command.h"
#include "core/edgewayctl/table.h"

#define ASK_KEY_MAX  40

struct ask_columns {
	struct column columns[TABLE_COLUMNS_MAX + 1];
	char keys[TABLE_COLUMNS_MAX][ASK_KEY_MAX];
	char titles[TABLE_COLUMNS_MAX][ASK_KEY_MAX];
};

/* "fired_ago" as "FIRED AGO". */
static void ask_title(const char *key, char *title_out)
{
	size_t i;

	for (i = 0; key[i] != '\0' && i + 1 < ASK_KEY_MAX; i++) {
		title_out[i] = key[i] == '_' ? ' '
			     : key[i] >= 'a' && key[i] <= 'z' ? (char)(key[i] - 'a' + 'A') : key[i];
	}
	title_out[i] = '\0';
}

static void ask_make_columns(struct ask_columns *all, const struct json_object *row)
{
	memset(all, 0, sizeof(*all));
	for (size_t i = 0; i < row->count && i < TABLE_COLUMNS_MAX; i++) {
		(void)snprintf(all->keys[i], ASK_KEY_MAX, "%s", row->fields[i].key);
		ask_title(all->keys[i], all->titles[i]);
		all->columns[i] = (struct column){
			.key = all->keys[i], .title = all->titles[i],
			.right = row->fields[i].kind == JSON_NUMBER,
		};
	}
}

static int ask_run(struct client *client, struct buf *request, int argc, char **argv)
{
	struct table *table = NULL;
	struct ask_columns columns;
	struct json_object row;
	const char *line;
	int status;

	json_add_text(request, "instance", argv[0]);
	for (int i = 1; i < argc; i++) {
		char key[16];

		(void)snprintf(key, sizeof(key), "word%d", i - 1);
		json_add_text(request, key, argv[i]);
	}
	status = client_send(client, request);
	while (status == CTL_OK && (status = client_next(client, &row, &line)) == CTL_OK) {
		if (client->json) {
			puts(line);
			continue;
		}
		if (table == NULL) {
			ask_make_columns(&columns, &row);
			table = table_new(columns.columns, false);
		}
		table_add(table, &row);
	}
	if (table != NULL) {
		table_free(&table);
	}
	return status == -1 ? CTL_OK : status;
}

const struct command commands_ask[] = {
	{ .name = "ask", .arguments = "INSTANCE [WORD...]",
	  .summary = "ask an instance about itself",
	  .more = "INSTANCE may be the name of its module, where there is one of it. Instead of\n"
		  "'ask rules pump' it is enough to say 'rules pump', unless that is a command.\n"
		  "'ask INSTANCE help' says what it may be asked.",
	  .least = 1, .most = 9, .run = ask_run },
	{ .name = NULL },
};
