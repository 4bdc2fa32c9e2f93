/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking and showing in one: what most commands are made of.
 */
#include <stdio.h>
#include <string.h>

#include "core/edgewayctl/table.h"

int client_show(struct client *client, struct buf *request, const struct column *columns,
		bool streams)
{
	int status = client_send(client, request);
	struct json_object object;
	struct table *table;
	const char *line;

	if (status != CTL_OK) {
		return status;
	}
	table = table_new(columns, streams);
	while ((status = client_next(client, &object, &line)) == CTL_OK) {
		if (client->json) {
			puts(line);
			if (streams) {
				fflush(stdout);
			}
		} else {
			table_add(table, &object);
		}
	}
	table_free(&table);
	return status == -1 ? CTL_OK : status;
}

/* "clock_valid" as "clock valid:", in a column. */
static void show_fact(const struct json_field *field)
{
	char name[32];
	size_t i;

	for (i = 0; field->key[i] != '\0' && i < sizeof(name) - 2; i++) {
		name[i] = field->key[i] == '_' ? ' ' : field->key[i];
	}
	name[i] = ':';
	name[i + 1] = '\0';
	printf("%-22s ", name);
	if (field->kind == JSON_NULL) {
		puts("-");
	} else if (field->kind == JSON_BOOL) {
		puts(field->text[0] == 't' ? "yes" : "no");
	} else {
		puts(field->text);
	}
}

int client_show_facts(struct client *client, struct buf *request)
{
	int status = client_send(client, request);
	struct json_object object;
	const char *line;

	if (status != CTL_OK) {
		return status;
	}
	while ((status = client_next(client, &object, &line)) == CTL_OK) {
		for (size_t i = 0; i < object.count && !client->json; i++) {
			show_fact(&object.fields[i]);
		}
		if (client->json) {
			puts(line);
		}
	}
	return status == -1 ? CTL_OK : status;
}
